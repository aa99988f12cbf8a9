package dev.weir.sql.parse;

import org.apache.calcite.sql.SqlCall;
import org.apache.calcite.sql.SqlDynamicParam;
import org.apache.calcite.sql.SqlNode;
import org.apache.calcite.sql.util.SqlShuttle;

import java.util.List;
import java.util.Optional;
import java.util.function.Function;

/// The parameters of a statement, `$1`, `$2`, …: which there are, and other nodes in their place.
public final class Parameters {
    private Parameters() {}

    /// The highest number of a parameter, 0 when there is none.
    public static int count(Statement statement) {
        int[] highest = new int[1];
        var _ =
                replace(
                        statement,
                        parameter -> {
                            highest[0] = Math.max(highest[0], parameter.getIndex() + 1);
                            return parameter;
                        });
        return highest[0];
    }

    /// The statement with each parameter replaced.
    public static Statement replace(
            Statement statement, Function<SqlDynamicParam, SqlNode> replacement) {
        Replacer replacer = new Replacer(replacement);
        return switch (statement) {
            case Statement.Select select -> select(select, replacer);
            case Statement.CopyOut(Statement.Select select) ->
                    new Statement.CopyOut(select(select, replacer));
            case Statement.InsertValues insert ->
                    new Statement.InsertValues(
                            insert.target(),
                            insert.columns(),
                            insert.rows().stream()
                                    .map(row -> row.stream().map(replacer::of).toList())
                                    .toList());
            case Statement.InsertSelect insert ->
                    new Statement.InsertSelect(
                            insert.target(),
                            insert.columns(),
                            insert.queryId(),
                            select(insert.select(), replacer));
            case Statement.Update update ->
                    new Statement.Update(
                            update.target(),
                            update.assignments().stream()
                                    .map(a ->
                                            new Statement.Assignment(
                                                    a.column(), replacer.of(a.value())))
                                    .toList(),
                            update.where().map(replacer::of));
            case Statement.Delete(Name target, Optional<SqlNode> where) ->
                    new Statement.Delete(target, where.map(replacer::of));
            case Statement.Explain(Optional<Statement> explained, Optional<Name> queryId) ->
                    new Statement.Explain(explained.map(s -> replace(s, replacement)), queryId);
            case Statement.CreateAs create ->
                    new Statement.CreateAs(
                            create.kind(),
                            create.name(),
                            create.properties(),
                            select(create.select(), replacer),
                            create.orReplace(),
                            create.ifNotExists());
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
                    Statement.Undefine _ ->
                    statement;
        };
    }

    /// The parser numbers parameters as they come; here they get the numbers they were written
    /// with.
    static Statement numbered(Statement statement, List<Integer> numbers) {
        return numbers.isEmpty()
                ? statement
                : replace(
                        statement,
                        parameter ->
                                new SqlDynamicParam(
                                        numbers.get(parameter.getIndex()) - 1,
                                        parameter.getParserPosition()));
    }

    private static Statement.Select select(Statement.Select select, Replacer replacer) {
        return Syntax.select(
                replacer.of(select.query()),
                select.emitChanges(),
                select.limit(),
                select.partitionBy().stream().map(replacer::of).toList());
    }

    private static final class Replacer extends SqlShuttle {
        private final Function<SqlDynamicParam, SqlNode> replacement;

        Replacer(Function<SqlDynamicParam, SqlNode> replacement) {
            this.replacement = replacement;
        }

        SqlNode of(SqlNode node) {
            return node.accept(this);
        }

        @Override
        public SqlNode visit(SqlDynamicParam parameter) {
            return replacement.apply(parameter);
        }

        @Override
        public SqlNode visit(SqlCall call) {
            if (call instanceof WindowedFrom window) {
                return window.over(of(window.source()));
            }
            return super.visit(call);
        }
    }
}
