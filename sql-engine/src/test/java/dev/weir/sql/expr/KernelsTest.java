package dev.weir.sql.expr;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weir.sql.batch.Batch;
import dev.weir.sql.batch.BytesColumn;
import dev.weir.sql.batch.Column;
import dev.weir.sql.batch.DoubleColumn;
import dev.weir.sql.batch.Field;
import dev.weir.sql.batch.LongColumn;
import dev.weir.sql.batch.ObjectColumn;
import dev.weir.sql.batch.Primitive;
import dev.weir.sql.batch.Schema;
import dev.weir.sql.batch.SqlType;
import dev.weir.sql.error.SqlException;
import dev.weir.sql.error.SqlState;
import dev.weir.sql.function.Functions;

import org.apache.calcite.avatica.util.TimeUnit;
import org.apache.calcite.avatica.util.TimeUnitRange;
import org.apache.calcite.jdbc.JavaTypeFactoryImpl;
import org.apache.calcite.rel.type.RelDataType;
import org.apache.calcite.rex.RexBuilder;
import org.apache.calcite.rex.RexNode;
import org.apache.calcite.sql.SqlFunction;
import org.apache.calcite.sql.SqlIntervalQualifier;
import org.apache.calcite.sql.SqlOperator;
import org.apache.calcite.sql.fun.SqlStdOperatorTable;
import org.apache.calcite.sql.fun.SqlTrimFunction;
import org.apache.calcite.sql.parser.SqlParserPos;
import org.apache.calcite.sql.type.SqlTypeName;
import org.junit.jupiter.api.Test;

import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/// Kernels compute what SQL says, NULL and failing rows included.
final class KernelsTest {
    private static final SqlType PRICE = new SqlType.Decimal(10, 2);
    private static final Schema IN =
            new Schema(
                    List.of(
                            new Field("id", Primitive.BIGINT),
                            new Field("n", Primitive.INT),
                            new Field("d", Primitive.DOUBLE),
                            new Field("s", Primitive.VARCHAR),
                            new Field("ok", Primitive.BOOLEAN),
                            new Field("ts", Primitive.TIMESTAMP),
                            new Field("price", PRICE),
                            new Field("day", Primitive.DATE),
                            new Field("tags", new SqlType.Array(Primitive.VARCHAR)),
                            new Field("t", Primitive.VARCHAR)));

    private final JavaTypeFactoryImpl types = new JavaTypeFactoryImpl();
    private final RexBuilder rex = new RexBuilder(types);
    private final RexNode id = ref(0, SqlTypeName.BIGINT);
    private final RexNode n = ref(1, SqlTypeName.INTEGER);
    private final RexNode d = ref(2, SqlTypeName.DOUBLE);
    private final RexNode s = ref(3, SqlTypeName.VARCHAR);
    private final RexNode ok = ref(4, SqlTypeName.BOOLEAN);
    private final RexNode ts =
            rex.makeInputRef(nullable(types.createSqlType(SqlTypeName.TIMESTAMP, 3)), 5);
    private final RexNode price =
            rex.makeInputRef(nullable(types.createSqlType(SqlTypeName.DECIMAL, 10, 2)), 6);
    private final RexNode day = ref(7, SqlTypeName.DATE);
    private final RexNode tags =
            rex.makeInputRef(
                    nullable(
                            types.createArrayType(
                                    nullable(types.createSqlType(SqlTypeName.VARCHAR)), -1)),
                    8);
    private final RexNode t = ref(9, SqlTypeName.VARCHAR);

    private final List<String> failures = new ArrayList<>();
    private long nowMs = 1_700_000_000_123L;

    @Test
    void a_filter_keeps_rows_whose_condition_is_true_with_their_weight_and_time() {
        Batch in = Batch.of(IN);
        add(in, 1L, 10L);
        add(in, 2L, null);
        add(in, 3L, 30L);
        add(in, 4L, 40L);
        in.weights().values()[3] = -1;
        in.select(new int[] {1, 2, 3}, 3);
        Schema outSchema = new Schema(List.of(IN.field(0), IN.field(3)));
        Batch out = Batch.of(outSchema);
        run(call(SqlStdOperatorTable.GREATER_THAN, n, integer(5)), List.of(id, s), in, out);
        assertThat(out.size()).isEqualTo(2);
        assertThat(out.longs(0).get(0)).isEqualTo(3);
        assertThat(out.longs(0).get(1)).isEqualTo(4);
        assertThat(out.weight(1)).isEqualTo(-1);
        assertThat(out.rowTime(1)).isEqualTo(in.rowTime(3));
        assertThat(out.column(1).isNull(0)).isTrue();
    }

    @Test
    void logic_has_three_values() {
        RexNode isOk = ok;
        RexNode positive = call(SqlStdOperatorTable.GREATER_THAN, n, integer(0));
        RexNode and = call(SqlStdOperatorTable.AND, isOk, positive);
        RexNode or = call(SqlStdOperatorTable.OR, isOk, positive);
        Boolean[] values = {true, false, null};
        for (Boolean a : values) {
            for (Boolean b : values) {
                Object[] row = row();
                row[4] = a == null ? null : a ? 1L : 0L;
                row[1] = b == null ? null : b ? 1L : -1L;
                Boolean expectedAnd = conjunction(a, b);
                Boolean expectedOr = disjunction(a, b);
                assertThat(truth(and, row)).as("%s AND %s", a, b).isEqualTo(expectedAnd);
                assertThat(truth(or, row)).as("%s OR %s", a, b).isEqualTo(expectedOr);
                assertThat(truth(call(SqlStdOperatorTable.NOT, and), row))
                        .isEqualTo(expectedAnd == null ? null : !expectedAnd);
                assertThat(truth(call(SqlStdOperatorTable.IS_NOT_TRUE, and), row))
                        .isEqualTo(!Boolean.TRUE.equals(expectedAnd));
                assertThat(truth(call(SqlStdOperatorTable.IS_FALSE, or), row))
                        .isEqualTo(Boolean.FALSE.equals(expectedOr));
                assertThat(truth(call(SqlStdOperatorTable.IS_NULL, or), row))
                        .isEqualTo(expectedOr == null);
                assertThat(truth(call(SqlStdOperatorTable.IS_NOT_DISTINCT_FROM, ok, positive), row))
                        .isEqualTo(java.util.Objects.equals(a, b));
            }
        }
    }

    @Test
    void overflow_and_division_by_zero_are_errors_of_the_row_alone() {
        Batch in = Batch.of(IN);
        add(in, Long.MAX_VALUE, 1L);
        add(in, 7L, 0L);
        add(in, 7L, 2L);
        Schema outSchema =
                new Schema(
                        List.of(
                                new Field("sum", Primitive.BIGINT),
                                new Field("ratio", Primitive.BIGINT)));
        Batch out = Batch.of(outSchema);
        run(
                null,
                List.of(
                        call(SqlStdOperatorTable.PLUS, id, bigint(1)),
                        call(SqlStdOperatorTable.DIVIDE, id, n)),
                in,
                out);
        assertThat(failures)
                .containsExactly(
                        "0: 22003 numeric value out of range", "1: 22012 division by zero");
        assertThat(out.size()).isEqualTo(1);
        assertThat(out.longs(0).size()).isEqualTo(1);
        assertThat(out.longs(0).get(0)).isEqualTo(8);
        assertThat(out.longs(1).get(0)).isEqualTo(3);
    }

    @Test
    void whole_numbers_never_wrap_around() {
        RexNode max = integer(Integer.MAX_VALUE);
        assertFails(call(SqlStdOperatorTable.PLUS, n, max), "22003");
        assertFails(call(SqlStdOperatorTable.MULTIPLY, n, max), "22003");
        assertFails(
                call(SqlStdOperatorTable.MINUS, call(SqlStdOperatorTable.UNARY_MINUS, n), max),
                "22003");
        assertFails(cast(bigint(1L << 40), SqlTypeName.INTEGER), "22003");
        assertFails(call(SqlStdOperatorTable.DIVIDE, bigint(Long.MIN_VALUE), integer(-1)), "22003");
        assertFails(call(SqlStdOperatorTable.ABS, bigint(Long.MIN_VALUE)), "22003");
        assertFails(call(SqlStdOperatorTable.MOD, id, integer(0)), "22012");
        assertFails(call(SqlStdOperatorTable.DIVIDE, d, dbl(0)), "22012");
        assertFails(cast(dbl(1e19), SqlTypeName.BIGINT), "22003");
    }

    @Test
    void a_branch_not_taken_is_not_computed() {
        RexNode guarded =
                call(
                        SqlStdOperatorTable.CASE,
                        call(SqlStdOperatorTable.EQUALS, n, integer(0)),
                        bigint(-1),
                        call(SqlStdOperatorTable.DIVIDE, id, n));
        Object[] row = row();
        row[1] = 0L;
        assertThat(value(guarded, Primitive.BIGINT, row)).isEqualTo(-1L);
        row[1] = 2L;
        assertThat(value(guarded, Primitive.BIGINT, row)).isEqualTo(50L);
        row[1] = null;
        assertThat(value(guarded, Primitive.BIGINT, row)).isNull();
        RexNode condition =
                call(
                        SqlStdOperatorTable.AND,
                        call(SqlStdOperatorTable.NOT_EQUALS, n, integer(0)),
                        call(
                                SqlStdOperatorTable.GREATER_THAN,
                                call(SqlStdOperatorTable.DIVIDE, id, n),
                                bigint(1)));
        row[1] = 0L;
        assertThat(truth(condition, row)).isFalse();
        assertThat(failures).isEmpty();
    }

    @Test
    void coalesce_takes_the_first_value_there_is() {
        RexNode first = call(SqlStdOperatorTable.COALESCE, s, t, text("none"));
        Object[] row = row();
        assertThat(value(first, Primitive.VARCHAR, row)).isEqualTo("Grüße");
        row[3] = null;
        assertThat(value(first, Primitive.VARCHAR, row)).isEqualTo("other");
        row[9] = null;
        assertThat(value(first, Primitive.VARCHAR, row)).isEqualTo("none");
    }

    @Test
    void text_is_compared_by_bytes_and_matched_by_like() {
        assertThat(truth(call(SqlStdOperatorTable.EQUALS, s, text("Grüße")))).isTrue();
        assertThat(truth(call(SqlStdOperatorTable.EQUALS, text("Grusse"), s))).isFalse();
        assertThat(truth(call(SqlStdOperatorTable.NOT_EQUALS, s, t))).isTrue();
        assertThat(truth(call(SqlStdOperatorTable.LESS_THAN, s, t))).isTrue();
        assertThat(truth(call(SqlStdOperatorTable.LESS_THAN, text("a"), t))).isTrue();
        assertThat(truth(call(SqlStdOperatorTable.GREATER_THAN_OR_EQUAL, upper(s), text("GRÜSSE"))))
                .isTrue();
        assertThat(truth(like("Gr__e"))).isTrue();
        assertThat(truth(like("Gr_e"))).isFalse();
        assertThat(truth(like("%ü%e"))).isTrue();
        assertThat(truth(like("G%"))).isTrue();
        assertThat(truth(like("%"))).isTrue();
        assertThat(truth(like("rü%"))).isFalse();
        assertThat(truth(call(SqlStdOperatorTable.LIKE, upper(s), text("GR%SE")))).isTrue();
        assertThat(truth(call(SqlStdOperatorTable.NOT, like("G%")))).isFalse();
        Object[] row = row();
        row[3] = "50%_";
        assertThat(truth(call(SqlStdOperatorTable.LIKE, s, text("50!%!_"), text("!")), row))
                .isTrue();
        row[3] = "500_";
        assertThat(truth(call(SqlStdOperatorTable.LIKE, s, text("50!%!_"), text("!")), row))
                .isFalse();
        row[3] = null;
        assertThat(truth(like("G%"), row)).isNull();
    }

    @Test
    void text_functions() {
        assertThat(text(upper(s))).isEqualTo("GRÜSSE");
        assertThat(text(call(SqlStdOperatorTable.LOWER, s))).isEqualTo("grüße");
        assertThat(text(call(SqlStdOperatorTable.CONCAT, s, text("!")))).isEqualTo("Grüße!");
        assertThat(text(call(SqlStdOperatorTable.SUBSTRING, s, integer(2), integer(3))))
                .isEqualTo("rüß");
        assertThat(text(call(SqlStdOperatorTable.REPLACE, s, text("ü"), text("u"))))
                .isEqualTo("Gruße");
        assertThat(
                        text(
                                call(
                                        SqlStdOperatorTable.TRIM,
                                        rex.makeFlag(SqlTrimFunction.Flag.BOTH),
                                        text(" "),
                                        text("  x "))))
                .isEqualTo("x");
        assertThat(number(call(SqlStdOperatorTable.CHAR_LENGTH, s))).isEqualTo(5L);
        assertThat(number(call(SqlStdOperatorTable.POSITION, text("ß"), s))).isEqualTo(4L);
        assertThat(number(call(weir("LEN"), s))).isEqualTo(5L);
        assertThat(number(call(weir("INSTR"), s, text("e")))).isEqualTo(5L);
        assertThat(text(call(weir("UCASE"), s))).isEqualTo("GRÜSSE");
        assertThat(text(call(SqlStdOperatorTable.INITCAP, t))).isEqualTo("Other");
        Object[] row = row();
        row[3] = null;
        assertThat(value(upper(s), Primitive.VARCHAR, row)).isNull();
        assertThat(value(call(weir("CONCAT"), s, text("!")), Primitive.VARCHAR, row))
                .isEqualTo("!");
        assertThat(
                        value(
                                call(SqlStdOperatorTable.SUBSTRING, s, integer(2)),
                                Primitive.VARCHAR,
                                row))
                .isNull();
    }

    @Test
    void casts() {
        assertThat(number(cast(text(" 42 "), SqlTypeName.BIGINT))).isEqualTo(42L);
        assertThat(number(cast(dbl(-1.9), SqlTypeName.INTEGER))).isEqualTo(-1L);
        assertThat(text(cast(d, SqlTypeName.VARCHAR))).isEqualTo("2.5");
        assertThat(text(cast(ok, SqlTypeName.VARCHAR))).isEqualTo("true");
        assertThat(text(cast(ts, SqlTypeName.VARCHAR))).isEqualTo("2023-11-14 22:13:20.5");
        assertThat(text(cast(price, SqlTypeName.VARCHAR))).isEqualTo("9.90");
        assertThat(text(cast(day, SqlTypeName.VARCHAR))).isEqualTo("1970-01-11");
        assertThat(value(cast(text("2023-11-14T22:13:20Z"), ts.getType()), Primitive.TIMESTAMP))
                .isEqualTo(1_700_000_000_000L);
        assertThat(value(cast(text("2023-11-14 22:13"), ts.getType()), Primitive.TIMESTAMP))
                .isEqualTo(1_699_999_980_000L);
        assertThat(value(cast(ts, SqlTypeName.DATE), Primitive.DATE)).isEqualTo(19_675L);
        assertThat(value(cast(id, SqlTypeName.DOUBLE), Primitive.DOUBLE)).isEqualTo(100.0);
        assertThat(value(cast(d, price.getType()), PRICE)).isEqualTo(new BigDecimal("2.50"));
        assertThat(value(cast(price, SqlTypeName.DOUBLE), Primitive.DOUBLE)).isEqualTo(9.9);
        assertFails(cast(text("4x"), SqlTypeName.BIGINT), "22P02");
        assertFails(cast(text("99999999999999999999"), SqlTypeName.BIGINT), "22003");
        assertFails(cast(bigint(123_456_789_012L), price.getType()), "22003");
        assertFails(cast(text("yesterday"), ts.getType()), "22P02");
    }

    @Test
    void decimals_are_exact() {
        RexNode factor = rex.makeExactLiteral(new BigDecimal("0.908"));
        assertThat(
                        value(
                                call(SqlStdOperatorTable.MULTIPLY, factor, id),
                                new SqlType.Decimal(20, 3)))
                .isEqualTo(new BigDecimal("90.800"));
        assertThat(value(call(SqlStdOperatorTable.PLUS, price, price), PRICE))
                .isEqualTo(new BigDecimal("19.80"));
        assertThat(
                        truth(
                                call(
                                        SqlStdOperatorTable.EQUALS,
                                        price,
                                        rex.makeExactLiteral(new BigDecimal("9.9")))))
                .isTrue();
        assertFails(
                call(SqlStdOperatorTable.DIVIDE, price, rex.makeExactLiteral(BigDecimal.ZERO)),
                "22012");
    }

    @Test
    void times_are_cut_to_units_and_windows_before_the_epoch_too() {
        RexNode minute = call(SqlStdOperatorTable.FLOOR, ts, rex.makeFlag(TimeUnitRange.MINUTE));
        RexNode month = call(SqlStdOperatorTable.FLOOR, ts, rex.makeFlag(TimeUnitRange.MONTH));
        RexNode ceiling = call(SqlStdOperatorTable.CEIL, ts, rex.makeFlag(TimeUnitRange.HOUR));
        RexNode window = call(Functions.WINDOW_START, id, bigint(60_000));
        assertThat(number(minute)).isEqualTo(1_699_999_980_000L);
        assertThat(number(month)).isEqualTo(1_698_796_800_000L);
        assertThat(number(ceiling)).isEqualTo(1_700_002_800_000L);
        Object[] row = row();
        row[5] = -1L;
        row[0] = -1L;
        assertThat(value(minute, Primitive.TIMESTAMP, row)).isEqualTo(-60_000L);
        assertThat(value(ceiling, Primitive.TIMESTAMP, row)).isEqualTo(0L);
        assertThat(value(window, Primitive.BIGINT, row)).isEqualTo(-60_000L);
        row[0] = -60_000L;
        assertThat(value(window, Primitive.BIGINT, row)).isEqualTo(-60_000L);
        row[0] = 59_999L;
        assertThat(value(window, Primitive.BIGINT, row)).isEqualTo(0L);
        assertThat(number(call(SqlStdOperatorTable.EXTRACT, rex.makeFlag(TimeUnitRange.HOUR), ts)))
                .isEqualTo(22L);
        RexNode later =
                call(
                        SqlStdOperatorTable.DATETIME_PLUS,
                        ts,
                        rex.makeIntervalLiteral(
                                BigDecimal.valueOf(90_000),
                                new SqlIntervalQualifier(
                                        TimeUnit.SECOND, TimeUnit.SECOND, SqlParserPos.ZERO)));
        assertThat(number(later)).isEqualTo(1_700_000_090_500L);
    }

    @Test
    void the_clock_is_the_steps() {
        assertThat(number(call(SqlStdOperatorTable.CURRENT_TIMESTAMP))).isEqualTo(nowMs);
        assertThat(number(call(Functions.NOW))).isEqualTo(nowMs);
        nowMs = 5;
        assertThat(number(call(Functions.UNIX_TIMESTAMP_NOW))).isEqualTo(5L);
    }

    @Test
    void time_functions() {
        assertThat(text(call(weir("TIMESTAMPTOSTRING"), id, text("yyyy-MM-dd HH:mm:ss.SSS"))))
                .isEqualTo("1970-01-01 00:00:00.100");
        assertThat(
                        number(
                                call(
                                        weir("PARSE_TIMESTAMP"),
                                        text("14/11/2023 23:13"),
                                        text("dd/MM/yyyy HH:mm"),
                                        text("Europe/Berlin"))))
                .isEqualTo(1_699_999_980_000L);
        assertFails(call(weir("STRINGTOTIMESTAMP"), text("x"), text("yyyy-MM-dd")), "22P02");
    }

    @Test
    void elements_of_arrays_count_from_one_and_are_null_outside() {
        assertThat(text(call(SqlStdOperatorTable.ITEM, tags, integer(2)))).isEqualTo("b");
        assertThat(value(call(SqlStdOperatorTable.ITEM, tags, integer(3)), Primitive.VARCHAR))
                .isNull();
        assertThat(number(call(SqlStdOperatorTable.CARDINALITY, tags))).isEqualTo(2L);
        assertThat(
                        value(
                                call(weir("SPLIT"), text("x,y,"), text(",")),
                                new SqlType.Array(Primitive.VARCHAR)))
                .isEqualTo(List.of("x", "y", ""));
        assertThat(
                        value(
                                call(SqlStdOperatorTable.ARRAY_VALUE_CONSTRUCTOR, id, bigint(2)),
                                new SqlType.Array(Primitive.BIGINT)))
                .isEqualTo(List.of(100L, 2L));
    }

    @Test
    void numeric_functions() {
        assertThat(value(call(SqlStdOperatorTable.FLOOR, d), Primitive.DOUBLE)).isEqualTo(2.0);
        assertThat(value(call(SqlStdOperatorTable.CEIL, d), Primitive.DOUBLE)).isEqualTo(3.0);
        assertThat(value(call(SqlStdOperatorTable.ROUND, d, integer(0)), Primitive.DOUBLE))
                .isEqualTo(3.0);
        assertThat(value(call(SqlStdOperatorTable.POWER, d, integer(2)), Primitive.DOUBLE))
                .isEqualTo(6.25);
        assertThat(number(call(SqlStdOperatorTable.MOD, bigint(-7), bigint(3)))).isEqualTo(-1L);
    }

    @Test
    void what_cannot_be_compiled_is_refused_by_name() {
        RexNode unknown =
                rex.makeCall(
                        types.createSqlType(SqlTypeName.BIGINT),
                        new SqlFunction(
                                "NO_SUCH",
                                org.apache.calcite.sql.SqlKind.OTHER_FUNCTION,
                                null,
                                null,
                                null,
                                org.apache.calcite.sql.SqlFunctionCategory.NUMERIC),
                        List.of(id));
        assertThatThrownBy(() -> number(unknown))
                .isInstanceOfSatisfying(
                        SqlException.class,
                        e -> {
                            assertThat(e.state()).isEqualTo(SqlState.FEATURE_NOT_SUPPORTED);
                            assertThat(e).hasMessageContaining("NO_SUCH");
                        });
    }

    @Test
    void literals_of_any_content_are_safe_in_the_source() {
        String nasty = "\"; System.exit(1); // \\u0022 \n \u2028 \uD83D\uDE00";
        assertThat(text(call(SqlStdOperatorTable.CONCAT, text(nasty), text("")))).isEqualTo(nasty);
        Object[] row = row();
        row[3] = nasty;
        assertThat(truth(call(SqlStdOperatorTable.EQUALS, s, text(nasty)), row)).isTrue();
    }

    // Helpers

    private static Boolean conjunction(Boolean a, Boolean b) {
        if (Boolean.FALSE.equals(a) || Boolean.FALSE.equals(b)) {
            return false;
        }
        return a == null ? a : b;
    }

    private static Boolean disjunction(Boolean a, Boolean b) {
        if (Boolean.TRUE.equals(a) || Boolean.TRUE.equals(b)) {
            return true;
        }
        return a == null ? a : b;
    }

    private RexNode ref(int index, SqlTypeName type) {
        return rex.makeInputRef(nullable(types.createSqlType(type)), index);
    }

    private RelDataType nullable(RelDataType type) {
        return types.createTypeWithNullability(type, true);
    }

    private RexNode call(SqlOperator operator, RexNode... operands) {
        return rex.makeCall(operator, operands);
    }

    private RexNode upper(RexNode text) {
        return call(SqlStdOperatorTable.UPPER, text);
    }

    private RexNode like(String pattern) {
        return call(SqlStdOperatorTable.LIKE, s, text(pattern));
    }

    private RexNode cast(RexNode node, SqlTypeName type) {
        return rex.makeAbstractCast(nullable(types.createSqlType(type)), node, false);
    }

    private RexNode cast(RexNode node, RelDataType type) {
        return rex.makeAbstractCast(type, node, false);
    }

    private RexNode integer(int value) {
        return rex.makeLiteral(value, types.createSqlType(SqlTypeName.INTEGER), false);
    }

    private RexNode bigint(long value) {
        return rex.makeLiteral(value, types.createSqlType(SqlTypeName.BIGINT), false);
    }

    private RexNode dbl(double value) {
        return rex.makeLiteral(value, types.createSqlType(SqlTypeName.DOUBLE), false);
    }

    private RexNode text(String value) {
        return rex.makeLiteral(value, types.createSqlType(SqlTypeName.VARCHAR), false);
    }

    private static SqlOperator weir(String name) {
        return Functions.operatorTable().getOperatorList().stream()
                .filter(o -> o.getName().equals(name))
                .reduce((a, b) -> name.equals("PARSE_TIMESTAMP") ? b : a)
                .orElseThrow();
    }

    private static Object[] row() {
        return new Object[] {
            100L,
            7L,
            2.5,
            "Grüße",
            1L,
            1_700_000_000_500L,
            new BigDecimal("9.90"),
            10L,
            Arrays.asList("a", "b"),
            "other"
        };
    }

    private static void add(Batch batch, Long id, Long n) {
        Object[] row = row();
        row[0] = id;
        row[1] = n;
        row[3] = null;
        add(batch, row);
    }

    private static void add(Batch batch, Object[] row) {
        for (int i = 0; i < row.length; i++) {
            Column column = batch.column(i);
            if (row[i] == null) {
                column.appendNull();
                continue;
            }
            switch (column) {
                case LongColumn longs -> longs.append((Long) row[i]);
                case DoubleColumn doubles -> doubles.append((Double) row[i]);
                case BytesColumn bytes -> bytes.append((String) row[i]);
                case ObjectColumn objects -> objects.append(row[i]);
            }
        }
        batch.endRow(1, batch.physicalRows() * 10L);
    }

    private void run(RexNode condition, List<RexNode> projections, Batch in, Batch out) {
        Kernel kernel =
                Kernels.compile(condition, projections, in.schema(), out.schema(), () -> nowMs);
        kernel.run(
                in,
                out,
                (_, row, cause) ->
                        failures.add(
                                row
                                        + ": "
                                        + ((SqlException) cause).state().code()
                                        + " "
                                        + cause.getMessage()));
    }

    private Object value(RexNode node, SqlType type) {
        return value(node, type, row());
    }

    private Object value(RexNode node, SqlType type, Object[] row) {
        Batch in = Batch.of(IN);
        add(in, row);
        Batch out = Batch.of(new Schema(List.of(new Field("v", type))));
        run(null, List.of(node), in, out);
        assertThat(failures).isEmpty();
        assertThat(out.size()).isEqualTo(1);
        if (out.column(0).isNull(0)) {
            return null;
        }
        return switch (out.column(0)) {
            case LongColumn longs -> longs.get(0);
            case DoubleColumn doubles -> doubles.get(0);
            case BytesColumn bytes -> bytes.string(0);
            case ObjectColumn objects -> objects.get(0);
        };
    }

    private Boolean truth(RexNode node) {
        return truth(node, row());
    }

    private Boolean truth(RexNode node, Object[] row) {
        Object value = value(node, Primitive.BOOLEAN, row);
        return value == null ? null : value.equals(1L);
    }

    private String text(RexNode node) {
        return (String) value(node, Primitive.VARCHAR);
    }

    private Long number(RexNode node) {
        return (Long) value(node, Primitive.BIGINT);
    }

    private void assertFails(RexNode node, String state) {
        SqlType type =
                Map.<SqlTypeName, SqlType>of(
                                SqlTypeName.DOUBLE, Primitive.DOUBLE, SqlTypeName.DECIMAL, PRICE)
                        .getOrDefault(node.getType().getSqlTypeName(), Primitive.BIGINT);
        Batch in = Batch.of(IN);
        add(in, row());
        Batch out = Batch.of(new Schema(List.of(new Field("v", type))));
        failures.clear();
        run(null, List.of(node), in, out);
        assertThat(out.size()).as("%s", node).isZero();
        assertThat(failures).hasSize(1);
        assertThat(failures.getFirst()).contains(state);
        failures.clear();
    }
}
