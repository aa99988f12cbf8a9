package dev.weir.sql.exec;

import dev.weir.sql.batch.Batch;
import dev.weir.sql.batch.ObjectColumn;
import dev.weir.sql.batch.Primitive;
import dev.weir.sql.batch.Schema;
import dev.weir.sql.batch.SqlType;
import dev.weir.sql.catalog.Relation;
import dev.weir.sql.catalog.ScanColumn;
import dev.weir.sql.error.SqlException;
import dev.weir.sql.error.SqlState;
import dev.weir.sql.serde.Values;

import java.util.ArrayList;
import java.util.List;

/// Shows the delta of a relation through the columns of one scan: without copying where every
/// column is at hand, else as a copy with the row time and struct fields taken out.
final class ScanView {
    private final Schema schema;
    private final int[] from;
    private final int[][] paths;
    private final boolean copies;
    private final Batch copy;

    private ScanView(Schema schema, int[] from, int[][] paths, boolean copies) {
        this.schema = schema;
        this.from = from;
        this.paths = paths;
        this.copies = copies;
        copy = copies ? Batch.of(schema) : null;
    }

    /// @param available what column i of the batches is
    /// @param wanted what column i of the scan is
    static ScanView of(
            Relation relation,
            List<ScanColumn> available,
            List<ScanColumn> wanted,
            Schema wantedSchema) {
        int[] from = new int[wanted.size()];
        int[][] paths = new int[wanted.size()][];
        boolean copies = false;
        for (int i = 0; i < from.length; i++) {
            ScanColumn column = wanted.get(i);
            int at = available.indexOf(column);
            if (at < 0) {
                copies = true;
                switch (column) {
                    case ScanColumn.RowTime _ -> {}
                    case ScanColumn.Value(int index, List<String> path) -> {
                        at = available.indexOf(new ScanColumn.Value(index, List.of()));
                        paths[i] = resolve(relation.columns().get(index).type(), path);
                    }
                    case ScanColumn.RowPartition _, ScanColumn.RowOffset _ ->
                            throw new SqlException(
                                    SqlState.FEATURE_NOT_SUPPORTED,
                                    null,
                                    "ROWPARTITION and ROWOFFSET of \""
                                            + relation.name()
                                            + "\" are not known here",
                                    "They can be read of a stream over an existing topic.");
                }
            }
            from[i] = at;
        }
        return new ScanView(wantedSchema, from, paths, copies);
    }

    /// The columns of a relation as they lie in a batch with its schema.
    static List<ScanColumn> columnsOf(Relation relation) {
        List<ScanColumn> columns = new ArrayList<>();
        for (int i = 0; i < relation.columns().size(); i++) {
            columns.add(new ScanColumn.Value(i, List.of()));
        }
        return columns;
    }

    /// The type a scanned column has.
    static SqlType type(Relation relation, ScanColumn column) {
        return switch (column) {
            case ScanColumn.RowTime _, ScanColumn.RowOffset _ -> Primitive.BIGINT;
            case ScanColumn.RowPartition _ -> Primitive.INT;
            case ScanColumn.Value(int index, List<String> path) -> {
                SqlType type = relation.columns().get(index).type();
                for (int field : resolve(type, path)) {
                    type = ((SqlType.Struct) type).fields().get(field).type();
                }
                yield type;
            }
        };
    }

    private static int[] resolve(SqlType type, List<String> path) {
        int[] fields = new int[path.size()];
        SqlType at = type;
        for (int i = 0; i < fields.length; i++) {
            if (!(at instanceof SqlType.Struct(var members))) {
                throw new IllegalStateException(path + " is no path into " + type.sql());
            }
            fields[i] = new Schema(members).indexOf(path.get(i));
            at = members.get(fields[i]).type();
        }
        return fields;
    }

    /// The delta as the scan wants it; valid until the next call.
    Batch of(Batch delta) {
        if (!copies) {
            Batch view = delta.view(schema, from);
            if (delta.selection() != null) {
                view.select(delta.selection(), delta.size());
            }
            return view;
        }
        copy.clear();
        for (int i = 0; i < delta.size(); i++) {
            int row = delta.row(i);
            for (int c = 0; c < from.length; c++) {
                if (from[c] < 0) {
                    copy.longs(c).append(delta.rowTime(row));
                } else if (paths[c] == null) {
                    copy.column(c).appendFrom(delta.column(from[c]), row);
                } else {
                    Values.append(copy.column(c), field(delta.objects(from[c]), row, paths[c]));
                }
            }
            copy.endRow(delta.weight(row), delta.rowTime(row));
        }
        return copy;
    }

    private static Object field(ObjectColumn column, int row, int[] path) {
        Object value = column.get(row);
        for (int field : path) {
            if (value == null) {
                return null;
            }
            value = ((List<?>) value).get(field);
        }
        return value;
    }
}
