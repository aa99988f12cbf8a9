package dev.weir.sql.serde;

import dev.weir.sql.batch.Batch;
import dev.weir.sql.batch.BytesColumn;
import dev.weir.sql.batch.Column;
import dev.weir.sql.batch.LongColumn;
import dev.weir.sql.batch.Primitive;
import dev.weir.sql.catalog.Format;
import dev.weir.sql.catalog.Relation;
import dev.weir.sql.catalog.ScanColumn;
import dev.weir.sql.error.SqlException;
import dev.weir.sql.error.SqlState;
import dev.weir.sql.io.RecordBlock;

import java.nio.ByteBuffer;
import java.time.DateTimeException;
import java.time.LocalDate;
import java.time.LocalTime;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.time.temporal.TemporalAccessor;
import java.time.temporal.TemporalQueries;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/// Decodes key and value, then appends the row: nothing is appended before everything is read.
final class TopicDecoder implements RecordDecoder {
    /// Where an output column comes from.
    private enum Source {
        KEY,
        VALUE,
        WINDOW_START,
        WINDOW_END,
        ROW_TIME,
        PARTITION,
        OFFSET
    }

    private final Layout layout;
    private final boolean isTable;
    private final long windowMs;
    private final Source[] sources;
    private final int[] indexes;
    // Null when nothing is wanted of it.
    private final ValueDecoder keys;
    private final ValueDecoder values;

    // The TIMESTAMP column: where it comes from, and room for one value of it.
    private final Source timeSource;
    private final int timeIndex;
    private final Column time;
    private final DateTimeFormatter timeFormat;

    private boolean skipped;
    private String error;

    TopicDecoder(Relation relation, List<ScanColumn> columns) {
        layout = Layout.of(relation);
        isTable = relation.isTable();
        windowMs = relation.window().isPresent() ? relation.window().get().sizeMs() : 0;
        sources = new Source[columns.size()];
        indexes = new int[columns.size()];
        List<Wanted> fromKey = new ArrayList<>();
        List<Wanted> fromValue = new ArrayList<>();
        for (int i = 0; i < sources.length; i++) {
            switch (columns.get(i)) {
                case ScanColumn.RowTime _ -> sources[i] = Source.ROW_TIME;
                case ScanColumn.RowPartition _ -> sources[i] = Source.PARTITION;
                case ScanColumn.RowOffset _ -> sources[i] = Source.OFFSET;
                case ScanColumn.Value(int column, List<String> path) -> {
                    sources[i] = source(column);
                    indexes[i] = want(column, path, fromKey, fromValue);
                }
            }
        }
        if (relation.timestampColumn().isPresent()) {
            String name = relation.timestampColumn().get();
            int column = relation.schema().indexOf(name);
            if (column < 0) {
                throw new SqlException(
                        SqlState.UNDEFINED_COLUMN, "column \"" + name + "\" does not exist");
            }
            timeSource = source(column);
            timeIndex = want(column, List.of(), fromKey, fromValue);
            time = Column.of(layout.type(column));
            timeFormat = timeFormat(relation);
            checkTimeType(column);
        } else {
            timeSource = Source.ROW_TIME;
            timeIndex = 0;
            time = null;
            timeFormat = null;
        }
        keys =
                fromKey.isEmpty()
                        ? null
                        : decoder(
                                relation.keyFormat(),
                                fromKey,
                                layout.keys().size(),
                                layout.isKeyBare(),
                                relation.keyDelimiter());
        // A value of which nothing is wanted is still checked, so that which columns a query reads
        // does not decide whether a record is malformed.
        values =
                decoder(
                        relation.valueFormat(),
                        fromValue,
                        layout.values().size(),
                        layout.isValueBare(),
                        relation.valueDelimiter());
    }

    private Source source(int column) {
        if (column == layout.windowStart()) {
            return Source.WINDOW_START;
        }
        if (column == layout.windowEnd()) {
            return Source.WINDOW_END;
        }
        return layout.keys().contains(column) ? Source.KEY : Source.VALUE;
    }

    /// Adds a column to those wanted.
    ///
    /// @return its place among them
    private int want(int column, List<String> path, List<Wanted> fromKey, List<Wanted> fromValue) {
        int inKey = layout.keys().indexOf(column);
        int inValue = layout.values().indexOf(column);
        if (inKey < 0 && inValue < 0) {
            return 0;
        }
        List<Wanted> wanted = inKey >= 0 ? fromKey : fromValue;
        wanted.add(Wanted.of(Math.max(inKey, inValue), layout.field(column), path));
        return wanted.size() - 1;
    }

    /// A decoder, or null when the format has nothing to say.
    static ValueDecoder decoder(
            Format format, List<Wanted> wanted, int columns, boolean bare, char delimiter) {
        return switch (format) {
            case JSON -> new JsonDecoder(wanted, bare);
            case DELIMITED -> new DelimitedDecoder(wanted, columns, delimiter);
            case KAFKA -> wanted.isEmpty() ? null : new KafkaDecoder(wanted.getFirst().leaf());
            case NONE -> null;
        };
    }

    private static DateTimeFormatter timeFormat(Relation relation) {
        if (relation.timestampFormat().isEmpty()) {
            return null;
        }
        String pattern = relation.timestampFormat().get();
        try {
            return DateTimeFormatter.ofPattern(pattern, Locale.ROOT);
        } catch (IllegalArgumentException bad) {
            throw new SqlException(
                    SqlState.INVALID_PARAMETER,
                    null,
                    "\"" + pattern + "\" is not a pattern of times",
                    "Patterns are those of java.time, such as yyyy-MM-dd HH:mm:ss.",
                    bad);
        }
    }

    private void checkTimeType(int column) {
        switch (layout.type(column)) {
            case Primitive.BIGINT, Primitive.TIMESTAMP, Primitive.VARCHAR -> {}
            default ->
                    throw new SqlException(
                            SqlState.DATATYPE_MISMATCH,
                            null,
                            "the timestamp column \""
                                    + layout.field(column).name()
                                    + "\" has type "
                                    + layout.type(column).sql(),
                            "It must be BIGINT (milliseconds), TIMESTAMP or VARCHAR.");
        }
    }

    @Override
    public boolean decode(RecordBlock block, int record, int partition, Batch into) {
        skipped = false;
        boolean deletion = isNullValue(block, record);
        if (deletion && !isTable) {
            skipped = true;
            return false;
        }
        byte[] arena = block.arena();
        int keyLength = block.keyLength(record);
        boolean keyed = keyLength >= 0;
        long windowStart = 0;
        long windowEnd = 0;
        if (!keyed && isTable) {
            error = "the record of a table has no key";
            return false;
        }
        if (keyed && layout.isWindowed()) {
            int keyEnd = block.keyAt(record) + keyLength;
            keyLength -= layout.windowBytes();
            if (keyLength < 0) {
                error = "the key is too short to hold a window";
                return false;
            }
            windowStart = windowStart(arena, keyEnd);
            windowEnd =
                    layout.isSession()
                            ? bound(arena, block.keyAt(record) + keyLength)
                            : windowStart + windowMs;
        }
        if (keyed && keys != null && !keys.parse(arena, block.keyAt(record), keyLength)) {
            error = "key: " + keys.error();
            return false;
        }
        if (!deletion
                && values != null
                && !values.parse(arena, block.valueAt(record), block.valueLength(record))) {
            error = "value: " + values.error();
            return false;
        }
        long rowTime = block.timestamp(record);
        if (time != null && !(deletion && timeSource == Source.VALUE)) {
            try {
                rowTime = columnTime(keyed, windowStart, windowEnd);
            } catch (DecodeFailure bad) {
                error = bad.getMessage();
                return false;
            }
        }
        for (int i = 0; i < sources.length; i++) {
            Column column = into.column(i);
            switch (sources[i]) {
                case KEY -> {
                    if (keyed) {
                        keys.append(indexes[i], column);
                    } else {
                        column.appendNull();
                    }
                }
                case VALUE -> {
                    if (deletion) {
                        column.appendNull();
                    } else {
                        values.append(indexes[i], column);
                    }
                }
                case WINDOW_START -> ((LongColumn) column).append(windowStart);
                case WINDOW_END -> ((LongColumn) column).append(windowEnd);
                case ROW_TIME -> ((LongColumn) column).append(rowTime);
                case PARTITION -> ((LongColumn) column).append(partition);
                case OFFSET -> ((LongColumn) column).append(block.offset(record));
            }
        }
        into.endRow(deletion ? -1 : 1, rowTime);
        return true;
    }

    /// The row time that the TIMESTAMP column gives.
    private long columnTime(boolean keyed, long windowStart, long windowEnd) {
        time.clear();
        switch (timeSource) {
            case KEY -> {
                if (keyed) {
                    keys.append(timeIndex, time);
                } else {
                    time.appendNull();
                }
            }
            case VALUE -> values.append(timeIndex, time);
            case WINDOW_START -> ((LongColumn) time).append(windowStart);
            default -> ((LongColumn) time).append(windowEnd);
        }
        String name = layout.relation().timestampColumn().orElseThrow();
        if (time.isNull(0)) {
            throw new DecodeFailure("the timestamp column \"" + name + "\" is NULL");
        }
        if (time instanceof LongColumn millis) {
            return millis.get(0);
        }
        BytesColumn text = (BytesColumn) time;
        if (timeFormat != null) {
            return formattedTime(text.string(0));
        }
        return TextValues.timestamp(text.arena(), text.offset(0), text.offset(0) + text.length(0));
    }

    private long formattedTime(String text) {
        try {
            TemporalAccessor parsed = timeFormat.parse(text);
            LocalDate date = parsed.query(TemporalQueries.localDate());
            LocalTime ofDay = parsed.query(TemporalQueries.localTime());
            ZoneId zone = parsed.query(TemporalQueries.zone());
            return ZonedDateTime.of(
                            date == null ? LocalDate.EPOCH : date,
                            ofDay == null ? LocalTime.MIDNIGHT : ofDay,
                            zone == null ? ZoneOffset.UTC : zone)
                    .toInstant()
                    .toEpochMilli();
        } catch (DateTimeException bad) {
            throw new DecodeFailure(
                    "\""
                            + TextValues.abridged(text)
                            + "\" does not fit the timestamp format of the relation");
        }
    }

    @Override
    public boolean isSkipped() {
        return skipped;
    }

    @Override
    public String error() {
        return error;
    }

    @Override
    public boolean tombstone(RecordBlock block, int record) {
        return isTable && isNullValue(block, record);
    }

    /// A null value, or the JSON text `null`.
    private boolean isNullValue(RecordBlock block, int record) {
        int length = block.valueLength(record);
        if (length != 4 || layout.relation().valueFormat() != Format.JSON) {
            return length < 0;
        }
        byte[] arena = block.arena();
        int at = block.valueAt(record);
        return !layout.isValueBare()
                && arena[at] == 'n'
                && arena[at + 1] == 'u'
                && arena[at + 2] == 'l'
                && arena[at + 3] == 'l';
    }

    /// The start of the window of a key that ends at `end`.
    static long windowStart(byte[] data, int end) {
        return bound(data, end - Long.BYTES);
    }

    /// A bound of a window.
    static long bound(byte[] data, int at) {
        return ByteBuffer.wrap(data).getLong(at);
    }
}
