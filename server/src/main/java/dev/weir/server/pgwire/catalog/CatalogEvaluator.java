package dev.weir.server.pgwire.catalog;

import dev.weir.server.pgwire.catalog.CatalogSyntax.CatalogSelect;
import dev.weir.server.pgwire.catalog.CatalogSyntax.Expression;
import dev.weir.server.pgwire.catalog.Scope.Compiled;
import dev.weir.server.pgwire.catalog.Scope.Frame;
import dev.weir.server.pgwire.catalog.Scope.Slots;
import dev.weir.sql.error.SqlException;
import dev.weir.sql.error.SqlState;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/// Evaluates queries to the catalog, one query at a time, in memory.
///
/// FROM is joined from left to right; each condition is applied as soon as the tables it names are
/// there, by hash where it is an equality. That is enough for tables of some thousand rows.
final class CatalogEvaluator {
    private final CatalogTables tables;
    private final CatalogFunctions functions;
    private final List<Object> parameters;

    CatalogEvaluator(CatalogTables tables, CatalogFunctions functions, List<Object> parameters) {
        this.tables = tables;
        this.functions = functions;
        this.parameters = parameters;
    }

    /// A result.
    record Rows(List<CatalogTable.Field> fields, List<Object[]> rows) {}

    /// Rows while they are being joined.
    private record Joined(List<Scope.Field> columns, Set<String> open, List<Object[]> rows) {
        Set<String> tables() {
            Set<String> names = new HashSet<>(open);
            columns.forEach(column -> names.add(column.table()));
            return names;
        }
    }

    /// A row of a result and what it was made of.
    private record Made(Object[] values, Frame frame) {}

    // ---- Queries

    /// @param outer null for the outermost
    Rows evaluate(CatalogSelect query, Scope outer, Frame frame) {
        List<Made> made = new ArrayList<>();
        List<CatalogTable.Field> fields;
        List<Compiled> order = new ArrayList<>();
        if (query.body() instanceof CatalogSelect.Select select) {
            fields = select(select, query.orderBy(), outer, frame, made, order);
        } else {
            Rows rows = body(query.body(), outer, frame);
            fields = rows.fields();
            rows.rows().forEach(row -> made.add(new Made(row, frame)));
            for (Expression.Order by : query.orderBy()) {
                order.add(null);
                if (output(by.by(), fields) < 0) {
                    throw new SqlException(
                            SqlState.UNDEFINED_COLUMN, "ORDER BY names no column of the result");
                }
            }
        }
        sort(made, query.orderBy(), order, fields);
        Scope empty = new Scope(List.of(), Set.of(), outer, null);
        Frame none = new Frame(new Object[0], null, frame);
        long skip = query.offset().map(o -> count(o, empty, none)).orElse(0L);
        long most = query.limit().map(l -> count(l, empty, none)).orElse(Long.MAX_VALUE);
        return new Rows(fields, made.stream().map(Made::values).skip(skip).limit(most).toList());
    }

    private long count(Expression expression, Scope scope, Frame frame) {
        Object value = compile(expression, scope).of(frame);
        return value == null ? Long.MAX_VALUE : Math.max(0, Operators.integer(value));
    }

    private Rows body(CatalogSelect.Body body, Scope outer, Frame frame) {
        return switch (body) {
            case CatalogSelect.Select select -> {
                List<Made> made = new ArrayList<>();
                List<CatalogTable.Field> fields =
                        select(select, List.of(), outer, frame, made, new ArrayList<>());
                yield new Rows(fields, made.stream().map(Made::values).toList());
            }
            case CatalogSelect.SetOperation operation -> combined(operation, outer, frame);
            case CatalogSelect.Values(var rows) -> values(rows, outer, frame);
        };
    }

    private Rows combined(CatalogSelect.SetOperation operation, Scope outer, Frame frame) {
        Rows left = body(operation.left(), outer, frame);
        Rows right = body(operation.right(), outer, frame);
        List<Object[]> rows = new ArrayList<>(left.rows());
        Set<String> rightKeys = new HashSet<>();
        right.rows().forEach(row -> rightKeys.add(key(row)));
        switch (operation.operator()) {
            case "union" -> rows.addAll(right.rows());
            case "intersect" -> rows.removeIf(row -> !rightKeys.contains(key(row)));
            default -> rows.removeIf(row -> rightKeys.contains(key(row)));
        }
        return new Rows(left.fields(), operation.all() ? rows : distinct(rows));
    }

    private static List<Object[]> distinct(List<Object[]> rows) {
        Map<String, Object[]> first = new LinkedHashMap<>();
        rows.forEach(row -> first.putIfAbsent(key(row), row));
        return new ArrayList<>(first.values());
    }

    private static String key(Object[] row) {
        StringBuilder key = new StringBuilder();
        for (Object value : row) {
            key.append(value == null ? "\0" : Operators.text(value)).append('\1');
        }
        return key.toString();
    }

    private Rows values(List<List<Expression>> rows, Scope outer, Frame frame) {
        Scope scope = new Scope(List.of(), Set.of(), outer, null);
        Frame inner = new Frame(new Object[0], null, frame);
        List<CatalogTable.Field> fields = new ArrayList<>();
        List<Object[]> values = new ArrayList<>();
        for (List<Expression> row : rows) {
            List<Compiled> compiled = row.stream().map(e -> compile(e, scope)).toList();
            for (int i = fields.size(); i < compiled.size(); i++) {
                fields.add(new CatalogTable.Field("column" + (i + 1), compiled.get(i).type()));
            }
            values.add(compiled.stream().map(c -> c.of(inner)).toArray());
        }
        return new Rows(fields, values);
    }

    private List<CatalogTable.Field> select(
            CatalogSelect.Select select,
            List<Expression.Order> orderBy,
            Scope outer,
            Frame outerFrame,
            List<Made> made,
            List<Compiled> order) {
        List<Expression> conditions = new ArrayList<>();
        select.where().ifPresent(where -> conjuncts(where, conditions));
        Joined from = from(select.from(), conditions, outer, outerFrame);
        Slots slots = new Slots();
        Scope plain = new Scope(from.columns(), from.open(), outer, null);
        Scope scope = new Scope(from.columns(), from.open(), outer, slots);
        List<CatalogTable.Field> fields = new ArrayList<>();
        List<Compiled> items = items(select, scope, fields);
        for (Expression.Order by : orderBy) {
            order.add(output(by.by(), fields) >= 0 ? null : compile(by.by(), scope));
        }
        Optional<Compiled> having = select.having().map(h -> compile(h, scope));
        List<Frame> frames = new ArrayList<>();
        for (Object[] row : from.rows()) {
            frames.add(new Frame(row, new Object[slots.size()], outerFrame));
        }
        if (!slots.aggregates.isEmpty() || !select.groupBy().isEmpty()) {
            frames = grouped(select, plain, slots, frames, fields, items, outerFrame);
        }
        List<Frame> kept = new ArrayList<>();
        for (Frame frame : frames) {
            if (having.isEmpty() || isTrue(having.get().of(frame))) {
                kept.add(frame);
            }
        }
        number(slots, kept, plain);
        for (Frame frame : expanded(slots, kept)) {
            made.add(new Made(items.stream().map(i -> i.of(frame)).toArray(), frame));
        }
        if (select.distinct()) {
            Map<String, Made> first = new LinkedHashMap<>();
            made.forEach(m -> first.putIfAbsent(key(m.values()), m));
            made.clear();
            made.addAll(first.values());
        }
        return fields;
    }

    private List<Compiled> items(
            CatalogSelect.Select select, Scope scope, List<CatalogTable.Field> fields) {
        List<Compiled> items = new ArrayList<>();
        for (CatalogSelect.Item item : select.items()) {
            if (item.value() instanceof Expression.Star(String qualifier)) {
                for (int i = 0; i < scope.columns().size(); i++) {
                    Scope.Field column = scope.columns().get(i);
                    if (qualifier.isEmpty() || qualifier.equals(column.table())) {
                        int at = i;
                        fields.add(new CatalogTable.Field(column.name(), column.type()));
                        items.add(new Compiled(frame -> frame.row()[at], column.type()));
                    }
                }
                continue;
            }
            Compiled compiled = compile(item.value(), scope);
            fields.add(
                    new CatalogTable.Field(
                            item.alias().orElseGet(() -> name(item.value())), compiled.type()));
            items.add(compiled);
        }
        return items;
    }

    /// As PostgreSQL calls a column without a name.
    private static String name(Expression expression) {
        return ownName(expression)
                .orElseGet(() ->
                        switch (expression) {
                            case Expression.Cast cast ->
                                    TypeRow.find(cast.type().oid())
                                            .map(TypeRow::name)
                                            .orElse("?column?");
                            case Expression.Case _ -> "case";
                            default -> "?column?";
                        });
    }

    /// The name that an expression has of a column or function, also under a cast.
    private static Optional<String> ownName(Expression expression) {
        return switch (expression) {
            case Expression.Column column -> Optional.of(column.name());
            case Expression.Call call -> Optional.of(call.function());
            case Expression.Window window -> Optional.of(window.function());
            case Expression.Cast cast -> ownName(cast.operand());
            case Expression.FieldOf field -> Optional.of(field.field());
            case Expression.Subscript subscript -> ownName(subscript.array());
            case Expression.Case caseOf -> caseOf.otherwise().flatMap(CatalogEvaluator::ownName);
            case Expression.Exists _ -> Optional.of("exists");
            case Expression.ArrayQuery _, Expression.ArrayOf _ -> Optional.of("array");
            case Expression.Scalar(var query) ->
                    query.body() instanceof CatalogSelect.Select select
                            ? Optional.of(
                                    select.items()
                                            .getFirst()
                                            .alias()
                                            .orElseGet(
                                                    () -> name(select.items().getFirst().value())))
                            : Optional.empty();
            default -> Optional.empty();
        };
    }

    private List<Frame> grouped(
            CatalogSelect.Select select,
            Scope plain,
            Slots slots,
            List<Frame> frames,
            List<CatalogTable.Field> fields,
            List<Compiled> items,
            Frame outerFrame) {
        List<Compiled> keys = new ArrayList<>();
        for (Expression by : select.groupBy()) {
            int output = by instanceof Expression.Literal ? output(by, fields) : -1;
            keys.add(output >= 0 ? items.get(output) : compile(by, plain));
        }
        Map<String, List<Frame>> groups = new LinkedHashMap<>();
        for (Frame frame : frames) {
            groups.computeIfAbsent(
                            key(keys.stream().map(k -> k.of(frame)).toArray()),
                            _ -> new ArrayList<>())
                    .add(frame);
        }
        if (groups.isEmpty() && select.groupBy().isEmpty()) {
            groups.put("", List.of());
        }
        List<Frame> result = new ArrayList<>();
        for (List<Frame> group : groups.values()) {
            Object[] row =
                    group.isEmpty() ? new Object[plain.columns().size()] : group.getFirst().row();
            Object[] values = new Object[slots.size()];
            for (int i = 0; i < slots.aggregates.size(); i++) {
                Slots.Slot slot = slots.aggregates.get(i);
                List<List<Object>> calls = new ArrayList<>();
                for (Frame frame : group) {
                    calls.add(arguments(slot.arguments(), frame));
                }
                values[slot.place()] =
                        CatalogFunctions.aggregate(
                                ((Expression.Call) slot.call()).function(), calls);
            }
            result.add(new Frame(row, values, outerFrame));
        }
        return result;
    }

    private static List<Object> arguments(List<Compiled> compiled, Frame frame) {
        List<Object> values = new ArrayList<>(compiled.size());
        for (Compiled argument : compiled) {
            values.add(argument.of(frame));
        }
        return values;
    }

    /// row_number, rank and dense_rank: the place in the partition.
    private void number(Slots slots, List<Frame> frames, Scope plain) {
        for (int i = 0; i < slots.windows.size(); i++) {
            var window = (Expression.Window) slots.windows.get(i).call();
            int place = slots.windows.get(i).place();
            List<Compiled> partition =
                    window.partition().stream().map(e -> compile(e, plain)).toList();
            List<Compiled> order =
                    window.order().stream().map(o -> compile(o.by(), plain)).toList();
            List<Made> sorted =
                    new ArrayList<>(frames.stream().map(f -> new Made(new Object[0], f)).toList());
            sort(sorted, window.order(), order, List.of());
            Map<String, Long> counts = new HashMap<>();
            for (Made made : sorted) {
                String key = key(arguments(partition, made.frame()).toArray());
                made.frame().slots()[place] = counts.merge(key, 1L, Long::sum);
            }
        }
    }

    private static List<Frame> expanded(Slots slots, List<Frame> frames) {
        if (slots.rowFunctions.isEmpty()) {
            return frames;
        }
        List<Frame> result = new ArrayList<>();
        for (Frame frame : frames) {
            List<List<Object>> columns = new ArrayList<>();
            int most = 0;
            for (Slots.Slot slot : slots.rowFunctions) {
                List<Object> rows =
                        CatalogFunctions.rows(
                                ((Expression.Call) slot.call()).function(),
                                arguments(slot.arguments(), frame));
                columns.add(rows);
                most = Math.max(most, rows.size());
            }
            for (int r = 0; r < most; r++) {
                Object[] values = frame.slots().clone();
                for (int i = 0; i < columns.size(); i++) {
                    values[slots.rowFunctions.get(i).place()] =
                            r < columns.get(i).size() ? columns.get(i).get(r) : null;
                }
                result.add(new Frame(frame.row(), values, frame.outer()));
            }
        }
        return result;
    }

    /// The column of the result that ORDER BY means by its number or name, -1 for none.
    private static int output(Expression by, List<CatalogTable.Field> fields) {
        if (by instanceof Expression.Literal(Long number, _)) {
            return number >= 1 && number <= fields.size() ? (int) (number - 1) : -1;
        }
        if (by instanceof Expression.Column(String qualifier, String name) && qualifier.isEmpty()) {
            for (int i = 0; i < fields.size(); i++) {
                if (fields.get(i).name().equals(name)) {
                    return i;
                }
            }
        }
        return -1;
    }

    /// @param keys null where the result's own column is the key
    private static void sort(
            List<Made> made,
            List<Expression.Order> orderBy,
            List<Compiled> keys,
            List<CatalogTable.Field> fields) {
        if (orderBy.isEmpty()) {
            return;
        }
        Comparator<Made> comparator = (_, _) -> 0;
        for (int i = 0; i < orderBy.size(); i++) {
            Expression.Order by = orderBy.get(i);
            Compiled key = keys.get(i);
            int output = output(by.by(), fields);
            comparator =
                    comparator.thenComparing(
                            m -> key == null ? m.values()[output] : key.of(m.frame()),
                            (a, b) -> compare(a, b, by));
        }
        made.sort(comparator);
    }

    private static int compare(Object a, Object b, Expression.Order by) {
        if (a == null || b == null) {
            int nulls = Boolean.compare(a == null, b == null);
            return by.nullsFirst() ? -nulls : nulls;
        }
        return by.descending() ? Operators.compare(b, a) : Operators.compare(a, b);
    }

    // ---- FROM

    private Joined from(
            List<CatalogSelect.Source> sources,
            List<Expression> conditions,
            Scope outer,
            Frame outerFrame) {
        Joined joined = new Joined(List.of(), Set.of(), List.<Object[]>of(new Object[0]));
        List<Expression> pending = new ArrayList<>(conditions);
        for (CatalogSelect.Source source : sources) {
            joined = join("CROSS", joined, source, pending, outer, outerFrame);
        }
        return filtered(joined, pending, outer, outerFrame);
    }

    private Joined filtered(
            Joined joined, List<Expression> conditions, Scope outer, Frame outerFrame) {
        if (conditions.isEmpty()) {
            return joined;
        }
        Scope scope = new Scope(joined.columns(), joined.open(), outer, null);
        List<Compiled> compiled = conditions.stream().map(c -> compile(c, scope)).toList();
        List<Object[]> rows = new ArrayList<>();
        for (Object[] row : joined.rows()) {
            Frame frame = new Frame(row, null, outerFrame);
            if (compiled.stream().allMatch(c -> isTrue(c.of(frame)))) {
                rows.add(row);
            }
        }
        return new Joined(joined.columns(), joined.open(), rows);
    }

    private Joined source(CatalogSelect.Source source, Scope outer, Frame outerFrame) {
        return switch (source) {
            case CatalogSelect.Table table -> {
                if (!CatalogTables.exists(table.schema(), table.name())) {
                    throw new SqlException(
                            SqlState.UNDEFINED_TABLE,
                            "relation \""
                                    + (table.schema().isEmpty() ? "" : table.schema() + ".")
                                    + table.name()
                                    + "\" does not exist");
                }
                CatalogTable found = tables.table(table.schema(), table.name());
                yield new Joined(
                        named(found.fields(), table.alias(), table.columns()),
                        found.open() ? Set.of(table.alias()) : Set.of(),
                        found.rows());
            }
            case CatalogSelect.Nested nested -> {
                Rows rows = evaluate(nested.query(), outer, outerFrame);
                yield new Joined(
                        named(rows.fields(), nested.alias(), nested.columns()),
                        Set.of(),
                        rows.rows());
            }
            case CatalogSelect.Rows rows -> rows(rows, outer, outerFrame);
            case CatalogSelect.Join join -> {
                Joined left = source(join.left(), outer, outerFrame);
                List<Expression> conditions = new ArrayList<>();
                join.condition().ifPresent(c -> conjuncts(c, conditions));
                yield join.using().isEmpty()
                        ? join(join.kind(), left, join.right(), conditions, outer, outerFrame)
                        : using(join, left, outer, outerFrame);
            }
        };
    }

    private static List<Scope.Field> named(
            List<CatalogTable.Field> fields, String alias, List<String> names) {
        List<Scope.Field> columns = new ArrayList<>();
        for (int i = 0; i < fields.size(); i++) {
            columns.add(
                    new Scope.Field(
                            alias,
                            i < names.size() ? names.get(i) : fields.get(i).name(),
                            fields.get(i).type()));
        }
        return columns;
    }

    private Joined rows(CatalogSelect.Rows source, Scope outer, Frame outerFrame) {
        String function = source.call().function();
        Scope scope = new Scope(List.of(), Set.of(), outer, null);
        Frame frame = new Frame(new Object[0], null, outerFrame);
        List<Compiled> arguments =
                source.call().arguments().stream().map(a -> compile(a, scope)).toList();
        CatalogType type =
                CatalogFunctions.type(function, arguments.stream().map(Compiled::type).toList());
        List<Object> found =
                CatalogFunctions.ROWS.contains(function)
                        ? CatalogFunctions.rows(function, arguments(arguments, frame))
                        : List.of(functions.call(function, arguments(arguments, frame)));
        String column =
                function.equals("pg_get_keywords")
                        ? "word"
                        : source.columns().isEmpty() ? source.alias() : source.columns().getFirst();
        List<Scope.Field> columns =
                new ArrayList<>(List.of(new Scope.Field(source.alias(), column, type)));
        if (source.withOrdinality()) {
            columns.add(
                    new Scope.Field(
                            source.alias(),
                            source.columns().size() > 1 ? source.columns().get(1) : "ordinality",
                            CatalogType.INT8));
        }
        List<Object[]> rows = new ArrayList<>();
        for (Object value : found) {
            rows.add(
                    source.withOrdinality()
                            ? new Object[] {value, rows.size() + 1L}
                            : new Object[] {value});
        }
        return new Joined(columns, Set.of(), rows);
    }

    private Joined using(CatalogSelect.Join join, Joined left, Scope outer, Frame outerFrame) {
        Joined right = source(join.right(), outer, outerFrame);
        List<int[]> pairs = new ArrayList<>();
        for (String name : join.using()) {
            pairs.add(new int[] {find(left, name), find(right, name)});
        }
        List<Scope.Field> columns = new ArrayList<>(left.columns());
        columns.addAll(right.columns());
        List<Object[]> rows = new ArrayList<>();
        for (Object[] l : left.rows()) {
            boolean matched = false;
            for (Object[] r : right.rows()) {
                if (pairs.stream().allMatch(p -> isTrue(Operators.binary("=", l[p[0]], r[p[1]])))) {
                    rows.add(concatenated(l, r));
                    matched = true;
                }
            }
            if (!matched && join.kind().equals("LEFT")) {
                rows.add(concatenated(l, new Object[right.columns().size()]));
            }
        }
        return new Joined(columns, both(left.open(), right.open()), rows);
    }

    private static int find(Joined joined, String name) {
        for (int i = 0; i < joined.columns().size(); i++) {
            if (joined.columns().get(i).name().equals(name)) {
                return i;
            }
        }
        throw undefined("", name);
    }

    /// Joins one more source.
    ///
    /// @param conditions of an outer join all apply to it; else those that can be applied are, and
    ///   are taken out
    private Joined join(
            String kind,
            Joined left,
            CatalogSelect.Source source,
            List<Expression> conditions,
            Scope outer,
            Frame outerFrame) {
        boolean lateral = source instanceof CatalogSelect.Rows;
        Joined right = lateral ? null : source(source, outer, outerFrame);
        if (lateral) {
            return lateral(kind, left, (CatalogSelect.Rows) source, conditions, outer, outerFrame);
        }
        boolean outerJoin = !kind.equals("CROSS") && !kind.equals("INNER");
        List<Scope.Field> columns = new ArrayList<>(left.columns());
        columns.addAll(right.columns());
        Set<String> open = both(left.open(), right.open());
        Set<String> here = new HashSet<>(left.tables());
        here.addAll(right.tables());
        List<Expression> applied = new ArrayList<>();
        for (Expression condition : List.copyOf(conditions)) {
            Set<String> named = tablesOf(condition);
            if (!kind.equals("CROSS") || (named != null && here.containsAll(named))) {
                applied.add(condition);
                conditions.remove(condition);
            }
        }
        Scope scope = new Scope(columns, open, outer, null);
        Matcher matcher = new Matcher(left, right, applied, outer, outerFrame);
        List<Compiled> compiled = applied.stream().map(c -> compile(c, scope)).toList();
        List<Object[]> rows = new ArrayList<>();
        Set<Object[]> matchedRight = Collections.newSetFromMap(new IdentityHashMap<>());
        for (Object[] l : left.rows()) {
            boolean matched = false;
            for (Object[] r : matcher.candidates(l)) {
                Object[] row = concatenated(l, r);
                Frame frame = new Frame(row, null, outerFrame);
                if (compiled.stream().allMatch(c -> isTrue(c.of(frame)))) {
                    rows.add(row);
                    matched = true;
                    matchedRight.add(r);
                }
            }
            if (!matched && outerJoin && !kind.equals("RIGHT")) {
                rows.add(concatenated(l, new Object[right.columns().size()]));
            }
        }
        if (kind.equals("RIGHT") || kind.equals("FULL")) {
            for (Object[] r : right.rows()) {
                if (!matchedRight.contains(r)) {
                    rows.add(concatenated(new Object[left.columns().size()], r));
                }
            }
        }
        return new Joined(columns, open, rows);
    }

    /// Finds the rows of the right side by one equality, if there is one.
    private final class Matcher {
        private final List<Object[]> all;
        private final Frame outerFrame;
        private Compiled key;
        private final Map<String, List<Object[]>> byKey = new HashMap<>();

        Matcher(
                Joined left,
                Joined right,
                List<Expression> conditions,
                Scope outer,
                Frame outerFrame) {
            this.all = right.rows();
            this.outerFrame = outerFrame;
            Scope leftScope = new Scope(left.columns(), left.open(), outer, null);
            Scope rightScope = new Scope(right.columns(), right.open(), outer, null);
            for (Expression condition : conditions) {
                if (key == null
                        && condition
                                instanceof Expression.Binary(String operator, var first, var second)
                        && operator.equals("=")) {
                    if (isOf(first, left) && isOf(second, right)) {
                        index(compile(first, leftScope), compile(second, rightScope));
                    } else if (isOf(second, left) && isOf(first, right)) {
                        index(compile(second, leftScope), compile(first, rightScope));
                    }
                }
            }
        }

        private void index(Compiled ofLeft, Compiled ofRight) {
            key = ofLeft;
            for (Object[] row : all) {
                Object value = ofRight.of(new Frame(row, null, outerFrame));
                if (value != null) {
                    byKey.computeIfAbsent(Operators.text(value), _ -> new ArrayList<>()).add(row);
                }
            }
        }

        List<Object[]> candidates(Object[] left) {
            if (key == null) {
                return all;
            }
            Object value = key.of(new Frame(left, null, outerFrame));
            return value == null ? List.of() : byKey.getOrDefault(Operators.text(value), List.of());
        }
    }

    private static boolean isOf(Expression expression, Joined joined) {
        Set<String> named = tablesOf(expression);
        return named != null && !named.isEmpty() && joined.tables().containsAll(named);
    }

    /// A function's arguments may name what stands before it.
    private Joined lateral(
            String kind,
            Joined left,
            CatalogSelect.Rows source,
            List<Expression> conditions,
            Scope outer,
            Frame outerFrame) {
        Scope leftScope = new Scope(left.columns(), left.open(), outer, null);
        Joined shape =
                rows(
                        source,
                        leftScope,
                        new Frame(new Object[left.columns().size()], null, outerFrame));
        List<Scope.Field> columns = new ArrayList<>(left.columns());
        columns.addAll(shape.columns());
        Scope scope = new Scope(columns, left.open(), outer, null);
        List<Expression> applied = kind.equals("CROSS") ? List.of() : List.copyOf(conditions);
        List<Compiled> compiled = applied.stream().map(c -> compile(c, scope)).toList();
        List<Object[]> rows = new ArrayList<>();
        for (Object[] l : left.rows()) {
            boolean matched = false;
            for (Object[] r : rows(source, leftScope, new Frame(l, null, outerFrame)).rows()) {
                Object[] row = concatenated(l, r);
                Frame frame = new Frame(row, null, outerFrame);
                if (compiled.stream().allMatch(c -> isTrue(c.of(frame)))) {
                    rows.add(row);
                    matched = true;
                }
            }
            if (!matched && kind.equals("LEFT")) {
                rows.add(concatenated(l, new Object[shape.columns().size()]));
            }
        }
        return new Joined(columns, left.open(), rows);
    }

    private static Object[] concatenated(Object[] left, Object[] right) {
        Object[] row = Arrays.copyOf(left, left.length + right.length);
        System.arraycopy(right, 0, row, left.length, right.length);
        return row;
    }

    private static Set<String> both(Set<String> left, Set<String> right) {
        Set<String> both = new HashSet<>(left);
        both.addAll(right);
        return both;
    }

    private static void conjuncts(Expression condition, List<Expression> found) {
        if (condition instanceof Expression.Binary(String operator, var left, var right)
                && operator.equals("and")) {
            conjuncts(left, found);
            conjuncts(right, found);
        } else {
            found.add(condition);
        }
    }

    /// The tables an expression names; null when that is not clear from it alone.
    private static Set<String> tablesOf(Expression expression) {
        Set<String> names = new HashSet<>();
        return collect(expression, names) ? names : null;
    }

    private static boolean collect(Expression expression, Set<String> names) {
        return switch (expression) {
            case Expression.Literal _, Expression.Parameter _ -> true;
            case Expression.Column(String qualifier, _) -> {
                names.add(qualifier);
                yield !qualifier.isEmpty();
            }
            case Expression.Binary(_, var left, var right) ->
                    collect(left, names) && collect(right, names);
            case Expression.Not(var operand) -> collect(operand, names);
            case Expression.IsNull(var operand) -> collect(operand, names);
            case Expression.Cast(var operand, _) -> collect(operand, names);
            case Expression.In(var operand, var values) ->
                    collect(operand, names) && values.stream().allMatch(v -> collect(v, names));
            case Expression.Call(_, var arguments) ->
                    arguments.stream().allMatch(a -> collect(a, names));
            case Expression.Subscript(var array, var index) ->
                    collect(array, names) && collect(index, names);
            default -> false;
        };
    }

    // ---- Expressions

    private static boolean isTrue(Object value) {
        return value != null && Operators.bool(value);
    }

    private Compiled compile(Expression expression, Scope scope) {
        return switch (expression) {
            case Expression.Literal(Object value, CatalogType type) ->
                    new Compiled(_ -> value, type);
            case Expression.Parameter(int index) ->
                    new Compiled(_ -> parameters.get(index), CatalogType.TEXT);
            case Expression.Column column -> column(column, scope);
            case Expression.Star _ ->
                    throw new SqlException(SqlState.SYNTAX_ERROR, "* stands in a SELECT list only");
            case Expression.Call call -> call(call, scope);
            case Expression.Window window -> {
                if (scope.slots() == null) {
                    throw unsupported("window functions here");
                }
                int place = scope.slots().add(scope.slots().windows, window, List.of());
                yield new Compiled(frame -> frame.slots()[place], CatalogType.INT8);
            }
            case Expression.Binary binary -> binary(binary, scope);
            case Expression.Not(var operand) -> {
                Compiled inner = compile(operand, scope);
                yield new Compiled(
                        frame -> {
                            Object value = inner.of(frame);
                            return value == null ? null : !Operators.bool(value);
                        },
                        CatalogType.BOOL);
            }
            case Expression.Negative(var operand) -> {
                Compiled inner = compile(operand, scope);
                yield new Compiled(
                        frame -> Operators.binary("-", 0L, inner.of(frame)), inner.type());
            }
            case Expression.IsNull(var operand) -> {
                Compiled inner = compile(operand, scope);
                yield new Compiled(frame -> inner.of(frame) == null, CatalogType.BOOL);
            }
            case Expression.Case caseOf -> caseOf(caseOf, scope);
            case Expression.Cast(var operand, var type) -> {
                Compiled inner = compile(operand, scope);
                yield new Compiled(frame -> cast(inner.of(frame), inner.type(), type), type);
            }
            case Expression.In(var operand, var values) -> {
                Compiled inner = compile(operand, scope);
                List<Compiled> compiled = values.stream().map(v -> compile(v, scope)).toList();
                yield new Compiled(
                        frame -> any(inner.of(frame), "=", false, arguments(compiled, frame)),
                        CatalogType.BOOL);
            }
            case Expression.Quantified(var left, String operator, boolean all, var right) -> {
                Compiled inner = compile(left, scope);
                Compiled list = compile(right, scope);
                yield new Compiled(
                        frame -> {
                            Object values = list.of(frame);
                            return values == null
                                    ? null
                                    : any(inner.of(frame), operator, all, Operators.list(values));
                        },
                        CatalogType.BOOL);
            }
            case Expression.Exists(var query) ->
                    new Compiled(
                            frame -> !evaluate(query, scope, frame).rows().isEmpty(),
                            CatalogType.BOOL);
            case Expression.Scalar(var query) ->
                    new Compiled(frame -> scalar(query, scope, frame), queryType(query, scope));
            case Expression.ArrayQuery(var query) ->
                    new Compiled(
                            frame -> {
                                List<Object> values = new ArrayList<>();
                                evaluate(query, scope, frame)
                                        .rows()
                                        .forEach(row -> values.add(row[0]));
                                return values;
                            },
                            queryType(query, scope).array());
            case Expression.ArrayOf(var elements) -> {
                List<Compiled> compiled = elements.stream().map(e -> compile(e, scope)).toList();
                yield new Compiled(
                        frame -> arguments(compiled, frame),
                        (compiled.isEmpty() ? CatalogType.TEXT : compiled.getFirst().type())
                                .array());
            }
            case Expression.Subscript(var array, var index) -> {
                Compiled list = compile(array, scope);
                Compiled at = compile(index, scope);
                // int2vector, of which indexes are made, counts from 0; those who use it do so on
                // columns that are vectors here, too.
                int first = name(array).equals("i_indoption") ? 0 : 1;
                yield new Compiled(
                        frame -> element(list.of(frame), at.of(frame), first),
                        list.type().elementType());
            }
            case Expression.FieldOf(var composite, String field) -> {
                Compiled inner = compile(composite, scope);
                int at = field.equals("n") ? 1 : 0;
                yield new Compiled(
                        frame -> element(inner.of(frame), (long) at, 0), CatalogType.INT4);
            }
        };
    }

    private static Object element(Object list, Object index, int first) {
        if (list == null || index == null) {
            return null;
        }
        List<?> elements = Operators.list(list);
        long at = Operators.integer(index) - first;
        return at >= 0 && at < elements.size() ? elements.get((int) at) : null;
    }

    private Object scalar(CatalogSelect query, Scope scope, Frame frame) {
        List<Object[]> rows = evaluate(query, scope, frame).rows();
        if (rows.size() > 1) {
            throw new SqlException(
                    SqlState.CARDINALITY_VIOLATION,
                    "more than one row returned by a subquery used as an expression");
        }
        return rows.isEmpty() ? null : rows.getFirst()[0];
    }

    /// The type of a query's first column.
    private CatalogType queryType(CatalogSelect query, Scope scope) {
        Frame nulls = nulls(scope);
        List<CatalogTable.Field> fields = evaluate(query, scope, nulls).fields();
        return fields.isEmpty() ? CatalogType.TEXT : fields.getFirst().type();
    }

    private static Frame nulls(Scope scope) {
        return scope == null
                ? null
                : new Frame(
                        new Object[scope.columns().size()], new Object[64], nulls(scope.outer()));
    }

    private static Object any(Object left, String operator, boolean all, List<?> values) {
        boolean unknown = false;
        for (Object value : values) {
            Object result = Operators.binary(operator, left, value);
            if (result == null) {
                unknown = true;
            } else if (Operators.bool(result) != all) {
                return !all;
            }
        }
        return unknown ? null : (Object) all;
    }

    private static Compiled column(Expression.Column column, Scope scope) {
        int depth = 0;
        for (Scope at = scope; at != null; at = at.outer()) {
            for (int i = 0; i < at.columns().size(); i++) {
                Scope.Field field = at.columns().get(i);
                if (field.name().equals(column.name())
                        && (column.qualifier().isEmpty()
                                || column.qualifier().equals(field.table()))) {
                    int index = i;
                    int up = depth;
                    return new Compiled(frame -> up(frame, up).row()[index], field.type());
                }
            }
            depth++;
        }
        for (Scope at = scope; at != null; at = at.outer()) {
            if (column.qualifier().isEmpty()
                    ? !at.open().isEmpty()
                    : at.open().contains(column.qualifier())) {
                return new Compiled(_ -> null, CatalogType.TEXT);
            }
        }
        // A whole row of a function with one column is that column.
        for (Scope at = scope; at != null; at = at.outer()) {
            for (Scope.Field field : at.columns()) {
                if (column.qualifier().isEmpty() && field.table().equals(column.name())) {
                    return column(new Expression.Column(field.table(), field.name()), scope);
                }
            }
        }
        throw undefined(column.qualifier(), column.name());
    }

    private static Frame up(Frame frame, int levels) {
        Frame at = frame;
        for (int i = 0; i < levels; i++) {
            at = at.outer();
        }
        return at;
    }

    private static SqlException undefined(String qualifier, String name) {
        return new SqlException(
                SqlState.UNDEFINED_COLUMN,
                "column "
                        + (qualifier.isEmpty() ? "\"" + name + "\"" : qualifier + "." + name)
                        + " does not exist");
    }

    private Compiled call(Expression.Call call, Scope scope) {
        String function = call.function();
        boolean rows = CatalogFunctions.ROWS.contains(function);
        boolean aggregate = CatalogFunctions.AGGREGATES.contains(function);
        Scope inner =
                rows || aggregate
                        ? new Scope(scope.columns(), scope.open(), scope.outer(), null)
                        : scope;
        List<Compiled> arguments = call.arguments().stream().map(a -> compile(a, inner)).toList();
        CatalogType type =
                CatalogFunctions.type(function, arguments.stream().map(Compiled::type).toList());
        if (rows || aggregate) {
            if (scope.slots() == null) {
                throw unsupported("the function " + function + " here");
            }
            Slots slots = scope.slots();
            int place = slots.add(rows ? slots.rowFunctions : slots.aggregates, call, arguments);
            return new Compiled(frame -> frame.slots()[place], type);
        }
        if (!CatalogFunctions.exists(function)) {
            throw new SqlException(
                    SqlState.UNDEFINED_FUNCTION, "function " + function + "() does not exist");
        }
        return new Compiled(frame -> functions.call(function, arguments(arguments, frame)), type);
    }

    private Compiled binary(Expression.Binary binary, Scope scope) {
        Compiled left = compile(binary.left(), scope);
        Compiled right = compile(binary.right(), scope);
        String operator = binary.operator();
        return switch (operator) {
            case "and" ->
                    new Compiled(
                            frame -> {
                                Object a = left.of(frame);
                                if (a != null && !Operators.bool(a)) {
                                    return false;
                                }
                                Object b = right.of(frame);
                                return b != null && !Operators.bool(b)
                                        ? (Object) false
                                        : a == null || b == null ? null : (Object) true;
                            },
                            CatalogType.BOOL);
            case "or" ->
                    new Compiled(
                            frame -> {
                                Object a = left.of(frame);
                                if (isTrue(a)) {
                                    return true;
                                }
                                Object b = right.of(frame);
                                return isTrue(b)
                                        ? (Object) true
                                        : a == null || b == null ? null : (Object) false;
                            },
                            CatalogType.BOOL);
            default ->
                    new Compiled(
                            frame -> Operators.binary(operator, left.of(frame), right.of(frame)),
                            type(operator, left.type(), right.type()));
        };
    }

    private static CatalogType type(String operator, CatalogType left, CatalogType right) {
        return switch (operator) {
            case "+", "-", "*", "/", "&", "|" -> {
                boolean real =
                        left.equals(CatalogType.FLOAT8)
                                || right.equals(CatalogType.FLOAT8)
                                || left.equals(CatalogType.FLOAT4)
                                || right.equals(CatalogType.FLOAT4);
                yield real
                        ? CatalogType.FLOAT8
                        : left.equals(CatalogType.INT8) || right.equals(CatalogType.INT8)
                                ? CatalogType.INT8
                                : CatalogType.INT4;
            }
            case "||" -> left.isArray() ? left : right.isArray() ? right : CatalogType.TEXT;
            default -> CatalogType.BOOL;
        };
    }

    private Compiled caseOf(Expression.Case caseOf, Scope scope) {
        Optional<Compiled> operand = caseOf.operand().map(o -> compile(o, scope));
        List<Compiled> conditions = new ArrayList<>();
        List<Compiled> results = new ArrayList<>();
        for (Expression.When when : caseOf.whens()) {
            conditions.add(compile(when.condition(), scope));
            results.add(compile(when.result(), scope));
        }
        Optional<Compiled> otherwise = caseOf.otherwise().map(o -> compile(o, scope));
        return new Compiled(
                frame -> {
                    Object value = operand.map(o -> o.of(frame)).orElse(null);
                    for (int i = 0; i < conditions.size(); i++) {
                        Object condition = conditions.get(i).of(frame);
                        if (isTrue(
                                operand.isPresent()
                                        ? Operators.binary("=", value, condition)
                                        : condition)) {
                            return results.get(i).of(frame);
                        }
                    }
                    return otherwise.map(o -> o.of(frame)).orElse(null);
                },
                results.getFirst().type());
    }

    private Object cast(Object value, CatalogType from, CatalogType to) {
        if (value == null || from.equals(to)) {
            return value;
        }
        if (to.isArray()) {
            List<Object> elements = new ArrayList<>();
            for (Object element : Operators.list(value)) {
                elements.add(cast(element, CatalogType.TEXT, to.elementType()));
            }
            return elements;
        }
        if (to.isReference()) {
            return value instanceof Number ? value : functions.reference(to, Operators.text(value));
        }
        if (to.equals(CatalogType.REGPROC)) {
            String name = Operators.text(value);
            return name.substring(name.lastIndexOf('.') + 1);
        }
        if (to.equals(CatalogType.OID) && from.equals(CatalogType.REGPROC)) {
            return Integer.toUnsignedLong(Operators.text(value).hashCode()) % 10_000;
        }
        if (to.equals(CatalogType.BOOL)) {
            return Operators.bool(value);
        }
        if (to.isNumber()) {
            Number number = Operators.number(value);
            return to.equals(CatalogType.FLOAT4) || to.equals(CatalogType.FLOAT8)
                    ? (Object) number.doubleValue()
                    : (Object) number.longValue();
        }
        return from.isReference() ? functions.reference(from, value) : Operators.text(value);
    }

    private static SqlException unsupported(String what) {
        return new SqlException(
                SqlState.FEATURE_NOT_SUPPORTED,
                what + " is not supported in queries to the catalog");
    }
}
