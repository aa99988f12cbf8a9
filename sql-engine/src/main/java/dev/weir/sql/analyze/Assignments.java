package dev.weir.sql.analyze;

import dev.weir.sql.batch.Field;
import dev.weir.sql.batch.Primitive;
import dev.weir.sql.batch.Schema;
import dev.weir.sql.batch.SqlType;
import dev.weir.sql.catalog.RelationColumn;
import dev.weir.sql.error.Position;
import dev.weir.sql.error.SqlException;
import dev.weir.sql.error.SqlState;

import org.apache.calcite.rel.RelNode;
import org.apache.calcite.rel.core.Project;
import org.apache.calcite.rel.logical.LogicalProject;
import org.apache.calcite.rel.type.RelDataType;
import org.apache.calcite.rex.RexBuilder;
import org.apache.calcite.rex.RexLiteral;
import org.apache.calcite.rex.RexNode;
import org.apache.calcite.sql.type.SqlTypeName;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/// The columns of a query as those of the relation they are written to.
final class Assignments {
    private Assignments() {}

    /// The query with the columns of the target, cast to their types; -1 for NULL.
    ///
    /// @param from for each column of the target the query's
    /// @param narrow numbers may go into smaller types; those that do not fit fail when they come
    static Analyzed.Query of(
            Analyzed.Query query,
            List<RelationColumn> target,
            int[] from,
            boolean narrow,
            Position position) {
        RelNode rel = query.rel();
        RexBuilder rex = rel.getCluster().getRexBuilder();
        List<RexNode> projects = new ArrayList<>();
        List<Field> fields = new ArrayList<>();
        for (int i = 0; i < target.size(); i++) {
            RelationColumn column = target.get(i);
            RelDataType type = RelTypes.toRel(column.type(), rel.getCluster().getTypeFactory());
            fields.add(new Field(column.name(), column.type()));
            if (from[i] < 0 || isNull(rel, from[i])) {
                projects.add(rex.makeNullLiteral(type));
                continue;
            }
            SqlType given = query.schema().type(from[i]);
            if (!isAssignable(given, column.type(), narrow || isLiteral(rel, from[i]))) {
                throw new SqlException(
                        SqlState.DATATYPE_MISMATCH,
                        position,
                        "column \""
                                + column.name()
                                + "\" is of type "
                                + column.type().sql()
                                + " but the expression is of type "
                                + given.sql(),
                        "CAST the expression to " + column.type().sql() + ".");
            }
            RexNode value = rex.makeInputRef(rel, from[i]);
            projects.add(
                    sameBut(given, column.type())
                            ? value
                            : rex.makeAbstractCast(type, value, false));
        }
        Schema schema = new Schema(fields);
        return new Analyzed.Query(
                LogicalProject.create(rel, List.of(), projects, schema.names(), Set.of()),
                query.emitChanges(),
                query.limit(),
                query.sources(),
                schema,
                query.window());
    }

    private static boolean isNull(RelNode rel, int column) {
        return rel.getRowType().getFieldList().get(column).getType().getSqlTypeName()
                        == SqlTypeName.NULL
                || (rel instanceof Project project
                        && project.getProjects().get(column) instanceof RexLiteral literal
                        && literal.isNull());
    }

    private static boolean isLiteral(RelNode rel, int column) {
        return rel instanceof Project project
                && project.getProjects().get(column) instanceof RexLiteral;
    }

    /// @param loose the value is a literal, or numbers may get smaller types
    private static boolean isAssignable(SqlType from, SqlType to, boolean loose) {
        if (sameBut(from, to)) {
            return true;
        }
        return switch (to) {
            case Primitive.BIGINT -> from == Primitive.INT || (loose && isNumber(from));
            case Primitive.DOUBLE -> isNumber(from);
            case SqlType.Decimal(int precision, int scale) ->
                    loose
                            ? isNumber(from)
                            : switch (from) {
                                case Primitive.INT -> precision - scale >= 10;
                                case Primitive.BIGINT -> precision - scale >= 19;
                                case SqlType.Decimal(int p, int s) ->
                                        s <= scale && p - s <= precision - scale;
                                default -> false;
                            };
            case Primitive.INT -> loose && isNumber(from);
            case Primitive.TIMESTAMP -> from == Primitive.DATE || (loose && isText(from));
            case Primitive.DATE, Primitive.TIME -> loose && isText(from);
            default -> false;
        };
    }

    private static boolean isText(SqlType type) {
        return type == Primitive.VARCHAR;
    }

    private static boolean isNumber(SqlType type) {
        return type == Primitive.INT
                || type == Primitive.BIGINT
                || type == Primitive.DOUBLE
                || type instanceof SqlType.Decimal;
    }

    /// The same but for the case of fields' names.
    private static boolean sameBut(SqlType a, SqlType b) {
        return switch (a) {
            case SqlType.Array(SqlType x) when b instanceof SqlType.Array(SqlType y) ->
                    sameBut(x, y);
            case SqlType.MapOf(SqlType k, SqlType v)
                    when b instanceof SqlType.MapOf(SqlType l, SqlType w) ->
                    sameBut(k, l) && sameBut(v, w);
            case SqlType.Struct(List<Field> x) when b instanceof SqlType.Struct(List<Field> y) -> {
                boolean same = x.size() == y.size();
                for (int i = 0; same && i < x.size(); i++) {
                    same =
                            x.get(i).name().equalsIgnoreCase(y.get(i).name())
                                    && sameBut(x.get(i).type(), y.get(i).type());
                }
                yield same;
            }
            default -> a.equals(b);
        };
    }
}
