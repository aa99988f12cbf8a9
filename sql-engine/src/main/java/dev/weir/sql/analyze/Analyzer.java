package dev.weir.sql.analyze;

import dev.weir.sql.batch.Primitive;
import dev.weir.sql.batch.Schema;
import dev.weir.sql.batch.SqlType;
import dev.weir.sql.catalog.Catalog;
import dev.weir.sql.catalog.Relation;
import dev.weir.sql.catalog.RelationColumn;
import dev.weir.sql.catalog.WindowSpec;
import dev.weir.sql.error.Position;
import dev.weir.sql.error.SqlException;
import dev.weir.sql.error.SqlState;
import dev.weir.sql.function.Functions;
import dev.weir.sql.parse.Name;
import dev.weir.sql.parse.Nearest;
import dev.weir.sql.parse.Parameters;
import dev.weir.sql.parse.Statement;

import org.apache.calcite.plan.RelOptUtil;
import org.apache.calcite.rel.RelNode;
import org.apache.calcite.rel.core.Project;
import org.apache.calcite.sql.SqlDynamicParam;
import org.apache.calcite.sql.SqlIdentifier;
import org.apache.calcite.sql.SqlLiteral;
import org.apache.calcite.sql.SqlNode;
import org.apache.calcite.sql.SqlNodeList;
import org.apache.calcite.sql.SqlOrderBy;
import org.apache.calcite.sql.SqlSelect;
import org.apache.calcite.sql.parser.SqlParserPos;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.stream.IntStream;

/// Resolves the statements of one catalog snapshot.
public final class Analyzer {
    private final Catalog catalog;
    private final AnalyzerContext context;

    public Analyzer(Catalog catalog, AnalyzerContext context) {
        this.catalog = catalog;
        this.context = context;
    }

    /// Resolves a statement.
    ///
    /// @param text the statement's text, kept with what it creates
    /// @throws SqlException with position and hint
    public Analyzed analyze(Statement statement, String text) {
        return switch (statement) {
            case Statement.CreateSource create -> createSource(create, text);
            case Statement.CreateAs create -> createAs(create, text);
            case Statement.InsertValues insert -> insert(insert);
            case Statement.InsertSelect insert ->
                    new InsertSelects(catalog, context).analyze(insert, relation(insert.target()));
            case Statement.Update update ->
                    new RowChanges(catalog).update(update, relation(update.target()));
            case Statement.Delete delete ->
                    new RowChanges(catalog).delete(delete, relation(delete.target()));
            case Statement.Alter alter -> Alterations.of(alter, relation(alter.name()));
            case Statement.Define(Name variable, String value) ->
                    new Analyzed.Define(variable.text(), value);
            case Statement.Undefine(Name variable) -> new Analyzed.Undefine(variable.text());
            case Statement.Select select -> query(select);
            case Statement.Show(var kind, boolean extended) -> new Analyzed.Show(kind, extended);
            case Statement.Describe(Name name, boolean extended) ->
                    new Analyzed.Describe(relation(name), extended);
            case Statement.DescribeFunction(Name name) -> describeFunction(name);
            case Statement.DescribeConsumerGroup(Name group) ->
                    new Analyzed.DescribeConsumerGroup(group.text());
            case Statement.Explain explain -> explain(explain, text);
            case Statement.Drop drop -> drop(drop);
            case Statement.Terminate(Optional<Name> id) ->
                    new Analyzed.Terminate(id.map(Name::text));
            case Statement.Print print -> print(print);
            case Statement.SetProperty(Name key, String value, Position position) -> {
                String name = SessionProperties.name(key);
                yield new Analyzed.SetProperty(
                        name, SessionProperties.value(name, value, position));
            }
            case Statement.UnsetProperty(Name key) ->
                    new Analyzed.UnsetProperty(SessionProperties.name(key));
            case Statement.CancelQuery(Name id) -> new Analyzed.CancelQuery(id.text());
            case Statement.CopyOut(Statement.Select select) -> new Analyzed.CopyOut(query(select));
        };
    }

    /// What a statement's parameters are, and the columns of its result.
    ///
    /// @param declared the types the client gave, null where it left that to the context; as long
    ///   as there are parameters, or shorter
    /// @throws SqlException with position and hint
    public Described describe(Statement statement, List<SqlType> declared) {
        SqlType[] types = new SqlType[Math.max(Parameters.count(statement), declared.size())];
        for (int i = 0; i < declared.size(); i++) {
            types[i] = declared.get(i);
        }
        Optional<Schema> result =
                switch (statement) {
                    case Statement.Select select -> Optional.of(describe(select, types));
                    case Statement.CopyOut(Statement.Select select) -> {
                        var _ = describe(select, types);
                        yield Optional.empty();
                    }
                    case Statement.InsertValues insert -> {
                        inserts(insert).describe(insert, types);
                        yield Optional.empty();
                    }
                    case Statement.Update update -> {
                        Relation target = relation(update.target());
                        List<SqlNode> values = new ArrayList<>();
                        for (Statement.Assignment assignment : update.assignments()) {
                            int column = target.schema().indexOf(assignment.column().text());
                            if (assignment.value() instanceof SqlDynamicParam parameter
                                    && column >= 0
                                    && types[parameter.getIndex()] == null) {
                                types[parameter.getIndex()] = target.schema().type(column);
                            }
                            values.add(assignment.value());
                        }
                        describe(update.target(), values, update.where(), types);
                        yield Optional.empty();
                    }
                    case Statement.Delete(Name target, Optional<SqlNode> where) -> {
                        describe(target, List.of(), where, types);
                        yield Optional.empty();
                    }
                    default -> Optional.empty();
                };
        return new Described(
                Arrays.stream(types).map(t -> t == null ? Primitive.VARCHAR : t).toList(), result);
    }

    /// UPDATE and DELETE: the parameters of a SELECT of the same expressions.
    private void describe(
            Name target, List<SqlNode> values, Optional<SqlNode> where, SqlType[] types) {
        SqlParserPos pos = new SqlParserPos(target.position().line(), target.position().column());
        List<SqlNode> items =
                values.isEmpty() ? List.of(SqlLiteral.createExactNumeric("1", pos)) : values;
        SqlNode query =
                new SqlSelect(
                        pos,
                        null,
                        new SqlNodeList(items, pos),
                        new SqlIdentifier(target.text(), pos),
                        where.orElse(null),
                        null,
                        null,
                        null,
                        null,
                        null,
                        null,
                        null,
                        null);
        var _ =
                describe(
                        new Statement.Select(query, false, OptionalLong.empty(), List.of()), types);
    }

    private Schema describe(Statement.Select select, SqlType[] types) {
        Statement.Select described = select;
        if (select.query() instanceof SqlOrderBy ordered) {
            described =
                    new Statement.Select(
                            new SqlOrderBy(
                                    ordered.getParserPosition(),
                                    ordered.query,
                                    ordered.orderList,
                                    rows(ordered.offset, types),
                                    rows(ordered.fetch, types)),
                            select.emitChanges(),
                            select.limit(),
                            select.partitionBy());
        }
        List<SqlType> known = Arrays.asList(types.clone());
        Statement.Select typed =
                (Statement.Select)
                        Parameters.replace(
                                described,
                                parameter ->
                                        known.get(parameter.getIndex()) == null
                                                ? parameter
                                                : ParameterBinding.typed(
                                                        null,
                                                        known.get(parameter.getIndex()),
                                                        parameter.getParserPosition()));
        return new Queries(catalog).describe(typed, types);
    }

    /// LIMIT and OFFSET: a parameter there is a BIGINT, and any number stands for it.
    private static SqlNode rows(SqlNode count, SqlType[] types) {
        if (!(count instanceof SqlDynamicParam parameter)) {
            return count;
        }
        types[parameter.getIndex()] = Primitive.BIGINT;
        return SqlLiteral.createExactNumeric("1", count.getParserPosition());
    }

    // ---- CREATE ----

    private Analyzed createSource(Statement.CreateSource create, String text) {
        Optional<Analyzed> exists =
                existing(create.name(), create.kind(), create.orReplace(), create.ifNotExists());
        return exists.orElseGet(() -> new Sources(context, text).source(create));
    }

    private Analyzed createAs(Statement.CreateAs create, String text) {
        Optional<Analyzed> exists =
                existing(create.name(), create.kind(), create.orReplace(), create.ifNotExists());
        if (exists.isPresent()) {
            return exists.get();
        }
        boolean table = create.kind() == Statement.SourceKind.TABLE;
        if (create.select().limit().isPresent()) {
            throw new SqlException(
                    SqlState.FEATURE_NOT_SUPPORTED,
                    Refusals.position(create.select().query().getParserPosition()),
                    "LIMIT is not supported in CREATE ... AS SELECT",
                    "Its result never ends. Cut it where it is read: SELECT ... LIMIT.");
        }
        if (table) {
            Partitioning.refuseInTable(create.select());
            return createTable(
                    create, new Queries(catalog).analyze(create.select(), true, true), text);
        }
        return createStream(create, new Queries(catalog).partitioned(create.select()), text);
    }

    private Analyzed.CreateAs createStream(
            Statement.CreateAs create, Partitioning.Keyed keyed, String text) {
        Analyzed.Query query = keyed.query();
        RowTraits rows = RowTraits.of(query.rel());
        if (!rows.appendOnly()) {
            throw new SqlException(
                    SqlState.WRONG_OBJECT_TYPE,
                    create.name().position(),
                    "the rows of this query change, so they cannot be a stream",
                    "Use CREATE TABLE "
                            + create.name()
                            + " AS SELECT: a table keeps the latest row of each key.");
        }
        return derived(create, query, keyed.key().orElse(rows.recordKey()), text);
    }

    private Analyzed.CreateAs createTable(
            Statement.CreateAs create, Analyzed.Query query, String text) {
        RowTraits rows = RowTraits.of(query.rel());
        Position position = Refusals.position(create.select().query().getParserPosition());
        if (rows.keys().isEmpty()) {
            throw noKey(query.rel(), rows, position);
        }
        List<Integer> key = rows.keys().getFirst();
        int width = query.schema().size();
        if (query.window().isPresent()) {
            return windowed(create, query, query.window(), key, width - 2, width - 1, text);
        }
        int start = query.schema().names().indexOf(WindowSpec.START);
        int end = query.schema().names().indexOf(WindowSpec.END);
        Optional<WindowSpec> window = sourceWindow(query);
        return window.isPresent() && key.contains(start) && key.contains(end)
                ? windowed(create, query, window, key, start, end, text)
                : derived(create, query, key, text);
    }

    /// The window of the one table that is read, so that what keeps its bounds stays windowed.
    private Optional<WindowSpec> sourceWindow(Analyzed.Query query) {
        return query.sources().size() == 1
                ? catalog.relation(query.sources().getFirst()).flatMap(Relation::window)
                : Optional.empty();
    }

    /// The keys first, then the window's bounds, then the values.
    private Analyzed.CreateAs windowed(
            Statement.CreateAs create,
            Analyzed.Query query,
            Optional<WindowSpec> window,
            List<Integer> key,
            int start,
            int end,
            String text) {
        List<Integer> order =
                new ArrayList<>(
                        key.stream()
                                .filter(c -> c != start && c != end)
                                .filter(c -> !isCopy(query.rel(), c, start))
                                .filter(c -> !isCopy(query.rel(), c, end))
                                .sorted()
                                .toList());
        order.add(start);
        order.add(end);
        int keys = order.size();
        IntStream.range(0, query.schema().size())
                .filter(c -> !order.contains(c))
                .forEach(order::add);
        RelNode rel = RelOptUtil.createProject(query.rel(), order);
        Schema schema = new Schema(order.stream().map(c -> query.schema().field(c)).toList());
        Analyzed.Query ordered =
                new Analyzed.Query(rel, true, query.limit(), query.sources(), schema, window);
        return derived(create, ordered, IntStream.range(0, keys).boxed().toList(), text);
    }

    private static boolean isCopy(RelNode rel, int column, int of) {
        return rel instanceof Project project
                && project.getProjects().get(column).equals(project.getProjects().get(of));
    }

    private Analyzed.CreateAs derived(
            Statement.CreateAs create, Analyzed.Query query, List<Integer> key, String text) {
        List<RelationColumn> columns = new ArrayList<>();
        for (int i = 0; i < query.schema().size(); i++) {
            columns.add(
                    new RelationColumn(
                            query.schema().field(i).name(),
                            query.schema().type(i),
                            key.contains(i)));
        }
        OptionalInt partitions =
                query.sources().stream()
                        .mapToInt(s -> catalog.relation(s).orElseThrow().partitions())
                        .findFirst();
        return new Sources(context, text).derived(create, query, columns, partitions);
    }

    private static SqlException noKey(RelNode rel, RowTraits rows, Position position) {
        if (rows.appendOnly()) {
            return new SqlException(
                    SqlState.INVALID_TABLE_DEFINITION,
                    position,
                    "the rows of this query have no key, so they cannot be a table",
                    "Use CREATE STREAM, or GROUP BY what identifies a row.");
        }
        List<String> missing = GroupColumns.missing(rel);
        return new SqlException(
                SqlState.INVALID_TABLE_DEFINITION,
                position,
                missing.isEmpty()
                        ? "the key of the table is not selected"
                        : "the key column "
                                + String.join(
                                        ", ", missing.stream().map(n -> "\"" + n + "\"").toList())
                                + " is not selected",
                missing.isEmpty()
                        ? "Select the columns that identify a row."
                        : "What the rows are identified by is the table's key: add "
                                + String.join(", ", missing)
                                + " to the SELECT list.");
    }

    private Optional<Analyzed> existing(
            Name name, Statement.SourceKind kind, boolean orReplace, boolean ifNotExists) {
        Optional<Relation> relation = catalog.relation(name.text());
        if (relation.isEmpty() || (orReplace && sameKind(relation.get(), kind))) {
            return Optional.empty();
        }
        String what = kind(relation.get()) + " \"" + relation.get().name() + "\"";
        if (ifNotExists) {
            return Optional.of(
                    new Analyzed.Nothing("CREATE " + kind, what + " already exists, nothing done"));
        }
        throw new SqlException(
                SqlState.DUPLICATE_TABLE,
                name.position(),
                what + " already exists",
                sameKind(relation.get(), kind)
                        ? "CREATE OR REPLACE replaces it, IF NOT EXISTS keeps it."
                        : "Streams and tables share their names. Choose another.");
    }

    // ---- queries ----

    private Analyzed.Query query(Statement.Select select) {
        if (select.partitionBy().isEmpty()) {
            return new Queries(catalog).analyze(select, select.emitChanges(), false);
        }
        if (!select.emitChanges()) {
            throw new SqlException(
                    SqlState.FEATURE_NOT_SUPPORTED,
                    Refusals.position(select.partitionBy().getFirst().getParserPosition()),
                    "PARTITION BY is not supported in a pull query",
                    "Its rows go to no topic. Leave PARTITION BY out.");
        }
        return new Queries(catalog).partitioned(select).query();
    }

    private Analyzed explain(Statement.Explain explain, String text) {
        if (explain.queryId().isPresent()) {
            return new Analyzed.ExplainQuery(explain.queryId().get().text());
        }
        AnalyzerContext dry = new DryRun(context);
        return new Analyzed.Explain(
                new Analyzer(catalog, dry).analyze(explain.statement().orElseThrow(), text));
    }

    // ---- INSERT ----

    private Analyzed.InsertValues insert(Statement.InsertValues insert) {
        return inserts(insert).analyze(insert);
    }

    private Inserts inserts(Statement.InsertValues insert) {
        Relation target = relation(insert.target());
        if (target.isDerived() && target.isTable()) {
            throw new SqlException(
                    SqlState.WRONG_OBJECT_TYPE,
                    insert.target().position(),
                    kind(target)
                            + " \""
                            + target.name()
                            + "\" is written by the query "
                            + target.queryId().orElseThrow(),
                    "Insert into what the query reads.");
        }
        return new Inserts(context, new Queries(catalog), target);
    }

    // ---- the rest ----

    private Analyzed drop(Statement.Drop drop) {
        Optional<Relation> found = catalog.relation(drop.name().text());
        if (found.isEmpty() && drop.ifExists()) {
            return new Analyzed.Nothing(
                    "DROP " + drop.kind(),
                    drop.kind().name().toLowerCase(Locale.ROOT)
                            + " \""
                            + drop.name()
                            + "\" does not exist, nothing done");
        }
        Relation relation = found.orElseThrow(() -> unknown(drop.name()));
        if (!sameKind(relation, drop.kind())) {
            throw new SqlException(
                    SqlState.WRONG_OBJECT_TYPE,
                    drop.name().position(),
                    "\"" + relation.name() + "\" is a " + kind(relation),
                    "Use DROP " + relation.kind() + " " + relation.name() + ".");
        }
        return new Analyzed.Drop(relation, drop.deleteTopic(), drop.cascade());
    }

    private Analyzed print(Statement.Print print) {
        String topic = print.topic().text();
        if (context.topicPartitions(topic).isEmpty()) {
            Collection<String> topics = context.topicNames();
            throw new SqlException(
                    SqlState.UNDEFINED_OBJECT,
                    print.topic().position(),
                    "topic \"" + topic + "\" does not exist",
                    Nearest.to(topic, topics).map(n -> "Did you mean \"" + n + "\"? ").orElse("")
                            + "SHOW TOPICS lists what there is.");
        }
        return new Analyzed.Print(
                topic,
                print.fromBeginning(),
                Math.max(1, print.interval().orElse(1)),
                print.limit());
    }

    private static Analyzed.DescribeFunction describeFunction(Name name) {
        List<Functions.Form> forms = Functions.forms(name.text());
        if (forms.isEmpty()) {
            throw new SqlException(
                    SqlState.UNDEFINED_FUNCTION,
                    name.position(),
                    "function \"" + name + "\" does not exist",
                    Nearest.to(name.text(), Functions.descriptions().keySet())
                                    .map(n -> "Did you mean \"" + n + "\"? ")
                                    .orElse("")
                            + "SHOW FUNCTIONS lists what there is.");
        }
        return new Analyzed.DescribeFunction(forms);
    }

    private Relation relation(Name name) {
        return catalog.relation(name.text()).orElseThrow(() -> unknown(name));
    }

    private SqlException unknown(Name name) {
        return new SqlException(
                SqlState.UNDEFINED_TABLE,
                name.position(),
                "relation \"" + name + "\" does not exist",
                Nearest.to(name.text(), catalog.relations().stream().map(Relation::name).toList())
                                .map(n -> "Did you mean \"" + n + "\"? ")
                                .orElse("")
                        + "SHOW STREAMS and SHOW TABLES list what there is.");
    }

    private static boolean sameKind(Relation relation, Statement.SourceKind kind) {
        return relation.isTable() == (kind == Statement.SourceKind.TABLE);
    }

    private static String kind(Relation relation) {
        return relation.kind().name().toLowerCase(Locale.ROOT);
    }
}
