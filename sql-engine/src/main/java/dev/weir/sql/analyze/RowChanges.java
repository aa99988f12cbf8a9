package dev.weir.sql.analyze;

import dev.weir.sql.catalog.Catalog;
import dev.weir.sql.catalog.Relation;
import dev.weir.sql.catalog.RelationColumn;
import dev.weir.sql.error.Position;
import dev.weir.sql.error.SqlException;
import dev.weir.sql.error.SqlState;
import dev.weir.sql.parse.Name;
import dev.weir.sql.parse.Statement;

import org.apache.calcite.sql.SqlCall;
import org.apache.calcite.sql.SqlIdentifier;
import org.apache.calcite.sql.SqlKind;
import org.apache.calcite.sql.SqlNode;
import org.apache.calcite.sql.SqlNodeList;
import org.apache.calcite.sql.SqlSelect;
import org.apache.calcite.sql.fun.SqlStdOperatorTable;
import org.apache.calcite.sql.parser.SqlParserPos;
import org.apache.calcite.sql.util.SqlBasicVisitor;
import org.apache.calcite.util.Util;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.stream.IntStream;

/// UPDATE and DELETE as pull queries over the rows they change: those of certain keys of a table
/// over a topic.
final class RowChanges {
    private final Catalog catalog;

    RowChanges(Catalog catalog) {
        this.catalog = catalog;
    }

    Analyzed.Update update(Statement.Update update, Relation target) {
        check("UPDATE", "Update", update.target(), target, update.where());
        SqlNode[] items = new SqlNode[target.columns().size()];
        for (int i = 0; i < items.length; i++) {
            items[i] = new SqlIdentifier(target.columns().get(i).name(), SqlParserPos.ZERO);
        }
        Set<Integer> set = new HashSet<>();
        for (Statement.Assignment assignment : update.assignments()) {
            Name name = assignment.column();
            int column = target.schema().indexOf(name.text());
            if (column < 0) {
                throw TargetColumns.unknown(name, target);
            }
            if (target.columns().get(column).key()) {
                throw new SqlException(
                        SqlState.FEATURE_NOT_SUPPORTED,
                        name.position(),
                        "the primary key column \"" + name + "\" cannot be updated",
                        "DELETE the row and INSERT it under its new key.");
            }
            if (!set.add(column)) {
                throw new SqlException(
                        SqlState.DUPLICATE_COLUMN,
                        name.position(),
                        "column \"" + name + "\" is given twice",
                        "Assign each column once.");
            }
            items[column] = assignment.value();
        }
        for (int i = 0; i < items.length; i++) {
            items[i] =
                    SqlStdOperatorTable.AS.createCall(
                            items[i].getParserPosition(),
                            items[i],
                            new SqlIdentifier(target.columns().get(i).name(), SqlParserPos.ZERO));
        }
        Analyzed.Query query = query(List.of(items), update.target(), update.where());
        return new Analyzed.Update(
                target,
                Assignments.of(
                        query,
                        target.columns(),
                        IntStream.range(0, items.length).toArray(),
                        true,
                        update.assignments().getFirst().column().position()));
    }

    Analyzed.Delete delete(Statement.Delete delete, Relation target) {
        check("DELETE", "Delete", delete.target(), target, delete.where());
        List<SqlNode> keys = new ArrayList<>();
        for (int column : target.keyColumns()) {
            keys.add(new SqlIdentifier(target.columns().get(column).name(), SqlParserPos.ZERO));
        }
        return new Analyzed.Delete(target, query(keys, delete.target(), delete.where()));
    }

    private Analyzed.Query query(List<SqlNode> items, Name target, Optional<SqlNode> where) {
        SqlParserPos pos = new SqlParserPos(target.position().line(), target.position().column());
        SqlSelect select =
                new SqlSelect(
                        pos,
                        SqlNodeList.EMPTY,
                        new SqlNodeList(items, pos),
                        new SqlIdentifier(target.text(), pos),
                        where.orElseThrow(),
                        null,
                        null,
                        null,
                        null,
                        null,
                        null,
                        null,
                        null);
        return new Queries(catalog)
                .analyze(
                        new Statement.Select(select, false, OptionalLong.empty(), List.of()),
                        false,
                        false);
    }

    // ---- what may be changed ----

    private static void check(
            String verb, String verbs, Name name, Relation target, Optional<SqlNode> where) {
        Position position = name.position();
        String what = target.kind().name().toLowerCase(Locale.ROOT) + " \"" + target.name() + "\"";
        if (!target.isTable()) {
            throw new SqlException(
                    SqlState.WRONG_OBJECT_TYPE,
                    position,
                    verb + " is for tables, and \"" + target.name() + "\" is a stream",
                    "The rows of a stream are facts: insert another one, or make a table of the"
                            + " stream with GROUP BY.");
        }
        if (target.isDerived()) {
            throw new SqlException(
                    SqlState.WRONG_OBJECT_TYPE,
                    position,
                    what + " is written by the query " + target.queryId().orElseThrow(),
                    verbs + " the rows of what the query reads.");
        }
        Set<String> fixed = new HashSet<>();
        where.ifPresent(condition -> fixed(condition, fixed));
        List<String> missing = new ArrayList<>();
        for (int column : target.keyColumns()) {
            RelationColumn key = target.columns().get(column);
            if (!fixed.contains(key.name().toLowerCase(Locale.ROOT))) {
                missing.add(key.name());
            }
        }
        if (!missing.isEmpty()) {
            throw new SqlException(
                    SqlState.FEATURE_NOT_SUPPORTED,
                    where.map(w -> Refusals.position(w.getParserPosition())).orElse(position),
                    verb
                            + " needs the primary key of the rows, and WHERE does not fix "
                            + String.join(", ", missing),
                    "Write WHERE "
                            + String.join(" AND ", missing.stream().map(k -> k + " = ...").toList())
                            + ", or IN (...) for several rows; more conditions may follow with"
                            + " AND.");
        }
    }

    /// The columns that a condition compares with constants: `a = 1 AND b IN (2, 3)`.
    private static void fixed(SqlNode condition, Set<String> columns) {
        if (!(condition instanceof SqlCall call)) {
            return;
        }
        if (call.getKind() == SqlKind.AND) {
            call.getOperandList().forEach(operand -> fixed(operand, columns));
        } else if (call.getKind() == SqlKind.EQUALS || call.getKind() == SqlKind.IN) {
            take(call.operand(0), call.operand(1), columns);
            if (call.getKind() == SqlKind.EQUALS) {
                take(call.operand(1), call.operand(0), columns);
            }
        }
    }

    private static void take(SqlNode column, SqlNode value, Set<String> columns) {
        if (column instanceof SqlIdentifier id && isConstant(value)) {
            columns.add(id.names.getLast().toLowerCase(Locale.ROOT));
        }
    }

    private static boolean isConstant(SqlNode node) {
        try {
            node.accept(
                    new SqlBasicVisitor<Void>() {
                        @Override
                        public Void visit(SqlIdentifier id) {
                            throw Util.FoundOne.NULL;
                        }

                        @Override
                        public Void visit(SqlCall call) {
                            if (call.getKind() == SqlKind.SELECT) {
                                throw Util.FoundOne.NULL;
                            }
                            for (SqlNode operand : call.getOperandList()) {
                                if (operand != null) {
                                    operand.accept(this);
                                }
                            }
                            return null;
                        }
                    });
            return true;
        } catch (Util.FoundOne found) {
            return false;
        }
    }
}
