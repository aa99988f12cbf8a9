package dev.weir.sql.analyze;

import dev.weir.sql.error.Checkpoint;

import org.apache.calcite.rel.type.RelDataType;
import org.apache.calcite.rel.type.RelDataTypeFactory;
import org.apache.calcite.sql.SqlDynamicParam;
import org.apache.calcite.sql.SqlIdentifier;
import org.apache.calcite.sql.SqlNode;
import org.apache.calcite.sql.SqlOperatorTable;
import org.apache.calcite.sql.parser.SqlParserPos;
import org.apache.calcite.sql.type.SqlTypeName;
import org.apache.calcite.sql.validate.SelectScope;
import org.apache.calcite.sql.validate.SqlValidatorCatalogReader;
import org.apache.calcite.sql.validate.SqlValidatorImpl;
import org.apache.calcite.sql.validate.SqlValidatorScope;
import org.apache.calcite.sql.validate.SqlValidatorTable;

import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// Calcite's validator, but for two things: a star leaves out the pseudo-columns of a relation, and
/// a parameter whose type nothing tells is text, as in PostgreSQL.
final class WeirValidator extends SqlValidatorImpl {
    private final Set<SqlParserPos> stars;

    /// @param stars where the statement's stars stand: what has such a position came of a star
    WeirValidator(
            SqlOperatorTable operators,
            SqlValidatorCatalogReader catalog,
            RelDataTypeFactory types,
            Config config,
            Set<SqlParserPos> stars) {
        super(operators, catalog, types, config);
        this.stars = new HashSet<>(stars);
    }

    @Override
    protected void addToSelectList(
            List<SqlNode> list,
            Set<String> aliases,
            List<Map.Entry<String, RelDataType>> fields,
            SqlNode item,
            SelectScope scope,
            boolean includeSystemColumns) {
        if (!isHidden(item, scope)) {
            super.addToSelectList(list, aliases, fields, item, scope, includeSystemColumns);
        }
    }

    @Override
    public RelDataType deriveType(SqlValidatorScope scope, SqlNode expression) {
        Checkpoint.pass();
        return super.deriveType(scope, expression);
    }

    @Override
    protected void inferUnknownTypes(RelDataType inferred, SqlValidatorScope scope, SqlNode node) {
        Checkpoint.pass();
        boolean untyped =
                node instanceof SqlDynamicParam
                        && (inferred.equals(unknownType)
                                || inferred.getSqlTypeName() == SqlTypeName.NULL);
        super.inferUnknownTypes(
                untyped
                        ? typeFactory.createTypeWithNullability(
                                typeFactory.createSqlType(SqlTypeName.VARCHAR), true)
                        : inferred,
                scope,
                node);
    }

    private boolean isHidden(SqlNode item, SelectScope scope) {
        if (!(item instanceof SqlIdentifier id)
                || id.names.size() < 2
                || !RelationTable.isPseudoColumn(id.names.getLast())
                || !stars.contains(id.getParserPosition())) {
            return false;
        }
        SqlValidatorScope.ResolvedImpl resolved = new SqlValidatorScope.ResolvedImpl();
        scope.resolve(
                List.of(id.names.getFirst()), getCatalogReader().nameMatcher(), false, resolved);
        if (resolved.count() != 1) {
            return false;
        }
        SqlValidatorTable table = resolved.only().namespace.getTable();
        return table != null && table.unwrap(RelationTable.class) != null;
    }
}
