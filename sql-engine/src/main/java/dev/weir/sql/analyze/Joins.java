package dev.weir.sql.analyze;

import dev.weir.sql.catalog.Relation;
import dev.weir.sql.error.SqlException;
import dev.weir.sql.error.SqlState;

import org.apache.calcite.plan.RelOptUtil;
import org.apache.calcite.rel.RelHomogeneousShuttle;
import org.apache.calcite.rel.RelNode;
import org.apache.calcite.rel.core.Join;
import org.apache.calcite.rel.core.JoinInfo;
import org.apache.calcite.rel.core.JoinRelType;
import org.apache.calcite.rel.core.TableScan;
import org.apache.calcite.rel.hint.HintPredicates;
import org.apache.calcite.rel.hint.HintStrategyTable;
import org.apache.calcite.rel.hint.RelHint;
import org.apache.calcite.rel.logical.LogicalJoin;
import org.apache.calcite.rex.RexCall;
import org.apache.calcite.rex.RexLiteral;
import org.apache.calcite.rex.RexNode;
import org.apache.calcite.rex.RexUtil;
import org.apache.calcite.sql.SqlFunction;
import org.apache.calcite.sql.SqlFunctionCategory;
import org.apache.calcite.sql.SqlKind;
import org.apache.calcite.sql.type.OperandTypes;
import org.apache.calcite.sql.type.ReturnTypes;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// What a join means: that depends on whether its sides are streams or tables.
///
/// WITHIN travels from the syntax to the algebra as a call in the join's condition, and from there
/// on as a hint of the join.
public final class Joins {
    /// How long rows are waited for without GRACE PERIOD: as in ksqlDB.
    static final Duration DEFAULT_GRACE = Duration.ofHours(24);

    static final SqlFunction WITHIN =
            new SqlFunction(
                    "WEIR_WITHIN",
                    SqlKind.OTHER_FUNCTION,
                    ReturnTypes.BOOLEAN,
                    null,
                    OperandTypes.VARIADIC,
                    SqlFunctionCategory.USER_DEFINED_FUNCTION);

    private static final String HINT = "WITHIN";

    /// What the planner must know to carry hints along.
    static final HintStrategyTable HINTS =
            HintStrategyTable.builder().hintStrategy(HINT, HintPredicates.JOIN).build();

    private Joins() {}

    /// One of three.
    public sealed interface Meaning {
        /// The result changes as its sides do.
        record KeptUpToDate() implements Meaning {}

        /// Each row of a stream meets the row a table has for its key as of its time.
        record Lookup(boolean streamOnLeft) implements Meaning {}

        /// Rows of two streams meet that are near each other in time.
        record Within(long beforeMs, long afterMs, long graceMs) implements Meaning {}
    }

    /// Makes hints of the calls of WITHIN.
    static RelNode withBounds(RelNode rel) {
        return rel.accept(
                new RelHomogeneousShuttle() {
                    @Override
                    public RelNode visit(LogicalJoin join) {
                        return bounded((LogicalJoin) super.visit(join));
                    }
                });
    }

    private static RelNode bounded(LogicalJoin join) {
        List<RexNode> kept = new ArrayList<>();
        RelHint hint = null;
        for (RexNode condition : RelOptUtil.conjunctions(join.getCondition())) {
            if (condition instanceof RexCall call && call.getOperator().equals(WITHIN)) {
                RelHint.Builder builder = RelHint.builder(HINT);
                for (RexNode operand : call.getOperands()) {
                    builder.hintOption(
                            RexLiteral.bigDecimalValue(operand).toBigIntegerExact().toString());
                }
                hint = builder.build();
            } else {
                kept.add(condition);
            }
        }
        if (hint == null) {
            return join;
        }
        Join bare =
                join.copy(
                        join.getTraitSet(),
                        RexUtil.composeConjunction(join.getCluster().getRexBuilder(), kept),
                        join.getLeft(),
                        join.getRight(),
                        join.getJoinType(),
                        join.isSemiJoinDone());
        return ((LogicalJoin) bare).withHints(List.of(hint));
    }

    private static Optional<Meaning.Within> bounds(Join join) {
        return join.getHints().stream()
                .filter(hint -> hint.hintName.equals(HINT))
                .findFirst()
                .map(hint ->
                        new Meaning.Within(
                                Long.parseLong(hint.listOptions.get(0)),
                                Long.parseLong(hint.listOptions.get(1)),
                                Long.parseLong(hint.listOptions.get(2))));
    }

    /// Whether the rows of an expression are those of a stream.
    public static boolean isStream(RelNode rel) {
        return RowTraits.of(rel).appendOnly() && readsStream(rel);
    }

    private static boolean readsStream(RelNode rel) {
        return rel instanceof TableScan scan
                ? !scan.getTable().unwrap(RelationTable.class).relation().isTable()
                : rel.getInputs().stream().anyMatch(Joins::readsStream);
    }

    /// What a join means.
    ///
    /// @throws SqlException without position, when it means nothing
    public static Meaning meaning(Join join) {
        boolean left = isStream(join.getLeft());
        boolean right = isStream(join.getRight());
        Optional<Meaning.Within> bounds = bounds(join);
        if (left && right) {
            return ofStreams(join, bounds);
        }
        if (bounds.isPresent()) {
            throw refused(
                    "WITHIN bounds a join of two streams, and this is one with a table",
                    "Leave WITHIN out: a stream looks a table up as of each row's time.");
        }
        return left || right ? lookup(join, left) : new Meaning.KeptUpToDate();
    }

    private static Meaning ofStreams(Join join, Optional<Meaning.Within> bounds) {
        if (join.analyzeCondition().leftKeys.isEmpty()) {
            throw refused(
                    "a join of streams needs an equality between its sides",
                    "Add one: ON a.id = b.id.");
        }
        if (bounds.isPresent()) {
            return bounds.get();
        }
        if (join.getJoinType() != JoinRelType.INNER) {
            throw refused(
                    join.getJoinType() + " JOIN of two streams needs WITHIN",
                    "It says how long a row waits for another: JOIN b WITHIN 1 HOUR ON ...");
        }
        return new Meaning.KeptUpToDate();
    }

    private static Meaning lookup(Join join, boolean streamOnLeft) {
        JoinRelType type = join.getJoinType();
        boolean keepsTable =
                streamOnLeft ? type.generatesNullsOnLeft() : type.generatesNullsOnRight();
        if (keepsTable) {
            throw refused(
                    "a join of a stream with a table cannot keep the rows of the table",
                    "The stream looks the table up: FROM stream LEFT JOIN table ON ... To join two"
                            + " tables, make one of the stream with GROUP BY.");
        }
        JoinInfo info = join.analyzeCondition();
        RelNode table = streamOnLeft ? join.getRight() : join.getLeft();
        RowTraits rows = RowTraits.of(table);
        if (!rows.isUniqueOn(streamOnLeft ? info.rightKeys : info.leftKeys)) {
            List<String> names = table.getRowType().getFieldNames();
            String key =
                    rows.keys().isEmpty()
                            ? "its key"
                            : String.join(
                                    ", ", rows.keys().getFirst().stream().map(names::get).toList());
            throw refused(
                    "a stream is joined with a table by the table's whole primary key",
                    "Join ON an equality with "
                            + key
                            + name(table).map(n -> " of " + n).orElse("")
                            + "; a table with another key is made with GROUP BY.");
        }
        return new Meaning.Lookup(streamOnLeft);
    }

    private static Optional<String> name(RelNode rel) {
        return rel instanceof TableScan scan
                ? Optional.of(scan.getTable().unwrap(RelationTable.class).relation())
                        .map(Relation::name)
                : Optional.empty();
    }

    private static SqlException refused(String message, String hint) {
        return new SqlException(SqlState.FEATURE_NOT_SUPPORTED, null, message, hint);
    }
}
