package dev.weir.sql.parse;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weir.sql.error.SqlException;
import dev.weir.sql.error.SqlState;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.util.List;

class ExpansionTest {
    private static final int DEEP = 40;

    @ParameterizedTest
    @ValueSource(
            strings = {
                "COALESCE(%s, 2)",
                "NULLIF(%s, 2)",
                "(%s BETWEEN 1 AND 2)",
                "(%s IN (1, 2))",
                "(%s IS DISTINCT FROM 2)",
                "CASE %s WHEN 1 THEN 2 WHEN 2 THEN 1 END"
            })
    void what_is_repeated_within_what_is_repeated_is_refused(String level) {
        assertThatThrownBy(() -> check(nested(level, DEEP)))
                .isInstanceOfSatisfying(
                        SqlException.class,
                        e -> {
                            if (e.state() != SqlState.LIMIT_EXCEEDED) {
                                throw e;
                            }
                        });
        assertThatCode(() -> check(nested(level, 6))).doesNotThrowAnyException();
        for (String from :
                List.of(
                        "a JOIN b ON %s = 1",
                        "(VALUES (%s)) AS v (x)",
                        "(SELECT %s AS x FROM a) AS s",
                        "UNNEST(ARRAY[%s])")) {
            String query = "SELECT 1 AS x FROM " + from;
            assertThatThrownBy(() -> checkQuery(query.formatted(nested(level, DEEP))))
                    .as(from)
                    .isInstanceOf(SqlException.class);
            assertThatCode(() -> checkQuery(query.formatted(nested(level, 6))))
                    .as(from)
                    .doesNotThrowAnyException();
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {2, 1000})
    void what_is_long_or_deep_and_repeats_nothing_is_not(int size) {
        assertThatCode(
                        () -> {
                            check(nested("ABS(%s)", Math.min(size, 200)));
                            check("1 IN (1" + ", 2".repeat(50 * size) + ")");
                            check("1" + " + 2".repeat(size));
                            check(nested("COALESCE(2, %s)", Math.min(size, 200)));
                        })
                .doesNotThrowAnyException();
    }

    @ParameterizedTest
    @ValueSource(ints = {8, 30})
    void a_query_of_with_counts_wherever_it_is_named(int levels) {
        var text = new StringBuilder("WITH c0 AS (SELECT 1 AS a)");
        for (int i = 1; i < levels; i++) {
            text.append(", c%d AS (SELECT x.a FROM c%d AS x, c%d AS y)".formatted(i, i - 1, i - 1));
        }
        var query = text + " SELECT a FROM c" + (levels - 1);
        if (levels < 10) {
            assertThatCode(() -> checkQuery(query)).doesNotThrowAnyException();
        } else {
            assertThatThrownBy(() -> checkQuery(query)).isInstanceOf(SqlException.class);
        }
    }

    private static String nested(String level, int depth) {
        var text = "1";
        for (int i = 0; i < depth; i++) {
            text = level.formatted(text);
        }
        return text;
    }

    private static void check(String expression) {
        checkQuery("SELECT " + expression + " AS x FROM t");
    }

    private static void checkQuery(String query) {
        var _ = Statements.parse(query, false);
    }
}
