package dev.weir.sql.analyze;

import dev.weir.sql.batch.Primitive;
import dev.weir.sql.catalog.Catalog;
import dev.weir.sql.catalog.Relation;
import dev.weir.sql.catalog.RelationColumn;
import dev.weir.sql.catalog.WindowSpec;
import dev.weir.sql.error.Checkpoint;
import dev.weir.sql.error.SqlException;
import dev.weir.sql.error.SqlState;
import dev.weir.sql.function.Functions;
import dev.weir.sql.parse.TypeNames;
import dev.weir.sql.parse.WindowedFrom;
import dev.weir.sql.parse.WithinFrom;

import org.apache.calcite.sql.JoinConditionType;
import org.apache.calcite.sql.JoinType;
import org.apache.calcite.sql.SqlAggFunction;
import org.apache.calcite.sql.SqlBasicTypeNameSpec;
import org.apache.calcite.sql.SqlCall;
import org.apache.calcite.sql.SqlDataTypeSpec;
import org.apache.calcite.sql.SqlFunctionCategory;
import org.apache.calcite.sql.SqlIdentifier;
import org.apache.calcite.sql.SqlIntervalLiteral;
import org.apache.calcite.sql.SqlIntervalQualifier;
import org.apache.calcite.sql.SqlJoin;
import org.apache.calcite.sql.SqlKind;
import org.apache.calcite.sql.SqlLiteral;
import org.apache.calcite.sql.SqlNode;
import org.apache.calcite.sql.SqlNodeList;
import org.apache.calcite.sql.SqlOperator;
import org.apache.calcite.sql.SqlSelect;
import org.apache.calcite.sql.SqlSelectKeyword;
import org.apache.calcite.sql.SqlSetOperator;
import org.apache.calcite.sql.SqlUnresolvedFunction;
import org.apache.calcite.sql.SqlUserDefinedTypeNameSpec;
import org.apache.calcite.sql.fun.SqlLibraryOperators;
import org.apache.calcite.sql.fun.SqlStdOperatorTable;
import org.apache.calcite.sql.parser.SqlParserPos;
import org.apache.calcite.sql.parser.SqlParserUtil;
import org.apache.calcite.sql.type.SqlTypeName;
import org.apache.calcite.sql.util.SqlBasicVisitor;
import org.apache.calcite.sql.util.SqlShuttle;

import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;

/// Copies a query's syntax tree on its way to the validator, which changes the tree it works on.
/// Underway
/// - windows become a subquery that adds their start and end: ksqlDB's `WINDOW TUMBLING`, whose
///   WINDOWSTART and WINDOWEND join the grouping, and the standard's `TABLE(TUMBLE(...))`;
/// - `::` becomes CAST, and names of types that Calcite does not know become those it does;
/// - columns without a name get one: the field for `a->b`, else KSQL_COL_0, KSQL_COL_1, …;
/// - what the engine cannot do is refused, while its place in the text is known.
final class Rewriter extends SqlShuttle {
    /// The column with the distances of hopping windows.
    private static final String DISTANCE = "WEIR_DISTANCE";

    /// Functions of ksqlDB whose first argument is a unit of time.
    private static final Set<String> TAKING_UNITS =
            Set.of("TIMESTAMPADD", "TIMESTAMPSUB", "DATEADD", "DATESUB", "TIMEADD", "TIMESUB");

    private final Catalog catalog;
    private final boolean continuous;
    private final boolean windowedTable;
    private final List<SqlNode> partitionedBy;
    private final Set<SqlParserPos> stars = new HashSet<>();
    private final Set<String> pseudoColumns = new HashSet<>();
    private SqlParserPos firstJoin;
    private int depth;
    private boolean inExpression;

    /// @param continuous the query runs on: what needs an end is refused
    /// @param windowedTable the query is of a CREATE TABLE and groups by a ksqlDB window: the
    ///   window's bounds become its last two columns
    /// @param partitionedBy expressions that become the last columns
    Rewriter(
            Catalog catalog,
            boolean continuous,
            boolean windowedTable,
            List<SqlNode> partitionedBy) {
        this.catalog = catalog;
        this.continuous = continuous;
        this.windowedTable = windowedTable;
        this.partitionedBy = List.copyOf(partitionedBy);
    }

    /// The positions of the stars met.
    Set<SqlParserPos> stars() {
        return stars;
    }

    /// Where the first join stands, or null.
    SqlParserPos firstJoin() {
        return firstJoin;
    }

    SqlNode rewrite(SqlNode node) {
        node.accept(
                new SqlBasicVisitor<Void>() {
                    @Override
                    public Void visit(SqlIdentifier id) {
                        String name = id.names.getLast();
                        if (RelationTable.isPseudoColumn(name)) {
                            pseudoColumns.add(name.toUpperCase(Locale.ROOT));
                        }
                        return null;
                    }
                });
        return node.accept(this);
    }

    /// As [#rewrite], for an expression outside a query.
    SqlNode rewriteExpression(SqlNode node) {
        return expression(node);
    }

    @Override
    public SqlNode visit(SqlIdentifier id) {
        if (id.isStar()) {
            stars.add(id.getParserPosition());
        }
        if (id.isSimple() && id.getSimple().equalsIgnoreCase("USER")) {
            // Quoted, lest the validator take it for the function.
            SqlParserPos pos = id.getParserPosition().withQuoting(true);
            return new SqlIdentifier(id.names, null, pos, List.of(pos));
        }
        return id;
    }

    @Override
    public SqlNode visit(SqlDataTypeSpec type) {
        if (type.getTypeNameSpec() instanceof SqlUserDefinedTypeNameSpec named) {
            SqlTypeName known =
                    TypeNames.find(named.getTypeName().toString())
                            .map(t -> RelTypes.toRel(t, RelTypes.factory()).getSqlTypeName())
                            .orElseThrow(() -> unknownType(named));
            return new SqlDataTypeSpec(
                    new SqlBasicTypeNameSpec(known, type.getParserPosition()),
                    type.getParserPosition());
        }
        return type;
    }

    @Override
    public SqlNode visit(SqlCall call) {
        Checkpoint.pass();
        SqlParserPos pos = call.getParserPosition();
        switch (call.getKind()) {
            case SELECT -> {
                refuseInExpression(pos);
                return select((SqlSelect) call);
            }
            case WITH, VALUES -> refuseInExpression(pos);
            case ORDER_BY -> {
                refuseInExpression(pos);
                if (continuous) {
                    throw Refusals.sortedContinuous(pos);
                }
            }
            case UNION, INTERSECT, EXCEPT -> {
                refuseInExpression(pos);
                refuseIntersectAll(call);
            }
            case EXISTS,
                    SOME,
                    ALL,
                    ARRAY_QUERY_CONSTRUCTOR,
                    MULTISET_QUERY_CONSTRUCTOR,
                    MAP_QUERY_CONSTRUCTOR,
                    CURSOR,
                    SCALAR_QUERY,
                    UNIQUE ->
                    throw Refusals.subquery(pos);
            case JOIN -> {
                return join((SqlJoin) call);
            }
            case AS -> {
                SqlNode aliased = windowed(call.operand(0), false);
                if (aliased != null) {
                    List<SqlNode> operands = new ArrayList<>(call.getOperandList());
                    operands.set(0, aliased);
                    return SqlStdOperatorTable.AS.createCall(pos, operands);
                }
            }
            case COLLECTION_TABLE -> {
                SqlNode windowed = windowed(call, true);
                if (windowed != null) {
                    return windowed;
                }
                throw Refusals.of(
                        pos,
                        "this table function is not supported",
                        "TABLE(TUMBLE(TABLE s, DESCRIPTOR(ts), INTERVAL '1' MINUTE)) is.");
            }
            case OVER -> throw refused(pos, "OVER", "Group the rows instead.");
            case ROLLUP, CUBE, GROUPING_SETS ->
                    throw refused(
                            pos,
                            call.getKind().name().replace('_', ' '),
                            "Run one query for each grouping.");
            case UNNEST, LATERAL -> throw refused(pos, call.getKind().name(), null);
            case PIVOT,
                    UNPIVOT,
                    MATCH_RECOGNIZE,
                    TABLESAMPLE,
                    EXTEND,
                    SNAPSHOT,
                    WITHIN_GROUP,
                    WITHIN_DISTINCT,
                    RESPECT_NULLS,
                    IGNORE_NULLS,
                    LAMBDA ->
                    throw refused(pos, call.getKind().name().replace('_', ' '), null);
            default -> {}
        }
        if (call instanceof WindowedFrom window) {
            return windowed(window, true);
        }
        if (call.getOperator().equals(SqlLibraryOperators.INFIX_CAST)) {
            return SqlStdOperatorTable.CAST.createCall(
                    pos,
                    call.operand(0).accept(this),
                    keepingDigits(call.operand(0), call.operand(1)).accept(this));
        }
        if (TAKING_UNITS.contains(call.getOperator().getName().toUpperCase(Locale.ROOT))
                && call.operandCount() == 3) {
            return withUnitAsText(call);
        }
        if (call.getOperator().getName().equalsIgnoreCase("DATE_TRUNC")
                && call.operand(0) instanceof SqlLiteral) {
            return function("DATE_TRUNC", call.operand(0), call.operand(1).accept(this));
        }
        // The parser knows some aggregate functions itself.
        if (call.getOperator() instanceof SqlUnresolvedFunction
                || call.getOperator() instanceof SqlAggFunction) {
            String name = call.getOperator().getName().toUpperCase(Locale.ROOT);
            if (Refusals.OTHER_AGGREGATES.contains(name)) {
                throw Refusals.aggregate(pos, name);
            }
            List<SqlNode> operands = new ArrayList<>();
            for (SqlNode operand : call.getOperandList()) {
                operands.add(operand == null ? null : operand.accept(this));
            }
            SqlNode aggregate = AggregateNames.call(call, name, operands);
            // Not by copying the call, which would visit its operands again: at each level of
            // functions in functions twice as often.
            return aggregate != null
                    ? aggregate
                    : call.getOperator()
                            .createCall(
                                    call.getFunctionQuantifier(),
                                    pos,
                                    operands.toArray(SqlNode[]::new));
        }
        return copy(call);
    }

    /// `TIMESTAMPADD(DAYS, 1, ts)`: the unit is a word of the grammar, or a name.
    private SqlNode withUnitAsText(SqlCall call) {
        SqlNode unit = call.operand(0);
        if (unit instanceof SqlIntervalQualifier word) {
            unit =
                    SqlLiteral.createCharString(
                            word.timeFrameName == null ? word.getUnit().name() : word.timeFrameName,
                            word.getParserPosition());
        } else if (unit instanceof SqlIdentifier name && name.isSimple()) {
            unit = SqlLiteral.createCharString(name.getSimple(), name.getParserPosition());
        }
        return function(
                call.getOperator().getName(),
                unit,
                call.operand(1).accept(this),
                call.operand(2).accept(this));
    }

    private SqlNode copy(SqlCall call) {
        CallCopyingArgHandler copy = new CallCopyingArgHandler(call, true);
        call.getOperator().acceptCall(this, call, false, copy);
        return copy.result();
    }

    private SqlNode expression(SqlNode node) {
        if (node == null) {
            return null;
        }
        boolean outer = inExpression;
        inExpression = true;
        try {
            return node.accept(this);
        } finally {
            inExpression = outer;
        }
    }

    private void refuseInExpression(SqlParserPos pos) {
        if (inExpression) {
            throw Refusals.subquery(pos);
        }
    }

    private static SqlException refused(SqlParserPos pos, String name, String hint) {
        return Refusals.of(pos, name + " is not supported", hint);
    }

    private static void refuseIntersectAll(SqlCall call) {
        if (call.getKind() != SqlKind.UNION && ((SqlSetOperator) call.getOperator()).isAll()) {
            throw refused(
                    call.getParserPosition(),
                    call.getOperator().getName(),
                    call.getKind() + " without ALL is.");
        }
    }

    // ---- SELECT ----

    private SqlNode select(SqlSelect select) {
        boolean top = depth++ == 0;
        if (select.getWindowList() != null && !select.getWindowList().isEmpty()) {
            throw refused(select.getWindowList().getParserPosition(), "WINDOW ... AS", null);
        }
        if (select.getQualify() != null) {
            throw refused(select.getQualify().getParserPosition(), "QUALIFY", null);
        }
        SqlNodeList groupBy = (SqlNodeList) expression(select.getGroup());
        SqlNodeList items = named((SqlNodeList) expression(withoutStarOverUsing(select)));
        if (select.getFrom() instanceof WindowedFrom window) {
            groupBy = groupedByWindow(window, groupBy);
            if (top && windowedTable) {
                items = withWindowLast(items);
            }
        }
        if (top) {
            for (int i = 0; i < partitionedBy.size(); i++) {
                items.add(as(expression(partitionedBy.get(i)), Partitioning.column(i)));
            }
        }
        SqlNode result =
                new SqlSelect(
                        select.getParserPosition(),
                        keywords(select),
                        items,
                        select.getFrom() == null ? null : select.getFrom().accept(this),
                        expression(select.getWhere()),
                        groupBy,
                        expression(select.getHaving()),
                        null,
                        null,
                        null,
                        null,
                        null,
                        null);
        depth--;
        return result;
    }

    private static SqlNodeList keywords(SqlSelect select) {
        return select.isDistinct()
                ? SqlNodeList.of(SqlSelectKeyword.DISTINCT.symbol(select.getParserPosition()))
                : SqlNodeList.EMPTY;
    }

    /// Names for the columns that have none, as ksqlDB gives them.
    private static SqlNodeList named(SqlNodeList items) {
        List<SqlNode> named = new ArrayList<>();
        int unnamed = 0;
        for (SqlNode item : items) {
            if (item instanceof SqlIdentifier || item.getKind() == SqlKind.AS) {
                named.add(item);
                continue;
            }
            String name =
                    item.getKind() == SqlKind.DOT
                            ? ((SqlCall) item).operand(1).toString()
                            : "KSQL_COL_" + unnamed++;
            named.add(as(item, name));
        }
        return new SqlNodeList(named, items.getParserPosition());
    }

    private static SqlNodeList groupedByWindow(WindowedFrom window, SqlNodeList groupBy) {
        if (groupBy == null || groupBy.isEmpty()) {
            throw new SqlException(
                    SqlState.GROUPING_ERROR,
                    Refusals.position(window.getParserPosition()),
                    "WINDOW needs GROUP BY",
                    "Group by what is counted in each window, such as GROUP BY item.");
        }
        SqlNodeList grouped = new SqlNodeList(groupBy, groupBy.getParserPosition());
        grouped.add(new SqlIdentifier(WindowSpec.START, SqlParserPos.ZERO));
        grouped.add(new SqlIdentifier(WindowSpec.END, SqlParserPos.ZERO));
        return grouped;
    }

    private static SqlNodeList withWindowLast(SqlNodeList items) {
        List<SqlNode> result = new ArrayList<>();
        for (SqlNode item : items) {
            if (!(item instanceof SqlIdentifier id && isWindowBound(id.names.getLast()))) {
                result.add(item);
            }
        }
        result.add(new SqlIdentifier(WindowSpec.START, SqlParserPos.ZERO));
        result.add(new SqlIdentifier(WindowSpec.END, SqlParserPos.ZERO));
        return new SqlNodeList(result, items.getParserPosition());
    }

    static boolean isWindowBound(String name) {
        return name.equalsIgnoreCase(WindowSpec.START) || name.equalsIgnoreCase(WindowSpec.END);
    }

    // ---- joins ----

    private SqlNode join(SqlJoin join) {
        SqlParserPos pos = join.getParserPosition();
        switch (join.getJoinType()) {
            case INNER, CROSS, COMMA, LEFT, RIGHT, FULL -> {}
            default -> throw Refusals.join(pos, join.getJoinType().name().replace('_', ' '));
        }
        if (join.isNatural()) {
            throw Refusals.naturalJoin(pos);
        }
        if (firstJoin == null) {
            firstJoin = pos;
        }
        if (join.getCondition() instanceof SqlNodeList names
                && names.stream().anyMatch(name -> isMergedAgain(join, name.toString()))) {
            throw Refusals.usingAgain(pos);
        }
        SqlNode right = join.getRight();
        SqlNode condition = expression(join.getCondition());
        if (right instanceof WithinFrom within) {
            right = within.source();
            if (join.getConditionType() != JoinConditionType.ON) {
                throw Refusals.withinWithoutOn(within.getParserPosition());
            }
            condition = SqlStdOperatorTable.AND.createCall(pos, condition, bounds(within));
        }
        return new SqlJoin(
                pos,
                join.getLeft().accept(this),
                join.isNaturalNode(),
                join.getJoinTypeNode(),
                right.accept(this),
                join.getConditionTypeNode(),
                condition);
    }

    private static SqlNode bounds(WithinFrom within) {
        return Joins.WITHIN.createCall(
                within.getParserPosition(),
                number(within.beforeMs()),
                number(within.afterMs()),
                number(within.graceMs().orElse(Joins.DEFAULT_GRACE.toMillis())));
    }

    /// The items with `*` over JOIN … USING written out: first the columns it merges, then the rest
    /// of each relation. The validator fails to order them where relations have hidden columns.
    private SqlNodeList withoutStarOverUsing(SqlSelect select) {
        SqlNodeList items = select.getSelectList();
        if (!joinsUsing(select.getFrom()) || items.stream().noneMatch(Rewriter::isBareStar)) {
            return items;
        }
        List<SqlNode> written = new ArrayList<>();
        for (SqlNode item : items) {
            if (isBareStar(item)) {
                Merged merged = merged(select.getFrom(), item.getParserPosition());
                written.addAll(merged.using());
                written.addAll(merged.rest());
            } else {
                written.add(item);
            }
        }
        return new SqlNodeList(written, items.getParserPosition());
    }

    private static boolean isBareStar(SqlNode item) {
        return item instanceof SqlIdentifier id && id.isStar() && id.names.size() == 1;
    }

    private static boolean joinsUsing(SqlNode from) {
        return from instanceof SqlJoin join
                && (join.getConditionType() == JoinConditionType.USING
                        || joinsUsing(join.getLeft())
                        || joinsUsing(join.getRight()));
    }

    /// What `*` means over a FROM clause: columns merged by USING, by their bare names, and others.
    private record Merged(List<SqlIdentifier> using, List<SqlIdentifier> rest) {}

    private Merged merged(SqlNode from, SqlParserPos star) {
        if (from instanceof SqlJoin join) {
            Merged left = merged(join.getLeft(), star);
            Merged right = merged(join.getRight(), star);
            List<SqlIdentifier> using = new ArrayList<>(left.using());
            List<SqlIdentifier> rest = new ArrayList<>();
            using.addAll(right.using());
            if (join.getCondition() instanceof SqlNodeList names) {
                for (SqlNode name : names) {
                    if (using.stream().noneMatch(u -> isNamed(u, name.toString()))) {
                        using.add(new SqlIdentifier(name.toString(), star));
                    }
                }
            }
            rest.addAll(left.rest());
            rest.addAll(right.rest());
            rest.removeIf(column -> using.stream().anyMatch(u -> isNamed(column, u.getSimple())));
            return new Merged(using, rest);
        }
        SqlNode source = from.getKind() == SqlKind.AS ? ((SqlCall) from).operand(0) : from;
        Relation relation = source instanceof SqlIdentifier id ? relation(id).orElse(null) : null;
        if (relation == null) {
            throw Refusals.starOverUsing(star);
        }
        String alias =
                from.getKind() == SqlKind.AS
                        ? ((SqlCall) from).operand(1).toString()
                        : ((SqlIdentifier) source).names.getLast();
        return new Merged(
                List.of(),
                relation.columns().stream()
                        .map(c -> new SqlIdentifier(List.of(alias, c.name()), star))
                        .toList());
    }

    /// True when a column that USING merges is merged on the left already and one of the joins
    /// makes it NULL there: the validator would compare only the first of them.
    private static boolean isMergedAgain(SqlJoin join, String name) {
        return join.getLeft() instanceof SqlJoin inner
                && ((merges(inner, name)
                                && (join.getJoinType().generatesNullsOnLeft()
                                        || inner.getJoinType().generatesNullsOnLeft()))
                        || isMergedAgain(inner, name));
    }

    private static boolean merges(SqlJoin join, String name) {
        return join.getCondition() instanceof SqlNodeList names
                && names.stream().anyMatch(n -> n.toString().equalsIgnoreCase(name));
    }

    private static boolean isNamed(SqlIdentifier column, String name) {
        return column.names.getLast().equalsIgnoreCase(name);
    }

    private Optional<Relation> relation(SqlIdentifier id) {
        return id.isSimple() ? catalog.relation(id.getSimple()) : Optional.empty();
    }

    // ---- windows ----

    /// The subquery for a windowed source, or null when `source` is none.
    private SqlNode windowed(SqlNode source, boolean alias) {
        if (source instanceof WindowedFrom window) {
            return ofRowTime(window);
        }
        if (source.getKind() == SqlKind.COLLECTION_TABLE
                && ((SqlCall) source).operand(0) instanceof SqlCall function
                && function.getOperator().getName().equalsIgnoreCase("TUMBLE")) {
            return tumble(function, alias);
        }
        return null;
    }

    /// `s WINDOW …`: all columns of s, and the window of its row time. Where windows overlap, each
    /// row comes once for each of them: it meets the distances from the start of the last window
    /// that holds it to the starts of the others.
    private SqlNode ofRowTime(WindowedFrom window) {
        SqlNode from = window.source();
        SqlNode source = from.getKind() == SqlKind.AS ? ((SqlCall) from).operand(0) : from;
        if (!(source instanceof SqlIdentifier id)) {
            throw Refusals.of(
                    window.getParserPosition(),
                    "WINDOW is supported only directly after a stream",
                    "Make what stands before it a stream of its own: CREATE STREAM ... AS SELECT.");
        }
        Relation relation = relation(id).orElse(null);
        if (relation == null) {
            // The validator says that it does not exist.
            return from.accept(this);
        }
        if (relation.isTable()) {
            throw Refusals.of(
                    window.getParserPosition(),
                    "a window over the table \"" + relation.name() + "\" is not supported",
                    "Windows group the rows of streams by their time.");
        }
        List<SqlNode> items = columns(relation);
        for (String name : RelationTable.pseudoColumns(relation)) {
            items.add(new SqlIdentifier(name, SqlParserPos.ZERO));
        }
        SqlNode rowTime = new SqlIdentifier(RelationTable.ROWTIME, SqlParserPos.ZERO);
        if (window.isSession()) {
            items.add(as(session(Functions.SESSION_START, rowTime, window), WindowSpec.START));
            items.add(as(session(Functions.SESSION_END, rowTime, window), WindowSpec.END));
            return named(window, subquery(items, id));
        }
        SqlNode last = start(rowTime, window.advanceMs());
        SqlNode distance = new SqlIdentifier(DISTANCE, SqlParserPos.ZERO);
        SqlNode start =
                window.isHopping()
                        ? SqlStdOperatorTable.MINUS.createCall(SqlParserPos.ZERO, last, distance)
                        : last;
        items.add(as(start, WindowSpec.START));
        // Windows that neither overlap nor close need nothing but their bounds.
        SqlNode end =
                !window.isHopping() && window.graceMs() < 0
                        ? plus(start, window.sizeMs())
                        : Functions.WINDOW_END.createCall(
                                SqlParserPos.ZERO,
                                start,
                                number(window.sizeMs()),
                                number(window.graceMs()),
                                SqlLiteral.createBoolean(window.isFinal(), SqlParserPos.ZERO));
        items.add(as(end, WindowSpec.END));
        SqlSelect subquery = subquery(items, id);
        if (window.isHopping()) {
            subquery.setFrom(hops(id, window));
            if (window.sizeMs() % window.advanceMs() != 0) {
                // The first of the windows may have ended before the row.
                SqlNode since =
                        SqlStdOperatorTable.MINUS.createCall(SqlParserPos.ZERO, rowTime, start);
                subquery.setWhere(
                        SqlStdOperatorTable.LESS_THAN.createCall(
                                SqlParserPos.ZERO, since, number(window.sizeMs())));
            }
        }
        return named(window, subquery);
    }

    /// The subquery under the name of what it stands for.
    private static SqlNode named(WindowedFrom window, SqlSelect subquery) {
        SqlNode name =
                switch (window.source()) {
                    case SqlIdentifier id ->
                            new SqlIdentifier(id.names.getLast(), SqlParserPos.ZERO);
                    case SqlCall as -> as.operand(1);
                    default -> throw new IllegalStateException("a window over neither");
                };
        return SqlStdOperatorTable.AS.createCall(window.getParserPosition(), subquery, name);
    }

    private static SqlNode session(SqlOperator bound, SqlNode rowTime, WindowedFrom window) {
        return bound.createCall(
                SqlParserPos.ZERO,
                rowTime,
                number(window.sizeMs()),
                number(window.graceMs()),
                SqlLiteral.createBoolean(window.isFinal(), SqlParserPos.ZERO));
    }

    private static SqlNode hops(SqlIdentifier stream, WindowedFrom window) {
        List<SqlNode> rows = new ArrayList<>();
        for (long ms = 0; ms < window.sizeMs(); ms += window.advanceMs()) {
            rows.add(
                    SqlStdOperatorTable.ROW.createCall(
                            SqlParserPos.ZERO,
                            SqlStdOperatorTable.CAST.createCall(
                                    SqlParserPos.ZERO, number(ms), bigint())));
        }
        SqlNode values =
                SqlStdOperatorTable.AS.createCall(
                        SqlParserPos.ZERO,
                        SqlStdOperatorTable.VALUES.createCall(
                                SqlParserPos.ZERO, rows.toArray(SqlNode[]::new)),
                        new SqlIdentifier(DISTANCE + "S", SqlParserPos.ZERO),
                        new SqlIdentifier(DISTANCE, SqlParserPos.ZERO));
        return new SqlJoin(
                SqlParserPos.ZERO,
                stream,
                SqlLiteral.createBoolean(false, SqlParserPos.ZERO),
                JoinType.COMMA.symbol(SqlParserPos.ZERO),
                values,
                JoinConditionType.NONE.symbol(SqlParserPos.ZERO),
                null);
    }

    /// The type a literal is cast to; a DECIMAL without precision, as PostgreSQL's drivers write it
    /// (`'-12.51'::numeric`), takes that of the literal: it must not lose digits.
    private static SqlNode keepingDigits(SqlNode operand, SqlNode type) {
        if (!(operand instanceof SqlLiteral literal)
                || literal.getValue() == null
                || !(type instanceof SqlDataTypeSpec spec)
                || !(spec.getTypeNameSpec() instanceof SqlBasicTypeNameSpec name)
                || !name.getTypeName().getSimple().equals("DECIMAL")
                || name.getPrecision() >= 0) {
            return type;
        }
        BigDecimal number;
        try {
            number = new BigDecimal(literal.toValue().strip());
        } catch (NumberFormatException e) {
            return type; // whoever casts it says what is wrong
        }
        int scale = Math.max(0, number.scale());
        int precision = Math.max(number.precision() - number.scale() + scale, scale + 1);
        return precision > RelTypes.DECIMAL_DIGITS
                ? type
                : new SqlDataTypeSpec(
                        new SqlBasicTypeNameSpec(
                                SqlTypeName.DECIMAL, precision, scale, type.getParserPosition()),
                        type.getParserPosition());
    }

    private static SqlDataTypeSpec bigint() {
        return new SqlDataTypeSpec(
                new SqlBasicTypeNameSpec(SqlTypeName.BIGINT, SqlParserPos.ZERO), SqlParserPos.ZERO);
    }

    /// `TABLE(TUMBLE(TABLE s, DESCRIPTOR(ts), INTERVAL …))`: the columns, window_start, window_end.
    private SqlNode tumble(SqlCall call, boolean alias) {
        SqlParserPos pos = call.getParserPosition();
        if (call.operandCount() != 3
                || !isDescriptor(call.operand(1))
                || !(call.operand(2) instanceof SqlIntervalLiteral)) {
            throw new SqlException(
                    SqlState.SYNTAX_ERROR,
                    Refusals.position(pos),
                    "TUMBLE takes a table, a DESCRIPTOR of its time column and an interval",
                    "Write TABLE(TUMBLE(TABLE s, DESCRIPTOR(ts), INTERVAL '1' MINUTE)).");
        }
        SqlIdentifier timeColumn = ((SqlCall) call.operand(1)).operand(0);
        long sizeMs = intervalMs(call.operand(2));
        SqlNode data = call.operand(0);
        if (data.getKind() == SqlKind.SET_SEMANTICS_TABLE) {
            data = ((SqlCall) data).operand(0);
        }
        if (data.getKind() == SqlKind.EXPLICIT_TABLE) {
            data = ((SqlCall) data).operand(0);
        }
        List<SqlNode> items = new ArrayList<>();
        Relation relation = data instanceof SqlIdentifier id ? relation(id).orElse(null) : null;
        if (relation == null) {
            items.add(SqlIdentifier.star(pos));
            stars.add(pos);
        } else {
            items.addAll(columns(relation));
            for (String name : RelationTable.pseudoColumns(relation)) {
                if (pseudoColumns.contains(name)
                        && !timeColumn.getSimple().equalsIgnoreCase(name)) {
                    items.add(new SqlIdentifier(name, SqlParserPos.ZERO));
                }
            }
        }
        boolean millis = isMillis(timeColumn, relation);
        SqlNode time = millis ? timeColumn : function("UNIX_TIMESTAMP", timeColumn);
        items.add(as(function("FROM_UNIXTIME", start(time, sizeMs)), "window_start"));
        items.add(as(function("FROM_UNIXTIME", plus(start(time, sizeMs), sizeMs)), "window_end"));
        SqlNode subquery = subquery(items, relation == null ? data.accept(this) : data);
        return alias && data instanceof SqlIdentifier id
                ? SqlStdOperatorTable.AS.createCall(
                        pos, subquery, new SqlIdentifier(id.names.getLast(), SqlParserPos.ZERO))
                : subquery;
    }

    private static boolean isDescriptor(SqlNode node) {
        return node instanceof SqlCall call
                && call.getOperator().getName().equalsIgnoreCase("DESCRIPTOR")
                && call.operandCount() == 1
                && call.operand(0) instanceof SqlIdentifier id
                && id.isSimple();
    }

    /// The time column may be BIGINT milliseconds, as ROWTIME is, beside TIMESTAMP.
    private static boolean isMillis(SqlIdentifier column, Relation relation) {
        String name = column.getSimple();
        if (name.equalsIgnoreCase(RelationTable.ROWTIME)) {
            return true;
        }
        int at = relation == null ? -1 : relation.schema().indexOf(name);
        return at >= 0 && relation.columns().get(at).type() == Primitive.BIGINT;
    }

    private static long intervalMs(SqlIntervalLiteral literal) {
        SqlIntervalLiteral.IntervalValue value =
                (SqlIntervalLiteral.IntervalValue) literal.getValue();
        SqlParserPos pos = literal.getParserPosition();
        if (value == null || value.getIntervalQualifier().isYearMonth()) {
            throw Refusals.of(
                    pos,
                    "windows of months or years are not supported",
                    "Use an interval of days, hours, minutes or seconds.");
        }
        long ms = SqlParserUtil.intervalToMillis(value);
        if (ms < 1) {
            throw new SqlException(
                    SqlState.INVALID_PARAMETER,
                    Refusals.position(pos),
                    "a window cannot have the size " + literal,
                    "Give an interval longer than nothing.");
        }
        return ms;
    }

    private static List<SqlNode> columns(Relation relation) {
        List<SqlNode> items = new ArrayList<>();
        for (RelationColumn column : relation.columns()) {
            items.add(new SqlIdentifier(column.name(), SqlParserPos.ZERO));
        }
        return items;
    }

    private static SqlSelect subquery(List<SqlNode> items, SqlNode from) {
        return new SqlSelect(
                SqlParserPos.ZERO,
                SqlNodeList.EMPTY,
                new SqlNodeList(items, SqlParserPos.ZERO),
                from,
                null,
                null,
                null,
                null,
                null,
                null,
                null,
                null,
                null);
    }

    private static SqlNode start(SqlNode time, long sizeMs) {
        return Functions.WINDOW_START.createCall(time.getParserPosition(), time, number(sizeMs));
    }

    private static SqlNode plus(SqlNode time, long ms) {
        return SqlStdOperatorTable.PLUS.createCall(time.getParserPosition(), time, number(ms));
    }

    private static SqlNode function(String name, SqlNode... arguments) {
        SqlParserPos pos = arguments[0].getParserPosition();
        return new SqlUnresolvedFunction(
                        new SqlIdentifier(name, pos),
                        null,
                        null,
                        null,
                        null,
                        SqlFunctionCategory.USER_DEFINED_FUNCTION)
                .createCall(pos, arguments);
    }

    private static SqlNode number(long value) {
        return SqlLiteral.createExactNumeric(Long.toString(value), SqlParserPos.ZERO);
    }

    private static SqlNode as(SqlNode node, String name) {
        return SqlStdOperatorTable.AS.createCall(
                node.getParserPosition(), node, new SqlIdentifier(name, node.getParserPosition()));
    }

    private static SqlException unknownType(SqlUserDefinedTypeNameSpec named) {
        return new SqlException(
                SqlState.UNDEFINED_OBJECT,
                Refusals.position(named.getParserPos()),
                "type \"" + named.getTypeName() + "\" does not exist",
                "Types are BOOLEAN, INT, BIGINT, DOUBLE, DECIMAL(p, s), VARCHAR, BYTES, DATE, TIME"
                        + " and TIMESTAMP.");
    }
}
