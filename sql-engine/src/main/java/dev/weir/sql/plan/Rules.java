package dev.weir.sql.plan;

import dev.weir.sql.analyze.Constants;
import dev.weir.sql.analyze.SessionCalls;
import dev.weir.sql.error.Checkpoint;

import org.apache.calcite.plan.Contexts;
import org.apache.calcite.plan.RelOptRule;
import org.apache.calcite.plan.RelRule;
import org.apache.calcite.plan.hep.HepPlanner;
import org.apache.calcite.plan.hep.HepProgram;
import org.apache.calcite.rel.RelNode;
import org.apache.calcite.rel.core.Aggregate;
import org.apache.calcite.rel.core.Filter;
import org.apache.calcite.rel.core.Join;
import org.apache.calcite.rel.core.RelFactories;
import org.apache.calcite.rel.rules.CoreRules;
import org.apache.calcite.rel.rules.FilterAggregateTransposeRule;
import org.apache.calcite.rel.rules.PruneEmptyRules;
import org.apache.calcite.rel.rules.ReduceExpressionsRule;
import org.apache.calcite.rex.RexCall;
import org.apache.calcite.rex.RexNode;
import org.apache.calcite.sql.SqlKind;
import org.apache.calcite.sql2rel.RelFieldTrimmer;
import org.apache.calcite.tools.RelBuilder;
import org.apache.calcite.tools.RelBuilderFactory;

import java.util.ArrayList;
import java.util.List;

/// The rewrites of the algebra, in their order: set operations become simpler ones, keys get one
/// type, conditions sink and merge while their constants are folded, then columns nobody reads are
/// cut away, then what that left doubled is merged.
///
/// Calcite's rule that folds constants in projections is left out: it also replaces `id` by 5 above
/// `id = 5`, and with that the column is no longer known as a key. [ConstantFolder] does without.
final class Rules {
    /// A condition on the bounds of a session is not one on the times of its rows.
    private static final RelOptRule FILTER_AGGREGATE =
            CoreRules.FILTER_AGGREGATE_TRANSPOSE
                    .config
                    .withOperandSupplier(filter ->
                            filter.operand(Filter.class)
                                    .oneInput(below ->
                                            below.operand(Aggregate.class)
                                                    .predicate(a -> !SessionCalls.makeGroupsOf(a))
                                                    .anyInputs()))
                    .as(FilterAggregateTransposeRule.Config.class)
                    .toRule();

    /// Set operations as UNION ALL and aggregates, which operators exist for.
    private static final HepProgram SETS =
            program(
                    List.of(
                            CoreRules.UNION_TO_DISTINCT,
                            CoreRules.INTERSECT_TO_DISTINCT,
                            CoreRules.MINUS_TO_DISTINCT));

    private static final List<RelOptRule> PUSHING =
            List.of(
                    CoreRules.FILTER_INTO_JOIN,
                    CoreRules.JOIN_CONDITION_PUSH,
                    CoreRules.JOIN_PUSH_EXPRESSIONS,
                    CoreRules.FILTER_PROJECT_TRANSPOSE,
                    FILTER_AGGREGATE,
                    CoreRules.FILTER_MERGE,
                    CoreRules.PROJECT_MERGE,
                    CoreRules.PROJECT_REMOVE,
                    CoreRules.FILTER_REDUCE_EXPRESSIONS,
                    CoreRules.JOIN_REDUCE_EXPRESSIONS,
                    CoreRules.FILTER_SET_OP_TRANSPOSE,
                    PruneEmptyRules.FILTER_INSTANCE,
                    PruneEmptyRules.UNION_INSTANCE,
                    PruneEmptyRules.PROJECT_INSTANCE,
                    PruneEmptyRules.SORT_INSTANCE,
                    PruneEmptyRules.JOIN_LEFT_INSTANCE,
                    PruneEmptyRules.JOIN_RIGHT_INSTANCE);

    private static final List<RelOptRule> MERGING =
            List.of(
                    CoreRules.FILTER_PROJECT_TRANSPOSE,
                    CoreRules.FILTER_MERGE,
                    CoreRules.PROJECT_MERGE,
                    CoreRules.PROJECT_REMOVE);

    private static final HepProgram PUSH = program(PUSHING);
    private static final HepProgram MERGE = program(MERGING);

    /// Calcite simplifies conditions in a time that grows with the third power of what they
    /// connect, and cannot be stopped within: `NOT IN` of a thousand literals takes minutes. Wider
    /// conditions stay as they are.
    private static final int WIDEST_SIMPLIFIED = 100;

    private static final RelBuilderFactory PLAIN_BUILDER =
            RelBuilder.proto(Contexts.of(RelBuilder.Config.DEFAULT.withSimplify(false)));

    private static final HepProgram PUSH_WIDE = program(unsimplified(PUSHING));
    private static final HepProgram MERGE_WIDE = program(unsimplified(MERGING));

    private Rules() {}

    static RelNode apply(RelNode rel) {
        boolean wide = isWide(rel);
        RelNode sets = run(SETS, rel).accept(new KeyTypes());
        RelNode pushed = run(wide ? PUSH_WIDE : PUSH, sets);
        RelBuilderFactory builders = wide ? PLAIN_BUILDER : RelFactories.LOGICAL_BUILDER;
        RelNode trimmed =
                new RelFieldTrimmer(null, builders.create(pushed.getCluster(), null)).trim(pushed);
        return run(wide ? MERGE_WIDE : MERGE, trimmed);
    }

    private static boolean isWide(RelNode rel) {
        RexNode condition =
                switch (rel) {
                    case Filter filter -> filter.getCondition();
                    case Join join -> join.getCondition();
                    default -> null;
                };
        return (condition != null && isWide(condition))
                || rel.getInputs().stream().anyMatch(Rules::isWide);
    }

    private static boolean isWide(RexNode condition) {
        return condition instanceof RexCall call
                && (terms(call, call.getKind()) > WIDEST_SIMPLIFIED
                        || call.getOperands().stream().anyMatch(Rules::isWide));
    }

    /// How many operands AND or OR has, with those of its like within it: Calcite flattens them.
    private static int terms(RexNode node, SqlKind kind) {
        if (node.getKind() != kind || (kind != SqlKind.AND && kind != SqlKind.OR)) {
            return 1;
        }
        int terms = 0;
        for (RexNode operand : ((RexCall) node).getOperands()) {
            terms += terms(operand, kind);
            if (terms > WIDEST_SIMPLIFIED) {
                break;
            }
        }
        return terms;
    }

    /// The rules without those that only simplify, and the others so that they do not.
    private static List<RelOptRule> unsimplified(List<RelOptRule> rules) {
        List<RelOptRule> plain = new ArrayList<>();
        for (RelOptRule rule : rules) {
            if (!(rule instanceof ReduceExpressionsRule)) {
                plain.add(
                        rule instanceof RelRule<?> configured
                                ? configured
                                        .config
                                        .withRelBuilderFactory(PLAIN_BUILDER)
                                        .as(RelRule.Config.class)
                                        .toRule()
                                : rule);
            }
        }
        return plain;
    }

    private static RelNode run(HepProgram program, RelNode rel) {
        HepPlanner planner =
                new HepPlanner(program) {
                    // Called before each rule.
                    @Override
                    public void checkCancel() {
                        Checkpoint.pass();
                    }
                };
        planner.setExecutor(Constants.EXECUTOR);
        planner.setRoot(rel);
        return planner.findBestExp();
    }

    private static HepProgram program(List<RelOptRule> rules) {
        return HepProgram.builder().addRuleCollection(rules).build();
    }
}
