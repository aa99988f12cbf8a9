package dev.weir.sql.function;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weir.sql.batch.Batch;
import dev.weir.sql.batch.BytesColumn;
import dev.weir.sql.batch.DoubleColumn;
import dev.weir.sql.batch.Field;
import dev.weir.sql.batch.LongColumn;
import dev.weir.sql.batch.ObjectColumn;
import dev.weir.sql.batch.Primitive;
import dev.weir.sql.batch.Schema;
import dev.weir.sql.batch.SqlType;
import dev.weir.sql.expr.Kernels;

import org.apache.calcite.rel.RelNode;
import org.apache.calcite.rel.core.Project;
import org.apache.calcite.rel.type.RelDataType;
import org.apache.calcite.rex.RexNode;
import org.apache.calcite.sql.fun.SqlStdOperatorTable;
import org.apache.calcite.sql.util.SqlOperatorTables;
import org.apache.calcite.tools.FrameworkConfig;
import org.apache.calcite.tools.Frameworks;
import org.apache.calcite.tools.Planner;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/// Functions from their SQL spelling through Calcite's validator to a kernel's result.
final class FunctionsTest {
    private static final long NOW = 1_700_000_000_123L;

    @ParameterizedTest
    @CsvSource(
            delimiterString = "=>",
            textBlock =
                    """
                    LEN('héé') => 3
                    LENGTH(s) => 5
                    LCASE('ABC') => abc
                    UCASE(s) => HÉLLO
                    LTRIM('  x ') || '.' => x .
                    RTRIM(' x  ') || '.' => ' x.'
                    REVERSE('abc') => cba
                    INSTR(s, 'l') => 3
                    INSTR(s, 'l', 4) => 4
                    INSTR(s, 'l', -1) => 4
                    INSTR(s, 'x') => 0
                    CONCAT(s, '-', missing, '!') => héllo-!
                    IFNULL(missing, 'none') => none
                    IFNULL(s, 'none') => héllo
                    COALESCE(missing, s) => héllo
                    NULLIF(n, 7) =>
                    NULLIF(n, 8) => 7
                    AS_VALUE(n) => 7
                    FROM_UNIXTIME(1700000000000) => 1700000000000
                    UNIX_TIMESTAMP(TIMESTAMP '2023-11-14 22:13:20') => 1700000000000
                    UNIX_TIMESTAMP() => 1700000000123
                    NOW() => 1700000000123
                    CURRENT_TIMESTAMP => 1700000000123
                    FLOOR(CURRENT_TIMESTAMP TO DAY) => 1699920000000
                    FORMAT_TIMESTAMP(TIMESTAMP '2023-11-14 22:13:20', 'HH') => 22
                    TIMESTAMPTOSTRING(0, 'yyyy HH', 'Europe/Berlin') => 1970 01
                    PARSE_TIMESTAMP('2023-11-14', 'yyyy-MM-dd') => 1699920000000
                    STRINGTOTIMESTAMP('22', 'HH') => 79200000
                    FORMAT_DATE(DATE '2024-02-29', 'dd.MM.') => 29.02.
                    PARSE_DATE('29.02.2024', 'dd.MM.yyyy') => 19782
                    WEIR_WINDOW_START(-1, 10) => -10
                    SUBSTRING(s, 2, 2) => él
                    SUBSTRING(s FROM 4) => lo
                    TRIM(BOTH 'h' FROM s) => éllo
                    REPLACE(s, 'l', 'L') => héLLo
                    POSITION('l' IN s) => 3
                    CHAR_LENGTH(missing) =>
                    ABS(-n) => 7
                    ROUND(d) => 3.0
                    ROUND(d, 1) => 2.5
                    SQRT(d * 10) => 5.0
                    EXTRACT(YEAR FROM TIMESTAMP '2023-11-14 22:13:20') => 2023
                    TIMESTAMP '2023-11-14 22:13:20' + INTERVAL '1' DAY => 1700086400000
                    n BETWEEN 5 AND 7 => 1
                    n IN (1, 2, 3, 4, 5) => 0
                    s IN ('x', 'héllo') => 1
                    s LIKE 'h%o' => 1
                    CASE n WHEN 7 THEN 'seven' ELSE s END => seven
                    missing IS NULL OR n / 0 = 1 => 1
                    CAST(n AS VARCHAR) || s => 7héllo
                    CARDINALITY(SPLIT('a,b', ',')) => 2
                    SPLIT('a,b', ',')[2] => b
                    """)
    void functions_give_what_their_users_expect(String expression, String expected) {
        assertThat(run(expression)).isEqualTo(expected);
    }

    @Test
    void what_would_differ_in_a_replay_is_refused() {
        assertThatThrownBy(() -> run("RAND()")).hasMessageContaining("RAND is not supported");
        assertThatThrownBy(() -> run("CURRENT_USER")).hasMessageContaining("not supported");
    }

    @Test
    void show_functions_tells_names_and_kinds() {
        assertThat(Functions.descriptions())
                .containsEntry("LEN", "SCALAR")
                .containsEntry("COUNT", "AGGREGATE")
                .containsEntry("UPPER", "SCALAR")
                .doesNotContainKey("WEIR_WINDOW_START");
    }

    @Test
    void the_page_of_functions_is_what_the_functions_say() throws IOException {
        List<String> lines = new ArrayList<>();
        for (Map.Entry<String, String> function : Functions.descriptions().entrySet()) {
            if (function.getValue().equals("SCALAR")) {
                for (Functions.Form form : Functions.forms(function.getKey())) {
                    lines.add(
                            "| `"
                                    + form.signature().replace("|", "\\|")
                                    + "` | "
                                    + form.doc().replace("|", "\\|")
                                    + " |");
                }
            }
        }
        List<String> page = Files.readAllLines(Path.of("..", "docs", "reference", "functions.md"));
        int table = page.indexOf("| | |");
        assertThat(table).isNotNegative();
        assertThat(page.subList(table, page.size()))
                .containsSubsequence(lines)
                .filteredOn(line -> line.startsWith("| `"))
                .hasSameSizeAs(lines);
    }

    private static String run(String expression) {
        FrameworkConfig config =
                Frameworks.newConfigBuilder()
                        .defaultSchema(Frameworks.createRootSchema(false))
                        .operatorTable(
                                SqlOperatorTables.chain(
                                        Functions.operatorTable(), SqlStdOperatorTable.instance()))
                        .build();
        String sql =
                "SELECT "
                        + expression
                        + " FROM (SELECT CAST('héllo' AS VARCHAR), CAST(NULL AS VARCHAR), 7,"
                        + " CAST(2.5 AS DOUBLE)) AS t (s, missing, n, d)";
        RelNode rel;
        try (Planner planner = Frameworks.getPlanner(config)) {
            rel = planner.rel(planner.validate(planner.parse(sql))).project();
        } catch (Exception unplannable) {
            throw new AssertionError(sql, unplannable);
        }
        Project project = (Project) rel;
        RelDataType type = project.getProjects().getFirst().getType();
        Schema out = new Schema(List.of(new Field("r", type(type))));
        List<RexNode> projections = project.getProjects();
        Batch in =
                Batch.of(
                        new Schema(
                                List.of(
                                        new Field("s", Primitive.VARCHAR),
                                        new Field("missing", Primitive.VARCHAR),
                                        new Field("n", Primitive.INT),
                                        new Field("d", Primitive.DOUBLE))));
        in.bytes(0).append("héllo");
        in.bytes(1).appendNull();
        in.longs(2).append(7);
        in.doubles(3).append(2.5);
        in.endRow(1, 0);
        Batch result = Batch.of(out);
        List<RuntimeException> failures = new ArrayList<>();
        Kernels.compile(null, projections, in.schema(), out, () -> NOW)
                .run(in, result, (_, _, cause) -> failures.add(cause));
        assertThat(failures).isEmpty();
        if (result.column(0).isNull(0)) {
            return null;
        }
        return switch (result.column(0)) {
            case LongColumn longs -> Long.toString(longs.get(0));
            case DoubleColumn doubles -> Double.toString(doubles.get(0));
            case BytesColumn bytes -> bytes.string(0);
            case ObjectColumn objects -> objects.get(0).toString();
        };
    }

    private static SqlType type(RelDataType type) {
        return switch (type.getSqlTypeName()) {
            case BOOLEAN -> Primitive.BOOLEAN;
            case INTEGER -> Primitive.INT;
            case BIGINT -> Primitive.BIGINT;
            case DOUBLE -> Primitive.DOUBLE;
            case DATE -> Primitive.DATE;
            case TIMESTAMP -> Primitive.TIMESTAMP;
            case DECIMAL -> new SqlType.Decimal(type.getPrecision(), type.getScale());
            default -> Primitive.VARCHAR;
        };
    }
}
