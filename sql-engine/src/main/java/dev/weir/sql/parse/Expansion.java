package dev.weir.sql.parse;

import dev.weir.sql.error.Position;
import dev.weir.sql.error.SqlException;
import dev.weir.sql.error.SqlState;

import org.apache.calcite.sql.SqlCall;
import org.apache.calcite.sql.SqlIdentifier;
import org.apache.calcite.sql.SqlJoin;
import org.apache.calcite.sql.SqlNode;
import org.apache.calcite.sql.SqlNodeList;
import org.apache.calcite.sql.SqlSelect;
import org.apache.calcite.sql.SqlWith;
import org.apache.calcite.sql.SqlWithItem;

import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/// How large a query becomes when all is written out that Calcite, or its parser, repeats:
/// `NULLIF(a, b)` is `CASE WHEN a = b THEN NULL ELSE a END`, `CASE x WHEN 1 … WHEN 2 …` compares x
/// each time, and a query of WITH stands wherever it is named. One in the other, thirty of them
/// become a thousand million expressions, which would keep a processor busy for hours.
///
/// Asked once, right after a statement was parsed and before anything visits its syntax trees, in
/// which the parser's repetitions are already. Owned by one statement. Takes a time that grows with
/// the text.
final class Expansion {
    /// Beyond so many repeated expressions a query takes seconds to plan.
    private static final long MOST_REPEATED = 200_000;

    /// No number grows beyond it.
    private static final long UNBOUNDED = 1L << 40;

    private final IdentityHashMap<SqlNode, Long> sizes = new IdentityHashMap<>();
    private final Map<String, Long> named = new HashMap<>();

    private Expansion() {}

    /// Looks at all queries and expressions of a statement.
    ///
    /// @throws SqlException LIMIT_EXCEEDED if one becomes too large
    static void check(Statement statement) {
        switch (statement) {
            case Statement.Select select -> check(select);
            case Statement.CopyOut(Statement.Select select) -> check(select);
            case Statement.InsertSelect insert -> check(insert.select());
            case Statement.CreateAs create -> check(create.select());
            case Statement.Explain explain -> explain.statement().ifPresent(Expansion::check);
            case Statement.InsertValues insert ->
                    insert.rows().forEach(row -> row.forEach(Expansion::check));
            case Statement.Update update -> {
                update.assignments().forEach(assignment -> check(assignment.value()));
                update.where().ifPresent(Expansion::check);
            }
            case Statement.Delete delete -> delete.where().ifPresent(Expansion::check);
            case Statement.CreateSource _,
                    Statement.Show _,
                    Statement.Describe _,
                    Statement.DescribeFunction _,
                    Statement.DescribeConsumerGroup _,
                    Statement.Drop _,
                    Statement.Terminate _,
                    Statement.Print _,
                    Statement.SetProperty _,
                    Statement.UnsetProperty _,
                    Statement.CancelQuery _,
                    Statement.Alter _,
                    Statement.Define _,
                    Statement.Undefine _ -> {
                // No expressions are in them.
            }
        }
    }

    private static void check(Statement.Select select) {
        check(select.query());
        select.partitionBy().forEach(Expansion::check);
    }

    private static void check(SqlNode query) {
        if (!(query instanceof SqlCall)) {
            return;
        }
        var expansion = new Expansion();
        if (expansion.size(query) - expansion.sizes.size() > MOST_REPEATED) {
            throw new SqlException(
                    SqlState.LIMIT_EXCEEDED,
                    new Position(
                            Math.max(1, query.getParserPosition().getLineNum()),
                            Math.max(1, query.getParserPosition().getColumnNum())),
                    "the statement repeats more than " + MOST_REPEATED + " expressions",
                    "COALESCE, IFNULL, NULLIF, BETWEEN, IN, CASE x WHEN and queries of WITH repeat"
                            + " what is in them: split it up.");
        }
    }

    private long size(SqlNode node) {
        if (node == null) {
            return 0;
        }
        Long known = sizes.get(node);
        if (known != null) {
            return known;
        }
        long size =
                Math.min(
                        UNBOUNDED,
                        1
                                + switch (node) {
                                    case SqlWith with -> with(with);
                                    case SqlSelect select -> select(select);
                                    case SqlCall call -> call(call);
                                    case SqlNodeList list -> sum(list);
                                    default -> 0;
                                });
        sizes.put(node, size);
        return size;
    }

    private long sum(Iterable<SqlNode> nodes) {
        long sum = 0;
        for (SqlNode node : nodes) {
            sum += size(node);
        }
        return sum;
    }

    private long call(SqlCall call) {
        List<SqlNode> operands = call.getOperandList();
        long once = sum(operands);
        if (operands.isEmpty()) {
            return once;
        }
        long first = size(operands.getFirst());
        return switch (call.getKind()) {
            case IS_DISTINCT_FROM, IS_NOT_DISTINCT_FROM -> 3 * once;
            case BETWEEN -> once + first;
            case IN, NOT_IN, SOME, ALL ->
                    operands.getLast() instanceof SqlNodeList list
                            ? once + list.size() * first
                            : once;
            default ->
                    switch (call.getOperator().getName().toUpperCase(Locale.ROOT)) {
                        case "COALESCE" -> 2 * once - size(operands.getLast());
                        case "NULLIF", "IFNULL", "NVL" -> once + first;
                        default -> once;
                    };
        };
    }

    private long with(SqlWith with) {
        for (SqlNode each : with.withList) {
            var item = (SqlWithItem) each;
            named.put(item.name.getSimple(), size(item.query));
        }
        return size(with.body);
    }

    private long select(SqlSelect select) {
        SqlNode from = select.getFrom();
        long size = from(from);
        for (SqlNode operand : select.getOperandList()) {
            size += operand == from ? 0 : size(operand);
        }
        return size;
    }

    /// What stands behind FROM: here names may be those of WITH.
    private long from(SqlNode node) {
        return switch (node) {
            case null -> 0;
            case SqlIdentifier name when name.isSimple() ->
                    named.getOrDefault(name.getSimple(), size(name));
            case SqlWith with -> size(with);
            case SqlSelect select -> size(select);
            case SqlJoin join ->
                    Math.min(
                            UNBOUNDED,
                            1
                                    + from(join.getLeft())
                                    + from(join.getRight())
                                    + size(join.getCondition()));
            case SqlCall call -> {
                long sum = 1;
                for (SqlNode operand : call.getOperandList()) {
                    sum += from(operand);
                }
                // Either the relations that it names count, or the expressions that it has.
                yield Math.min(UNBOUNDED, Math.max(sum, size(call)));
            }
            default -> size(node);
        };
    }
}
