package dev.weir.sql.analyze;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.weir.sql.catalog.Format;
import dev.weir.sql.catalog.Relation;
import dev.weir.sql.catalog.RelationColumn;
import dev.weir.sql.catalog.WindowSpec;
import dev.weir.sql.error.Position;
import dev.weir.sql.error.SqlException;
import dev.weir.sql.error.SqlState;
import dev.weir.sql.parse.Statement;
import dev.weir.sql.parse.Statements;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.math.BigDecimal;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;

class AnalyzerTest {
    private final Shop shop = new Shop();

    // ---- CREATE over a topic ----

    @Test
    void a_stream_over_an_existing_topic_takes_its_partitions_and_default_formats() {
        Analyzed.CreateSource created =
                source("CREATE STREAM s (id BIGINT KEY, v VARCHAR) WITH (KAFKA_TOPIC = 'orders')");

        assertThat(created.createTopic()).isFalse();
        Relation relation = created.relation();
        assertThat(relation.topic()).isEqualTo("orders");
        assertThat(relation.partitions()).isEqualTo(4);
        assertThat(relation.keyFormat()).isEqualTo(Format.KAFKA);
        assertThat(relation.valueFormat()).isEqualTo(Format.JSON);
        assertThat(relation.wrapSingleValue()).isTrue();
        assertThat(relation.isDerived()).isFalse();
    }

    @Test
    void a_missing_topic_is_made_when_its_partitions_are_given() {
        Analyzed.CreateSource created =
                source(
                        "CREATE TABLE t (a INT PRIMARY KEY, b INT PRIMARY KEY, v INT) WITH"
                                + " (KAFKA_TOPIC = 'new', PARTITIONS = 3, RETENTION_MS = 1000)");

        assertThat(created.createTopic()).isTrue();
        assertThat(created.relation().partitions()).isEqualTo(3);
        assertThat(created.relation().keyFormat()).isEqualTo(Format.JSON);
        assertThat(created.topicConfig())
                .isEqualTo(Map.of("retention.ms", "1000", "cleanup.policy", "compact"));
    }

    @Test
    void without_a_topic_the_relation_is_named_after_itself_and_made() {
        Analyzed.CreateSource created = source("CREATE TABLE stock (id INT PRIMARY KEY, n INT)");

        assertThat(created.createTopic()).isTrue();
        assertThat(created.relation().topic()).isEqualTo("stock");
        assertThat(created.relation().partitions()).isEqualTo(1);
    }

    @Test
    void a_windowed_table_has_the_bounds_behind_its_keys() {
        Relation relation =
                source(
                                "CREATE TABLE w (v INT, k VARCHAR PRIMARY KEY, x INT) WITH"
                                        + " (KAFKA_TOPIC = 'items', WINDOW_TYPE = 'TUMBLING',"
                                        + " WINDOW_SIZE = '2 MINUTES')")
                        .relation();

        assertThat(relation.schema().names())
                .containsExactly("v", "k", "WINDOWSTART", "WINDOWEND", "x");
        assertThat(relation.window()).contains(new WindowSpec(WindowSpec.Kind.TUMBLING, 120_000));
        assertThat(relation.keyFormat()).isEqualTo(Format.KAFKA);
    }

    @Test
    void a_text_column_gives_the_row_time_by_its_format() {
        Relation relation =
                source(
                                "CREATE STREAM s (at VARCHAR) WITH (KAFKA_TOPIC = 'orders',"
                                        + " TIMESTAMP = 'AT', TIMESTAMP_FORMAT = 'yyyy-MM-dd"
                                        + " HH:mm:ss')")
                        .relation();

        assertThat(relation.timestampColumn()).contains("at");
        assertThat(relation.timestampFormat()).contains("yyyy-MM-dd HH:mm:ss");
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '\0',
            textBlock =
                    """
                    CREATE STREAM s (a INT) WITH (KAFKA_TOPC = 'x') | INVALID_PARAMETER | 31 | unknown property "KAFKA_TOPC"
                    CREATE STREAM s (a INT) WITH (KAFKA_TOPIC = 'order') | UNDEFINED_OBJECT | 45 | topic "order" does not exist
                    CREATE STREAM s (a INT) WITH (KAFKA_TOPIC = 'orders', PARTITIONS = 9) | INVALID_PARAMETER | 68 | topic "orders" has 4 partitions, not 9
                    CREATE STREAM s (a INT) WITH (VALUE_FORMAT = 'JSN') | INVALID_PARAMETER | 46 | unknown format "JSN"
                    CREATE STREAM s (a INT) WITH (VALUE_FORMAT = 'AVRO') | FEATURE_NOT_SUPPORTED | 46 | the format AVRO is not supported
                    CREATE STREAM s (a INT, b INT) WITH (VALUE_FORMAT = 'KAFKA') | INVALID_PARAMETER | 53 | the value format KAFKA cannot hold these columns
                    CREATE STREAM s (a ARRAY<INT>) WITH (VALUE_FORMAT = 'DELIMITED') | INVALID_PARAMETER | 53 | the value format DELIMITED cannot hold column "a" of type ARRAY<INT>
                    CREATE STREAM s (a INT, A VARCHAR) | DUPLICATE_COLUMN | 25 | column "A" is given twice
                    CREATE STREAM s (rowtime BIGINT) | INVALID_TABLE_DEFINITION | 18 | "rowtime" is a reserved column name
                    CREATE STREAM s (a INT PRIMARY KEY) | INVALID_TABLE_DEFINITION | 18 | column "a" of a stream cannot be a PRIMARY KEY
                    CREATE TABLE t (a INT KEY) | INVALID_TABLE_DEFINITION | 17 | column "a" of a table cannot be marked KEY
                    CREATE TABLE t (a INT) | INVALID_TABLE_DEFINITION | 14 | table "t" has no primary key
                    CREATE STREAM orders (a INT) | DUPLICATE_TABLE | 15 | stream "orders" already exists
                    CREATE TABLE Orders (a INT PRIMARY KEY) | DUPLICATE_TABLE | 14 | stream "orders" already exists
                    CREATE STREAM s (a BOOLEAN) WITH (TIMESTAMP = 'a') | DATATYPE_MISMATCH | 47 | column "a" of type BOOLEAN cannot give the row time
                    CREATE STREAM s (a INT) WITH (TIMESTAMP = 'b') | UNDEFINED_COLUMN | 43 | column "b" of TIMESTAMP does not exist
                    CREATE STREAM s (a INT) WITH (PARTITIONS = 'many') | INVALID_PARAMETER | 44 | property PARTITIONS cannot be "many"
                    """)
    void bad_definitions(String sql, SqlState state, int column, String message) {
        assertRefused(sql, state, column, message);
    }

    @Test
    void if_not_exists_meets_what_is_there() {
        assertThat(shop.analyze("CREATE STREAM IF NOT EXISTS orders (a INT)"))
                .isEqualTo(
                        new Analyzed.Nothing(
                                "CREATE STREAM", "stream \"orders\" already exists, nothing done"));
        assertThat(shop.analyze("DROP TABLE IF EXISTS nothing"))
                .isEqualTo(
                        new Analyzed.Nothing(
                                "DROP TABLE", "table \"nothing\" does not exist, nothing done"));
    }

    // ---- CREATE … AS ----

    @Test
    void a_derived_stream_keeps_the_key_that_is_selected() {
        Analyzed.CreateAs created =
                as("CREATE STREAM s WITH (KAFKA_TOPIC = 'out') AS SELECT item, id FROM orders");

        assertThat(keys(created)).containsExactly("id");
        assertThat(created.relation().topic()).isEqualTo("out");
        assertThat(created.relation().partitions()).isEqualTo(4);
        assertThat(created.createTopic()).isTrue();
        assertThat(created.relation().queryId()).contains("CSAS_s_1");
        assertThat(keys(as("CREATE STREAM s AS SELECT item, id + 1 AS id FROM orders"))).isEmpty();
    }

    @Test
    void the_grouping_is_the_key_of_a_derived_table() {
        Analyzed.CreateAs created =
                as(
                        "CREATE TABLE t AS SELECT COUNT(*) AS n, item AS what FROM orders GROUP BY"
                                + " item");

        assertThat(created.relation().schema().names()).containsExactly("n", "what");
        assertThat(keys(created)).containsExactly("what");
        assertThat(created.relation().keyFormat()).isEqualTo(Format.KAFKA);
        assertThat(
                        keys(
                                as(
                                        "CREATE TABLE t AS SELECT item, qty, MAX(amount) FROM"
                                                + " orders GROUP BY qty, item")))
                .containsExactly("item", "qty");
    }

    @Test
    void a_windowed_table_has_keys_bounds_values_in_this_order() {
        Analyzed.CreateAs created =
                as(
                        """
                        CREATE TABLE t AS SELECT COUNT(*) AS n, WINDOWSTART AS ws, item
                        FROM orders WINDOW TUMBLING (SIZE 1 HOUR) GROUP BY item\
                        """);

        assertThat(created.relation().schema().names())
                .containsExactly("item", "WINDOWSTART", "WINDOWEND", "n", "ws");
        assertThat(keys(created)).containsExactly("item", "WINDOWSTART", "WINDOWEND");
        assertThat(created.relation().window())
                .contains(new WindowSpec(WindowSpec.Kind.TUMBLING, 3_600_000));
        assertThat(created.query().schema()).isEqualTo(created.relation().schema());
    }

    @Test
    void a_table_of_a_windowed_table_stays_windowed_while_it_keeps_the_bounds() {
        shop.create(
                "CREATE TABLE w AS SELECT item, COUNT(*) AS n FROM orders"
                        + " WINDOW TUMBLING (SIZE 1 HOUR) GROUP BY item");

        Relation kept = as("CREATE TABLE t AS SELECT * FROM w WHERE n > 1").relation();
        assertThat(kept.schema().names()).containsExactly("item", "WINDOWSTART", "WINDOWEND", "n");
        assertThat(kept.window()).contains(new WindowSpec(WindowSpec.Kind.TUMBLING, 3_600_000));

        Analyzed.CreateAs plain =
                as("CREATE TABLE t AS SELECT n, WINDOWSTART AS hour, item FROM w WHERE n > 1");
        assertThat(keys(plain)).containsExactly("hour", "item");
        assertThat(plain.relation().window()).isEmpty();
    }

    @Test
    void a_table_of_a_table_keeps_its_primary_key_and_a_join_the_one_that_identifies_it() {
        assertThat(keys(as("CREATE TABLE t AS SELECT name, id AS nr FROM items WHERE weight > 1")))
                .containsExactly("nr");
        assertThat(
                        keys(
                                as(
                                        "CREATE TABLE t AS SELECT i.id AS item, c.id FROM customers"
                                                + " c JOIN items i ON c.item_id = i.id")))
                .containsExactly("id");
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '\0',
            textBlock =
                    """
                    SELECT c.id, i.name FROM customers c LEFT JOIN items i ON c.item_id = i.id | id
                    SELECT c.id, i.id AS item FROM customers c RIGHT JOIN items i ON c.item_id = i.id | id, item
                    SELECT c.id, i.name FROM items i RIGHT JOIN customers c ON c.item_id = i.id | id
                    SELECT COALESCE(c.id, i.id) AS id, i.id AS item FROM customers c FULL JOIN items i ON c.id = i.id | id
                    SELECT COALESCE(i.id, c.id) AS id FROM customers c FULL JOIN items i ON c.id = i.id | id
                    SELECT id, weight FROM customers FULL JOIN items USING (id) | id
                    SELECT id, weight FROM customers LEFT JOIN items USING (id) | id
                    SELECT id, weight FROM customers JOIN items USING (id) | id
                    SELECT c.id AS c, i.id AS i FROM customers c FULL JOIN items i ON c.id = i.id AND c.name = i.name | c, i
                    """)
    void what_identifies_a_row_of_a_join_is_the_key_of_its_table(String query, String key) {
        assertThat(keys(as("CREATE TABLE t AS " + query))).containsExactly(key.split(", "));
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '\0',
            textBlock =
                    """
                    CREATE STREAM s AS SELECT item, COUNT(*) FROM orders GROUP BY item | WRONG_OBJECT_TYPE | 15 | the rows of this query change, so they cannot be a stream
                    CREATE STREAM s AS SELECT name FROM items | WRONG_OBJECT_TYPE | 15 | the rows of this query change, so they cannot be a stream
                    CREATE TABLE t AS SELECT item FROM orders | INVALID_TABLE_DEFINITION | 19 | the rows of this query have no key, so they cannot be a table
                    CREATE TABLE t AS SELECT COUNT(*) FROM orders GROUP BY item | INVALID_TABLE_DEFINITION | 19 | the key column "item" is not selected
                    CREATE TABLE t AS SELECT name FROM items | INVALID_TABLE_DEFINITION | 19 | the key column "id" is not selected
                    CREATE TABLE t AS SELECT item, COUNT(*) AS ITEM FROM orders GROUP BY item | DUPLICATE_COLUMN | 14 | column "ITEM" is given twice
                    CREATE STREAM s AS SELECT item FROM orders ORDER BY item | FEATURE_NOT_SUPPORTED | 53 | ORDER BY, LIMIT and OFFSET are not supported in a continuous query
                    """)
    void queries_that_make_no_stream_or_table(
            String sql, SqlState state, int column, String message) {
        assertRefused(sql, state, column, message);
    }

    // ---- queries ----

    @ParameterizedTest(name = "{0}")
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '\0',
            textBlock =
                    """
                    SELECT amout FROM orders | UNDEFINED_COLUMN | 8 | column "amout" does not exist in stream "orders" | Did you mean "amount"? DESCRIBE orders lists the columns.
                    SELECT o.amout FROM orders o | UNDEFINED_COLUMN | 10 | column "amout" does not exist in stream "orders" | Did you mean "amount"? DESCRIBE orders lists the columns.
                    SELECT item FROM oders | UNDEFINED_TABLE | 18 | relation "oders" does not exist | Did you mean "orders"? SHOW STREAMS and SHOW TABLES list what there is.
                    SELECT LENN(item) FROM orders | UNDEFINED_FUNCTION | 8 | function "LENN" does not exist | Did you mean "LEN"? SHOW FUNCTIONS lists what there is.
                    SELECT x.item FROM orders o | UNDEFINED_TABLE | 8 | "x" is not in the FROM clause | Qualify columns with the names or aliases of FROM.
                    SELECT bid->auctio FROM bids | UNDEFINED_COLUMN | 13 | field "auctio" does not exist in the struct | Did you mean "auction"? DESCRIBE tells the fields of a struct.
                    SELECT kind->x FROM bids | DATATYPE_MISMATCH | 8 | -> takes a field of a struct, and this is none | DESCRIBE tells the types of columns.
                    SELECT id FROM items a JOIN customers b ON a.id = b.item_id | AMBIGUOUS_COLUMN | 8 | column "id" is ambiguous | Write a.id or b.id.
                    SELECT item, qty, COUNT(*) FROM orders GROUP BY item | GROUPING_ERROR | 14 | column "qty" must appear in GROUP BY or be used in an aggregate function | Add it to GROUP BY, or take MIN(qty) or MAX(qty).
                    SELECT item FROM orders WHERE COUNT(*) > 3 | GROUPING_ERROR | 31 | aggregate functions are not allowed in WHERE | Conditions on groups stand in HAVING.
                    SELECT COUNT(*) FROM orders WINDOW TUMBLING (SIZE 1 MINUTE) | GROUPING_ERROR | 29 | WINDOW needs GROUP BY | Group by what is counted in each window, such as GROUP BY item.
                    SELECT qty + item FROM orders | DATATYPE_MISMATCH | 8 | cannot apply + to 'INTEGER' + 'VARCHAR' | CAST one side to the type of the other.
                    SELECT * FROM orders WHERE item > 3 | DATATYPE_MISMATCH | 28 | cannot compare INTEGER with text | CAST one side to the type of the other.
                    SELECT SUM(item) FROM orders | DATATYPE_MISMATCH | 8 | cannot apply SUM to SUM('VARCHAR') | CAST one side to the type of the other.
                    SELECT CAST(tags AS INT) FROM orders | CANNOT_COERCE | 8 | cannot cast VARCHAR ARRAY to INTEGER | There is no conversion between the two.
                    SELECT TOPK(qty, 0) FROM orders | INVALID_PARAMETER | 18 | TOPK cannot keep 0 values | Give a number from 1 to 10000.
                    SELECT TOPK(qty) FROM orders | UNDEFINED_FUNCTION | 8 | TOPK does not take these arguments | It takes a column and a number.
                    SELECT STRING_AGG(item, item) FROM orders | UNDEFINED_FUNCTION | 8 | STRING_AGG does not take these arguments | It takes a text and a separator, which is a constant.
                    SELECT "abc" | UNDEFINED_COLUMN | 8 | column "abc" does not exist | A query without FROM has no columns; text stands in single quotes.
                    """)
    void mistakes_in_queries_are_told_with_a_way_out(
            String sql, SqlState state, int column, String message, String hint) {
        SqlException e = assertRefused(sql, state, column, message);
        assertThat(e.hint()).contains(hint);
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '\0',
            textBlock =
                    """
                    SELECT CORRELATION(DISTINCT qty, qty) FROM orders | 8 | CORRELATION(DISTINCT ...) is not supported
                    SELECT ATTR(item) FROM orders GROUP BY qty | 8 | the aggregate function ATTR is not supported
                    SELECT * FROM orders o JOIN items i ON o.item = i.name | 24 | a stream is joined with a table by the table's whole primary key
                    SELECT * FROM items i LEFT JOIN orders o ON o.id = i.id | 28 | a join of a stream with a table cannot keep the rows of the table
                    SELECT * FROM orders o FULL JOIN items i ON o.id = i.id | 29 | a join of a stream with a table cannot keep the rows of the table
                    SELECT * FROM orders o LEFT JOIN bids b ON o.qty = b.kind | 29 | LEFT JOIN of two streams needs WITHIN
                    SELECT * FROM orders o JOIN bids b WITHIN 1 HOUR ON o.qty > b.kind | 24 | a join of streams needs an equality between its sides
                    SELECT * FROM orders o JOIN items i WITHIN 1 HOUR ON o.id = i.id | 24 | WITHIN bounds a join of two streams, and this is one with a table
                    SELECT 1 FROM orders JOIN bids WITHIN 1 HOUR USING (kind) | 32 | WITHIN is supported in joins with ON only
                    SELECT * FROM items NATURAL JOIN customers | 29 | NATURAL JOIN is not supported
                    SELECT id FROM items a FULL JOIN items b USING (id) JOIN items c USING (id) | 53 | RIGHT and FULL JOIN ... USING of a column that USING has merged before are not supported
                    SELECT * FROM (SELECT id FROM items) i JOIN customers USING (id) | 8 | SELECT * over JOIN ... USING of a subquery is not supported
                    SELECT * FROM orders WHERE item IN (SELECT name FROM items) | 37 | a subquery in an expression is not supported
                    SELECT item FROM orders INTERSECT ALL SELECT name FROM items | 1 | INTERSECT ALL is not supported
                    SELECT ROW_NUMBER() OVER (ORDER BY qty) FROM orders | 8 | OVER is not supported
                    SELECT COUNT(*) FROM orders GROUP BY ROLLUP(item) | 38 | ROLLUP is not supported
                    SELECT COUNT(*) FROM items WINDOW TUMBLING (SIZE 1 MINUTE) GROUP BY name | 28 | a window over the table "items" is not supported
                    SELECT * FROM TABLE(HOP(TABLE orders, DESCRIPTOR(placed), INTERVAL '1' SECOND, INTERVAL '1' MINUTE)) | 15 | this table function is not supported
                    """)
    void what_the_engine_cannot_do_is_refused(String sql, int column, String message) {
        SqlException e = assertRefused(sql, SqlState.FEATURE_NOT_SUPPORTED, column, message);
        assertThat(e.hint()).isPresent();
    }

    @Test
    void a_star_leaves_out_the_pseudo_columns_but_they_can_be_named() {
        assertThat(shop.query("SELECT * FROM items").schema().names())
                .containsExactly("id", "name", "weight");
        assertThat(shop.query("SELECT i.*, i.ROWTIME, rowtime AS at FROM items i").schema().names())
                .containsExactly("id", "name", "weight", "ROWTIME", "at");
        assertThat(shop.query("SELECT rowoffset, ROWPARTITION FROM bids").schema().names())
                .containsExactly("rowoffset", "ROWPARTITION");
    }

    @Test
    void sums_of_int_are_bigint_and_averages_double() {
        assertThat(
                        shop.query(
                                        "SELECT SUM(qty), SUM(amount), SUM(price), AVG(qty),"
                                                + " AVG(price), COUNT(*), MIN(placed) FROM orders")
                                .schema()
                                .fields())
                .extracting(f -> f.type().sql())
                .containsExactly(
                        "BIGINT",
                        "DOUBLE",
                        "DECIMAL(38, 2)",
                        "DOUBLE",
                        "DOUBLE",
                        "BIGINT",
                        "TIMESTAMP");
    }

    @Test
    void a_statement_can_be_analyzed_twice() {
        Statement statement =
                Statements.parse(
                        "SELECT item AS i, COUNT(*) FROM orders WINDOW TUMBLING (SIZE 1 DAY)"
                                + " GROUP BY item HAVING COUNT(*) > 1 EMIT CHANGES",
                        false);

        List<String> first = ((Analyzed.Query) shop.analyze(statement)).schema().names();

        assertThat(first).containsExactly("i", "KSQL_COL_0");
        assertThat(((Analyzed.Query) shop.analyze(statement)).schema().names()).isEqualTo(first);
    }

    // ---- INSERT ----

    @Test
    void literals_become_values_in_storage_form() {
        Analyzed.InsertValues insert =
                (Analyzed.InsertValues)
                        shop.analyze(
                                """
                                INSERT INTO orders (qty, item, amount, price, placed, tags, ROWTIME) VALUES
                                  (-3, 'it''s', 1, 12.345, '2024-01-01T10:00:00.5', ARRAY['a', 'b'], 17),
                                  ('4', NULL, 1.5e3, '7', '2024-01-01 12:00:00+02:00', NULL, NULL)\
                                """);

        assertThat(insert.rows())
                .containsExactly(
                        Arrays.asList(
                                null,
                                "it's",
                                -3L,
                                1.0,
                                new BigDecimal("12.35"),
                                1_704_103_200_500L,
                                List.of("a", "b")),
                        Arrays.asList(
                                null,
                                null,
                                4L,
                                1500.0,
                                new BigDecimal("7.00"),
                                1_704_103_200_000L,
                                null));
        assertThat(insert.rowTimes()).containsExactly(OptionalLong.of(17), OptionalLong.empty());
    }

    @Test
    void constant_expressions_are_computed() {
        Analyzed.InsertValues insert =
                (Analyzed.InsertValues)
                        shop.analyze(
                                """
                                INSERT INTO orders (id, item, amount, placed) VALUES
                                  (2 * 3 + 1, UPPER('pen') || '!', 1 / 2.0, TIMESTAMP '2024-01-01 10:00:00'),
                                  (CAST('8' AS INT), NULL, 1, CURRENT_TIMESTAMP)\
                                """);

        assertThat(insert.rows().get(0).subList(0, 4))
                .isEqualTo(Arrays.asList(7L, "PEN!", null, 0.5));
        assertThat(insert.rows().get(0).get(5)).isEqualTo(1_704_103_200_000L);
        assertThat(insert.rows().get(1).get(0)).isEqualTo(8L);
        assertThat(insert.rows().get(1).get(5)).isEqualTo(shop.nowMs());
    }

    @Test
    void structs_are_written_by_field_name() {
        Analyzed.InsertValues insert =
                (Analyzed.InsertValues)
                        shop.analyze(
                                "INSERT INTO bids VALUES"
                                        + " (1, STRUCT(price := 2, extra := STRUCT(url := 'x')))");

        assertThat(insert.rows())
                .isEqualTo(
                        Collections.singletonList(
                                Arrays.asList(
                                        1L, Arrays.asList(null, 2L, Arrays.asList(null, "x")))));
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '\0',
            textBlock =
                    """
                    INSERT INTO orders (id, item) VALUES (1, 3) | DATATYPE_MISMATCH | 42 | column "item" is of type VARCHAR but the value is a number
                    INSERT INTO orders (id, qty) VALUES (1, 3000000000) | NUMERIC_OUT_OF_RANGE | 41 | the value 3000000000 is out of range for column "qty" of type INT
                    INSERT INTO orders (id, qty) VALUES (1, 'x') | INVALID_TEXT | 41 | "x" is not a value of type INT for column "qty"
                    INSERT INTO orders (id, placed) VALUES (1, 'noon') | INVALID_TEXT | 44 | "noon" is not a value of type TIMESTAMP for column "placed"
                    INSERT INTO orders (id, qty) VALUES (1) | SYNTAX_ERROR | 38 | the row has 1 values for 2 columns
                    INSERT INTO orders (id, qyt) VALUES (1, 2) | UNDEFINED_COLUMN | 25 | column "qyt" does not exist in stream "orders"
                    INSERT INTO orders (id, ID) VALUES (1, 2) | DUPLICATE_COLUMN | 25 | column "ID" is given twice
                    INSERT INTO items (name) VALUES ('a') | NOT_NULL_VIOLATION | 34 | the primary key column "id" cannot be NULL
                    INSERT INTO orders (id, qty) VALUES (1, qty) | UNDEFINED_COLUMN | 41 | column "qty" does not exist
                    INSERT INTO order VALUES (1) | SYNTAX_ERROR | 13 | syntax error at or near "order"
                    INSERT INTO ordes VALUES (1) | UNDEFINED_TABLE | 13 | relation "ordes" does not exist
                    """)
    void bad_rows_are_refused(String sql, SqlState state, int column, String message) {
        assertRefused(sql, state, column, message);
    }

    // ---- INSERT … SELECT ----

    @Test
    void a_query_is_cast_to_the_columns_of_the_stream_it_goes_into() {
        shop.create(
                "CREATE STREAM sink (id BIGINT KEY, n BIGINT, d DOUBLE, p DECIMAL(12, 4), t"
                        + " VARCHAR)");

        Analyzed.InsertSelect insert =
                insertSelect("INSERT INTO sink SELECT id, qty, price, price, NULL FROM orders");

        assertThat(insert.queryId()).isEqualTo("INSERTQUERY_1");
        assertThat(insert.query().schema()).isEqualTo(insert.target().schema());
        assertThat(RelTypes.schema(insert.query().rel().getRowType()))
                .isEqualTo(insert.target().schema());
        assertThat(insert.query().emitChanges()).isTrue();
    }

    @Test
    void columns_that_are_not_named_are_null() {
        shop.create("CREATE STREAM sink (id BIGINT KEY, a VARCHAR, b VARCHAR, n INT)");

        Analyzed.InsertSelect insert =
                insertSelect(
                        "INSERT INTO sink (b, id) WITH (QUERY_ID = 'copy') SELECT item, id FROM"
                                + " orders PARTITION BY id");

        assertThat(insert.queryId()).isEqualTo("copy");
        assertThat(insert.query().schema().names()).containsExactly("id", "a", "b", "n");
        assertThat(((org.apache.calcite.rel.core.Project) insert.query().rel()).getProjects())
                .map(Object::toString)
                .containsExactly("$1", "null:VARCHAR", "$0", "null:INTEGER");
    }

    @Test
    void the_key_may_stand_anywhere_when_the_names_are_those_of_the_stream() {
        shop.create("CREATE STREAM sink (id BIGINT KEY, item VARCHAR, qty INT)");

        assertThat(
                        ((org.apache.calcite.rel.core.Project)
                                        insertSelect(
                                                        "INSERT INTO sink SELECT item, qty, id FROM"
                                                                + " orders")
                                                .query()
                                                .rel())
                                .getProjects())
                .map(Object::toString)
                .containsExactly("$2", "$0", "$1");
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '\0',
            textBlock =
                    """
                    INSERT INTO sink SELECT id FROM orders | SYNTAX_ERROR | 18 | the query has 1 column for 3 of stream "sink"
                    INSERT INTO sink SELECT id, qty, qty FROM orders | DATATYPE_MISMATCH | 18 | column "item" is of type VARCHAR but the expression is of type INT
                    INSERT INTO sink SELECT id, item, id FROM orders | DATATYPE_MISMATCH | 18 | column "qty" is of type INT but the expression is of type BIGINT
                    INSERT INTO sink SELECT id, qty, item FROM orders | DATATYPE_MISMATCH | 18 | the query has the columns of stream "sink" in another order
                    INSERT INTO sink SELECT id, item, qty FROM orders PARTITION BY qty | DATATYPE_MISMATCH | 64 | PARTITION BY does not give the key of stream "sink"
                    INSERT INTO sink (id, ROWTIME) SELECT id, id FROM orders | FEATURE_NOT_SUPPORTED | 23 | INSERT INTO ... SELECT cannot set ROWTIME
                    INSERT INTO sink SELECT id, name, 1 FROM items | WRONG_OBJECT_TYPE | 18 | the rows of this query change, so they cannot go into a stream
                    INSERT INTO items SELECT id, item, 1 FROM orders | WRONG_OBJECT_TYPE | 13 | INSERT INTO ... SELECT writes into streams, and "items" is a table
                    INSERT INTO sink SELECT id, item, qty FROM orders EMIT CHANGES LIMIT 3 | FEATURE_NOT_SUPPORTED | 18 | LIMIT is not supported in INSERT INTO ... SELECT
                    INSERT INTO sink WITH (QUERY = 'x') SELECT id, item, qty FROM orders | INVALID_PARAMETER | 24 | unknown property "QUERY"
                    """)
    void a_query_that_does_not_fit_the_stream_is_refused(
            String sql, SqlState state, int column, String message) {
        shop.create("CREATE STREAM sink (id BIGINT KEY, item VARCHAR, qty INT)");

        assertThat(assertRefused(sql, state, column, message).hint()).isPresent();
    }

    @Test
    void a_derived_relation_takes_no_rows() {
        shop.create("CREATE TABLE counts AS SELECT item, COUNT(*) AS n FROM orders GROUP BY item");

        assertRefused(
                "INSERT INTO counts VALUES ('a', 1)",
                SqlState.WRONG_OBJECT_TYPE,
                13,
                "table \"counts\" is written by the query CTAS_counts_1");
    }

    // ---- the rest ----

    @Test
    void drop_wants_the_right_kind() {
        assertRefused(
                "DROP TABLE orders", SqlState.WRONG_OBJECT_TYPE, 12, "\"orders\" is a stream");
        assertThat(shop.analyze("DROP STREAM ORDERS DELETE TOPIC"))
                .isInstanceOfSatisfying(
                        Analyzed.Drop.class,
                        drop -> {
                            assertThat(drop.relation().name()).isEqualTo("orders");
                            assertThat(drop.deleteTopic()).isTrue();
                        });
    }

    @Test
    void print_knows_the_topics() {
        SqlException e =
                assertRefused(
                        "PRINT 'order'",
                        SqlState.UNDEFINED_OBJECT,
                        7,
                        "topic \"order\" does not exist");
        assertThat(e.hint()).contains("Did you mean \"orders\"? SHOW TOPICS lists what there is.");
    }

    @Test
    void explaining_a_create_takes_no_query_number() {
        shop.analyze("EXPLAIN CREATE STREAM s AS SELECT item FROM orders");

        assertThat(as("CREATE STREAM s AS SELECT item FROM orders").relation().queryId())
                .contains("CSAS_s_1");
    }

    private Analyzed.CreateSource source(String sql) {
        return (Analyzed.CreateSource) shop.analyze(sql);
    }

    private Analyzed.InsertSelect insertSelect(String sql) {
        return (Analyzed.InsertSelect) shop.analyze(sql);
    }

    private Analyzed.CreateAs as(String sql) {
        return (Analyzed.CreateAs) shop.analyze(sql);
    }

    private static List<String> keys(Analyzed.CreateAs created) {
        return created.relation().columns().stream()
                .filter(RelationColumn::key)
                .map(RelationColumn::name)
                .toList();
    }

    private SqlException assertRefused(String sql, SqlState state, int column, String message) {
        SqlException e = catchThrowableOfType(SqlException.class, () -> shop.analyze(sql));
        assertThat(e).as(sql).hasMessage(message);
        assertThat(e.state()).isEqualTo(state);
        assertThat(e.position()).contains(new Position(1, column));
        return e;
    }
}
