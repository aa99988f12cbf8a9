package dev.weir.sql.plan;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.sql.analyze.Analyzed;
import dev.weir.sql.analyze.Shop;
import dev.weir.sql.catalog.ScanColumn;

import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

class PlannerTest {
    private record Golden(String sql, String plan) {}

    /// The statements of plans.txt, in order: those that create something are there for the next.
    @TestFactory
    Stream<DynamicTest> plans_are_as_written_in_the_golden_file() throws IOException {
        Shop shop = new Shop();
        List<Golden> cases = golden();
        assertThat(cases).hasSizeGreaterThan(20);
        return cases.stream()
                .map(golden ->
                        DynamicTest.dynamicTest(
                                golden.sql(),
                                () ->
                                        assertThat(plan(shop, golden.sql()))
                                                .isEqualTo(golden.plan())));
    }

    @Test
    void the_plan_has_the_columns_of_the_query() {
        Shop shop = new Shop();
        Analyzed.Query query =
                shop.query(
                        "SELECT qty AS q, bid->auction, kind + 1"
                                + " FROM (SELECT kind AS qty, kind, bid FROM bids)");

        assertThat(Planner.plan(query).schema()).isEqualTo(query.schema());
        assertThat(query.schema().names()).containsExactly("q", "auction", "KSQL_COL_0");
    }

    @Test
    void only_the_field_that_is_read_of_a_struct_is_scanned() {
        PlanNode plan =
                Planner.plan(
                        new Shop().query("SELECT bid->extra->url AS url FROM bids EMIT CHANGES"));

        assertThat(plan)
                .isInstanceOfSatisfying(
                        PlanNode.StreamScan.class,
                        scan ->
                                assertThat(scan.columns())
                                        .containsExactly(
                                                new ScanColumn.Value(1, List.of("extra", "url"))));
    }

    @Test
    void a_window_is_known_by_its_start_alone() {
        PlanNode plan =
                Planner.plan(
                        new Shop()
                                .query(
                                        "SELECT COUNT(*), WINDOWSTART, item FROM orders WINDOW"
                                            + " TUMBLING (SIZE 1 DAY) GROUP BY item EMIT CHANGES"));

        assertThat(plan.traits().uniqueKey()).containsExactly(2, 1);
    }

    private static String plan(Shop shop, String sql) {
        Analyzed.Query query =
                sql.startsWith("CREATE")
                        ? ((Analyzed.CreateAs) shop.create(sql)).query()
                        : shop.query(sql);
        PlanNode plan = Planner.plan(query);
        assertThat(plan.schema()).isEqualTo(query.schema());
        return Planner.explain(plan);
    }

    private static List<Golden> golden() throws IOException {
        try (InputStream in = PlannerTest.class.getResourceAsStream("plans.txt")) {
            String text = new String(in.readAllBytes(), StandardCharsets.UTF_8);
            List<Golden> cases = new ArrayList<>();
            for (String block : text.split("(?m)^> ", -1)) {
                if (!block.isBlank() && !block.startsWith("#")) {
                    String[] parts = block.split("\n;\n", 2);
                    cases.add(new Golden(parts[0], parts[1].stripTrailing() + "\n"));
                }
            }
            return cases;
        }
    }
}
