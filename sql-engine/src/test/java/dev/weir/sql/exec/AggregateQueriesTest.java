package dev.weir.sql.exec;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Path;

@Timeout(60)
class AggregateQueriesTest {
    @TempDir Path dir;
    private EngineFixture engine;

    @BeforeEach
    void start() throws InterruptedException {
        engine = new EngineFixture(dir);
        engine.run(
                """
                CREATE STREAM sales (id VARCHAR KEY, item VARCHAR, qty BIGINT, price DOUBLE)
                  WITH (kafka_topic = 'sales', value_format = 'JSON', partitions = 1)\
                """);
        engine.run(
                """
                CREATE TABLE stock (item VARCHAR PRIMARY KEY, shelf VARCHAR, pieces BIGINT)
                  WITH (kafka_topic = 'stock', value_format = 'JSON', partitions = 1)\
                """);
    }

    @AfterEach
    void stop() {
        engine.close();
    }

    private void sale(String item, Integer qty, double price) throws InterruptedException {
        engine.send(
                "sales",
                0,
                "k",
                "{\"item\":\"" + item + "\",\"qty\":" + qty + ",\"price\":" + price + "}");
    }

    private void stock(String item, String shelf, int pieces) throws InterruptedException {
        engine.send("stock", 0, item, "{\"shelf\":\"" + shelf + "\",\"pieces\":" + pieces + "}");
    }

    private void someSales() throws InterruptedException {
        sale("pen", 3, 1.5);
        sale("pen", null, 2.5);
        sale("ink", 7, 9);
        sale("pen", 1, 1.5);
        sale("pen", 3, 6.5);
    }

    @Test
    void lists_are_in_the_order_in_which_rows_come() throws InterruptedException {
        engine.run(
                """
                CREATE TABLE lists AS SELECT item,
                  COLLECT_LIST(qty) AS all_of, COLLECT_SET(qty) AS each_once, ARRAY_AGG(price) AS prices,
                  STRING_AGG(CAST(qty AS VARCHAR), '+') AS joined
                FROM sales GROUP BY item\
                """);
        someSales();
        assertThat(engine.rows("SELECT * FROM lists"))
                .containsExactly(
                        "[ink, [7], [7], [9.0], 7]",
                        "[pen, [3, null, 1, 3], [3, null, 1], [1.5, 2.5, 1.5, 6.5], 3+1+3]");
    }

    @Test
    void the_first_and_the_last_values_that_came_are_kept() throws InterruptedException {
        engine.run(
                """
                CREATE TABLE ends AS SELECT item,
                  EARLIEST_BY_OFFSET(qty) AS e, LATEST_BY_OFFSET(qty) AS l,
                  EARLIEST_BY_OFFSET(qty, 2) AS e2, LATEST_BY_OFFSET(qty, 2) AS l2,
                  LATEST_BY_OFFSET(qty, 3, false) AS with_nulls
                FROM sales GROUP BY item\
                """);
        sale("pen", null, 0);
        assertThat(engine.rows("SELECT * FROM ends"))
                .containsExactly("[pen, null, null, [], [], [null]]");
        someSales();
        engine.restart();
        sale("pen", 8, 0);
        assertThat(engine.rows("SELECT * FROM ends"))
                .containsExactly(
                        "[ink, 7, 7, [7], [7], [7]]", "[pen, 3, 8, [3, 1], [3, 8], [1, 3, 8]]");
        assertThatThrownBy(() ->
                        engine.run(
                                "SELECT shelf, LATEST_BY_OFFSET(pieces) FROM stock GROUP BY shelf"))
                .hasMessageContaining("LATEST_BY_OFFSET over rows that change is not supported");
    }

    @Test
    void distinct_values_histograms_and_the_greatest_few() throws InterruptedException {
        engine.run(
                """
                CREATE TABLE several AS SELECT item,
                  COUNT(DISTINCT qty) AS c, COUNT_DISTINCT(price) AS p, SUM(DISTINCT qty) AS s,
                  TOPK(qty, 2) AS top, TOPKDISTINCT(qty, 2) AS top_once,
                  HISTOGRAM(CAST(qty AS VARCHAR)) AS h, BOOL_AND(qty > 1) AS all_of,
                  BOOL_OR(qty > 6) AS any_of
                FROM sales GROUP BY item\
                """);
        someSales();
        assertThat(engine.rows("SELECT * FROM several"))
                .containsExactly(
                        "[ink, 1, 1, 7, [7], [7], {7=1}, true, true]",
                        "[pen, 2, 3, 4, [3, 3], [3, 1], {1=1, 3=2}, false, false]");
    }

    @Test
    void variances_and_correlation() throws InterruptedException {
        someSales();
        assertThat(
                        engine.rows(
                                "SELECT item, VAR_POP(price), VAR_SAMP(price), STDDEV_POP(price),"
                                        + " ROUND(STDDEV_SAMP(price), 6),"
                                        + " ROUND(CORRELATION(qty, price), 6)"
                                        + " FROM sales GROUP BY item"))
                .containsExactly(
                        "[ink, 0.0, null, 0.0, null, null]",
                        "[pen, 4.25, 5.666666666666667, 2.0615528128088303, 2.380476, 0.5]");
    }

    @Test
    void over_a_table_lists_are_in_the_order_of_the_values_and_follow_its_changes()
            throws InterruptedException {
        engine.run(
                """
                CREATE TABLE shelves AS SELECT shelf, COLLECT_LIST(pieces) AS all_pieces,
                  TOPK(pieces, 2) AS top, COUNT(DISTINCT pieces) AS different,
                  STDDEV_POP(pieces) AS deviation
                FROM stock GROUP BY shelf\
                """);
        stock("pen", "a", 5);
        stock("ink", "a", 3);
        stock("cap", "a", 5);
        stock("nib", "b", 1);
        assertThat(engine.rows("SELECT shelf, all_pieces, top, different FROM shelves"))
                .containsExactly("[a, [3, 5, 5], [5, 5], 2]", "[b, [1], [1], 1]");
        stock("cap", "b", 5);
        engine.send("stock", 0, "ink", null);
        assertThat(engine.rows("SELECT * FROM shelves"))
                .containsExactly("[a, [5], [5], 1, 0.0]", "[b, [1, 5], [5, 1], 2, 2.0]");
    }

    @Test
    void a_group_that_falls_out_of_having_is_deleted() throws InterruptedException {
        engine.run(
                "CREATE TABLE full_shelves AS SELECT shelf, SUM(pieces) AS n FROM stock"
                        + " GROUP BY shelf HAVING SUM(pieces) > 5");
        stock("pen", "a", 6);
        stock("pen", "b", 7);
        assertThat(engine.records("full_shelves"))
                .containsExactly("a={\"n\":6}", "a=null", "b={\"n\":7}");
        stock("pen", "b", 2);
        assertThat(engine.rows("SELECT * FROM full_shelves")).isEmpty();
    }

    @Test
    void an_aggregate_without_groups_is_a_table_of_one_row() throws InterruptedException {
        engine.run("CREATE TABLE overall AS SELECT COUNT(*) AS n, MAX(qty) AS most FROM sales");
        engine.level();
        assertThat(engine.rows("SELECT * FROM overall")).containsExactly("[0, null]");
        someSales();
        engine.restart();
        sale("cap", 9, 1);
        assertThat(engine.rows("SELECT * FROM overall")).containsExactly("[6, 9]");
        assertThat(engine.records("overall").getLast()).isEqualTo("={\"n\":6,\"most\":9}");
        engine.run("CREATE TABLE again AS SELECT n + 1 AS m FROM overall");
        engine.level();
        assertThat(engine.rows("SELECT * FROM again")).containsExactly("[7]");
    }

    @Test
    void groups_by_expression_alias_and_ordinal() throws InterruptedException {
        someSales();
        assertThat(engine.rows("SELECT UCASE(item), COUNT(*) FROM sales GROUP BY UCASE(item)"))
                .containsExactly("[INK, 1]", "[PEN, 4]");
        assertThat(engine.rows("SELECT UCASE(item) AS name, COUNT(*) FROM sales GROUP BY name"))
                .containsExactly("[INK, 1]", "[PEN, 4]");
        assertThat(
                        engine.rows(
                                "SELECT UCASE(item), COUNT(*) FROM sales GROUP BY 1 HAVING COUNT(*)"
                                        + " > 1"))
                .containsExactly("[PEN, 4]");
    }

    @Test
    void set_operations_over_streams_and_tables() throws InterruptedException {
        engine.run(
                "CREATE STREAM merged AS SELECT item, qty FROM sales WHERE qty > 2"
                        + " UNION ALL SELECT item, price FROM sales WHERE price > 6");
        engine.run("CREATE TABLE names AS SELECT item FROM sales UNION SELECT item FROM stock");
        engine.run("CREATE TABLE sold_out AS SELECT item FROM sales EXCEPT SELECT item FROM stock");
        engine.run("CREATE TABLE sold AS SELECT item FROM sales INTERSECT SELECT item FROM stock");
        someSales();
        stock("ink", "a", 1);
        stock("cap", "a", 1);
        engine.level();
        assertThat(engine.rows("SELECT item, qty FROM merged"))
                .containsExactly(
                        "[ink, 7.0]", "[ink, 9.0]", "[pen, 3.0]", "[pen, 3.0]", "[pen, 6.5]");
        assertThat(engine.rows("SELECT * FROM names")).containsExactly("[cap]", "[ink]", "[pen]");
        assertThat(engine.rows("SELECT * FROM sold_out")).containsExactly("[pen]");
        assertThat(engine.rows("SELECT * FROM sold")).containsExactly("[ink]");
        engine.send("stock", 0, "ink", null);
        assertThat(engine.rows("SELECT * FROM sold_out")).containsExactly("[ink]", "[pen]");
        assertThat(engine.rows("SELECT * FROM sold")).isEmpty();
    }

    @Test
    void distinct_rows_subqueries_and_ctes() throws InterruptedException {
        engine.run("CREATE TABLE items AS SELECT DISTINCT item FROM sales");
        engine.run(
                "CREATE TABLE rich AS WITH totals AS (SELECT item, SUM(qty * price) AS total"
                        + " FROM sales GROUP BY item)"
                        + " SELECT total > 20 AS is_rich, COUNT(*) AS n FROM totals"
                        + " GROUP BY total > 20");
        someSales();
        assertThat(engine.rows("SELECT * FROM items")).containsExactly("[ink]", "[pen]");
        assertThat(engine.rows("SELECT * FROM rich")).containsExactly("[true, 2]");
    }
}
