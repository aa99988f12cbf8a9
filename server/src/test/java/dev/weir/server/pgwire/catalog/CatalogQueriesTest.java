package dev.weir.server.pgwire.catalog;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weir.sql.batch.Primitive;
import dev.weir.sql.batch.SqlType;
import dev.weir.sql.catalog.Catalog;
import dev.weir.sql.catalog.Format;
import dev.weir.sql.catalog.Relation;
import dev.weir.sql.catalog.RelationColumn;
import dev.weir.sql.error.SqlException;

import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import java.util.regex.Pattern;

class CatalogQueriesTest {
    private static final SessionFacts FACTS =
            new SessionFacts("ann", "15.0", 7, Map.of("work_mem", "4MB", "TimeZone", "UTC"));

    private static final Catalog CATALOG =
            Catalog.EMPTY
                    .with(
                            relation(
                                    "orders",
                                    Relation.Kind.TABLE,
                                    Optional.empty(),
                                    new RelationColumn("id", Primitive.INT, true),
                                    new RelationColumn("customer", Primitive.VARCHAR, false),
                                    new RelationColumn("amount", new SqlType.Decimal(9, 2), false)))
                    .with(
                            relation(
                                    "big",
                                    Relation.Kind.TABLE,
                                    Optional.of("ctas_1"),
                                    new RelationColumn("customer", Primitive.VARCHAR, true),
                                    new RelationColumn("n", Primitive.BIGINT, false)))
                    .with(
                            relation(
                                    "clicks",
                                    Relation.Kind.STREAM,
                                    Optional.empty(),
                                    new RelationColumn(
                                            "tags", new SqlType.Array(Primitive.VARCHAR), false)));

    @Test
    void every_query_that_clients_were_seen_to_send_is_answered_with_its_columns()
            throws IOException {
        List<String> failures = new ArrayList<>();
        int answered = 0;
        for (String block :
                Pattern.compile("\n\n(?=-- client)").splitAsStream(resource()).toList()) {
            String sql = block.replaceAll("(?m)^--.*$", "").strip().replaceFirst(";$", "");
            String client = block.lines().findFirst().orElse("");
            try {
                CatalogQuery query = CatalogQueries.find(sql, CATALOG).orElse(null);
                if (query == null) {
                    failures.add(client + ": not taken for one: " + sql);
                    continue;
                }
                var result =
                        query.run(CATALOG, FACTS, Collections.nCopies(query.parameters(), "%"));
                List<String> expected = expectedNames(block);
                List<String> names =
                        result.columns().stream().map(CatalogQuery.Column::name).toList();
                if (!expected.isEmpty() && !names.equals(expected)) {
                    failures.add(client + ": columns " + names + " instead of " + expected);
                }
                answered++;
            } catch (RuntimeException e) {
                failures.add(client + ": " + e + " in " + sql);
            }
        }
        assertThat(failures).isEmpty();
        assertThat(answered).isGreaterThan(60);
    }

    private static List<String> expectedNames(String block) {
        return block.lines()
                .filter(line -> line.startsWith("-- returns: "))
                .findFirst()
                .map(line ->
                        Arrays.stream(line.substring("-- returns: ".length()).split(", "))
                                .map(c -> c.substring(0, c.lastIndexOf(':')))
                                .toList())
                .orElse(List.of());
    }

    private static String resource() throws IOException {
        try (var in = CatalogQueriesTest.class.getResourceAsStream("/catalog/client-queries.sql")) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    @Test
    void relations_are_tables_and_those_of_queries_materialized_views() {
        assertThat(
                        rows(
                                "SELECT relname, relkind FROM pg_catalog.pg_class WHERE relkind IN"
                                        + " ('r', 'm') ORDER BY 1"))
                .containsExactly("big|m", "clicks|r", "orders|r");
    }

    @Test
    void columns_have_their_types() {
        assertThat(
                        rows(
                                "SELECT attname, pg_catalog.format_type(atttypid, atttypmod),"
                                        + " attnotnull FROM pg_attribute WHERE attrelid ="
                                        + " 'orders'::regclass AND attnum > 0 ORDER BY attnum"))
                .containsExactly(
                        "id|integer|true", "customer|text|false", "amount|numeric(9,2)|false");
        assertThat(
                        rows(
                                "SELECT data_type, udt_name FROM information_schema.columns WHERE"
                                        + " table_name = 'clicks'"))
                .containsExactly("ARRAY|_text");
    }

    @Test
    void joins_keep_null_for_what_has_no_partner() {
        assertThat(
                        rows(
                                "SELECT c.relname, i.indrelid IS NULL FROM pg_class c LEFT JOIN"
                                    + " pg_index i ON i.indrelid = c.oid AND i.indisprimary WHERE"
                                    + " c.relkind = 'r' ORDER BY c.relname DESC"))
                .containsExactly("orders|false", "clicks|true");
    }

    @Test
    void functions_that_give_rows_work_in_from_and_in_the_select_list() {
        assertThat(rows("SELECT n FROM generate_series(1, 3) AS g(n) WHERE n <> 2"))
                .containsExactly("1", "3");
        assertThat(rows("SELECT s.r, (current_schemas(true))[s.r] FROM generate_series(1, 2) s(r)"))
                .containsExactly("1|pg_catalog", "2|public");
        assertThat(
                        rows(
                                "SELECT (information_schema._pg_expandarray(indkey)).x FROM"
                                        + " pg_index WHERE indrelid = 'orders'::regclass"))
                .containsExactly("1");
        assertThat(rows("SELECT x FROM unnest('{a,\"b,c\",NULL}'::text[]) x"))
                .containsExactly("a", "b,c", "null");
    }

    @Test
    void aggregates_groups_and_set_operations_work() {
        assertThat(
                        rows(
                                "SELECT relkind, count(*), max(relname) FROM pg_class GROUP BY"
                                        + " relkind HAVING count(*) > 1 ORDER BY relkind"))
                .containsExactly("i|2|orders_pkey", "r|2|orders");
        assertThat(rows("SELECT string_agg(nspname, ',') FROM pg_namespace WHERE oid < 5000"))
                .containsExactly("pg_catalog,public");
        assertThat(rows("SELECT count(*) FROM pg_trigger")).containsExactly("0");
        assertThat(
                        rows(
                                "SELECT nspname FROM pg_namespace WHERE nspname LIKE 'p%' EXCEPT"
                                        + " SELECT 'public' FROM pg_namespace"))
                .containsExactly("pg_catalog");
    }

    @Test
    void null_is_neither_true_nor_false() {
        assertThat(
                        rows(
                                "SELECT count(*) FROM pg_namespace WHERE NULL = 'x' OR NOT (NULL ="
                                        + " 'x')"))
                .containsExactly("0");
        assertThat(rows("SELECT current_database() = 'weir' OR NULL, 1 IN (2, NULL), NULL IS NULL"))
                .containsExactly("true|null|true");
    }

    @Test
    void queries_to_the_engine_are_left_alone() {
        for (String sql :
                List.of(
                        "SELECT 1",
                        "SELECT version FROM orders",
                        "SELECT 'pg_class' FROM orders",
                        "INSERT INTO orders VALUES (1, 'pg_class', 2)",
                        "SELECT pg_name FROM orders")) {
            assertThat(CatalogQueries.find(sql, CATALOG)).as(sql).isEmpty();
        }
    }

    @Test
    void what_does_not_exist_is_said_by_its_code() {
        for (var wrong :
                Map.of(
                                "SELECT nothing FROM pg_class", "42703",
                                "SELECT pg_nothing() FROM pg_class", "42883",
                                "SELECT * FROM pg_catalog.pg_nothing", "42P01",
                                "SELECT 'nothing'::regclass", "42P01",
                                "SELECT FROM WHERE pg_class FROM pg_class", "42601",
                                "SELECT current_setting('nothing')", "42704")
                        .entrySet()) {
            assertThatThrownBy(() -> rows(wrong.getKey()))
                    .as(wrong.getKey())
                    .isInstanceOfSatisfying(
                            SqlException.class,
                            e -> assertThat(e.state().code()).isEqualTo(wrong.getValue()));
        }
    }

    @Test
    void oids_of_relations_do_not_depend_on_other_relations() {
        String oid = "SELECT 'orders'::regclass::oid";
        Object before = run(oid, CATALOG).getFirst()[0];
        assertThat(run(oid, CATALOG.without("big").without("clicks")).getFirst()[0])
                .isEqualTo(before);
        assertThat(new TreeSet<>(rows("SELECT oid FROM pg_class"))).hasSize(5);
    }

    private static List<String> rows(String sql) {
        return run(sql, CATALOG).stream()
                .map(row -> String.join("|", Arrays.stream(row).map(String::valueOf).toList()))
                .toList();
    }

    private static List<Object[]> run(String sql, Catalog catalog) {
        return CatalogQueries.find(sql, catalog)
                .orElseThrow()
                .run(catalog, FACTS, List.of())
                .rows();
    }

    private static Relation relation(
            String name, Relation.Kind kind, Optional<String> query, RelationColumn... columns) {
        return new Relation(
                name,
                kind,
                List.of(columns),
                name,
                1,
                Format.KAFKA,
                Format.JSON,
                ',',
                ',',
                Optional.empty(),
                Optional.empty(),
                true,
                Optional.empty(),
                query,
                "CREATE " + kind + " " + name);
    }
}
