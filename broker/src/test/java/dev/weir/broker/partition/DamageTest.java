package dev.weir.broker.partition;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.broker.error.BrokerException;
import dev.weir.broker.error.ErrorCode;
import dev.weir.broker.log.LogConfig;
import dev.weir.broker.record.BatchHeader;
import dev.weir.broker.record.RecordBatchReader;
import dev.weir.broker.storage.FileSlice;
import dev.weir.broker.storage.FileSystem.OpenMode;
import dev.weir.broker.storage.SimulatedFileSystem;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/// Bytes anywhere in one file of a partition are flipped, zeroed or cut off, while the log is
/// closed or open, at every age of it. Afterwards a consumer reads exactly what was written, or is
/// told of the damage by an error of the broker that names the place. Only what is damaged while
/// the log is open may be served: bytes are sent as they are on disk, and a consumer that checks
/// checksums and that offsets follow each other finds it.
///
/// `-Dweir.log.seeds=N` tries N seeds, `-Dweir.log.seed=S` just that one.
@ExtendWith(QuietLogs.class)
class DamageTest {
    private static final int SEEDS = 1000;

    @Test
    void damage_is_told_or_does_no_harm() throws IOException {
        long only = Long.getLong("weir.log.seed", -1);
        long last = only >= 0 ? only : Long.getLong("weir.log.seeds", SEEDS);
        int told = 0;
        int harmless = 0;
        for (long seed = only >= 0 ? only : 1; seed <= last; seed++) {
            var life = new Life(seed);
            try {
                life.run();
            } catch (RuntimeException | AssertionError e) {
                throw new AssertionError("seed " + seed + ", " + life.what + ": " + e, e);
            }
            if (life.told) {
                told++;
            } else {
                harmless++;
            }
        }
        if (only < 0) {
            assertThat(told).isPositive();
            assertThat(harmless).isPositive();
        }
    }

    private static final class Life {
        private static final Path DATA = Path.of("/data/log");
        private static final Path PARTITION = DATA.resolve("t-0");

        private final Random random;
        private final SimulatedFileSystem disk;
        private final LogConfig config;
        private final List<String> written = new ArrayList<>(); // by offset
        private final int[] sequences = new int[3];
        private long nowMs = 1_000_000;
        private LogDirectory directory;
        private Partition partition;
        private long acknowledged;
        private String what = "before the damage";
        private String damaged = "";
        private boolean told;
        private boolean mayBeServed;

        Life(long seed) {
            random = new Random(seed);
            disk = new SimulatedFileSystem(seed);
            config =
                    LogConfig.DEFAULT
                            .withSegmentBytes(400 + random.nextInt(2000))
                            .withIndexIntervalBytes(random.nextInt(300))
                            .withRetention(-1, -1);
            open();
        }

        void run() throws IOException {
            int steps = 1 + random.nextInt(random.nextInt(3) == 0 ? 4 : 40);
            for (int i = 0; i < steps; i++) {
                step();
            }
            acknowledged = partition.highWatermark();
            int age = random.nextInt(3);
            if (age == 0) {
                directory.close();
                acknowledged = written.size();
            }
            boolean open = age == 2;
            mayBeServed = open;
            if (!damage(open)) {
                return; // nothing is on disk yet
            }
            if (open) {
                check();
                goOn();
                check();
                if (random.nextBoolean()) {
                    directory.close();
                }
            }
            open();
            mayBeServed = false;
            check();
            if (partition.offlineReason() == null) {
                goOn();
                check();
            }
        }

        private void open() {
            directory =
                    LogDirectory.open(
                            disk,
                            DATA,
                            LogDirectoryConfig.DEFAULT.withSyncThreads(0),
                            () -> Instant.ofEpochMilli(nowMs));
            partition = directory.open("t", 0, config);
        }

        private void step() {
            switch (random.nextInt(10)) {
                case 0, 1 -> partition.syncNow();
                case 2 -> {
                    nowMs += 61_000;
                    directory.upkeepOnce(); // a checkpoint
                }
                case 3 -> {
                    int producer = random.nextInt(3);
                    boolean commit = random.nextBoolean();
                    partition.appendMarker(10 + producer, (short) 0, commit, nowMs);
                    written.add(commit ? "<commit>" : "<abort>");
                }
                default -> append();
            }
        }

        private void append() {
            var values = new String[1 + random.nextInt(3)];
            for (int i = 0; i < values.length; i++) {
                values[i] = "value " + (written.size() + i) + "x".repeat(random.nextInt(120));
            }
            ByteBuffer batch;
            if (random.nextBoolean()) {
                batch = Batches.plain(nowMs + random.nextInt(100), values);
            } else {
                int producer = random.nextInt(3);
                batch = Batches.transactional(10 + producer, 0, sequences[producer], values);
                sequences[producer] += values.length;
            }
            partition.append(batch, AppendOrigin.ENGINE);
            written.addAll(List.of(values));
        }

        /// Appends to a damaged log. It may be refused, and is never lost once it is acknowledged.
        private void goOn() {
            for (int i = 0; i < 5; i++) {
                var value = "later " + i;
                try {
                    long end = partition.logEndOffset();
                    var result = partition.append(Batches.plain(nowMs, value), AppendOrigin.CLIENT);
                    assertThat(result.firstOffset()).isEqualTo(end);
                    while (written.size() > end) {
                        written.removeLast(); // cut off: nobody was told
                    }
                    written.add(value);
                    partition.syncNow();
                    acknowledged = partition.highWatermark();
                } catch (BrokerException e) {
                    told(e);
                    return;
                }
            }
        }

        // ------------------------------------------------------------ damaging

        private boolean damage(boolean open) throws IOException {
            var files = disk.list(PARTITION);
            if (files.isEmpty()) {
                return false;
            }
            Path path = files.get(random.nextInt(files.size()));
            damaged = path.getFileName().toString();
            what = (open ? "open, " : "closed, ") + acknowledged + " acknowledged, " + damaged;
            int times = 1 + random.nextInt(3);
            try (var file = disk.open(path, OpenMode.WRITE)) {
                for (int i = 0; i < times && file.size() > 0; i++) {
                    int size = Math.toIntExact(file.size());
                    int at = random.nextInt(size);
                    switch (random.nextInt(3)) {
                        case 0 -> {
                            disk.corrupt(path, at, 1 << random.nextInt(8));
                            what += ", a bit of byte " + at;
                        }
                        case 1 -> {
                            int count = 1 + random.nextInt(Math.min(600, size - at));
                            file.write(ByteBuffer.allocate(count), at);
                            what += ", " + count + " zeros at " + at;
                        }
                        default -> {
                            file.truncate(at);
                            what += ", cut to " + at + " of " + size;
                        }
                    }
                }
                file.sync();
            }
            return true;
        }

        // ------------------------------------------------------------ reading

        private void check() {
            if (partition.offlineReason() != null) {
                told = true;
                assertThat(partition.offlineReason()).contains(PARTITION.toString());
                return;
            }
            boolean soFar = told;
            told = false;
            read();
            if (!told) {
                assertThat(partition.logEndOffset()).isGreaterThanOrEqualTo(acknowledged);
            }
            told |= soFar;
            readCommitted();
            for (int i = 0; i < 5; i++) {
                search(nowMs - random.nextInt(200_000));
            }
        }

        /// By a consumer that checks checksums and that offsets follow each other.
        private void read() {
            long next = partition.logStartOffset();
            while (true) {
                ByteBuffer bytes;
                try {
                    var slice = partition.read(next, 300, ReadLimit.LOG_END, true).slice();
                    if (slice.length() == 0) {
                        assertThat(next).isGreaterThanOrEqualTo(acknowledged);
                        return;
                    }
                    bytes = bytes(slice);
                } catch (BrokerException e) {
                    told(e);
                    return;
                }
                long after = bytes == null ? -1 : walk(bytes, next);
                if (after < 0) {
                    assertThat(mayBeServed).as("damage was served at offset " + next).isTrue();
                    told = true;
                    return;
                }
                assertThat(after)
                        .as("the next offset, so that reading comes on")
                        .isGreaterThan(next);
                next = after;
            }
        }

        /// @return the offset after the last whole batch, -1 when a damaged one was seen
        private long walk(ByteBuffer bytes, long from) {
            long next = from;
            boolean first = true;
            var reader = new RecordBatchReader();
            while (bytes.remaining() >= BatchHeader.BYTES) {
                int at = bytes.position();
                int size = BatchHeader.sizeInBytes(bytes, at);
                if (size > bytes.remaining() && !first) {
                    return next;
                }
                if (size > bytes.remaining()
                        || size < BatchHeader.BYTES
                        || !BatchHeader.isIntact(bytes, at, bytes.limit())
                        || (first
                                ? BatchHeader.baseOffset(bytes, at) > next
                                : BatchHeader.baseOffset(bytes, at) != next)) {
                    return -1;
                }
                first = false;
                reader.start(bytes);
                while (reader.next()) {
                    assertThat(value(reader))
                            .as("record " + reader.offset())
                            .isEqualTo(written.get((int) reader.offset()));
                }
                next = BatchHeader.nextOffset(bytes, at);
            }
            return next;
        }

        private static String value(RecordBatchReader reader) {
            if (reader.isControl()) {
                return reader.controlType() == 1 ? "<commit>" : "<abort>";
            }
            return new String(
                    reader.bytes(),
                    reader.valueOffset(),
                    reader.valueLength(),
                    StandardCharsets.UTF_8);
        }

        private static ByteBuffer bytes(FileSlice slice) {
            try {
                return slice.toBuffer();
            } catch (IOException e) {
                return null; // the file is shorter than it was: the connection ends
            }
        }

        private void readCommitted() {
            try {
                for (long from = 0; from < partition.lastStableOffset(); from += 5) {
                    partition.read(from, 300, ReadLimit.LAST_STABLE_OFFSET, true);
                }
            } catch (BrokerException e) {
                told(e);
            }
        }

        private void search(long timestamp) {
            try {
                partition.offsetForTimestamp(timestamp);
                partition.maxTimestampOffset();
            } catch (BrokerException e) {
                told(e);
            }
        }

        private void told(BrokerException e) {
            told = true;
            assertThat(e.code())
                    .as(e.getMessage())
                    .isIn(ErrorCode.KAFKA_STORAGE_ERROR, ErrorCode.CORRUPT_MESSAGE);
        }
    }
}
