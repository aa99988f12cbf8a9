package dev.weir.sql.analyze;

import dev.weir.sql.function.Functions;

import org.apache.calcite.rel.RelNode;
import org.apache.calcite.rel.core.Aggregate;
import org.apache.calcite.rel.core.Filter;
import org.apache.calcite.rel.core.Project;
import org.apache.calcite.rex.RexCall;
import org.apache.calcite.rex.RexNode;
import org.apache.calcite.sql.SqlOperator;

/// Where a query groups by sessions. The bounds of a session are calls upon each row, and mean
/// something only once rows are grouped by them: rules for groups in general do not hold there.
public final class SessionCalls {
    private SessionCalls() {}

    /// Whether an aggregate's groups are sessions.
    public static boolean makeGroupsOf(Aggregate aggregate) {
        return areIn(aggregate.getInput());
    }

    /// Whether an operator is the start or the end of a session.
    public static boolean isBound(SqlOperator operator) {
        return operator.equals(Functions.SESSION_START) || operator.equals(Functions.SESSION_END);
    }

    /// Whether an expression has a bound of a session in it.
    public static boolean areIn(RexNode expression) {
        return expression instanceof RexCall call
                && (isBound(call.getOperator())
                        || call.getOperands().stream().anyMatch(SessionCalls::areIn));
    }

    private static boolean areIn(RelNode rel) {
        return switch (rel.stripped()) {
            case Project project ->
                    project.getProjects().stream().anyMatch(SessionCalls::areIn)
                            || areIn(project.getInput());
            case Filter filter -> areIn(filter.getInput());
            default -> false;
        };
    }
}
