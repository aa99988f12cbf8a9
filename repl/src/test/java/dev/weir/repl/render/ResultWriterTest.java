package dev.weir.repl.render;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.repl.client.Cell;
import dev.weir.repl.client.ResultColumn;
import dev.weir.repl.client.Row;

import org.junit.jupiter.api.Test;

import java.io.StringWriter;
import java.util.ArrayList;
import java.util.List;

class ResultWriterTest {
    private static final List<ResultColumn> COLUMNS =
            List.of(
                    new ResultColumn("item", "VARCHAR"),
                    new ResultColumn("n", "BIGINT"),
                    new ResultColumn("tags", "ARRAY<VARCHAR>"));
    private static final List<Row> ROWS =
            List.of(
                    row(text("pen"), number("12"), number("[\"a\",\"b\"]")),
                    row(text("本 ink"), number("-3"), Cell.Null.NULL),
                    row(text("say \"hi\", you"), Cell.Null.NULL, text("")),
                    row(text("two\nlines"), number("1000000"), text("\u001b[31mred\t")));

    @Test
    void tables_line_up_numbers_at_the_right_and_count_wide_characters_twice() {
        assertThat(written(Format.TABLE, Palette.PLAIN))
                .isEqualTo(
                        """
                         item          |       n | tags
                        ---------------+---------+---------------
                         pen           |      12 | ["a","b"]
                         本 ink        |      -3 | NULL
                         say "hi", you |    NULL |\s
                         two           | 1000000 | \\x1b[31mred\\t
                         lines         |         |\s
                        (4 rows)
                        """);
    }

    @Test
    void terminals_get_lines_drawn() {
        StringWriter out = new StringWriter();
        ResultWriter writer = ResultWriter.of(Format.TABLE, out, Palette.COLOURLESS_TERMINAL);
        writer.begin(COLUMNS.subList(0, 2), false);
        writer.rows(List.of(row(text("pen"), number("1"))));
        writer.end();
        assertThat(out)
                .hasToString(
                        """
                         item │ n
                        ──────┼───
                         pen  │ 1
                        (1 row)
                        """);
    }

    @Test
    void an_empty_result_still_shows_its_columns() {
        StringWriter out = new StringWriter();
        ResultWriter writer = ResultWriter.of(Format.TABLE, out, Palette.PLAIN);
        writer.begin(COLUMNS.subList(0, 2), false);
        writer.end();
        assertThat(out).hasToString(" item | n\n------+---\n(0 rows)\n");
    }

    @Test
    void live_rows_are_shown_as_they_come_and_marked_when_they_go() {
        StringWriter out = new StringWriter();
        ResultWriter writer = ResultWriter.of(Format.TABLE, out, Palette.PLAIN);
        writer.begin(COLUMNS.subList(0, 2), true);
        writer.rows(List.of(row(text("pen"), number("1"))));
        assertThat(out)
                .hasToString(
                        """
                         item         |          n
                        --------------+------------
                         pen          |          1
                        """);
        writer.rows(
                List.of(
                        new Row(List.of(text("pen"), Cell.Null.NULL), true),
                        row(text("a much longer item"), number("2")),
                        row(text("ink"), number("3"))));
        writer.end();
        assertThat(out.toString().lines().skip(3))
                .containsExactly(
                        "-pen          |           ",
                        " a much longer item |          2",
                        " ink                |          3",
                        "(4 changes)");
    }

    @Test
    void a_long_finite_result_is_not_held_until_its_end() {
        StringWriter out = new StringWriter();
        ResultWriter writer = ResultWriter.of(Format.TABLE, out, Palette.PLAIN);
        writer.begin(COLUMNS.subList(1, 2), false);
        List<Row> thousand = new ArrayList<>();
        for (int i = 0; i < 1_000; i++) {
            thousand.add(row(number(Integer.toString(i))));
        }
        writer.rows(thousand);
        assertThat(out.toString().lines().count()).isEqualTo(1_002);
    }

    @Test
    void vertical_shows_a_line_a_column() {
        assertThat(written(Format.VERTICAL, Palette.PLAIN))
                .startsWith(
                        """
                        -[ row 1 ]-----------------------
                        item | pen
                        n    | 12
                        tags | ["a","b"]
                        -[ row 2 ]-----------------------
                        item | 本 ink
                        n    | -3
                        tags | NULL
                        """)
                .contains("item | two\n     | lines\n");
    }

    @Test
    void csv_quotes_what_needs_it_and_tells_null_from_empty() {
        assertThat(written(Format.CSV, Palette.PLAIN))
                .isEqualTo(
                        """
                        item,n,tags
                        pen,12,"[""a"",""b""]"
                        本 ink,-3,
                        "say ""hi"", you",,""
                        "two
                        lines",1000000,\u001b[31mred\t
                        """);
    }

    @Test
    void json_lines_are_objects_of_their_own() {
        assertThat(written(Format.JSONL, Palette.PLAIN))
                .isEqualTo(
                        """
                        {"item":"pen","n":12,"tags":["a","b"]}
                        {"item":"本 ink","n":-3,"tags":null}
                        {"item":"say \\"hi\\", you","n":null,"tags":""}
                        {"item":"two\\nlines","n":1000000,"tags":"\\u001b[31mred\\t"}
                        """);
    }

    @Test
    void json_is_one_array_and_marks_rows_that_went() {
        StringWriter out = new StringWriter();
        ResultWriter writer = ResultWriter.of(Format.JSON, out, Palette.PLAIN);
        writer.begin(COLUMNS.subList(0, 2), true);
        writer.rows(List.of(row(text("pen"), number("1"))));
        writer.rows(List.of(new Row(List.of(text("pen"), Cell.Null.NULL), true)));
        writer.end();
        assertThat(out)
                .hasToString(
                        """
                        [
                        {"item":"pen","n":1}
                        ,{"item":"pen","n":null,"@deleted":true}
                        ]
                        """);
    }

    private static String written(Format format, Palette palette) {
        StringWriter out = new StringWriter();
        ResultWriter writer = ResultWriter.of(format, out, palette);
        writer.begin(COLUMNS, false);
        writer.rows(ROWS);
        writer.end();
        return out.toString();
    }

    private static Row row(Cell... cells) {
        return new Row(List.of(cells), false);
    }

    private static Cell text(String value) {
        return new Cell.Text(value);
    }

    private static Cell number(String json) {
        return new Cell.Literal(json);
    }
}
