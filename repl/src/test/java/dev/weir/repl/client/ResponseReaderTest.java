package dev.weir.repl.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

class ResponseReaderTest {
    private final List<String> seen = new ArrayList<>();

    @Test
    void an_answer_is_handed_on_in_order() throws IOException {
        boolean whole =
                read(
                        """
                        {"columns":[{"name":"item","type":"VARCHAR"},{"name":"n","type":"BIGINT"}],"live":true,"queryId":"q7"}
                        {"rows":[["pen",1],["ink",null]],"times":[1,2],"deleted":[false,true]}
                        {"rows":[["cap",3]],"times":[3]}
                        {"done":{"tag":"SELECT","message":"ended"}}
                        """);
        assertThat(whole).isTrue();
        assertThat(seen)
                .containsExactly(
                        "columns item:VARCHAR n:BIGINT live=true q7",
                        "row \"pen\" 1",
                        "deleted \"ink\" null",
                        "row \"cap\" 3",
                        "done SELECT ended");
    }

    @Test
    void a_live_table_names_the_columns_that_identify_its_rows() throws IOException {
        read("{\"columns\":[{\"name\":\"a\"}],\"live\":true,\"table\":true,\"key\":[0]}");
        read("{\"columns\":[{\"name\":\"a\"}],\"live\":true,\"table\":true,\"key\":[]}");
        read("{\"columns\":[{\"name\":\"a\"}],\"live\":true,\"table\":true}");
        assertThat(seen)
                .filteredOn(line -> line.startsWith("table"))
                .containsExactly(
                        "table key=Optional[[0]]",
                        "table key=Optional[[]]",
                        "table key=Optional.empty");
        assertThatThrownBy(() -> read("{\"columns\":[],\"table\":true,\"key\":[0]}"))
                .isInstanceOf(IOException.class);
    }

    @Test
    void no_digit_of_a_number_is_lost_at_any_depth() throws IOException {
        read(
                """
                {"columns":[{"name":"a","type":"DECIMAL(38, 3)"}]}
                {"rows":[[12345678901234567890123456789.120],[{"x": [1.50, "q\\"\\u00e9", null, true], "y": {}}]]}
                {"done":{"tag":"SELECT"}}
                """);
        assertThat(seen)
                .contains(
                        "row 12345678901234567890123456789.120",
                        "row {\"x\":[1.50,\"q\\\"é\",null,true],\"y\":{}}");
    }

    @Test
    void members_of_a_newer_server_are_skipped() throws IOException {
        read(
                """
                {"columns":[{"name":"a","type":"INT","nullable":[true]}],"plan":{"a":[{}]},"live":false}
                {"progress":{"rows":[[1]]}}
                {"rows":[[1]],"token":[1,2]}
                {"done":{"tag":"SELECT","warnings":[{}]}}
                """);
        assertThat(seen).containsExactly("columns a:INT live=false ", "row 1", "done SELECT ");
    }

    @Test
    void an_error_carries_its_state_place_and_hint() throws IOException {
        read(
                """
                {"error":{"sqlState":"42703","message":"no","hint":"try","line":2,"column":8}}
                """);
        assertThat(seen).containsExactly("error 42703 no try 2:8");
    }

    @Test
    void an_answer_cut_short_is_told_from_a_whole_one() throws IOException {
        assertThat(read("{\"columns\":[]}\n{\"rows\":[]}\n")).isFalse();
        assertThatThrownBy(() -> read("{\"columns\":[{\"name\"")).isInstanceOf(IOException.class);
        assertThatThrownBy(() -> read("<html>")).isInstanceOf(IOException.class);
    }

    private boolean read(String text) throws IOException {
        return new ResponseReader(new Recorder())
                .read(new ByteArrayInputStream(text.getBytes(StandardCharsets.UTF_8)));
    }

    private final class Recorder implements ResponseHandler {
        @Override
        public void columns(ResultHead head) {
            StringBuilder line = new StringBuilder("columns ");
            head.columns()
                    .forEach(c -> line.append(c.name()).append(':').append(c.type()).append(' '));
            seen.add(line + "live=" + head.live() + " " + head.queryId());
            if (head.table()) {
                seen.add("table key=" + head.key());
            }
        }

        @Override
        public void rows(List<Row> rows) {
            for (Row row : rows) {
                StringBuilder line = new StringBuilder(row.deleted() ? "deleted" : "row");
                row.cells().forEach(cell -> line.append(' ').append(cell.json()));
                seen.add(line.toString());
            }
        }

        @Override
        public void done(String tag, String message) {
            seen.add("done " + tag + " " + message);
        }

        @Override
        public void error(StatementError e) {
            seen.add(
                    "error %s %s %s %d:%d"
                            .formatted(e.sqlState(), e.message(), e.hint(), e.line(), e.column()));
        }
    }
}
