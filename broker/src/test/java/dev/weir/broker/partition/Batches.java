package dev.weir.broker.partition;

import dev.weir.broker.record.BatchHeader;
import dev.weir.broker.record.RecordBatchReader;
import dev.weir.broker.record.RecordBatchWriter;
import dev.weir.broker.storage.FileSlice;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/// Builds and reads batches of text for tests.
final class Batches {
    private Batches() {}

    /// A record as it was read.
    record Read(long offset, long timestamp, String value, long producerId, boolean control) {}

    static ByteBuffer plain(long timestamp, String... values) {
        return batch(timestamp, -1, -1, -1, false, values);
    }

    static ByteBuffer idempotent(long producer, int epoch, int sequence, String... values) {
        return batch(1000, producer, epoch, sequence, false, values);
    }

    static ByteBuffer transactional(long producer, int epoch, int sequence, String... values) {
        return batch(1000, producer, epoch, sequence, true, values);
    }

    static ByteBuffer batch(
            long timestamp,
            long producer,
            int epoch,
            int sequence,
            boolean transactional,
            String... values) {
        RecordBatchWriter writer = new RecordBatchWriter();
        writer.start(timestamp, producer, (short) epoch, sequence, transactional);
        for (String value : values) {
            writer.append(timestamp, null, value.getBytes(StandardCharsets.UTF_8));
        }
        return writer.finish();
    }

    /// All records from an offset on, as a reader with this limit sees them; checks every CRC.
    static List<Read> read(Partition partition, long from, ReadLimit limit) {
        List<Read> records = new ArrayList<>();
        long next = from;
        while (true) {
            FileSlice slice = partition.read(next, 700, limit, true).slice();
            if (slice.length() == 0) {
                return records;
            }
            for (Read record : records(slice, next)) {
                records.add(record);
                next = record.offset() + 1;
            }
        }
    }

    static List<String> values(Partition partition, long from, ReadLimit limit) {
        return read(partition, from, limit).stream().map(Read::value).toList();
    }

    /// The records of a slice from an offset on; a batch cut short at the end is left out.
    static List<Read> records(FileSlice slice, long from) {
        ByteBuffer bytes;
        try {
            bytes = slice.toBuffer();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        List<Read> records = new ArrayList<>();
        RecordBatchReader reader = new RecordBatchReader();
        while (bytes.remaining() >= BatchHeader.BYTES
                && BatchHeader.sizeInBytes(bytes, bytes.position()) <= bytes.remaining()) {
            int at = bytes.position();
            if (!BatchHeader.isIntact(bytes, at, bytes.limit())) {
                throw new AssertionError("a damaged batch was served at offset " + from);
            }
            reader.start(bytes);
            while (reader.next()) {
                if (reader.offset() >= from) {
                    records.add(
                            new Read(
                                    reader.offset(),
                                    reader.timestamp(),
                                    value(reader),
                                    BatchHeader.producerId(bytes, at),
                                    reader.isControl()));
                }
            }
        }
        return records;
    }

    /// Null for a tombstone.
    private static String value(RecordBatchReader reader) {
        if (reader.isControl()) {
            return reader.controlType() == 1 ? "<commit>" : "<abort>";
        }
        return reader.valueLength() < 0
                ? null
                : new String(
                        reader.bytes(),
                        reader.valueOffset(),
                        reader.valueLength(),
                        StandardCharsets.UTF_8);
    }
}
