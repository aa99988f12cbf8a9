package dev.weir.sql.expr;

import dev.weir.sql.batch.Schema;
import dev.weir.sql.batch.SqlType;
import dev.weir.sql.error.Checkpoint;
import dev.weir.sql.expr.Term.Form;
import dev.weir.sql.expr.Term.Kind;
import dev.weir.sql.function.Functions;
import dev.weir.sql.function.WeirFunction;

import org.apache.calcite.adapter.java.JavaTypeFactory;
import org.apache.calcite.avatica.util.TimeUnitRange;
import org.apache.calcite.linq4j.function.Strict;
import org.apache.calcite.rel.type.RelDataType;
import org.apache.calcite.rex.RexBuilder;
import org.apache.calcite.rex.RexCall;
import org.apache.calcite.rex.RexFieldAccess;
import org.apache.calcite.rex.RexInputRef;
import org.apache.calcite.rex.RexLiteral;
import org.apache.calcite.rex.RexNode;
import org.apache.calcite.rex.RexUtil;
import org.apache.calcite.sql.SqlKind;
import org.apache.calcite.sql.SqlOperator;
import org.apache.calcite.sql.fun.SqlLibraryOperators;
import org.apache.calcite.sql.fun.SqlLikeOperator;
import org.apache.calcite.sql.fun.SqlStdOperatorTable;
import org.apache.calcite.sql.type.SqlTypeName;
import org.apache.calcite.sql.type.SqlTypeUtil;

import java.lang.reflect.Method;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;

/// Writes the source of a kernel: a Java class with one loop over rows.
///
/// Arithmetic, comparison, logic, CASE, casts and the commonest functions are written here over
/// primitive locals, each with a second boolean local where NULL is possible. Everything else goes
/// through [CallTranslator], one call at a time, with boxed arguments.
///
/// The loop is written twice: for batches whose referenced columns have no NULL, where all tests
/// for it vanish, and for the others. In each, all projections of a row are computed before the
/// first is appended, so that a row that fails leaves nothing behind.
///
/// Literals that are objects become constructor arguments: kernels that differ only in them share
/// their class.
final class KernelWriter {
    private static final long DAY_MS = 86_400_000L;

    /// From so many literals on they are searched instead of compared one after the other.
    private static final int FEWEST_SEARCHED = 8;

    private final RexNode condition;
    private final List<RexNode> projections;
    private final Schema in;
    private final Schema out;
    private final RexBuilder rexBuilder;
    private final CallTranslator calls;

    private final List<Object> constants = new ArrayList<>();
    private final StringBuilder fields = new StringBuilder();
    private final StringBuilder fieldSettings = new StringBuilder();
    private final Map<Object, String> constantNames = new HashMap<>();
    private final StringBuilder methods = new StringBuilder();
    private final Map<String, String> methodNames = new HashMap<>();
    private final Set<Integer> referenced = new LinkedHashSet<>();

    // The loop in hand.
    private StringBuilder body = new StringBuilder();
    private boolean dense;
    private boolean usesClock;
    private int names;
    private int depth;
    private final Map<RexNode, Term> computed = new HashMap<>();

    KernelWriter(
            RexNode condition,
            List<RexNode> projections,
            Schema in,
            Schema out,
            RexBuilder rexBuilder,
            JavaTypeFactory types) {
        this.rexBuilder = rexBuilder;
        this.condition = condition == null ? null : expand(condition);
        this.projections = projections.stream().map(this::expand).toList();
        this.in = in;
        this.out = out;
        this.calls = new CallTranslator(rexBuilder, types);
    }

    private RexNode expand(RexNode node) {
        return RexUtil.expandSearch(rexBuilder, null, node);
    }

    /// The objects to construct the kernel with.
    Object[] constants() {
        return constants.toArray();
    }

    /// The source of a class of that name in this package.
    String write(String className) {
        String sparse = loop("sparse", false);
        String denseLoop = referenced.isEmpty() ? "" : loop("dense", true);
        StringBuilder source = new StringBuilder();
        source.append("package dev.weir.sql.expr;\n")
                .append("import dev.weir.sql.batch.*;\n")
                .append("public final class ")
                .append(className)
                .append(" implements Kernel {\n")
                .append("  private final StepClock clock;\n")
                .append(fields)
                .append("  public ")
                .append(className)
                .append("(Object[] constants, StepClock clock) {\n")
                .append("    this.clock = clock;\n")
                .append(fieldSettings)
                .append("  }\n")
                .append("  public void run(Batch in, Batch out, RowErrors errors) {\n");
        if (!referenced.isEmpty()) {
            List<String> tests = new ArrayList<>();
            for (int column : referenced) {
                tests.add("in.column(" + column + ").hasNoNulls()");
            }
            source.append("    if (")
                    .append(String.join(" && ", tests))
                    .append(") { dense(in, out, errors); return; }\n");
        }
        return source.append("    sparse(in, out, errors);\n  }\n")
                .append(denseLoop)
                .append(sparse)
                .append(methods)
                .append("}\n")
                .toString();
    }

    private String loop(String name, boolean withoutNulls) {
        dense = withoutNulls;
        body = new StringBuilder();
        computed.clear();
        names = 0;
        usesClock = false;
        if (condition != null) {
            for (RexNode conjunct : org.apache.calcite.plan.RelOptUtil.conjunctions(condition)) {
                line("if (!" + emit(conjunct).isTrue() + ") continue;");
            }
        }
        List<String> appends = new ArrayList<>();
        for (int i = 0; i < projections.size(); i++) {
            appends.add(append(i, projections.get(i)));
        }
        StringBuilder source = new StringBuilder();
        source.append("  private void ")
                .append(name)
                .append("(Batch in, Batch out, RowErrors errors) {\n")
                .append("    final int count = in.size();\n")
                .append("    final int[] selection = in.selection();\n")
                .append("    final long[] weights = in.weights().values();\n")
                .append("    final long[] times = in.rowTimes().values();\n");
        if (usesClock) {
            source.append("    final long now = clock.nowMs();\n");
        }
        for (int column : referenced) {
            String declaration =
                    switch (in.type(column).layout()) {
                        case LONG ->
                                "final LongColumn c# = in.longs(#); final long[] a# ="
                                        + " c#.values();\n";
                        case DOUBLE ->
                                "final DoubleColumn c# = in.doubles(#); final double[] a# ="
                                        + " c#.values();\n";
                        case BYTES -> "    final BytesColumn c# = in.bytes(#);\n";
                        case OBJECT -> "    final ObjectColumn c# = in.objects(#);\n";
                    };
            source.append(declaration.replace("#", Integer.toString(column)));
        }
        for (int i = 0; i < out.size(); i++) {
            String declaration =
                    switch (out.type(i).layout()) {
                        case LONG -> "    final LongColumn o# = out.longs(#);\n";
                        case DOUBLE -> "    final DoubleColumn o# = out.doubles(#);\n";
                        case BYTES -> "    final BytesColumn o# = out.bytes(#);\n";
                        case OBJECT -> "    final ObjectColumn o# = out.objects(#);\n";
                    };
            source.append(declaration.replace("#", Integer.toString(i)));
        }
        source.append("    for (int i = 0; i < count; i++) {\n")
                .append("      final int row = selection == null ? i : selection[i];\n")
                .append("      try {\n")
                .append(body);
        for (String append : appends) {
            source.append("        ").append(append).append('\n');
        }
        return source.append("      } catch (RuntimeException failure) {\n")
                .append("        errors.failed(in, row, KernelSupport.explain(failure));\n")
                .append("        continue;\n")
                .append("      }\n")
                .append("      out.endRow(weights[row], times[row]);\n")
                .append("    }\n")
                .append("  }\n")
                .toString();
    }

    /// Computes a projection and gives the statement that appends it.
    private String append(int index, RexNode projection) {
        SqlType type = out.type(index);
        String column = "o" + index;
        if (projection instanceof RexInputRef ref
                && in.type(ref.getIndex()).layout() == type.layout()
                && !(type instanceof SqlType.Decimal && !in.type(ref.getIndex()).equals(type))) {
            return copy(column, ref.getIndex());
        }
        Term value = emit(projection);
        if (value.alwaysNull()) {
            return column + ".appendNull();";
        }
        Term wanted = convert(value, kind(type));
        if (type instanceof SqlType.Decimal(int precision, int scale)) {
            wanted =
                    strict(
                            Kind.DECIMAL,
                            "KernelSupport.fit("
                                    + wanted.plain()
                                    + ", "
                                    + precision
                                    + ", "
                                    + scale
                                    + ")",
                            wanted);
        }
        String plain = wanted.plain();
        String add =
                column
                        + switch (type.layout()) {
                            case LONG ->
                                    wanted.kind() == Kind.BOOLEAN
                                            ? ".append(" + plain + " ? 1L : 0L);"
                                            : ".append(" + plain + ");";
                            case DOUBLE, OBJECT -> ".append(" + plain + ");";
                            case BYTES -> appendBytes(wanted);
                        };
        return wanted.neverNull()
                ? add
                : "if (" + wanted.isNull() + ") " + column + ".appendNull(); else " + add;
    }

    private static String appendBytes(Term term) {
        String plain = term.plain();
        return switch (term.form()) {
            case SLICE ->
                    ".append(#.arena(), #.offset(row), #.length(row));".replace("#", term.value());
            case LITERAL -> ".append(#u, 0, #u.length);".replace("#", term.value());
            case PLAIN ->
                    term.kind() == Kind.TEXT
                            ? ".append(" + plain + ");"
                            : ".append(#, 0, #.length);".replace("#", plain);
        };
    }

    private String copy(String to, int column) {
        referenced.add(column);
        if (dense) {
            switch (in.type(column).layout()) {
                case LONG, DOUBLE -> {
                    return to + ".append(a" + column + "[row]);";
                }
                case BYTES -> {
                    return to
                            + ".append(#.arena(), #.offset(row), #.length(row));"
                                    .replace("#", "c" + column);
                }
                case OBJECT -> {
                    return to + ".append(c" + column + ".get(row));";
                }
            }
        }
        return to + ".appendFrom(c" + column + ", row);";
    }

    // Expressions

    /// Writes the statements that compute an expression.
    private Term emit(RexNode node) {
        Checkpoint.pass();
        Term known = computed.get(node);
        if (known != null) {
            return known;
        }
        Term term =
                switch (node) {
                    case RexInputRef ref -> input(ref);
                    case RexLiteral literal -> literal(literal);
                    case RexFieldAccess access -> fieldAccess(access);
                    case RexCall call -> call(call);
                    default -> throw CallTranslator.unsupported(node, null);
                };
        if (depth == 0) {
            // What is computed inside a branch is out of scope, and perhaps uncomputed, after it.
            computed.put(node, term);
        }
        return term;
    }

    private Term input(RexInputRef ref) {
        int column = ref.getIndex();
        referenced.add(column);
        String isNull = dense ? "false" : "c" + column + ".isNull(row)";
        return switch (kind(in.type(column))) {
            case BOOLEAN -> Term.of(Kind.BOOLEAN, isNull, "(a" + column + "[row] != 0L)");
            case LONG -> Term.of(Kind.LONG, isNull, "a" + column + "[row]");
            case DOUBLE -> Term.of(Kind.DOUBLE, isNull, "a" + column + "[row]");
            case TEXT -> new Term(Kind.TEXT, isNull, "c" + column, Form.SLICE);
            case BYTES -> new Term(Kind.BYTES, isNull, "c" + column, Form.SLICE);
            case DECIMAL ->
                    Term.of(
                            Kind.DECIMAL,
                            isNull,
                            "((java.math.BigDecimal) c" + column + ".get(row))");
            case OBJECT -> Term.of(Kind.OBJECT, isNull, "c" + column + ".get(row)");
        };
    }

    private Term literal(RexLiteral literal) {
        if (literal.isNull()) {
            return Term.nothing(kind(literal.getType()));
        }
        RelDataType type = literal.getType();
        Kind kind = kind(type);
        return switch (kind) {
            case BOOLEAN -> Term.known(kind, Boolean.toString(RexLiteral.booleanValue(literal)));
            case LONG -> Term.known(kind, longLiteral(longValue(literal)));
            case DOUBLE -> {
                double value = literal.getValueAs(Double.class);
                yield Term.known(kind, Double.isFinite(value) ? value + "D" : constant(value));
            }
            case DECIMAL -> Term.known(kind, constant(literal.getValueAs(BigDecimal.class)));
            case TEXT -> textLiteral(literal.getValueAs(String.class));
            case BYTES -> {
                byte[] bytes =
                        literal.getValueAs(org.apache.calcite.avatica.util.ByteString.class)
                                .getBytes();
                yield Term.known(kind, field("byte[]", bytes));
            }
            case OBJECT -> throw CallTranslator.unsupported(literal, null);
        };
    }

    private static long longValue(RexLiteral literal) {
        return switch (literal.getTypeName()) {
            case DATE, TIME -> literal.getValueAs(Integer.class);
            case TIMESTAMP, TIMESTAMP_WITH_LOCAL_TIME_ZONE -> literal.getValueAs(Long.class);
            default -> literal.getValueAs(BigDecimal.class).longValueExact();
        };
    }

    private static String longLiteral(long value) {
        return value == Long.MIN_VALUE ? "Long.MIN_VALUE" : "(" + value + "L)";
    }

    private Term textLiteral(String text) {
        String name = constantNames.get(text);
        if (name == null) {
            name = field("String", text);
            constantNames.put(text, name);
            fields.append("  private final byte[] ").append(name).append("u;\n");
            fieldSettings
                    .append("    ")
                    .append(name)
                    .append("u = KernelSupport.utf8(")
                    .append(name)
                    .append(");\n");
        }
        return new Term(Kind.TEXT, "false", name, Form.LITERAL);
    }

    private String constant(Object value) {
        return constantNames.computeIfAbsent(
                value, v -> field(v instanceof Double ? "Double" : "java.math.BigDecimal", v));
    }

    private String field(String type, Object value) {
        String name = "k" + constants.size();
        fields.append("  private final ").append(type).append(' ').append(name).append(";\n");
        fieldSettings
                .append("    ")
                .append(name)
                .append(" = (")
                .append(type)
                .append(") constants[")
                .append(constants.size())
                .append("];\n");
        constants.add(value);
        return name;
    }

    private Term fieldAccess(RexFieldAccess access) {
        Term struct = emit(access.getReferenceExpr());
        int index = access.getField().getIndex();
        return unboxed(
                access.getType(),
                "KernelSupport.field(" + struct.plain() + ", " + index + ")",
                struct);
    }

    private Term call(RexCall call) {
        SqlOperator operator = call.getOperator();
        if (operator.equals(Functions.AS_VALUE)) {
            return emit(call.operands.getFirst());
        }
        if (operator.equals(Functions.NOW)
                || operator.equals(SqlStdOperatorTable.CURRENT_TIMESTAMP)
                || operator.equals(SqlStdOperatorTable.LOCALTIMESTAMP)
                || operator.equals(Functions.UNIX_TIMESTAMP_NOW)) {
            usesClock = true;
            return Term.known(Kind.LONG, "now");
        }
        if (operator.equals(SqlStdOperatorTable.CURRENT_DATE)) {
            usesClock = true;
            return Term.known(Kind.LONG, "Math.floorDiv(now, 86400000L)");
        }
        if (operator.equals(SqlStdOperatorTable.CURRENT_TIME)
                || operator.equals(SqlStdOperatorTable.LOCALTIME)) {
            usesClock = true;
            return Term.known(Kind.LONG, "Math.floorMod(now, 86400000L)");
        }
        if (operator.equals(Functions.WINDOW_START)) {
            Term time = emit(call.operands.get(0));
            Term size = emit(call.operands.get(1));
            return strict(
                    Kind.LONG,
                    time.value() + " - Math.floorMod(" + time.value() + ", " + size.value() + ")",
                    time,
                    size);
        }
        if (operator instanceof WeirFunction function) {
            return function(call, function);
        }
        if (operator.equals(SqlStdOperatorTable.CONCAT)) {
            List<Term> parts = emitAll(call.operands);
            if (parts.stream().allMatch(p -> p.kind() == Kind.TEXT)) {
                return strict(
                        Kind.TEXT,
                        String.join(" + ", parts.stream().map(Term::plain).toList()),
                        parts.toArray(Term[]::new));
            }
        }
        if (operator.equals(SqlLibraryOperators.CONCAT_FUNCTION_WITH_NULL)) {
            List<String> parts = new ArrayList<>();
            for (RexNode operand : call.operands) {
                Term part = asText(emit(operand), operand.getType());
                parts.add(
                        part.neverNull()
                                ? part.plain()
                                : "(" + part.isNull() + " ? \"\" : " + part.plain() + ")");
            }
            return local(Kind.TEXT, "\"\" + " + String.join(" + ", parts));
        }
        if (operator.equals(SqlStdOperatorTable.UPPER)
                || operator.equals(SqlStdOperatorTable.LOWER)) {
            Term text = emit(call.operands.getFirst());
            String name = operator.equals(SqlStdOperatorTable.UPPER) ? "upper" : "lower";
            return strict(Kind.TEXT, "KernelSupport." + name + "(" + text.plain() + ")", text);
        }
        if (operator.equals(SqlStdOperatorTable.INITCAP)) {
            Term text = emit(call.operands.getFirst());
            return strict(Kind.TEXT, "KernelSupport.capitalized(" + text.plain() + ")", text);
        }
        if (operator.equals(SqlStdOperatorTable.CHAR_LENGTH)
                || operator.equals(SqlStdOperatorTable.CHARACTER_LENGTH)) {
            Term text = emit(call.operands.getFirst());
            return strict(Kind.LONG, "KernelSupport.length(" + text.plain() + ")", text);
        }
        if (call.getKind() == SqlKind.EXTRACT
                && call.operands.getFirst() instanceof RexLiteral unit
                && unit.getValue() == TimeUnitRange.DOW) {
            // Calcite counts from 1; PostgreSQL gives Sunday 0.
            Term day = translated(call);
            return strict(Kind.LONG, day.value() + " - 1L", day);
        }
        if (operator.equals(SqlStdOperatorTable.ABS)) {
            return absolute(call);
        }
        if (operator.equals(SqlStdOperatorTable.CARDINALITY)) {
            Term collection = emit(call.operands.getFirst());
            return strict(
                    Kind.LONG, "KernelSupport.cardinality(" + collection.plain() + ")", collection);
        }
        if (operator.equals(SqlStdOperatorTable.DATETIME_PLUS)) {
            return addInterval(call, 1);
        }
        return switch (call.getKind()) {
            case AND -> logic(call, true);
            case OR -> logic(call, false);
            case NOT -> {
                Term a = emit(call.operands.getFirst());
                yield Term.of(Kind.BOOLEAN, a.isNull(), "(!" + a.value() + ")");
            }
            case IS_NULL, IS_UNKNOWN -> test(emit(call.operands.getFirst()).isNull());
            case IS_NOT_NULL -> test("!" + emit(call.operands.getFirst()).isNull());
            case IS_TRUE -> test(emit(call.operands.getFirst()).isTrue());
            case IS_FALSE -> test(emit(call.operands.getFirst()).isFalse());
            case IS_NOT_TRUE -> test("!" + emit(call.operands.getFirst()).isTrue());
            case IS_NOT_FALSE -> test("!" + emit(call.operands.getFirst()).isFalse());
            case EQUALS,
                    NOT_EQUALS,
                    LESS_THAN,
                    LESS_THAN_OR_EQUAL,
                    GREATER_THAN,
                    GREATER_THAN_OR_EQUAL ->
                    comparison(call);
            case IS_DISTINCT_FROM, IS_NOT_DISTINCT_FROM -> distinctness(call);
            case CASE -> branches(call, 0);
            case COALESCE, NVL -> firstPresent(call);
            case CAST -> cast(call);
            case REINTERPRET -> emit(call.operands.getFirst());
            case PLUS, CHECKED_PLUS -> arithmetic(call, "+", "addExact", "add");
            case MINUS, CHECKED_MINUS ->
                    operator.equals(SqlStdOperatorTable.MINUS_DATE)
                            ? minusDate(call)
                            : arithmetic(call, "-", "subtractExact", "subtract");
            case TIMES, CHECKED_TIMES -> arithmetic(call, "*", "multiplyExact", "multiply");
            case DIVIDE, CHECKED_DIVIDE -> division(call, "divide");
            case MOD -> division(call, "mod");
            case MINUS_PREFIX, CHECKED_MINUS_PREFIX -> negation(call);
            case PLUS_PREFIX -> emit(call.operands.getFirst());
            case FLOOR, CEIL -> floorOrCeil(call);
            case LIKE -> like(call);
            case ITEM -> item(call);
            case ARRAY_VALUE_CONSTRUCTOR, ROW -> constructor(call, "list");
            case MAP_VALUE_CONSTRUCTOR -> constructor(call, "map");
            default -> translated(call);
        };
    }

    private List<Term> emitAll(List<RexNode> nodes) {
        List<Term> terms = new ArrayList<>();
        for (RexNode node : nodes) {
            terms.add(emit(node));
        }
        return terms;
    }

    private Term test(String condition) {
        return local(Kind.BOOLEAN, "!false".equals(condition) ? "true" : condition);
    }

    /// AND (`conjunction`) or OR, with SQL's three values. An operand is computed only while it can
    /// still matter. The operands stand one behind the other in one labelled block, as Janino
    /// follows blocks in blocks by recursion.
    private Term logic(RexCall call, boolean conjunction) {
        String value = name("v");
        String unknown = name("n");
        String label = name("l");
        line("boolean " + value + " = " + conjunction + ";");
        int unknownAt = body.length();
        boolean nullable = false;
        String open = conjunction ? value : "!" + value;
        List<Supplier<Term>> operands = operands(call, conjunction);
        for (int i = 0; i < operands.size(); i++) {
            if (i == 1) {
                line(label + ": {");
                depth++;
            }
            if (i > 0) {
                line("if (!(" + open + ")) break " + label + ";");
                line("{");
                depth++;
            }
            Term operand = operands.get(i).get();
            if (operand.neverNull()) {
                line(value + " = " + operand.value() + ";");
            } else {
                nullable = true;
                line(
                        "if ("
                                + operand.isNull()
                                + ") "
                                + unknown
                                + " = true; else "
                                + value
                                + " = "
                                + operand.value()
                                + ";");
            }
            if (i > 0) {
                depth--;
                line("}");
            }
        }
        if (operands.size() > 1) {
            depth--;
            line("}");
        }
        if (!nullable) {
            return Term.known(Kind.BOOLEAN, value);
        }
        body.insert(unknownAt, "        boolean " + unknown + " = false;\n");
        return Term.of(Kind.BOOLEAN, "(" + unknown + " && " + open + ")", value);
    }

    /// What AND or OR is of: each operand, but those that compare one value with many literals,
    /// which is what IN and NOT IN are here, together.
    private List<Supplier<Term>> operands(RexCall call, boolean conjunction) {
        SqlKind listed = conjunction ? SqlKind.NOT_EQUALS : SqlKind.EQUALS;
        Map<RexNode, List<RexLiteral>> lists = new HashMap<>();
        for (RexNode operand : call.operands) {
            if (isListed(operand, listed)) {
                List<RexNode> sides = ((RexCall) operand).operands;
                lists.computeIfAbsent(sides.getFirst(), _ -> new ArrayList<>())
                        .add((RexLiteral) sides.getLast());
            }
        }
        List<Supplier<Term>> operands = new ArrayList<>();
        Set<RexNode> searched = new HashSet<>();
        for (RexNode operand : call.operands) {
            RexNode value =
                    isListed(operand, listed) ? ((RexCall) operand).operands.getFirst() : null;
            List<RexLiteral> list = lists.getOrDefault(value, List.of());
            if (list.size() < FEWEST_SEARCHED) {
                operands.add(() -> emit(operand));
            } else if (searched.add(value)) {
                operands.add(() -> search(value, list, conjunction));
            }
        }
        return operands;
    }

    private static boolean isListed(RexNode operand, SqlKind comparison) {
        if (operand.getKind() != comparison
                || !(((RexCall) operand).operands.getLast() instanceof RexLiteral literal)
                || literal.isNull()) {
            return false;
        }
        Kind kind = kind(literal.getType());
        return (kind == Kind.LONG || kind == Kind.TEXT)
                && kind(((RexCall) operand).operands.getFirst().getType()) == kind;
    }

    /// Whether a value is one of many literals, or is not.
    private Term search(RexNode node, List<RexLiteral> list, boolean negated) {
        Term value = emit(node);
        if (value.alwaysNull()) {
            return Term.nothing(Kind.BOOLEAN);
        }
        String found;
        if (value.kind() == Kind.LONG) {
            long[] sorted = list.stream().mapToLong(KernelWriter::longValue).sorted().toArray();
            found = "(" + value.value() + ", " + field("long[]", sorted) + ")";
        } else {
            byte[][] sorted =
                    list.stream()
                            .map(literal -> KernelSupport.utf8(literal.getValueAs(String.class)))
                            .sorted(Arrays::compareUnsigned)
                            .toArray(byte[][]::new);
            String field = field("byte[][]", sorted);
            found =
                    value.form() == Form.SLICE
                            ? "(" + value.value() + ", row, " + field + ")"
                            : "(KernelSupport.utf8(" + value.plain() + "), " + field + ")";
        }
        return strict(Kind.BOOLEAN, (negated ? "!" : "") + "KernelSupport.isAmong" + found, value);
    }

    private Term comparison(RexCall call) {
        Term a = emit(call.operands.get(0));
        Term b = emit(call.operands.get(1));
        String symbol =
                switch (call.getKind()) {
                    case EQUALS -> "==";
                    case NOT_EQUALS -> "!=";
                    case LESS_THAN -> "<";
                    case LESS_THAN_OR_EQUAL -> "<=";
                    case GREATER_THAN -> ">";
                    default -> ">=";
                };
        if (a.alwaysNull() || b.alwaysNull()) {
            return Term.nothing(Kind.BOOLEAN);
        }
        return strict(Kind.BOOLEAN, compare(call, a, b, symbol), a, b);
    }

    /// A Java condition that compares two values that are not NULL.
    private String compare(RexCall call, Term a, Term b, String symbol) {
        boolean equality = symbol.equals("==") || symbol.equals("!=");
        if (a.kind().isNumber() && b.kind().isNumber()) {
            if (a.kind() == Kind.DOUBLE || b.kind() == Kind.DOUBLE) {
                return number(a, Kind.DOUBLE) + " " + symbol + " " + number(b, Kind.DOUBLE);
            }
            if (a.kind() == Kind.LONG && b.kind() == Kind.LONG) {
                return a.value() + " " + symbol + " " + b.value();
            }
            return number(a, Kind.DECIMAL)
                    + ".compareTo("
                    + number(b, Kind.DECIMAL)
                    + ") "
                    + symbol
                    + " 0";
        }
        if (a.kind() != b.kind()) {
            throw CallTranslator.unsupported(call, null);
        }
        return switch (a.kind()) {
            case BOOLEAN ->
                    equality
                            ? a.value() + " " + symbol + " " + b.value()
                            : "("
                                    + a.value()
                                    + " ? 1 : 0) "
                                    + symbol
                                    + " ("
                                    + b.value()
                                    + " ? 1 : 0)";
            case TEXT, BYTES -> compareText(a, b, symbol, equality);
            default -> {
                if (!equality) {
                    throw CallTranslator.unsupported(call, null);
                }
                yield (symbol.equals("!=") ? "!" : "") + a.plain() + ".equals(" + b.plain() + ")";
            }
        };
    }

    private static String compareText(Term a, Term b, String symbol, boolean equality) {
        String arguments;
        if (a.form() == Form.SLICE && b.form() == Form.SLICE) {
            arguments = "(" + a.value() + ", " + b.value() + ", row)";
        } else if (a.form() == Form.SLICE && b.form() == Form.LITERAL) {
            arguments = "(" + a.value() + ", row, " + b.value() + "u)";
        } else if (a.form() == Form.LITERAL && b.form() == Form.SLICE) {
            String mirrored =
                    switch (symbol) {
                        case "<" -> ">";
                        case "<=" -> ">=";
                        case ">" -> "<";
                        case ">=" -> "<=";
                        default -> symbol;
                    };
            return compareText(b, a, mirrored, equality);
        } else {
            return "KernelSupport.compare(" + a.plain() + ", " + b.plain() + ") " + symbol + " 0";
        }
        return equality
                ? (symbol.equals("!=") ? "!" : "") + "KernelSupport.equal" + arguments
                : "KernelSupport.compare" + arguments + " " + symbol + " 0";
    }

    private Term distinctness(RexCall call) {
        Term a = emit(call.operands.get(0));
        Term b = emit(call.operands.get(1));
        String same;
        if (a.alwaysNull() || b.alwaysNull()) {
            same = "(" + a.isNull() + " && " + b.isNull() + ")";
        } else {
            String equal = compare(call, a, b, "==");
            same =
                    a.neverNull() && b.neverNull()
                            ? "(" + equal + ")"
                            : "("
                                    + a.isNull()
                                    + " || "
                                    + b.isNull()
                                    + " ? "
                                    + a.isNull()
                                    + " && "
                                    + b.isNull()
                                    + " : "
                                    + equal
                                    + ")";
        }
        return local(Kind.BOOLEAN, call.getKind() == SqlKind.IS_DISTINCT_FROM ? "!" + same : same);
    }

    /// CASE from operand `from` on: condition and value in turn, then the value of ELSE.
    private Term branches(RexCall call, int from) {
        Kind kind = kind(call.getType());
        Target target = new Target(kind);
        branch(call, from, target);
        return target.term();
    }

    private void branch(RexCall call, int at, Target target) {
        if (at == call.operands.size() - 1) {
            target.assign(emit(call.operands.get(at)));
            return;
        }
        Term when = emit(call.operands.get(at));
        line("if (" + when.isTrue() + ") {");
        depth++;
        target.assign(emit(call.operands.get(at + 1)));
        line("} else {");
        branch(call, at + 2, target);
        depth--;
        line("}");
    }

    private Term firstPresent(RexCall call) {
        Target target = new Target(kind(call.getType()));
        int open = 0;
        for (RexNode operand : call.operands) {
            if (open > 0) {
                line("if (" + target.isNull + ") {");
                depth++;
            }
            target.assign(emit(operand));
            open++;
            if (!target.nullableNow) {
                break;
            }
        }
        for (int i = 1; i < open; i++) {
            depth--;
            line("}");
        }
        return target.term();
    }

    /// A local that several branches assign.
    private final class Target {
        private final Kind kind;
        private final String value = name("v");
        private final String isNull = name("n");
        private boolean nullable;
        private boolean nullableNow;

        Target(Kind kind) {
            this.kind = kind;
            line(kind.javaType + " " + value + " = " + kind.zero + ";");
            line("boolean " + isNull + " = false;");
        }

        void assign(Term term) {
            Term wanted = convert(term, kind);
            nullableNow = !wanted.neverNull();
            nullable |= nullableNow;
            line(isNull + " = " + wanted.isNull() + ";");
            if (wanted.neverNull()) {
                line(value + " = " + wanted.plain() + ";");
            } else if (!wanted.alwaysNull()) {
                line("if (!" + isNull + ") " + value + " = " + wanted.plain() + ";");
            }
        }

        Term term() {
            return nullable ? Term.of(kind, isNull, value) : Term.known(kind, value);
        }
    }

    // Arithmetic

    private Term arithmetic(RexCall call, String symbol, String exact, String decimal) {
        Term a = emit(call.operands.get(0));
        Term b = emit(call.operands.get(1));
        if (!a.kind().isNumber() || !b.kind().isNumber()) {
            return translated(call);
        }
        return switch (kind(call.getType())) {
            case LONG -> {
                String x = number(a, Kind.LONG);
                String y = number(b, Kind.LONG);
                yield strict(
                        Kind.LONG,
                        isInt(call.getType())
                                ? "KernelSupport.toInt(" + x + " " + symbol + " " + y + ")"
                                : "Math." + exact + "(" + x + ", " + y + ")",
                        a,
                        b);
            }
            case DOUBLE ->
                    strict(
                            Kind.DOUBLE,
                            number(a, Kind.DOUBLE) + " " + symbol + " " + number(b, Kind.DOUBLE),
                            a,
                            b);
            case DECIMAL ->
                    strict(
                            Kind.DECIMAL,
                            number(a, Kind.DECIMAL)
                                    + "."
                                    + decimal
                                    + "("
                                    + number(b, Kind.DECIMAL)
                                    + ")",
                            a,
                            b);
            default -> translated(call);
        };
    }

    private Term division(RexCall call, String method) {
        Term a = emit(call.operands.get(0));
        Term b = emit(call.operands.get(1));
        Kind kind = kind(call.getType());
        if (!a.kind().isNumber() || !b.kind().isNumber() || !kind.isNumber()) {
            return translated(call);
        }
        if (kind == Kind.LONG && (a.kind() != Kind.LONG || b.kind() != Kind.LONG)) {
            // MOD of a decimal by a whole number is typed as the whole number.
            Term wide = operation(Kind.DECIMAL, method, call, a, b);
            return strict(Kind.LONG, "KernelSupport.toLong(" + wide.value() + ")", wide);
        }
        Term result = operation(kind, method, call, a, b);
        return kind == Kind.LONG && isInt(call.getType())
                ? strict(Kind.LONG, "KernelSupport.toInt(" + result.value() + ")", result)
                : result;
    }

    private Term operation(Kind kind, String method, RexCall call, Term a, Term b) {
        String scale =
                kind == Kind.DECIMAL && method.equals("divide")
                        ? ", " + Math.max(0, call.getType().getScale())
                        : "";
        return strict(
                kind,
                "KernelSupport."
                        + method
                        + "("
                        + number(a, kind)
                        + ", "
                        + number(b, kind)
                        + scale
                        + ")",
                a,
                b);
    }

    private Term negation(RexCall call) {
        Term a = emit(call.operands.getFirst());
        return switch (a.kind()) {
            case LONG -> {
                String negated = "Math.negateExact(" + a.value() + ")";
                yield strict(
                        Kind.LONG,
                        isInt(call.getType()) ? "KernelSupport.toInt(" + negated + ")" : negated,
                        a);
            }
            case DOUBLE -> strict(Kind.DOUBLE, "-" + a.value(), a);
            case DECIMAL -> strict(Kind.DECIMAL, a.value() + ".negate()", a);
            default -> throw CallTranslator.unsupported(call, null);
        };
    }

    private Term absolute(RexCall call) {
        Term a = emit(call.operands.getFirst());
        return switch (a.kind()) {
            case LONG -> {
                String value = "Math.absExact(" + a.value() + ")";
                yield strict(
                        Kind.LONG,
                        isInt(call.getType()) ? "KernelSupport.toInt(" + value + ")" : value,
                        a);
            }
            case DOUBLE -> strict(Kind.DOUBLE, "Math.abs(" + a.value() + ")", a);
            case DECIMAL -> strict(Kind.DECIMAL, a.value() + ".abs()", a);
            default -> throw CallTranslator.unsupported(call, null);
        };
    }

    private Term floorOrCeil(RexCall call) {
        boolean floor = call.getKind() == SqlKind.FLOOR;
        if (call.operands.size() == 1) {
            Term a = emit(call.operands.getFirst());
            return switch (a.kind()) {
                case LONG -> a;
                case DOUBLE ->
                        strict(
                                Kind.DOUBLE,
                                (floor ? "Math.floor(" : "Math.ceil(") + a.value() + ")",
                                a);
                case DECIMAL ->
                        convert(
                                strict(
                                        Kind.DECIMAL,
                                        a.value()
                                                + ".setScale(0, java.math.RoundingMode."
                                                + (floor ? "FLOOR)" : "CEILING)"),
                                        a),
                                kind(call.getType()));
                default -> translated(call);
            };
        }
        long unitMs = 0;
        if (call.operands.get(0).getType().getSqlTypeName() == SqlTypeName.TIMESTAMP
                && call.operands.get(1) instanceof RexLiteral unit
                && unit.getValue() instanceof TimeUnitRange range) {
            unitMs =
                    switch (range) {
                        case MILLISECOND -> 1;
                        case SECOND -> 1_000;
                        case MINUTE -> 60_000;
                        case HOUR -> 3_600_000;
                        case DAY -> DAY_MS;
                        default -> 0;
                    };
        }
        if (unitMs == 0) {
            return translated(call);
        }
        Term time = emit(call.operands.get(0));
        // The ceiling is minus the floor of minus the time.
        String part =
                floor
                        ? " - Math.floorMod(" + time.value() + ", " + unitMs + "L)"
                        : " + Math.floorMod(-" + time.value() + ", " + unitMs + "L)";
        return strict(Kind.LONG, time.value() + part, time);
    }

    // Time

    private Term addInterval(RexCall call, int sign) {
        Term time = emit(call.operands.get(0));
        Term interval = emit(call.operands.get(1));
        RelDataType timeType = call.operands.get(0).getType();
        RelDataType intervalType = call.operands.get(1).getType();
        if (!SqlTypeUtil.isInterval(intervalType)) {
            return translated(call);
        }
        String amount = sign > 0 ? interval.value() : "Math.negateExact(" + interval.value() + ")";
        boolean months = intervalType.getSqlTypeName().isYearMonth();
        String sum =
                switch (timeType.getSqlTypeName()) {
                    case TIMESTAMP ->
                            months
                                    ? "KernelSupport.addMonths("
                                            + time.value()
                                            + ", "
                                            + amount
                                            + ")"
                                    : "Math.addExact(" + time.value() + ", " + amount + ")";
                    case DATE ->
                            months
                                    ? "KernelSupport.addMonthsToDate("
                                            + time.value()
                                            + ", "
                                            + amount
                                            + ")"
                                    : "KernelSupport.toInt("
                                            + time.value()
                                            + " + Math.floorDiv("
                                            + amount
                                            + ", 86400000L))";
                    case TIME -> "Math.floorMod(" + time.value() + " + " + amount + ", 86400000L)";
                    default -> throw CallTranslator.unsupported(call, null);
                };
        return strict(Kind.LONG, sum, time, interval);
    }

    private Term minusDate(RexCall call) {
        RelDataType left = call.operands.get(0).getType();
        RelDataType right = call.operands.get(1).getType();
        if (SqlTypeUtil.isInterval(right)) {
            return addInterval(call, -1);
        }
        if (call.getType().getSqlTypeName().isYearMonth()
                || left.getSqlTypeName() != right.getSqlTypeName()) {
            return translated(call);
        }
        Term a = emit(call.operands.get(0));
        Term b = emit(call.operands.get(1));
        String difference = "Math.subtractExact(" + a.value() + ", " + b.value() + ")";
        return strict(
                Kind.LONG,
                left.getSqlTypeName() == SqlTypeName.DATE
                        ? difference + " * 86400000L"
                        : difference,
                a,
                b);
    }

    // Casts

    private Term cast(RexCall call) {
        RexNode operand = call.operands.getFirst();
        if (!call.getOperator().equals(SqlStdOperatorTable.CAST)) {
            throw CallTranslator.unsupported(call, null);
        }
        RelDataType from = operand.getType();
        RelDataType to = call.getType();
        Term a = emit(operand);
        Kind kind = kind(to);
        if (a.alwaysNull()) {
            return Term.nothing(kind);
        }
        Term result =
                switch (kind) {
                    case TEXT -> asText(a, from);
                    case BOOLEAN -> castToBoolean(call, a);
                    case DOUBLE ->
                            a.kind() == Kind.TEXT
                                    ? parsed(a, kind, "parseDouble")
                                    : numeric(call, a, kind);
                    case DECIMAL -> {
                        Term decimal =
                                a.kind() == Kind.TEXT
                                        ? parsed(a, kind, "parseDecimal")
                                        : numeric(call, a, kind);
                        yield strict(
                                kind,
                                "KernelSupport.fit("
                                        + decimal.value()
                                        + ", "
                                        + to.getPrecision()
                                        + ", "
                                        + to.getScale()
                                        + ")",
                                decimal);
                    }
                    case LONG -> castToLong(call, a, from, to);
                    case BYTES ->
                            switch (a.kind()) {
                                case TEXT -> parsed(a, kind, "parseBytes");
                                case BYTES -> a;
                                default -> throw CallTranslator.unsupported(call, null);
                            };
                    case OBJECT -> {
                        if (a.kind() != kind) {
                            throw CallTranslator.unsupported(call, null);
                        }
                        yield a;
                    }
                };
        if (kind == Kind.TEXT && isCut(from, to)) {
            return strict(
                    kind,
                    "KernelSupport.cut(" + result.plain() + ", " + to.getPrecision() + ")",
                    result);
        }
        return result;
    }

    /// Whether casting to a text type may shorten: CAST(s AS VARCHAR(10)).
    private static boolean isCut(RelDataType from, RelDataType to) {
        int most = to.getPrecision();
        return most > 0
                && most < 1 << 16
                && !(SqlTypeUtil.isCharacter(from)
                        && from.getPrecision() >= 0
                        && from.getPrecision() <= most);
    }

    private Term castToBoolean(RexCall call, Term a) {
        return switch (a.kind()) {
            case BOOLEAN -> a;
            case TEXT -> parsed(a, Kind.BOOLEAN, "parseBoolean");
            case LONG -> strict(Kind.BOOLEAN, a.value() + " != 0L", a);
            default -> throw CallTranslator.unsupported(call, null);
        };
    }

    private Term castToLong(RexCall call, Term a, RelDataType from, RelDataType to) {
        SqlTypeName target = to.getSqlTypeName();
        boolean toNumber = SqlTypeUtil.isExactNumeric(to);
        if (a.kind() == Kind.TEXT) {
            String method =
                    switch (target) {
                        case DATE -> "parseDate";
                        case TIME -> "parseTime";
                        case TIMESTAMP, TIMESTAMP_WITH_LOCAL_TIME_ZONE -> "parseTimestamp";
                        default -> "parseLong";
                    };
            if (SqlTypeUtil.isInterval(to)) {
                return translated(call);
            }
            return isInt(to)
                    ? checkedInt(parsed(a, Kind.LONG, method))
                    : parsed(a, Kind.LONG, method);
        }
        if (a.kind() == Kind.BOOLEAN && toNumber) {
            return strict(Kind.LONG, a.value() + " ? 1L : 0L", a);
        }
        if (a.kind() == Kind.DOUBLE || a.kind() == Kind.DECIMAL) {
            if (!toNumber) {
                throw CallTranslator.unsupported(call, null);
            }
            Term cut = strict(Kind.LONG, "KernelSupport.toLong(" + a.value() + ")", a);
            return isInt(to) ? checkedInt(cut) : cut;
        }
        if (a.kind() != Kind.LONG) {
            throw CallTranslator.unsupported(call, null);
        }
        SqlTypeName source = from.getSqlTypeName();
        if (source == target) {
            return a;
        }
        if (toNumber && SqlTypeUtil.isExactNumeric(from)) {
            return isInt(to) && !isInt(from) ? checkedInt(a) : a;
        }
        String time = a.value();
        if (source == SqlTypeName.TIMESTAMP) {
            switch (target) {
                case DATE -> {
                    return strict(Kind.LONG, "Math.floorDiv(" + time + ", 86400000L)", a);
                }
                case TIME -> {
                    return strict(Kind.LONG, "Math.floorMod(" + time + ", 86400000L)", a);
                }
                case BIGINT, TIMESTAMP_WITH_LOCAL_TIME_ZONE -> {
                    return a;
                }
                default -> {}
            }
        }
        if (target == SqlTypeName.TIMESTAMP) {
            switch (source) {
                case DATE -> {
                    return strict(Kind.LONG, "Math.multiplyExact(" + time + ", 86400000L)", a);
                }
                case BIGINT, TIMESTAMP_WITH_LOCAL_TIME_ZONE -> {
                    return a;
                }
                default -> {}
            }
        }
        return translated(call);
    }

    private Term checkedInt(Term a) {
        return strict(Kind.LONG, "KernelSupport.toInt(" + a.value() + ")", a);
    }

    private Term numeric(RexCall call, Term a, Kind kind) {
        if (!a.kind().isNumber()) {
            throw CallTranslator.unsupported(call, null);
        }
        return convert(a, kind);
    }

    private Term parsed(Term text, Kind kind, String method) {
        return strict(kind, "KernelSupport." + method + "(" + text.plain() + ")", text);
    }

    private Term asText(Term a, RelDataType type) {
        return switch (a.kind()) {
            case TEXT -> a;
            case BOOLEAN -> strict(Kind.TEXT, "String.valueOf(" + a.value() + ")", a);
            case LONG ->
                    strict(
                            Kind.TEXT,
                            switch (type.getSqlTypeName()) {
                                case DATE -> "KernelSupport.dateText(" + a.value() + ")";
                                case TIME -> "KernelSupport.timeText(" + a.value() + ")";
                                case TIMESTAMP, TIMESTAMP_WITH_LOCAL_TIME_ZONE ->
                                        "KernelSupport.timestampText(" + a.value() + ")";
                                default -> "Long.toString(" + a.value() + ")";
                            },
                            a);
            case DOUBLE -> strict(Kind.TEXT, "Double.toString(" + a.value() + ")", a);
            case DECIMAL -> strict(Kind.TEXT, a.value() + ".toPlainString()", a);
            case BYTES ->
                    strict(
                            Kind.TEXT,
                            "new String("
                                    + a.plain()
                                    + ", java.nio.charset.StandardCharsets.UTF_8)",
                            a);
            case OBJECT -> strict(Kind.TEXT, a.plain() + ".toString()", a);
        };
    }

    // Functions

    private Term like(RexCall call) {
        Term text = emit(call.operands.get(0));
        boolean constant =
                call.operands.subList(1, call.operands.size()).stream()
                        .allMatch(o -> o instanceof RexLiteral l && !l.isNull());
        SqlLikeOperator operator = (SqlLikeOperator) call.getOperator();
        if (!operator.isCaseSensitive() || operator.getKind() != SqlKind.LIKE) {
            throw CallTranslator.unsupported(call, null);
        }
        String subject = text.form() == Form.SLICE ? text.value() + ", row" : text.plain();
        Term result;
        if (constant) {
            String pattern = RexLiteral.stringValue(call.operands.get(1));
            String escape =
                    call.operands.size() > 2 ? RexLiteral.stringValue(call.operands.get(2)) : null;
            String field =
                    constantNames.computeIfAbsent(
                            List.of("like", pattern, escape == null ? "" : escape),
                            _ -> field("LikePattern", LikePattern.of(pattern, escape)));
            result = strict(Kind.BOOLEAN, field + ".matches(" + subject + ")", text);
        } else {
            List<Term> rest = emitAll(call.operands.subList(1, call.operands.size()));
            String escape = rest.size() > 1 ? rest.get(1).plain() : "null";
            rest.add(text);
            result =
                    strict(
                            Kind.BOOLEAN,
                            "LikePattern.of("
                                    + rest.getFirst().plain()
                                    + ", "
                                    + escape
                                    + ").matches("
                                    + subject
                                    + ")",
                            rest.toArray(Term[]::new));
        }
        return operator.isNegated()
                ? Term.of(Kind.BOOLEAN, result.isNull(), "(!" + result.value() + ")")
                : result;
    }

    private Term item(RexCall call) {
        Term collection = emit(call.operands.get(0));
        Term index = emit(call.operands.get(1));
        RelDataType type = call.operands.get(0).getType();
        return switch (type.getSqlTypeName()) {
            case ARRAY ->
                    unboxed(
                            call.getType(),
                            "KernelSupport.element("
                                    + collection.plain()
                                    + ", "
                                    + number(index, Kind.LONG)
                                    + ")",
                            collection,
                            index);
            case MAP ->
                    unboxed(
                            call.getType(),
                            "KernelSupport.entry(" + collection.plain() + ", " + boxed(index) + ")",
                            collection,
                            index);
            case ROW -> {
                int field =
                        type.getFieldNames().indexOf(RexLiteral.stringValue(call.operands.get(1)));
                yield unboxed(
                        call.getType(),
                        "KernelSupport.field(" + collection.plain() + ", " + field + ")",
                        collection);
            }
            default -> throw CallTranslator.unsupported(call, null);
        };
    }

    private Term constructor(RexCall call, String method) {
        List<String> items = new ArrayList<>();
        for (RexNode operand : call.operands) {
            items.add(boxed(emit(operand)));
        }
        return local(
                Kind.OBJECT,
                "KernelSupport." + method + "(new Object[] {" + String.join(", ", items) + "})");
    }

    /// An expression for a value in storage form, or null.
    private static String boxed(Term a) {
        if (a.alwaysNull()) {
            return "null";
        }
        String present =
                switch (a.kind()) {
                    case BOOLEAN -> "Long.valueOf(" + a.value() + " ? 1L : 0L)";
                    case LONG -> "Long.valueOf(" + a.value() + ")";
                    case DOUBLE -> "Double.valueOf(" + a.value() + ")";
                    default -> a.plain();
                };
        return a.neverNull()
                ? present
                : "(" + a.isNull() + " ? (Object) null : (Object) " + present + ")";
    }

    /// A value in storage form or null, taken apart.
    private Term unboxed(RelDataType type, String expression, Term... operands) {
        Term object = strict(Kind.OBJECT, expression, operands);
        Kind kind = kind(type);
        String isNull = local(Kind.BOOLEAN, object.value() + " == null").value();
        if (kind == Kind.OBJECT) {
            return Term.of(kind, isNull, object.value());
        }
        String present =
                switch (kind) {
                    case BOOLEAN -> "KernelSupport.isTrue(#)";
                    case LONG -> "((Number) #).longValue()";
                    case DOUBLE -> "((Number) #).doubleValue()";
                    case DECIMAL -> "(java.math.BigDecimal) #";
                    case TEXT -> "(String) #";
                    case BYTES -> "(byte[]) #";
                    case OBJECT -> throw new IllegalStateException();
                };
        Term guard = Term.of(kind, isNull, "");
        Term value = strict(kind, present.replace("#", object.value()), guard);
        return Term.of(kind, isNull, value.value());
    }

    /// A call of one of our own functions: the method gets what its parameters say.
    private Term function(RexCall call, WeirFunction function) {
        Method method = function.method();
        boolean strict = method.isAnnotationPresent(Strict.class);
        Class<?>[] parameters = method.getParameterTypes();
        List<Term> arguments = new ArrayList<>();
        for (RexNode operand : call.operands) {
            Term argument = emit(operand);
            arguments.add(function.unifies() ? convert(argument, kind(call.getType())) : argument);
        }
        List<String> passed = new ArrayList<>();
        for (int i = 0; i < function.fixed(); i++) {
            passed.add(argument(parameters[i], arguments.get(i), strict));
        }
        if (function.isVariadic()) {
            List<String> rest = new ArrayList<>();
            for (Term argument : arguments.subList(function.fixed(), arguments.size())) {
                rest.add(boxed(argument, false));
            }
            passed.add("new Object[] {" + String.join(", ", rest) + "}");
        }
        String invocation =
                method.getDeclaringClass().getCanonicalName()
                        + "."
                        + method.getName()
                        + "("
                        + String.join(", ", passed)
                        + ")";
        Term[] operands = strict ? arguments.toArray(Term[]::new) : new Term[0];
        return method.getReturnType().isPrimitive()
                ? strict(kind(call.getType()), invocation, operands)
                : unboxed(call.getType(), invocation, operands);
    }

    private static String argument(Class<?> parameter, Term argument, boolean strict) {
        if (parameter == int.class) {
            return "(int) KernelSupport.toInt(" + number(argument, Kind.LONG) + ")";
        }
        if (parameter == long.class) {
            return number(argument, Kind.LONG);
        }
        if (parameter == double.class) {
            return number(argument, Kind.DOUBLE);
        }
        if (parameter == boolean.class) {
            return argument.plain();
        }
        return "(" + parameter.getCanonicalName() + ") " + boxed(argument, strict);
    }

    /// A value as an object.
    ///
    /// @param present it is known not to be NULL
    private static String boxed(Term term, boolean present) {
        if (term.alwaysNull()) {
            return "null";
        }
        String plain = term.plain();
        String object =
                switch (term.kind()) {
                    case BOOLEAN -> "Boolean.valueOf(" + plain + ")";
                    case LONG -> "Long.valueOf(" + plain + ")";
                    case DOUBLE -> "Double.valueOf(" + plain + ")";
                    case DECIMAL, TEXT, BYTES, OBJECT -> "((Object) " + plain + ")";
                };
        return present || term.neverNull()
                ? object
                : "(" + term.isNull() + " ? null : (Object) " + object + ")";
    }

    /// A call through Calcite's translator.
    private Term translated(RexCall call) {
        if (!call.getOperator().isDeterministic() || call.getOperator().isDynamicFunction()) {
            // A replayed step must compute what it computed the first time.
            throw CallTranslator.unsupported(call, null);
        }
        List<String> arguments = new ArrayList<>();
        for (RexNode operand : call.operands) {
            if (!CallTranslator.isInlined(operand)) {
                Term argument = emit(operand);
                if (argument.kind() == Kind.OBJECT) {
                    throw CallTranslator.unsupported(call, null);
                }
                arguments.add(javaArgument(operand.getType(), argument));
            }
        }
        Kind kind = kind(call.getType());
        if (kind == Kind.OBJECT) {
            throw CallTranslator.unsupported(call, null);
        }
        String method =
                methodNames.computeIfAbsent(
                        signature(call),
                        _ -> {
                            String name = "f" + methodNames.size();
                            methods.append(calls.method(name, call));
                            return name;
                        });
        String object = name("x");
        line("Object " + object + " = " + method + "(" + String.join(", ", arguments) + ");");
        String isNull = local(Kind.BOOLEAN, object + " == null").value();
        String present =
                switch (kind) {
                    case BOOLEAN -> "((Boolean) #).booleanValue()";
                    case LONG -> "((Number) #).longValue()";
                    case DOUBLE -> "((Number) #).doubleValue()";
                    case DECIMAL -> "(java.math.BigDecimal) #";
                    case TEXT -> "#.toString()";
                    case BYTES -> "((org.apache.calcite.avatica.util.ByteString) #).getBytes()";
                    case OBJECT -> throw new IllegalStateException();
                };
        Term guard = Term.of(kind, isNull, "");
        return Term.of(kind, isNull, strict(kind, present.replace("#", object), guard).value());
    }

    private static String signature(RexCall call) {
        StringBuilder signature = new StringBuilder(call.getOperator().getName());
        signature.append(' ').append(call.getOperator().getKind());
        signature.append(' ').append(call.getType().getFullTypeString());
        for (RexNode operand : call.operands) {
            signature.append(", ").append(operand.getType().getFullTypeString());
            if (CallTranslator.isInlined(operand)) {
                signature.append(' ').append(operand);
            }
        }
        return signature.toString();
    }

    private static String javaArgument(RelDataType type, Term a) {
        String present =
                switch (type.getSqlTypeName()) {
                    case INTEGER, DATE, TIME, INTERVAL_YEAR, INTERVAL_MONTH, INTERVAL_YEAR_MONTH ->
                            "Integer.valueOf((int) " + a.value() + ")";
                    case SMALLINT -> "Short.valueOf((short) " + a.value() + ")";
                    case TINYINT -> "Byte.valueOf((byte) " + a.value() + ")";
                    case REAL -> "Float.valueOf((float) " + a.value() + ")";
                    default ->
                            switch (a.kind()) {
                                case BOOLEAN -> "Boolean.valueOf(" + a.value() + ")";
                                case LONG -> "Long.valueOf(" + a.value() + ")";
                                case DOUBLE -> "Double.valueOf(" + a.value() + ")";
                                case BYTES ->
                                        "new org.apache.calcite.avatica.util.ByteString("
                                                + a.plain()
                                                + ")";
                                case DECIMAL, TEXT, OBJECT -> a.plain();
                            };
                };
        return a.neverNull()
                ? present
                : a.alwaysNull() ? "null" : "(" + a.isNull() + " ? null : " + present + ")";
    }

    // Writing

    /// A term for an expression that is NULL when one of the operands is, and is computed only when
    /// none is.
    private Term strict(Kind kind, String expression, Term... operands) {
        Set<String> nulls = new LinkedHashSet<>();
        for (Term operand : operands) {
            if (operand.alwaysNull()) {
                return Term.nothing(kind);
            }
            if (!operand.neverNull()) {
                nulls.add(operand.isNull());
            }
        }
        if (nulls.isEmpty()) {
            return local(kind, expression);
        }
        String isNull =
                nulls.size() == 1
                        ? nulls.iterator().next()
                        : local(Kind.BOOLEAN, String.join(" || ", nulls)).value();
        String value = name("v");
        line(kind.javaType + " " + value + " = " + kind.zero + ";");
        line("if (!" + isNull + ") " + value + " = " + expression + ";");
        return Term.of(kind, isNull, value);
    }

    private Term local(Kind kind, String expression) {
        String value = name("v");
        line("final " + kind.javaType + " " + value + " = " + expression + ";");
        return Term.known(kind, value);
    }

    /// The same value as another kind, where SQL converts without being asked.
    private Term convert(Term a, Kind kind) {
        if (a.kind() == kind) {
            return a;
        }
        if (a.alwaysNull()) {
            return Term.nothing(kind);
        }
        if (a.kind().isNumber() && kind.isNumber()) {
            return strict(kind, number(a, kind), a);
        }
        if (a.kind() == Kind.BOOLEAN && kind == Kind.LONG) {
            return strict(kind, a.value() + " ? 1L : 0L", a);
        }
        if (a.kind() == Kind.OBJECT || kind == Kind.OBJECT) {
            throw new IllegalStateException("no conversion from " + a.kind() + " to " + kind);
        }
        throw new IllegalStateException("no conversion from " + a.kind() + " to " + kind);
    }

    /// An expression for a number as another kind of number.
    private static String number(Term a, Kind kind) {
        if (a.kind() == kind) {
            return a.value();
        }
        return switch (kind) {
            case DOUBLE ->
                    a.kind() == Kind.LONG
                            ? "((double) " + a.value() + ")"
                            : a.value() + ".doubleValue()";
            case DECIMAL ->
                    a.kind() == Kind.LONG
                            ? "java.math.BigDecimal.valueOf(" + a.value() + ")"
                            : "KernelSupport.toDecimal(" + a.value() + ")";
            case LONG -> "KernelSupport.toLong(" + a.value() + ")";
            default -> throw new IllegalStateException("not a number: " + a.kind());
        };
    }

    private String name(String prefix) {
        return prefix + names++;
    }

    private void line(String statement) {
        body.append("        ").append("  ".repeat(depth)).append(statement).append('\n');
    }

    private static boolean isInt(RelDataType type) {
        return switch (type.getSqlTypeName()) {
            case INTEGER, SMALLINT, TINYINT -> true;
            default -> false;
        };
    }

    private static Kind kind(RelDataType type) {
        return switch (type.getSqlTypeName()) {
            case BOOLEAN -> Kind.BOOLEAN;
            case FLOAT, REAL, DOUBLE -> Kind.DOUBLE;
            case DECIMAL -> Kind.DECIMAL;
            case CHAR, VARCHAR -> Kind.TEXT;
            case BINARY, VARBINARY -> Kind.BYTES;
            case TINYINT,
                    SMALLINT,
                    INTEGER,
                    BIGINT,
                    DATE,
                    TIME,
                    TIMESTAMP,
                    TIMESTAMP_WITH_LOCAL_TIME_ZONE ->
                    Kind.LONG;
            default -> SqlTypeUtil.isInterval(type) ? Kind.LONG : Kind.OBJECT;
        };
    }

    private static Kind kind(SqlType type) {
        return switch (type) {
            case dev.weir.sql.batch.Primitive primitive ->
                    switch (primitive) {
                        case BOOLEAN -> Kind.BOOLEAN;
                        case INT, BIGINT, DATE, TIME, TIMESTAMP -> Kind.LONG;
                        case DOUBLE -> Kind.DOUBLE;
                        case VARCHAR -> Kind.TEXT;
                        case BYTES -> Kind.BYTES;
                    };
            case SqlType.Decimal _ -> Kind.DECIMAL;
            case SqlType.Array _, SqlType.MapOf _, SqlType.Struct _ -> Kind.OBJECT;
        };
    }
}
