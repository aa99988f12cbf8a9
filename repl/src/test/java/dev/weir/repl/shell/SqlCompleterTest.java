package dev.weir.repl.shell;

import static org.assertj.core.api.Assertions.assertThat;

import org.jline.reader.Candidate;
import org.jline.reader.CompletingParsedLine;
import org.jline.reader.ParsedLine;
import org.jline.reader.Parser.ParseContext;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/// In the lines below `|` is where the cursor stands.
class SqlCompleterTest {
    private static final Map<String, Map<String, String>> COLUMNS =
            Map.of(
                    "orders", Map.of("order_id", "BIGINT", "item", "VARCHAR", "qty", "INT"),
                    "sold", Map.of("item", "VARCHAR", "pieces", "BIGINT"));

    private final SqlCompleter completer = new SqlCompleter(FakeCatalog::new);

    @Test
    void after_from_and_its_like_come_relations() {
        assertThat(complete("SELECT * FROM |")).containsExactlyInAnyOrder("orders", "sold");
        assertThat(complete("select * from o JOIN s|")).contains("sold").doesNotContain("orders");
        assertThat(complete("INSERT INTO OR|")).contains("orders", "OR");
        assertThat(complete("DROP TABLE |")).contains("sold");
        assertThat(complete("\\d |")).containsExactlyInAnyOrder("orders", "sold");
        assertThat(complete("CREATE TABLE |")).as("a new name").isEmpty();
    }

    @Test
    void columns_are_those_of_the_relations_in_the_statement_wherever_the_cursor_is() {
        assertThat(complete("SELECT | FROM orders"))
                .containsExactlyInAnyOrder("order_id", "item", "qty");
        assertThat(complete("SELECT * FROM sold WHERE p|")).contains("pieces");
        assertThat(complete("SELECT * FROM `sold` s, orders WHERE |"))
                .contains("pieces", "order_id");
        assertThat(complete("SELECT * FROM orders; SELECT | FROM sold;"))
                .containsExactlyInAnyOrder("item", "pieces");
        assertThat(complete("SELECT | FROM nowhere")).isEmpty();
    }

    @Test
    void behind_a_dot_stand_the_columns_of_that_relation_or_alias_alone() {
        String from = " FROM orders AS o JOIN sold s ON o.item = s.item";
        assertThat(complete("SELECT o.|" + from))
                .containsExactlyInAnyOrder("order_id", "item", "qty");
        assertThat(complete("SELECT s.p|" + from)).containsExactly("pieces");
        assertThat(complete("SELECT sold.|" + from)).containsExactlyInAnyOrder("item", "pieces");
        assertThat(complete("SELECT x.|" + from)).isEmpty();
    }

    @Test
    void keywords_and_functions_follow_the_case_they_were_begun_in() {
        assertThat(complete("sel|")).containsExactly("select");
        assertThat(complete("SEL|")).containsExactly("SELECT");
        assertThat(complete("SELECT cou| FROM sold")).containsExactly("count(");
        assertThat(complete("SELECT COU| FROM sold")).containsExactly("COUNT(");
    }

    @Test
    void in_quotes_come_topics_properties_and_formats() {
        assertThat(complete("PRINT '|")).containsExactly("orders-v1", "orders.dead");
        assertThat(complete("PRINT 'orders.|")).containsExactly("orders.dead");
        assertThat(complete("CREATE STREAM s (a INT) WITH (KAFKA_TOPIC = 'orders-|', VALUE_FORMAT"))
                .containsExactly("orders-v1");
        assertThat(complete("CREATE STREAM s (a INT) WITH (VALUE_FORMAT='J|"))
                .containsExactly("JSON");
        assertThat(complete("SET 'auto|")).containsExactly("auto.offset.reset");
        assertThat(complete("SELECT * FROM sold WHERE item = '|")).isEmpty();
        assertThat(complete("SELECT 1 -- FROM |")).isEmpty();
    }

    @Test
    void queries_are_named_where_one_is_ended_or_explained() {
        assertThat(complete("TERMINATE |")).containsExactly("CTAS_sold_1");
        assertThat(complete("EXPLAIN c|")).contains("CTAS_sold_1", "case");
    }

    @Test
    void commands_of_the_shell_complete_with_what_they_take(@TempDir Path folder)
            throws IOException {
        Files.createFile(folder.resolve("first.sql"));
        Files.createFile(folder.resolve(".hidden"));
        Files.createDirectory(folder.resolve("further"));
        assertThat(complete("\\d|")).contains("\\d", "\\dt", "\\dq");
        assertThat(complete("\\format j|")).containsExactly("json", "jsonl");
        assertThat(complete("\\i " + folder + "/f|"))
                .containsExactlyInAnyOrder(folder + "/first.sql", folder + "/further/");
        assertThat(complete("\\i " + folder + "/|")).hasSize(2);
        assertThat(complete("\\i " + folder + "/nowhere/|")).isEmpty();
    }

    @Test
    void a_catalog_that_knows_nothing_leaves_the_keywords() {
        SqlCompleter alone = new SqlCompleter(() -> Catalog.EMPTY);
        assertThat(alone.candidates("SELECT COU", 7, "COU"))
                .extracting(Candidate::value)
                .containsExactly("COUNT");
        assertThat(alone.candidates("SELECT * FROM ", 14, "")).isEmpty();
    }

    private List<String> complete(String marked) {
        int cursor = marked.indexOf('|');
        String line = marked.substring(0, cursor) + marked.substring(cursor + 1);
        ParsedLine parsed = new StatementParser().parse(line, cursor, ParseContext.COMPLETE);
        assertThat(parsed).isInstanceOf(CompletingParsedLine.class);
        int begunLength = parsed.wordCursor();
        return completer
                .candidates(line, cursor - begunLength, parsed.word().substring(0, begunLength))
                .stream()
                .map(Candidate::value)
                .sorted()
                .toList();
    }

    private static final class FakeCatalog implements Catalog {
        @Override
        public Map<String, String> relations() {
            Map<String, String> relations = new LinkedHashMap<>();
            relations.put("orders", "stream");
            relations.put("sold", "table");
            return relations;
        }

        @Override
        public Map<String, String> functions() {
            return Map.of("COUNT", "aggregate", "UCASE", "scalar");
        }

        @Override
        public List<String> topics() {
            return List.of("orders-v1", "orders.dead");
        }

        @Override
        public List<String> properties() {
            return List.of("auto.offset.reset", "sql.identifiers");
        }

        @Override
        public List<String> queries() {
            return List.of("CTAS_sold_1");
        }

        @Override
        public Optional<Map<String, String>> columns(String relation) {
            return Optional.ofNullable(COLUMNS.get(relation.toLowerCase(Locale.ROOT)));
        }
    }
}
