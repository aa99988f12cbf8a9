package dev.weir.sql.plan;

import dev.weir.sql.analyze.Constants;
import dev.weir.sql.analyze.SessionCalls;
import dev.weir.sql.error.Checkpoint;

import org.apache.calcite.plan.RelOptRule;
import org.apache.calcite.plan.hep.HepPlanner;
import org.apache.calcite.plan.hep.HepProgram;
import org.apache.calcite.rel.RelNode;
import org.apache.calcite.rel.core.Aggregate;
import org.apache.calcite.rel.core.Filter;
import org.apache.calcite.rel.core.RelFactories;
import org.apache.calcite.rel.rules.CoreRules;
import org.apache.calcite.rel.rules.FilterAggregateTransposeRule;
import org.apache.calcite.rel.rules.PruneEmptyRules;
import org.apache.calcite.sql2rel.RelFieldTrimmer;

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

    private static final HepProgram PUSH =
            program(
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
                            PruneEmptyRules.JOIN_RIGHT_INSTANCE));

    private static final HepProgram MERGE =
            program(
                    List.of(
                            CoreRules.FILTER_PROJECT_TRANSPOSE,
                            CoreRules.FILTER_MERGE,
                            CoreRules.PROJECT_MERGE,
                            CoreRules.PROJECT_REMOVE));

    private Rules() {}

    static RelNode apply(RelNode rel) {
        RelNode pushed = run(PUSH, run(SETS, rel).accept(new KeyTypes()));
        RelNode trimmed =
                new RelFieldTrimmer(
                                null,
                                RelFactories.LOGICAL_BUILDER.create(pushed.getCluster(), null))
                        .trim(pushed);
        return run(MERGE, trimmed);
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
