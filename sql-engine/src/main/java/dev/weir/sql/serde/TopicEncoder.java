package dev.weir.sql.serde;

import dev.weir.sql.batch.Batch;
import dev.weir.sql.batch.BytesColumn;
import dev.weir.sql.batch.Column;
import dev.weir.sql.batch.DoubleColumn;
import dev.weir.sql.batch.Field;
import dev.weir.sql.batch.LongColumn;
import dev.weir.sql.batch.Primitive;
import dev.weir.sql.batch.SqlType;
import dev.weir.sql.catalog.Format;
import dev.weir.sql.catalog.Relation;
import dev.weir.sql.codec.ByteSink;

import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;

/// Writes keys and values in a relation's formats.
final class TopicEncoder implements RecordEncoder {
    private final Layout layout;
    private final long windowMs;
    private final Part key;
    private final Part value;
    private final ValueDecoder keyDecoder;

    TopicEncoder(Relation relation) {
        layout = Layout.of(relation);
        windowMs = relation.window().isPresent() ? relation.window().get().sizeMs() : 0;
        key =
                part(
                        relation.keyFormat(),
                        layout.keys(),
                        layout.isKeyBare(),
                        relation.keyDelimiter());
        value =
                part(
                        relation.valueFormat(),
                        layout.values(),
                        layout.isValueBare(),
                        relation.valueDelimiter());
        List<Wanted> wanted = new ArrayList<>();
        for (int i = 0; i < layout.keys().size(); i++) {
            wanted.add(Wanted.of(i, layout.field(layout.keys().get(i)), List.of()));
        }
        keyDecoder =
                wanted.isEmpty()
                        ? null
                        : TopicDecoder.decoder(
                                relation.keyFormat(),
                                wanted,
                                wanted.size(),
                                layout.isKeyBare(),
                                relation.keyDelimiter());
    }

    /// Writes some columns of a row.
    private interface Part {
        void write(Batch in, int row, ByteSink out);
    }

    private Part part(Format format, List<Integer> from, boolean bare, char delimiter) {
        List<Field> fields = from.stream().map(layout::field).toList();
        int[] columns = from.stream().mapToInt(Integer::intValue).toArray();
        return switch (format) {
            case JSON -> new JsonWriter(fields, columns, bare)::write;
            case KAFKA -> {
                if (columns.length == 0) {
                    yield (_, _, _) -> {};
                }
                Primitive type = KafkaDecoder.supported(fields.getFirst().type());
                yield (in, row, out) -> kafka(type, in.column(columns[0]), row, out);
            }
            case DELIMITED -> {
                fields.forEach(f -> DelimitedDecoder.checkSupported(f.type()));
                yield (in, row, out) -> delimited(fields, columns, delimiter, in, row, out);
            }
            case NONE -> (_, _, _) -> {};
        };
    }

    @Override
    public boolean encodeKey(Batch in, int row, ByteSink out) {
        List<Integer> keys = layout.keys();
        if (keys.isEmpty() && !layout.isWindowed()) {
            // The one row of a table of one row has an empty key, so that it can be compacted.
            return layout.relation().isTable();
        }
        if (!layout.isWindowed() && keys.size() == 1 && in.column(keys.getFirst()).isNull(row)) {
            return false;
        }
        key.write(in, row, out);
        if (layout.isSession()) {
            out.putLong(in.longs(layout.windowEnd()).get(row));
        }
        if (layout.isWindowed()) {
            out.putLong(in.longs(layout.windowStart()).get(row));
        }
        return true;
    }

    @Override
    public void encodeValue(Batch in, int row, ByteSink out) {
        value.write(in, row, out);
    }

    @Override
    public boolean decodeKey(byte[] data, int offset, int length, Column[] into) {
        int inner = length - layout.windowBytes();
        if (inner < 0 || (keyDecoder != null && !keyDecoder.parse(data, offset, inner))) {
            return false;
        }
        int bounds = offset + inner;
        long start = layout.isWindowed() ? TopicDecoder.windowStart(data, offset + length) : 0;
        long end = layout.isSession() ? TopicDecoder.bound(data, bounds) : start + windowMs;
        int at = 0;
        for (int column : layout.relation().keyColumns()) {
            if (column == layout.windowStart()) {
                ((LongColumn) into[at]).append(start);
            } else if (column == layout.windowEnd()) {
                ((LongColumn) into[at]).append(end);
            } else if (keyDecoder != null) {
                keyDecoder.append(layout.keys().indexOf(column), into[at]);
            } else {
                into[at].appendNull();
            }
            at++;
        }
        return true;
    }

    private static void kafka(Primitive type, Column column, int row, ByteSink out) {
        if (column.isNull(row)) {
            return;
        }
        switch (type) {
            case INT -> out.putInt((int) ((LongColumn) column).get(row));
            case BIGINT -> out.putLong(((LongColumn) column).get(row));
            case DOUBLE ->
                    out.putLong(Double.doubleToRawLongBits(((DoubleColumn) column).get(row)));
            default -> {
                BytesColumn bytes = (BytesColumn) column;
                out.put(bytes.arena(), bytes.offset(row), bytes.length(row));
            }
        }
    }

    private static void delimited(
            List<Field> fields, int[] columns, char delimiter, Batch in, int row, ByteSink out) {
        byte[] between = String.valueOf(delimiter).getBytes(StandardCharsets.UTF_8);
        for (int i = 0; i < columns.length; i++) {
            if (i > 0) {
                out.put(between);
            }
            Object value = Values.storage(fields.get(i).type(), in.column(columns[i]), row);
            if (value != null) {
                String text = text(fields.get(i).type(), value);
                boolean quoted =
                        text.isEmpty()
                                || text.indexOf(delimiter) >= 0
                                || text.indexOf('"') >= 0
                                || text.indexOf('\n') >= 0
                                || text.indexOf('\r') >= 0;
                String written = quoted ? '"' + text.replace("\"", "\"\"") + '"' : text;
                out.put(written.getBytes(StandardCharsets.UTF_8));
            }
        }
    }

    private static String text(SqlType type, Object value) {
        return switch (value) {
            case Long number when type == Primitive.BOOLEAN -> number != 0 ? "true" : "false";
            case BigDecimal number -> number.toPlainString();
            case byte[] bytes -> Base64.getEncoder().encodeToString(bytes);
            default -> value.toString();
        };
    }
}
