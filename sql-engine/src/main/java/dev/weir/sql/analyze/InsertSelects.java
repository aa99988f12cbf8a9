package dev.weir.sql.analyze;

import dev.weir.sql.batch.Schema;
import dev.weir.sql.catalog.Catalog;
import dev.weir.sql.catalog.Relation;
import dev.weir.sql.error.Position;
import dev.weir.sql.error.SqlException;
import dev.weir.sql.error.SqlState;
import dev.weir.sql.parse.Name;
import dev.weir.sql.parse.Statement;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/// INSERT INTO stream SELECT: a continuous query whose rows go into a stream that exists.
final class InsertSelects {
    private final Catalog catalog;
    private final AnalyzerContext context;

    InsertSelects(Catalog catalog, AnalyzerContext context) {
        this.catalog = catalog;
        this.context = context;
    }

    Analyzed.InsertSelect analyze(Statement.InsertSelect insert, Relation target) {
        Position position = Refusals.position(insert.select().query().getParserPosition());
        if (target.isTable()) {
            throw new SqlException(
                    SqlState.WRONG_OBJECT_TYPE,
                    insert.target().position(),
                    "INSERT INTO ... SELECT writes into streams, and \""
                            + target.name()
                            + "\" is a table",
                    "CREATE TABLE ... AS SELECT keeps a table up to date; INSERT INTO ... VALUES"
                            + " writes rows into one.");
        }
        if (insert.select().limit().isPresent()) {
            throw new SqlException(
                    SqlState.FEATURE_NOT_SUPPORTED,
                    position,
                    "LIMIT is not supported in INSERT INTO ... SELECT",
                    "Its result never ends. Cut it where it is read: SELECT ... LIMIT.");
        }
        Partitioning.Keyed keyed = new Queries(catalog).partitioned(insert.select());
        Analyzed.Query query = keyed.query();
        if (!RowTraits.of(query.rel()).appendOnly()) {
            throw new SqlException(
                    SqlState.WRONG_OBJECT_TYPE,
                    position,
                    "the rows of this query change, so they cannot go into a stream",
                    "Use CREATE TABLE ... AS SELECT: a table keeps the latest row of each key.");
        }
        int[] from = sources(insert, target, query.schema(), position);
        keyed.key().ifPresent(key -> refuseOtherKey(insert, target, from, key));
        return new Analyzed.InsertSelect(
                target,
                Assignments.of(query, target.columns(), from, false, position),
                insert.queryId()
                        .map(Name::text)
                        .orElseGet(() -> "INSERTQUERY_" + context.nextQueryNumber()));
    }

    /// For each column of the target the query's column, or -1.
    private static int[] sources(
            Statement.InsertSelect insert, Relation target, Schema query, Position position) {
        int[] columns = TargetColumns.of(insert.columns(), target);
        if (columns.length != query.size()) {
            throw new SqlException(
                    SqlState.SYNTAX_ERROR,
                    position,
                    "the query has "
                            + query.size()
                            + (query.size() == 1 ? " column" : " columns")
                            + " for "
                            + columns.length
                            + " of stream \""
                            + target.name()
                            + "\"",
                    "Select one expression for each of "
                            + Arrays.stream(columns)
                                    .mapToObj(c -> c < 0 ? "ROWTIME" : name(target, c))
                                    .collect(Collectors.joining(", "))
                            + ".");
        }
        int[] from = new int[target.columns().size()];
        Arrays.fill(from, -1);
        for (int i = 0; i < columns.length; i++) {
            if (columns[i] < 0) {
                throw new SqlException(
                        SqlState.FEATURE_NOT_SUPPORTED,
                        insert.columns().get(i).position(),
                        "INSERT INTO ... SELECT cannot set ROWTIME",
                        "A row has the time of the row it comes from. Leave ROWTIME out.");
            }
            from[columns[i]] = i;
        }
        if (insert.columns().isEmpty()) {
            matchKeysFirst(target, query, from, position);
        }
        return from;
    }

    /// ksqlDB compares key columns and value columns apart, so that keys may stand anywhere in the
    /// SELECT list. Columns that have the target's names in another order are taken so; where that
    /// would still exchange columns, nobody can know what was meant.
    private static void matchKeysFirst(
            Relation target, Schema query, int[] from, Position position) {
        List<String> wanted = folded(target.schema());
        List<String> given = folded(query);
        if (given.equals(wanted) || !sorted(given).equals(sorted(wanted))) {
            return;
        }
        List<String> values = new ArrayList<>();
        for (int column : target.valueColumns()) {
            values.add(wanted.get(column));
        }
        List<String> inOrder = new ArrayList<>(given);
        inOrder.retainAll(values);
        if (!inOrder.equals(values)) {
            throw new SqlException(
                    SqlState.DATATYPE_MISMATCH,
                    position,
                    "the query has the columns of stream \""
                            + target.name()
                            + "\" in another order",
                    "Select "
                            + String.join(", ", target.schema().names())
                            + ", or name the columns behind \""
                            + target.name()
                            + "\" in the order of the query.");
        }
        Arrays.setAll(from, i -> given.indexOf(wanted.get(i)));
    }

    private static List<String> folded(Schema schema) {
        return schema.names().stream().map(n -> n.toLowerCase(Locale.ROOT)).toList();
    }

    private static List<String> sorted(List<String> names) {
        List<String> sorted = new ArrayList<>(names);
        Collections.sort(sorted);
        return sorted;
    }

    /// PARTITION BY may be said, but not against the target.
    private static void refuseOtherKey(
            Statement.InsertSelect insert, Relation target, int[] from, List<Integer> key) {
        List<Integer> keyed = new ArrayList<>();
        for (int column : target.keyColumns()) {
            keyed.add(from[column]);
        }
        if (!sortedKey(keyed).equals(sortedKey(key))) {
            throw new SqlException(
                    SqlState.DATATYPE_MISMATCH,
                    Refusals.position(insert.select().partitionBy().getFirst().getParserPosition()),
                    "PARTITION BY does not give the key of stream \"" + target.name() + "\"",
                    keyed.isEmpty()
                            ? "The stream has no key: leave PARTITION BY out."
                            : "What is selected for its KEY columns is the key: leave PARTITION BY"
                                    + " out.");
        }
    }

    private static List<Integer> sortedKey(List<Integer> key) {
        return key.stream().sorted().toList();
    }

    private static String name(Relation target, int column) {
        return target.columns().get(column).name();
    }
}
