package dev.weir.sql.plan;

import dev.weir.sql.batch.Schema;
import dev.weir.sql.catalog.Relation;
import dev.weir.sql.catalog.ScanColumn;
import dev.weir.sql.function.Functions;

import org.apache.calcite.rel.core.JoinRelType;
import org.apache.calcite.rex.RexCall;
import org.apache.calcite.rex.RexInputRef;
import org.apache.calcite.rex.RexNode;
import org.apache.calcite.rex.RexVisitorImpl;
import org.apache.calcite.util.Util;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/// Plans as people read them.
final class Explain {
    private Explain() {}

    static String text(PlanNode plan) {
        StringBuilder text = new StringBuilder();
        append(plan, 0, text);
        return text.toString();
    }

    private static void append(PlanNode node, int depth, StringBuilder text) {
        text.append("  ".repeat(depth)).append(operator(node)).append(rows(node)).append('\n');
        for (PlanNode input : node.inputs()) {
            append(input, depth + 1, text);
        }
    }

    private static String operator(PlanNode node) {
        return switch (node) {
            case PlanNode.StreamScan scan ->
                    "StreamScan "
                            + scan.relation().name()
                            + columns(scan.relation(), scan.columns(), scan.schema());
            case PlanNode.TableScan scan ->
                    "TableScan "
                            + scan.relation().name()
                            + columns(scan.relation(), scan.columns(), scan.schema());
            case PlanNode.Values values ->
                    "Values " + values.rows().size() + " rows " + values.schema().names();
            case PlanNode.Filter filter ->
                    "Filter " + Expressions.text(filter.condition(), filter.input().schema());
            case PlanNode.Project project -> "Project " + projections(project);
            case PlanNode.Aggregate aggregate -> aggregate(aggregate);
            case PlanNode.Sessions sessions -> sessions(sessions);
            case PlanNode.Join join -> join(join);
            case PlanNode.Expand expand ->
                    "Expand "
                            + expand.rows().rows().size()
                            + " rows "
                            + expand.rows().schema().names();
            case PlanNode.Union _ -> "Union ALL";
            case PlanNode.Lookup join -> lookup(join);
            case PlanNode.StreamJoin join -> within(join);
            case PlanNode.Sort sort -> sort(sort);
        };
    }

    private static String rows(PlanNode node) {
        int[] key = node.traits().uniqueKey();
        return (node.traits().appendOnly() ? "  -- append-only" : "  -- updating")
                + (key == null
                        ? ""
                        : key.length == 0 ? ", one row" : ", key " + names(node.schema(), key));
    }

    private static String columns(Relation relation, List<ScanColumn> columns, Schema schema) {
        return IntStream.range(0, columns.size())
                .mapToObj(i ->
                        named(Expressions.name(relation, columns.get(i)), schema.field(i).name()))
                .collect(Collectors.joining(", ", " [", "]"));
    }

    private static String named(String expression, String name) {
        return expression.equals(name) ? name : expression + " AS " + name;
    }

    private static String projections(PlanNode.Project project) {
        List<String> texts = new ArrayList<>();
        for (int i = 0; i < project.expressions().size(); i++) {
            String expression =
                    Expressions.text(project.expressions().get(i), project.input().schema());
            texts.add(named(expression, project.schema().field(i).name()));
        }
        return texts.toString();
    }

    private static String aggregate(PlanNode.Aggregate aggregate) {
        Schema input = aggregate.input().schema();
        String calls =
                aggregate.calls().stream()
                        .map(call -> call(call, input))
                        .collect(Collectors.joining(", ", "[", "]"));
        boolean windowed =
                Arrays.stream(aggregate.groupColumns())
                        .anyMatch(column -> isWindow(aggregate.input(), column));
        return "Aggregate "
                + calls
                + " BY "
                + names(input, aggregate.groupColumns())
                + "  state: "
                + (aggregate.groupColumns().length == 0
                        ? "one row"
                        : aggregate.close() != null
                                ? "open windows, grace "
                                        + aggregate.close().graceMs()
                                        + " ms"
                                        + (aggregate.close().isFinal() ? ", final" : "")
                                : windowed ? "one row per group and window" : "unbounded");
    }

    private static String sessions(PlanNode.Sessions sessions) {
        Schema input = sessions.input().schema();
        SessionWindow window = sessions.window();
        return "Sessions "
                + sessions.calls().stream()
                        .map(call -> call(call, input))
                        .collect(Collectors.joining(", ", "[", "]"))
                + " BY "
                + names(input, sessions.keyColumns())
                + " gap "
                + window.gapMs()
                + " ms  state: "
                + (window.closes()
                        ? "open sessions, grace "
                                + window.graceMs()
                                + " ms"
                                + (window.isFinal() ? ", final" : "")
                        : "one row per group and session");
    }

    private static String call(AggregateCall call, Schema input) {
        String argument = call.argument() < 0 ? "*" : Expressions.name(input, call.argument());
        return call.kind()
                + (call.options().distinct() ? "(DISTINCT " : "(")
                + argument
                + (call.second() < 0 ? "" : ", " + Expressions.name(input, call.second()))
                + ")"
                + (call.filter() < 0
                        ? ""
                        : " FILTER (WHERE " + Expressions.name(input, call.filter()) + ")");
    }

    /// True when a column is the bound of a window, so that its groups come to an end.
    private static boolean isWindow(PlanNode node, int column) {
        return switch (node) {
            case PlanNode.Project project -> {
                RexNode expression = project.expressions().get(column);
                yield expression instanceof RexInputRef ref
                        ? isWindow(project.input(), ref.getIndex())
                        : callsWindow(expression);
            }
            case PlanNode.Filter filter -> isWindow(filter.input(), column);
            default -> false;
        };
    }

    private static boolean callsWindow(RexNode expression) {
        try {
            expression.accept(
                    new RexVisitorImpl<Void>(true) {
                        @Override
                        public Void visitCall(RexCall call) {
                            if (call.getOperator().equals(Functions.WINDOW_START)) {
                                throw Util.FoundOne.NULL;
                            }
                            return super.visitCall(call);
                        }
                    });
            return false;
        } catch (Util.FoundOne found) {
            return true;
        }
    }

    private static String join(PlanNode.Join join) {
        boolean streams = join.left().traits().appendOnly() && join.right().traits().appendOnly();
        return title(join.type(), "Join")
                + conditions(
                        join,
                        join.left(),
                        join.right(),
                        join.leftKeys(),
                        join.rightKeys(),
                        join.residual())
                + "  state: "
                + (streams ? "unbounded, both sides" : "both sides")
                + (join.leftKeys().length == 0 ? ", every pair is compared" : "");
    }

    private static String lookup(PlanNode.Lookup join) {
        return (join.keepsUnmatched() ? "LeftLookup" : "Lookup")
                + conditions(
                        join,
                        join.left(),
                        join.right(),
                        join.leftKeys(),
                        join.rightKeys(),
                        join.residual())
                + (join.versions() ? " as of the row's time" : " as of the step")
                + "  state: the table";
    }

    private static String within(PlanNode.StreamJoin join) {
        return title(join.type(), "StreamJoin")
                + " WITHIN ("
                + length(join.beforeMs())
                + ", "
                + length(join.afterMs())
                + ") GRACE PERIOD "
                + length(join.graceMs())
                + conditions(
                        join,
                        join.left(),
                        join.right(),
                        join.leftKeys(),
                        join.rightKeys(),
                        join.residual())
                + "  state: both sides, until closed";
    }

    private static String length(long ms) {
        return ms == 0 ? "0" : Duration.ofMillis(ms).toString().substring(1).replace("T", "");
    }

    private static String conditions(
            PlanNode join,
            PlanNode left,
            PlanNode right,
            int[] leftKeys,
            int[] rightKeys,
            RexNode residual) {
        List<String> conditions = equalities(left, right, leftKeys, rightKeys);
        if (residual != null) {
            conditions.add(Expressions.text(residual, join.schema()));
        }
        return conditions.isEmpty() ? " of every pair" : " ON " + String.join(" AND ", conditions);
    }

    private static String title(JoinRelType type, String what) {
        return type == JoinRelType.INNER
                ? what
                : type.name().charAt(0) + type.name().substring(1).toLowerCase(Locale.ROOT) + what;
    }

    private static List<String> equalities(
            PlanNode left, PlanNode right, int[] leftKeys, int[] rightKeys) {
        List<String> texts = new ArrayList<>();
        for (int i = 0; i < leftKeys.length; i++) {
            texts.add(
                    Expressions.name(left.schema(), leftKeys[i])
                            + " = "
                            + Expressions.name(right.schema(), rightKeys[i]));
        }
        return texts;
    }

    private static String sort(PlanNode.Sort sort) {
        String columns =
                IntStream.range(0, sort.columns().length)
                        .mapToObj(i ->
                                Expressions.name(sort.schema(), sort.columns()[i])
                                        + (sort.descending()[i] ? " DESC" : ""))
                        .collect(Collectors.joining(", ", "[", "]"));
        return "Sort "
                + columns
                + (sort.limit() < 0 ? "" : " LIMIT " + sort.limit())
                + (sort.offset() == 0 ? "" : " OFFSET " + sort.offset());
    }

    private static String names(Schema schema, int[] columns) {
        return Arrays.stream(columns)
                .mapToObj(column -> Expressions.name(schema, column))
                .collect(Collectors.joining(", ", "[", "]"));
    }
}
