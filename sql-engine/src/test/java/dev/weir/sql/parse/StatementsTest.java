package dev.weir.sql.parse;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.weir.sql.batch.Field;
import dev.weir.sql.batch.Primitive;
import dev.weir.sql.batch.SqlType;
import dev.weir.sql.error.Position;
import dev.weir.sql.error.SqlException;
import dev.weir.sql.error.SqlState;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

class StatementsTest {
    @Test
    void columns_of_create_stream_have_types_and_keys() {
        Statement.CreateSource create =
                (Statement.CreateSource)
                        parse(
                                """
                                CREATE OR REPLACE STREAM IF NOT EXISTS orders (
                                  id BIGINT KEY,
                                  "Quoted Name" VARCHAR(20),
                                  `tick` STRING,
                                  price DECIMAL(10, 2),
                                  tags ARRAY<MAP<STRING, INTEGER>>,
                                  bid STRUCT<auction BIGINT, extra STRUCT<url TEXT>>,
                                  timestamp TIMESTAMP(3))
                                WITH (KAFKA_TOPIC = 'shop.orders', value_format = 'json', PARTITIONS = 4);
                                """);

        assertThat(create.kind()).isEqualTo(Statement.SourceKind.STREAM);
        assertThat(create.orReplace()).isTrue();
        assertThat(create.ifNotExists()).isTrue();
        assertThat(create.columns().stream().map(c -> c.name().text()))
                .containsExactly("id", "Quoted Name", "tick", "price", "tags", "bid", "timestamp");
        assertThat(create.columns().stream().map(c -> c.type().sql()))
                .containsExactly(
                        "BIGINT",
                        "VARCHAR",
                        "VARCHAR",
                        "DECIMAL(10, 2)",
                        "ARRAY<MAP<VARCHAR, INT>>",
                        "STRUCT<auction BIGINT, extra STRUCT<url VARCHAR>>",
                        "TIMESTAMP");
        assertThat(create.columns().getFirst().key()).isEqualTo(ColumnDefinition.Key.KEY);
        assertThat(create.columns().get(1).key()).isEqualTo(ColumnDefinition.Key.NONE);
        assertThat(create.properties().stream().map(p -> p.name() + "=" + p.value()))
                .containsExactly("KAFKA_TOPIC=shop.orders", "value_format=json", "PARTITIONS=4");
        assertThat(create.properties().getFirst().valuePosition()).isEqualTo(new Position(9, 21));
    }

    @Test
    void a_materialized_view_is_a_table() {
        Statement.CreateAs create =
                (Statement.CreateAs)
                        parse(
                                "CREATE MATERIALIZED VIEW v WITH (PARTITIONS = 2) AS"
                                        + " SELECT item, COUNT(*) FROM orders GROUP BY item");

        assertThat(create.kind()).isEqualTo(Statement.SourceKind.TABLE);
        assertThat(create.select().emitChanges()).isFalse();
    }

    @Test
    void limit_of_a_push_query_stands_before_or_after_emit_changes() {
        assertThat(((Statement.Select) parse("SELECT * FROM s EMIT CHANGES LIMIT 3")).limit())
                .isEqualTo(OptionalLong.of(3));
        assertThat(((Statement.Select) parse("SELECT * FROM s LIMIT 3 EMIT CHANGES")).limit())
                .isEqualTo(OptionalLong.of(3));
        Statement.Select pull = (Statement.Select) parse("SELECT * FROM s LIMIT 3");
        assertThat(pull.limit()).isEmpty();
        assertThat(pull.emitChanges()).isFalse();
    }

    @Test
    void control_statements_become_records() {
        assertThat(parse("LIST TOPICS;"))
                .isEqualTo(new Statement.Show(Statement.Show.Kind.TOPICS, false));
        assertThat(parse("SHOW CONSUMER GROUPS"))
                .isEqualTo(new Statement.Show(Statement.Show.Kind.CONSUMER_GROUPS, false));
        assertThat(parse("DESCRIBE CONSUMER GROUP 'the readers'"))
                .isEqualTo(new Statement.DescribeConsumerGroup(name("the readers", 25)));
        assertThat(parse("DESC CONSUMER GROUP app.readers"))
                .isEqualTo(new Statement.DescribeConsumerGroup(name("app.readers", 21)));
        assertThat(parse("DESCRIBE consumer"))
                .as("a stream may still be called so")
                .isEqualTo(new Statement.Describe(name("consumer", 10), false));
        assertThat(parse("SHOW QUERIES EXTENDED"))
                .isEqualTo(new Statement.Show(Statement.Show.Kind.QUERIES, true));
        assertThat(parse("DESCRIBE EXTENDED orders"))
                .isEqualTo(new Statement.Describe(name("orders", 19), true));
        assertThat(parse("DROP TABLE IF EXISTS t DELETE TOPIC"))
                .isEqualTo(
                        new Statement.Drop(
                                Statement.SourceKind.TABLE, name("t", 22), true, true, false));
        assertThat(parse("TERMINATE ALL")).isEqualTo(new Statement.Terminate(Optional.empty()));
        assertThat(parse("TERMINATE CTAS_t_1"))
                .isEqualTo(new Statement.Terminate(Optional.of(name("CTAS_t_1", 11))));
        assertThat(parse("PRINT 'my-topic' FROM BEGINNING INTERVAL 2 LIMIT 3"))
                .isEqualTo(
                        new Statement.Print(
                                name("my-topic", 7), true, OptionalLong.of(2), OptionalLong.of(3)));
        assertThat(parse("SET 'auto.offset.reset' = 'earliest'"))
                .isEqualTo(
                        new Statement.SetProperty(
                                name("auto.offset.reset", 5), "earliest", new Position(1, 27)));
        assertThat(parse("set auto.offset.reset to earliest"))
                .isEqualTo(
                        new Statement.SetProperty(
                                name("auto.offset.reset", 5), "earliest", new Position(1, 26)));
        assertThat(parse("UNSET x")).isEqualTo(new Statement.UnsetProperty(name("x", 7)));
        assertThat(parse("CANCEL QUERY push_7"))
                .isEqualTo(new Statement.CancelQuery(name("push_7", 14)));
        assertThat(parse("EXPLAIN CTAS_t_1"))
                .isEqualTo(
                        new Statement.Explain(Optional.empty(), Optional.of(name("CTAS_t_1", 9))));
        assertThat(parse("COPY (SELECT * FROM t EMIT CHANGES) TO STDOUT"))
                .isInstanceOf(Statement.CopyOut.class);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "SELECT a->b->c, f(a->b), t.a->b, x::BIGINT, \"q\"\"q\", `t``t` FROM t",
                "SELECT a - -1, a>-1, a-b FROM t -- comment",
                "SELECT /* ; */ 'it''s; fine' FROM t",
                "SELECT year, YEAR(ts), EXTRACT(DAY FROM ts), FLOOR(ts TO HOUR) FROM t",
                "SELECT count, COUNT(*), max(min) FROM t WHERE user = 'a' AND period = 1",
                "SELECT timestamp, TIMESTAMP '2024-01-01 00:00:00', CAST(a AS TIMESTAMP), b::DATE"
                        + " FROM t",
                "SELECT value, key, type, status, date, time, level, size FROM t",
                "SELECT * FROM TABLE(TUMBLE(TABLE s, DESCRIPTOR(ts), INTERVAL '1' MINUTE))",
                "SELECT a FROM s o WINDOW TUMBLING (SIZE 500 MILLISECONDS) WHERE b > 1 GROUP BY a"
                        + " HAVING COUNT(*) > 1 EMIT CHANGES LIMIT 1",
                "SELECT a.x FROM a JOIN b ON a.id = b.id AND a.y < b.y",
                "SELECT a.x FROM a JOIN b WITHIN 1 HOUR ON a.id = b.id",
                "SELECT a.x FROM a LEFT JOIN b AS c WITHIN 1 HOUR GRACE PERIOD 0 SECONDS ON a.id ="
                        + " c.id",
                "SELECT a.x FROM a FULL JOIN b c WITHIN (0 SECONDS, 2 DAYS) GRACE PERIOD 5 MINUTES"
                        + " ON a.id = c.id JOIN d ON d.id = a.id",
                "WITH a AS (SELECT * FROM b) SELECT * FROM a",
                "INSERT INTO t (a, ROWTIME) VALUES (1, 2), (-2.5, NULL)",
                "INSERT INTO t VALUES (STRUCT(a := 1), ARRAY[1, 2], MAP['k', 1])",
                "VALUES (1, 2)",
                "EXPLAIN CREATE TABLE t AS SELECT a FROM b",
                "SELECT 'Grüße — 漢字' FROM größe",
            })
    void accepted(String statement) {
        assertThat(parse(statement)).isNotNull();
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '\0',
            textBlock =
                    """
                    SELECT a FORM b | 15 | syntax error at or near "b" | Did you mean FROM where "FORM" stands?
                    SELECT a FROM b WHER c > 1 | 22 | syntax error at or near "c" | Did you mean WHERE where "WHER" stands?
                    SELECT | 7 | syntax error at end of input | Expected a name or an expression.
                    SELECT a FROM b GROUP c | 23 | syntax error at or near "c" | Expected BY.
                    SELECT order FROM x | 8 | syntax error at or near "order" | "order" is a reserved word: put it in double quotes to use it as a name.
                    SELECT a FROM b; SELECT c FROM d | 18 | syntax error at or near "SELECT" | One statement at a time: nothing may stand after the semicolon.
                    SELECT 'abc FROM x | 8 | unterminated quoted string | Close it with '; inside, write the quote twice.
                    SELECT a /* x | 10 | unterminated comment | Close it with */.
                    SELECT a # b FROM c | 10 | unexpected character "#" | Names with other characters than letters, digits and _ stand in double quotes, text in single quotes.
                    CREATE STREEM s (a INT) | 8 | syntax error at or near "STREEM" | Did you mean STREAM?
                    SHOW STREEMS | 6 | syntax error at or near "STREEMS" | Did you mean STREAMS?
                    CREATE STREAM s | 15 | columns are missing in CREATE STREAM s | Write CREATE STREAM s (column TYPE, ...) WITH (...), or CREATE STREAM s AS SELECT ...
                    CREATE STREAM s (a INT) AS SELECT 1 | 18 | a column list cannot stand before AS SELECT | The columns come from the query: leave out the list.
                    SELECT * FROM s LIMIT 3 EMIT CHANGES LIMIT 4 | 23 | LIMIT is given twice | Write it once, after EMIT CHANGES.
                    SELECT a FROM s WINDOW TUMBLING (SIZE 1 HUOR) GROUP BY a | 41 | "HUOR" is not a unit of time | Use MILLISECONDS, SECONDS, MINUTES, HOURS, DAYS or WEEKS.
                    """)
    void malformed_statements_are_syntax_errors(
            String statement, int column, String message, String hint) {
        SqlException e = refused(statement);

        assertThat(e.state()).isEqualTo(SqlState.SYNTAX_ERROR);
        assertThat(e.position()).contains(new Position(1, column));
        assertThat(e).hasMessage(message);
        assertThat(e.hint()).contains(hint);
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '\0',
            textBlock =
                    """
                    SELECT a FROM s EMIT FINAL | 22 | EMIT FINAL needs a window
                    SELECT * FROM s ORDER BY a EMIT CHANGES | 17 | ORDER BY is not supported in a query with EMIT CHANGES
                    CREATE TYPE x AS STRUCT<a INT> | 8 | CREATE TYPE is not supported
                    CREATE STREAM s (a INT NOT NULL) | 28 | NOT NULL columns are not supported
                    """)
    void what_is_not_there_yet_is_refused_by_name(String statement, int column, String message) {
        SqlException e = refused(statement);

        assertThat(e.state()).isEqualTo(SqlState.FEATURE_NOT_SUPPORTED);
        assertThat(e.position()).contains(new Position(1, column));
        assertThat(e).hasMessage(message);
        assertThat(e.hint()).isPresent();
    }

    @Test
    void an_unknown_type_suggests_the_nearest() {
        SqlException e = refused("CREATE STREAM s (a INTEGR)");

        assertThat(e.state()).isEqualTo(SqlState.UNDEFINED_OBJECT);
        assertThat(e.position()).contains(new Position(1, 20));
        assertThat(e).hasMessage("type \"INTEGR\" does not exist");
        assertThat(e.hint().orElseThrow()).startsWith("Did you mean INTEGER? ");
    }

    @Test
    void positions_count_lines_and_tabs_as_one_character() {
        assertThat(refused("SELECT a\n\tFORM b").position()).contains(new Position(2, 7));
    }

    @Test
    void a_statement_nested_ten_thousand_deep_is_refused() {
        String deep = "SELECT " + "(".repeat(10_000) + "1" + ")".repeat(10_000);

        assertThat(refused(deep).state()).isEqualTo(SqlState.LIMIT_EXCEEDED);
    }

    @Test
    void unquoted_names_fold_to_upper_case_when_asked() {
        Statement.CreateSource create =
                (Statement.CreateSource)
                        Statements.parse(
                                "CREATE TABLE t (id INT PRIMARY KEY, `low` STRUCT<a INT, \"b\""
                                        + " INT>)",
                                true);

        assertThat(create.name().text()).isEqualTo("T");
        assertThat(create.columns().get(0).name().text()).isEqualTo("ID");
        assertThat(create.columns().get(1).name().text()).isEqualTo("low");
        assertThat(create.columns().get(1).type())
                .isEqualTo(
                        new SqlType.Struct(
                                List.of(
                                        new Field("A", Primitive.INT),
                                        new Field("b", Primitive.INT))));
    }

    @Test
    void a_script_splits_at_semicolons_outside_quotes_and_comments() {
        assertThat(
                        Statements.split(
                                """
                                -- first; a comment
                                SELECT 'a;b''c;' FROM "x;y"; ;
                                /* ; */ SHOW
                                STREAMS;
                                -- nothing more;
                                """))
                .containsExactly(
                        "-- first; a comment\nSELECT 'a;b''c;' FROM \"x;y\"",
                        "/* ; */ SHOW\nSTREAMS");
    }

    @Test
    void a_script_with_an_open_quote_tells_where_it_began() {
        assertThatThrownBy(() -> Statements.split("SHOW STREAMS;\n SELECT 'a;\nSHOW TABLES;"))
                .isInstanceOfSatisfying(
                        SqlException.class,
                        e -> assertThat(e.position()).contains(new Position(2, 9)))
                .hasMessage("unterminated quoted string");
    }

    private static Statement parse(String statement) {
        return Statements.parse(statement, false);
    }

    private static SqlException refused(String statement) {
        return catchThrowableOfType(SqlException.class, () -> parse(statement));
    }

    private static Name name(String text, int column) {
        return new Name(text, new Position(1, column));
    }
}
