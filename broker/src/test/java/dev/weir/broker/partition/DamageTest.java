package dev.weir.broker.partition;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.broker.error.BrokerException;
import dev.weir.broker.error.ErrorCode;
import dev.weir.broker.log.LogConfig;
import dev.weir.broker.record.BatchHeader;
import dev.weir.broker.record.RecordBatchReader;
import dev.weir.broker.record.RecordBatchWriter;
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
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Random;

/// Bytes anywhere in one file of a partition are flipped, zeroed or cut off, while the log is
/// closed or open, at every age of it. Afterwards a consumer reads exactly what was written, or is
/// told of the damage by an error of the broker that names the place. Only what is damaged while
/// the log is open may be served: bytes are sent as they are on disk, and a consumer that checks
/// checksums and that offsets follow each other finds it.
///
/// Half of the logs are compacted, before and after. Of each key the last committed record is read
/// then, or else the damage is told, however often what is damaged might have been written anew.
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
        private final LogDirectoryConfig settings;
        private final LogConfig config;
        private final boolean compacted;
        private final List<Written> written = new ArrayList<>(); // by offset
        private final int[] sequences = new int[3];
        private long nowMs = 1_000_000;
        private LogDirectory directory;
        private Partition partition;
        private long acknowledged;
        private String what = "before the damage";
        private String damaged = "";
        private boolean told;
        private boolean mayBeServed;
        private boolean mayBeElsewhere; // an offset was damaged that may have become one of a gap
        private boolean mayBeMissing; // what was lost looks as if it had been compacted away

        /// @param key null where the topic is not compacted, and of a marker
        /// @param producer -1 without a transaction
        private record Written(String key, String value, int producer) {
            static Written marker(boolean commit, int producer) {
                return new Written(null, commit ? "<commit>" : "<abort>", producer);
            }

            boolean isMarker() {
                return value.startsWith("<");
            }
        }

        Life(long seed) {
            random = new Random(seed);
            disk = new SimulatedFileSystem(seed);
            compacted = random.nextBoolean();
            var plain =
                    LogConfig.DEFAULT
                            .withSegmentBytes(400 + random.nextInt(2000))
                            .withIndexIntervalBytes(random.nextInt(300))
                            .withRetention(-1, -1);
            settings =
                    random.nextBoolean()
                            ? LogDirectoryConfig.DEFAULT.withSyncThreads(0)
                            : LogDirectoryConfig.DEFAULT
                                    .withSyncThreads(0)
                                    .withCompaction(1, 100); // a few keys at a time
            config = compacted ? plain.withCompaction(EagerCompaction.after(100_000)) : plain;
            open();
        }

        void run() throws IOException {
            int steps = 1 + random.nextInt(random.nextInt(3) == 0 ? 4 : 40);
            for (int i = 0; i < steps; i++) {
                step();
            }
            if (compacted && random.nextInt(4) > 0) {
                for (int producer = 0; producer < 3; producer++) {
                    end(producer);
                }
                upkeep();
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
            directory = LogDirectory.open(disk, DATA, settings, () -> Instant.ofEpochMilli(nowMs));
            partition = directory.open("t", 0, config);
        }

        private void step() {
            switch (random.nextInt(10)) {
                case 0, 1 -> partition.syncNow();
                case 2 -> upkeep();
                case 3 -> end(random.nextInt(3));
                default -> append();
            }
        }

        private void end(int producer) {
            boolean commit = random.nextBoolean();
            partition.appendMarker(10 + producer, (short) 0, commit, nowMs);
            written.add(Written.marker(commit, producer));
        }

        /// A checkpoint, and a compaction of what is decided and durable.
        private void upkeep() {
            partition.syncNow();
            nowMs += 61_000;
            directory.upkeepOnce();
        }

        private void append() {
            int producer = random.nextBoolean() ? -1 : random.nextInt(3);
            var records = new ArrayList<Written>();
            int count = 1 + random.nextInt(3);
            for (int i = 0; i < count; i++) {
                var value = "value " + (written.size() + i) + "x".repeat(random.nextInt(120));
                records.add(new Written(key(), value, producer));
            }
            partition.append(batch(records, producer), AppendOrigin.ENGINE);
            written.addAll(records);
            if (producer >= 0 && compacted && random.nextInt(4) > 0) {
                end(producer); // an open transaction holds compaction back
            }
        }

        private String key() {
            return compacted ? "key " + random.nextInt(8) : null;
        }

        private ByteBuffer batch(List<Written> records, int producer) {
            var writer = new RecordBatchWriter();
            long timestamp = nowMs + random.nextInt(100);
            if (producer < 0) {
                writer.start(timestamp);
            } else {
                boolean numbered = random.nextInt(3) > 0; // queries do not number theirs
                writer.start(
                        timestamp,
                        10L + producer,
                        (short) 0,
                        numbered ? sequences[producer] : BatchHeader.NO_SEQUENCE,
                        true);
                sequences[producer] += numbered ? records.size() : 0;
            }
            for (var each : records) {
                writer.append(timestamp, bytes(each.key), bytes(each.value));
            }
            return writer.finish();
        }

        private static byte[] bytes(String text) {
            return text == null ? null : text.getBytes(StandardCharsets.UTF_8);
        }

        /// Appends to a damaged log. It may be refused, and is never lost once it is acknowledged.
        private void goOn() {
            int count = compacted ? 5 + random.nextInt(60) : 5;
            for (int i = 0; i < count; i++) {
                var later = new Written(key(), "later " + i, -1);
                try {
                    long end = partition.logEndOffset();
                    var result = partition.append(batch(List.of(later), -1), AppendOrigin.CLIENT);
                    assertThat(result.firstOffset()).isEqualTo(end);
                    while (written.size() > end) {
                        written.removeLast(); // cut off: nobody was told
                    }
                    written.add(later);
                    partition.syncNow();
                    acknowledged = partition.highWatermark();
                    if (random.nextInt(4) == 0) {
                        upkeep();
                    }
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
                    var before = ByteBuffer.wrap(disk.readFully(path));
                    int changed = 1;
                    switch (random.nextInt(3)) {
                        case 0 -> {
                            disk.corrupt(path, at, 1 << random.nextInt(8));
                            what += ", a bit of byte " + at;
                        }
                        case 1 -> {
                            changed = 1 + random.nextInt(Math.min(600, size - at));
                            file.write(ByteBuffer.allocate(changed), at);
                            what += ", " + changed + " zeros at " + at;
                        }
                        default -> {
                            file.truncate(at);
                            changed = 0;
                            what += ", cut to " + at + " of " + size;
                        }
                    }
                    if (compacted) {
                        tolerate(before, at, changed);
                    }
                }
                file.sync();
            }
            return true;
        }

        /// What nobody can see in a log with gaps.
        ///
        /// @param before contents of the damaged file
        /// @param changed bytes, 0 where it was cut
        private void tolerate(ByteBuffer before, int at, int changed) {
            // Its entries have no checksum: records may pass for aborted ones, and these for
            // others.
            mayBeMissing |= damaged.endsWith(".txnindex");
            if (!damaged.endsWith(".log")) {
                return;
            }
            int head = 0;
            while (head < before.limit()) {
                mayBeMissing |= changed == 0 && head == at;
                mayBeElsewhere |= at < head + 8 && head < at + changed;
                int size = before.limit() - head < 12 ? 0 : BatchHeader.sizeInBytes(before, head);
                if (size < BatchHeader.BYTES) {
                    return;
                }
                head += size;
            }
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
            var found = new BitSet();
            long next = partition.logStartOffset();
            while (true) {
                ByteBuffer bytes;
                try {
                    var slice = partition.read(next, 300, ReadLimit.LOG_END, true).slice();
                    if (slice.length() == 0) {
                        assertThat(next).isGreaterThanOrEqualTo(acknowledged);
                        assertThatNothingIsMissing(found);
                        return;
                    }
                    bytes = bytes(slice);
                } catch (BrokerException e) {
                    told(e);
                    return;
                }
                long after = bytes == null ? -1 : walk(bytes, next, found);
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

        /// @param found is added the offsets
        /// @return the offset after the last whole batch, -1 when a damaged one was seen
        private long walk(ByteBuffer bytes, long from, BitSet found) {
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
                        || !follows(BatchHeader.baseOffset(bytes, at), next, first)) {
                    return -1;
                }
                first = false;
                reader.start(bytes);
                while (reader.next()) {
                    found.set((int) reader.offset());
                    if (!mayBeElsewhere) {
                        assertThat(value(reader))
                                .as("record " + reader.offset())
                                .isEqualTo(written.get((int) reader.offset()).value);
                    }
                }
                next = BatchHeader.nextOffset(bytes, at);
            }
            return next;
        }

        private boolean follows(long offset, long next, boolean first) {
            return offset == next
                    || (offset < next ? first : compacted && offset < partition.logEndOffset());
        }

        /// All records, or the last committed one of each key.
        private void assertThatNothingIsMissing(BitSet found) {
            if (mayBeMissing || mayBeElsewhere) {
                return;
            }
            if (!compacted) {
                assertThat(found.nextClearBit(0)).isGreaterThanOrEqualTo((int) acknowledged);
                return;
            }
            var last = new HashMap<String, Integer>();
            var open = new HashMap<Integer, List<Integer>>();
            for (int offset = 0; offset < Math.min(acknowledged, written.size()); offset++) {
                var each = written.get(offset);
                if (each.isMarker()) {
                    var ended = open.remove(each.producer);
                    if (ended != null && each.value.equals("<commit>")) {
                        ended.forEach(i -> last.merge(written.get(i).key, i, Math::max));
                    }
                } else if (each.producer >= 0) {
                    open.computeIfAbsent(each.producer, _ -> new ArrayList<>()).add(offset);
                } else {
                    last.merge(each.key, offset, Math::max);
                }
            }
            last.forEach((key, offset) ->
                    assertThat(found.get(offset)).as(key + " at " + offset).isTrue());
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
