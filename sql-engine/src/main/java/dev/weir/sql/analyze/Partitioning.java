package dev.weir.sql.analyze;

import dev.weir.sql.batch.Field;
import dev.weir.sql.batch.Schema;
import dev.weir.sql.batch.SqlType;
import dev.weir.sql.error.SqlException;
import dev.weir.sql.error.SqlState;
import dev.weir.sql.parse.Statement;

import org.apache.calcite.plan.RelOptUtil;
import org.apache.calcite.rel.RelNode;
import org.apache.calcite.rel.core.Project;
import org.apache.calcite.rex.RexNode;
import org.apache.calcite.sql.SqlCall;
import org.apache.calcite.sql.SqlIdentifier;
import org.apache.calcite.sql.SqlKind;
import org.apache.calcite.sql.SqlNode;
import org.apache.calcite.sql.SqlSelect;
import org.apache.calcite.sql.SqlUtil;
import org.apache.calcite.sql.parser.SqlParserPos;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/// PARTITION BY: the key of a stream.
///
/// Its expressions ride along as the last columns of the query, so that they are typed and computed
/// like all others. The select list must have each of them too; that column becomes a key column,
/// and the one that rode along goes. `*` has them by itself.
final class Partitioning {
    /// A query and the columns that are its rows' key.
    ///
    /// @param key empty when the query does not say
    record Keyed(Analyzed.Query query, Optional<List<Integer>> key) {}

    private final Statement.Select select;
    private final List<SqlNode> expressions;

    private Partitioning(Statement.Select select, List<SqlNode> expressions) {
        this.select = select;
        this.expressions = expressions;
    }

    static Partitioning of(Statement.Select select) {
        if (select.partitionBy().isEmpty()) {
            return new Partitioning(select, List.of());
        }
        SqlParserPos pos = select.partitionBy().getFirst().getParserPosition();
        if (!(select.query() instanceof SqlSelect query)) {
            throw Refusals.of(
                    pos,
                    "PARTITION BY is supported only directly after a SELECT",
                    "Put the query into FROM: SELECT * FROM (...) PARTITION BY key.");
        }
        if (query.getGroup() != null || query.isDistinct()) {
            throw new SqlException(
                    SqlState.SYNTAX_ERROR,
                    Refusals.position(pos),
                    "PARTITION BY cannot stand beside "
                            + (query.isDistinct() ? "DISTINCT" : "GROUP BY"),
                    "What the rows are grouped by is their key already.");
        }
        List<SqlNode> expressions =
                select.partitionBy().stream().filter(e -> !SqlUtil.isNullLiteral(e, true)).toList();
        if (expressions.size() != select.partitionBy().size() && !expressions.isEmpty()) {
            throw new SqlException(
                    SqlState.SYNTAX_ERROR,
                    Refusals.position(pos),
                    "PARTITION BY NULL stands alone",
                    "NULL means that there is no key; leave it out of the list.");
        }
        return new Partitioning(select, expressions);
    }

    static void refuseInTable(Statement.Select select) {
        if (!select.partitionBy().isEmpty()) {
            throw Refusals.of(
                    select.partitionBy().getFirst().getParserPosition(),
                    "PARTITION BY is not supported in CREATE TABLE ... AS",
                    "GROUP BY gives a table its key; PARTITION BY is for streams.");
        }
    }

    List<SqlNode> expressions() {
        return expressions;
    }

    /// The name of a column that rides along.
    static String column(int i) {
        return "WEIR_KEY_" + i;
    }

    /// The query without what rode along.
    Keyed key(Analyzed.Query query) {
        if (select.partitionBy().isEmpty()) {
            return new Keyed(query, Optional.empty());
        }
        refuseChangingRows(query);
        int width = query.schema().size() - expressions.size();
        List<Integer> kept = new ArrayList<>(IntStream.range(0, width).boxed().toList());
        List<Field> fields = new ArrayList<>(query.schema().fields().subList(0, width));
        List<Integer> key = new ArrayList<>();
        for (int i = 0; i < expressions.size(); i++) {
            int at = selected(query.rel(), width, width + i);
            if (at < 0) {
                refuseUnlessStar(expressions.get(i));
                at = kept.size();
                kept.add(width + i);
                fields.add(
                        new Field(
                                name(expressions.get(i), fields), query.schema().type(width + i)));
            }
            refuseMaps(expressions.get(i), query.schema().type(kept.get(at)));
            if (!key.contains(at)) {
                key.add(at);
            }
        }
        if (isStar()) {
            // As ksqlDB has it: the key first, in the order of PARTITION BY.
            List<Integer> order = new ArrayList<>(key);
            IntStream.range(0, kept.size()).filter(c -> !key.contains(c)).forEach(order::add);
            return new Keyed(
                    project(
                            query,
                            order.stream().map(kept::get).toList(),
                            order.stream().map(fields::get).toList()),
                    Optional.of(IntStream.range(0, key.size()).boxed().toList()));
        }
        return new Keyed(project(query, kept, fields), Optional.of(List.copyOf(key)));
    }

    private static Analyzed.Query project(
            Analyzed.Query query, List<Integer> columns, List<Field> fields) {
        RelNode rel = RelOptUtil.createProject(query.rel(), columns);
        return new Analyzed.Query(
                rel,
                query.emitChanges(),
                query.limit(),
                query.sources(),
                new Schema(fields),
                query.window());
    }

    private void refuseChangingRows(Analyzed.Query query) {
        if (!RowTraits.of(query.rel()).appendOnly()) {
            throw Refusals.of(
                    select.partitionBy().getFirst().getParserPosition(),
                    "PARTITION BY is for streams, and the rows of this query change",
                    "GROUP BY gives a table its key.");
        }
    }

    /// The column before `width` that is the same expression as this one, or -1.
    private static int selected(RelNode rel, int width, int column) {
        if (rel instanceof Project project) {
            RexNode wanted = project.getProjects().get(column);
            for (int i = 0; i < width; i++) {
                if (project.getProjects().get(i).equals(wanted)) {
                    return i;
                }
            }
        }
        return -1;
    }

    private boolean isStar() {
        return ((SqlSelect) select.query())
                .getSelectList().stream()
                        .anyMatch(item -> item instanceof SqlIdentifier id && id.isStar());
    }

    private void refuseUnlessStar(SqlNode expression) {
        if (!isStar()) {
            throw new SqlException(
                    SqlState.INVALID_TABLE_DEFINITION,
                    Refusals.position(expression.getParserPosition()),
                    "the key " + expression + " is not selected",
                    "Add " + expression + " to the SELECT list: it becomes the key column.");
        }
    }

    /// A field is called as it is; anything else as a column without a name.
    private static String name(SqlNode expression, List<Field> taken) {
        String wanted =
                expression.getKind() == SqlKind.DOT
                        ? ((SqlCall) expression).operand(1).toString()
                        : "KSQL_COL_0";
        for (int n = 0; ; n++) {
            String name = n == 0 ? wanted : "KSQL_COL_" + (n - 1);
            if (taken.stream().noneMatch(f -> f.name().equalsIgnoreCase(name))) {
                return name;
            }
        }
    }

    private static void refuseMaps(SqlNode expression, SqlType type) {
        if (hasMap(type)) {
            throw Refusals.of(
                    expression.getParserPosition(),
                    "a key of type " + type.sql() + " is not supported",
                    "Maps have no order of entries, so equal ones may differ in bytes.");
        }
    }

    private static boolean hasMap(SqlType type) {
        return switch (type) {
            case SqlType.MapOf _ -> true;
            case SqlType.Array(SqlType element) -> hasMap(element);
            case SqlType.Struct(List<Field> fields) ->
                    fields.stream().anyMatch(f -> hasMap(f.type()));
            default -> false;
        };
    }
}
