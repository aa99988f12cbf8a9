package dev.weir.broker.partition;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.broker.log.AbortedTransaction;
import dev.weir.broker.log.CompactionConfig;
import dev.weir.broker.log.LogConfig;
import dev.weir.broker.partition.LogDirectoryConfig.Durability;
import dev.weir.broker.record.BatchHeader;
import dev.weir.broker.record.RecordBatchReader;
import dev.weir.broker.record.RecordBatchWriter;
import dev.weir.broker.storage.SimulatedFileSystem;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;

/// Of each key the last record stays, whatever else happens to the log.
@ExtendWith(QuietLogs.class)
class CompactionTest {
    private static final int SEEDS = 150;
    private static final int STEPS = 120;

    private SimulatedFileSystem files;
    private LogDirectoryConfig settings;
    private LogDirectory directory;
    private Partition partition;
    private long nowMs = 1_000_000;

    @BeforeEach
    void prepare() {
        files = new SimulatedFileSystem(1);
        settings = LogDirectoryConfig.DEFAULT.withDurability(Durability.FSYNC).withSyncThreads(0);
    }

    private void open(LogConfig config) {
        directory =
                LogDirectory.open(
                        files, Path.of("/data/log"), settings, () -> Instant.ofEpochMilli(nowMs));
        partition = directory.open("t", 0, config);
        assertThat(partition.offlineReason()).isNull();
    }

    private static LogConfig eager(int segmentBytes) {
        return LogConfig.DEFAULT
                .withSegmentBytes(segmentBytes)
                .withIndexIntervalBytes(100)
                .withRetention(-1, -1)
                .withCompaction(EagerCompaction.after(1000));
    }

    // ---------------------------------------------------------------- rules one by one

    @Test
    void only_the_last_record_of_each_key_stays_at_its_offset() {
        open(eager(500));
        for (int i = 0; i < 100; i++) {
            put("k" + i % 3, "v" + i);
        }
        compact();
        var left = visible();
        assertThat(left.keySet().stream().filter(offset -> offset < closedBelow()).count())
                .isLessThanOrEqualTo(3);
        assertThat(left.get(99L)).isEqualTo("k0=v99");
        assertThat(partition.logEndOffset()).isEqualTo(100);
        assertThat(partition.logStartOffset()).isZero();
    }

    @Test
    void a_tombstone_goes_when_readers_had_their_time_to_see_it() {
        open(eager(300));
        put("gone", "v");
        put("gone", null);
        fill();
        compact();
        assertThat(visible().values()).contains("gone=null").doesNotContain("gone=v");
        nowMs += 500;
        fill();
        compact();
        assertThat(visible().values()).contains("gone=null");
        nowMs += 600;
        fill();
        compact();
        assertThat(visible().values()).doesNotContain("gone=null");
    }

    @Test
    void the_coordinator_that_ended_a_transaction_is_known_when_nothing_of_it_is_left()
            throws IOException {
        open(eager(300));
        transactional(7, "k", "aborted");
        partition.appendMarker(7, (short) 1, false, 5, true, nowMs);
        for (int round = 0; round < 3; round++) {
            fill();
            compact();
            nowMs += 2000; // markers go later than what they end
        }
        assertThat(partition.coordinatorEpoch(7)).isEqualTo(5);
        directory.close();
        open(eager(300));
        assertThat(partition.coordinatorEpoch(7)).isEqualTo(5);
    }

    @Test
    void what_a_pin_holds_is_not_compacted() {
        open(eager(300));
        put("k", "first");
        try (var _ = partition.pin(0)) {
            put("k", "second");
            fill();
            compact();
            assertThat(visible().values()).contains("k=first", "k=second");
        }
        compact();
        assertThat(visible().values()).contains("k=second").doesNotContain("k=first");
    }

    @Test
    void an_open_transaction_holds_compaction_back_and_an_aborted_one_leaves_nothing() {
        open(eager(300));
        put("k", "old");
        transactional(7, "k", "aborted");
        fill();
        compact();
        assertThat(visible().values()).contains("k=old");
        partition.appendMarker(7, (short) 0, false, nowMs);
        directory.syncOnce();
        fill();
        compact();
        assertThat(visible().values()).contains("k=old");
        assertThat(everything()).doesNotContainValue("k=aborted");
    }

    /// While some segments are compacted already and others not yet: the one in which a reader goes
    /// on may hold nothing more, so that it is given the next one, with transactions that begin
    /// after the end of the first.
    @Test
    void a_reader_is_told_of_aborted_transactions_at_each_step_of_a_compaction()
            throws IOException {
        open(eager(300));
        try (var _ = partition.pin(0)) {
            for (int i = 0; i < 20; i++) {
                put("k", "v" + i);
            }
            transactional(7, "k", "aborted");
            partition.appendMarker(7, (short) 0, false, nowMs);
            put("k", "last");
            fill();
            compact(); // all but that
        }
        var steps = new int[1];
        partition.compact(
                1 << 20,
                () -> {
                    steps[0]++;
                    for (long from = 0; from < 20; from++) {
                        assertThat(read(from, ReadLimit.LAST_STABLE_OFFSET))
                                .as("from " + from)
                                .doesNotContainValue("k=aborted")
                                .containsValue("k=last");
                    }
                    return false;
                });
        assertThat(steps[0]).isGreaterThan(20);
        assertThat(visible()).doesNotContainValue("k=v0");
    }

    @Test
    void young_records_are_left_alone() {
        open(eager(300).withCompaction(new CompactionConfig(true, 1000, 5000, Long.MAX_VALUE, 0)));
        put("k", "first");
        put("k", "second");
        fill();
        compact();
        assertThat(visible().values()).contains("k=first");
        nowMs += 6000;
        compact();
        assertThat(visible().values()).doesNotContain("k=first");
    }

    @Test
    void a_log_that_is_mostly_clean_is_left_alone_until_it_is_overdue() {
        open(eager(300).withCompaction(new CompactionConfig(true, 1000, 0, 60_000, 0.99)));
        for (int i = 0; i < 200; i++) {
            put("unique" + i, "v");
        }
        compact();
        long clean = everything().size();
        put("unique0", "new");
        fill();
        compact();
        assertThat(visible().values()).contains("unique0=v", "unique0=new");
        nowMs += 70_000;
        compact();
        assertThat(visible().values()).contains("unique0=new").doesNotContain("unique0=v");
        assertThat(clean).isGreaterThan(150);
    }

    /// A segment is as young as its youngest record.
    @Test
    void
            records_are_left_alone_until_they_are_as_old_as_the_minimum_and_not_a_millisecond_longer() {
        open(eager(300).withCompaction(new CompactionConfig(true, 1000, 5000, Long.MAX_VALUE, 0)));
        put("k", "first");
        nowMs += 2000;
        put("k", "second");
        fill();
        nowMs += 4999;
        compact();
        assertThat(visible().values()).contains("k=first");
        nowMs++;
        compact();
        assertThat(visible().values()).contains("k=second").doesNotContain("k=first");
    }

    @Test
    void what_is_older_than_the_maximum_is_compacted_whatever_the_ratio() {
        open(eager(300).withCompaction(new CompactionConfig(true, 1000, 0, 60_000, 1)));
        put("k", "first");
        put("k", "second");
        fill();
        nowMs += 60_000;
        compact();
        assertThat(visible().values()).contains("k=first");
        nowMs++;
        compact();
        assertThat(visible().values()).doesNotContain("k=first");
    }

    @Test
    void a_batch_without_a_timestamp_is_not_overdue_but_one_after_it_may_be() {
        open(eager(300).withCompaction(new CompactionConfig(true, 1000, 0, 60_000, 1)));
        long began = nowMs;
        nowMs = 0;
        put("k", "from the beginning of time");
        nowMs = began;
        put("k", "second");
        fill();
        nowMs += 60_000;
        compact();
        assertThat(visible().values()).contains("k=from the beginning of time");
        nowMs++;
        compact();
        assertThat(visible().values()).doesNotContain("k=from the beginning of time");
    }

    @Test
    void what_is_overdue_in_the_segment_that_is_written_to_is_compacted_too() {
        open(
                LogConfig.DEFAULT
                        .withRetention(-1, -1)
                        .withCompaction(new CompactionConfig(true, 1000, 0, 60_000, 1)));
        put("k", "first");
        put("k", "second");
        for (int i = 0; i < 2; i++) {
            nowMs += 30_000;
            compact();
            assertThat(visible().values()).contains("k=first");
        }
        nowMs++;
        compact(); // closes the segment
        compact();
        assertThat(visible().values()).containsExactly("k=second");
    }

    @Test
    void a_tombstone_is_shown_from_its_first_compaction_on_also_over_restarts() {
        open(eager(300));
        put("gone", "v");
        put("gone", null);
        fill();
        nowMs += 100_000; // that it is old already does not count
        compact();
        assertThat(visible().values()).contains("gone=null").doesNotContain("gone=v");
        directory.close();
        open(eager(300));
        nowMs += 999;
        fill();
        compact();
        assertThat(visible().values()).contains("gone=null");
        nowMs++;
        fill();
        compact();
        assertThat(visible().values()).doesNotContain("gone=null");
    }

    @Test
    void the_time_that_a_tombstone_is_shown_is_fixed_when_it_is_first_compacted() {
        open(eager(300));
        put("gone", null);
        fill();
        compact();
        partition.reconfigure(eager(300).withCompaction(EagerCompaction.after(1_000_000)));
        nowMs += 1000;
        fill();
        compact();
        assertThat(visible().values()).doesNotContain("gone=null");
    }

    @Test
    void small_segments_are_joined() throws IOException {
        open(eager(400));
        for (int i = 0; i < 400; i++) {
            put("k" + i % 2, "v" + i);
        }
        long before = segmentFiles();
        compact();
        put("k0", "again");
        compact();
        compact();
        assertThat(segmentFiles()).isLessThan(before / 4);
        directory.close();
        open(eager(400));
        assertThat(visible().values()).contains("k0=again", "k1=v399");
    }

    @Test
    void a_beginning_that_was_compacted_away_is_still_the_beginning() {
        open(eager(300));
        for (int i = 0; i < 60; i++) {
            put("k", "v" + i);
        }
        compact();
        compact();
        assertThat(everything().firstKey()).isGreaterThan(30);
        assertThat(partition.logStartOffset()).isZero();
        partition.reconfigure(eager(300).withRetention(-1, 10_000));
        nowMs += 11_000;
        compact();
        assertThat(partition.logStartOffset()).isEqualTo(60);
    }

    @Test
    void more_keys_than_fit_into_memory_take_several_rounds() {
        settings = settings.withCompaction(1, 64 * 24);
        open(eager(400));
        for (int round = 0; round < 2; round++) {
            for (int i = 0; i < 300; i++) {
                put("k" + i, "v" + round);
            }
        }
        fill();
        for (int i = 0; i < 40; i++) {
            compact();
        }
        assertThat(visible().values()).doesNotContain("k0=v0", "k150=v0").contains("k0=v1");
    }

    @Test
    void a_repeated_batch_is_recognised_after_compaction_and_the_loss_of_the_snapshot()
            throws IOException {
        open(eager(300));
        var first = idempotent(9, 0, "k", "a");
        long offset = partition.append(first.duplicate(), AppendOrigin.CLIENT).firstOffset();
        put("k", "b");
        fill();
        compact();
        assertThat(visible().values()).doesNotContain("k=a");
        directory.close();
        for (var entry : files.list(Path.of("/data/log/t-0"))) {
            if (entry.toString().endsWith(".snapshot")) {
                files.delete(entry);
            }
        }
        open(eager(300));
        var again = partition.append(first.duplicate(), AppendOrigin.CLIENT);
        assertThat(again.duplicate()).isTrue();
        assertThat(again.firstOffset()).isEqualTo(offset);
    }

    // ---------------------------------------------------------------- a model, and crashes

    @Test
    void readers_always_find_what_the_model_says() {
        for (long seed = 1; seed <= SEEDS; seed++) {
            try {
                new Life(seed).run();
            } catch (RuntimeException | AssertionError | IOException e) {
                throw new AssertionError("seed " + seed + ": " + e.getMessage(), e);
            }
        }
    }

    private record Sent(String key, String value, long producer) {
        @Override
        public String toString() {
            return key + "=" + value;
        }
    }

    /// Random appends, transactions, compactions and power failures, beside a list of what was
    /// sent.
    private final class Life {
        private final Random random;
        private final LogConfig config;
        private final TreeMap<Long, Sent> sent = new TreeMap<>();
        private final Set<Long> aborted = new HashSet<>();
        private final Map<Long, List<Long>> open = new HashMap<>();
        private int counter;

        Life(long seed) {
            random = new Random(seed);
            nowMs = 1_000_000;
            files = new SimulatedFileSystem(seed);
            settings =
                    LogDirectoryConfig.DEFAULT
                            .withDurability(Durability.FSYNC)
                            .withSyncThreads(0)
                            .withCompaction(1, random.nextBoolean() ? 1 << 20 : 64 * 24);
            config = eager(300 + random.nextInt(1500));
            CompactionTest.this.open(config);
        }

        void run() throws IOException {
            for (int step = 0; step < STEPS; step++) {
                nowMs += random.nextInt(300);
                switch (random.nextInt(12)) {
                    case 0, 1, 2, 3 -> append(-1);
                    case 4, 5 -> append(100 + random.nextInt(3));
                    case 6, 7 -> end();
                    case 8 -> directory.syncOnce();
                    case 9, 10 -> {
                        directory.syncOnce();
                        directory.upkeepOnce();
                        verify();
                    }
                    default -> restart();
                }
            }
            directory.syncOnce();
            directory.upkeepOnce();
            verify();
        }

        private void append(long producer) {
            var writer = new RecordBatchWriter();
            writer.start(
                    nowMs,
                    producer,
                    (short) (producer < 0 ? -1 : 0),
                    BatchHeader.NO_SEQUENCE,
                    producer >= 0);
            var batch = new ArrayList<Sent>();
            int count = 1 + random.nextInt(4);
            for (int i = 0; i < count; i++) {
                var key = "key" + random.nextInt(25);
                var value = random.nextInt(6) == 0 ? null : "value" + counter++;
                writer.append(nowMs, bytes(key), value == null ? null : bytes(value));
                batch.add(new Sent(key, value, producer));
            }
            long offset = partition.append(writer.finish(), AppendOrigin.ENGINE).firstOffset();
            for (var one : batch) {
                sent.put(offset, one);
                if (producer >= 0) {
                    open.computeIfAbsent(producer, _ -> new ArrayList<>()).add(offset);
                }
                offset++;
            }
        }

        private void end() {
            if (open.isEmpty()) {
                return;
            }
            long producer = open.keySet().iterator().next();
            boolean commit = random.nextBoolean();
            partition.appendMarker(producer, (short) 0, commit, nowMs);
            var offsets = open.remove(producer);
            if (!commit) {
                aborted.addAll(offsets);
            }
        }

        private void restart() throws IOException {
            if (random.nextBoolean()) {
                // In the middle of a compaction, if there is one to be made.
                directory.syncOnce();
                files.failSyncsFrom(1 + random.nextInt(12));
                directory.upkeepOnce();
                files.crash();
                files.healFaults();
            } else if (random.nextBoolean()) {
                directory.syncOnce();
                directory.upkeepOnce();
                files.crash();
            } else {
                directory.syncOnce();
                directory.close();
            }
            CompactionTest.this.open(config);
            verify();
        }

        private void verify() throws IOException {
            directory.syncOnce();
            long end = partition.logEndOffset();
            assertThat(sent.isEmpty() ? 0 : sent.lastKey()).isLessThan(Math.max(end, 1));
            var found = visible();
            var expected = new TreeMap<String, String>();
            long stable = partition.lastStableOffset();
            sent.headMap(stable)
                    .forEach((offset, one) -> {
                        if (!aborted.contains(offset)) {
                            expected.put(one.key, one.value);
                        }
                    });
            expected.values().removeIf(value -> value == null);
            var actual = new TreeMap<String, String>();
            found.forEach((offset, text) -> {
                assertThat(text).as("offset " + offset).isEqualTo(sent.get(offset).toString());
                assertThat(aborted).as("aborted").doesNotContain(offset);
                actual.put(sent.get(offset).key, sent.get(offset).value);
            });
            actual.values().removeIf(value -> value == null);
            assertThat(actual).isEqualTo(expected);
            // A reader may have come to any offset before what was there was compacted away.
            long from = partition.logStartOffset();
            from += random.nextInt((int) (end - from) + 1);
            assertThat(read(from, ReadLimit.LAST_STABLE_OFFSET))
                    .as("committed records from " + from)
                    .isEqualTo(found.tailMap(from, true));
        }
    }

    // ---------------------------------------------------------------- helpers

    private void put(String key, String value) {
        var writer = new RecordBatchWriter();
        writer.start(nowMs);
        writer.append(nowMs, bytes(key), value == null ? null : bytes(value));
        partition.append(writer.finish(), AppendOrigin.CLIENT);
    }

    private void transactional(long producer, String key, String value) {
        partition.append(batch(producer, -1, true, key, value), AppendOrigin.ENGINE);
    }

    private ByteBuffer idempotent(long producer, int sequence, String key, String value) {
        return batch(producer, sequence, false, key, value);
    }

    private ByteBuffer batch(
            long producer, int sequence, boolean transactional, String key, String value) {
        var writer = new RecordBatchWriter();
        writer.start(nowMs, producer, (short) 0, sequence, transactional);
        writer.append(nowMs, bytes(key), bytes(value));
        return writer.finish();
    }

    /// Closes the segments so far.
    private void fill() {
        for (int i = 0; i < 20; i++) {
            put("filler" + i, "x".repeat(20));
        }
    }

    private void compact() {
        directory.syncOnce();
        directory.upkeepOnce();
    }

    private long segmentFiles() throws IOException {
        return files.list(Path.of("/data/log/t-0")).stream()
                .filter(path -> path.toString().endsWith(".log"))
                .count();
    }

    /// The base of the segment that is written to: the last batch of the one before is complete.
    private long closedBelow() {
        long last = 0;
        try {
            for (var path : files.list(Path.of("/data/log/t-0"))) {
                var name = path.getFileName().toString();
                if (name.endsWith(".log")) {
                    last = Math.max(last, Long.parseLong(name.substring(0, 20)));
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return last;
    }

    /// What readers of committed records see, by offset.
    private NavigableMap<Long, String> visible() {
        return read(partition.logStartOffset(), ReadLimit.LAST_STABLE_OFFSET);
    }

    private NavigableMap<Long, String> everything() {
        return read(partition.logStartOffset(), ReadLimit.LOG_END);
    }

    /// Reads batch by batch as a client does.
    private NavigableMap<Long, String> read(long start, ReadLimit limit) {
        boolean committed = limit == ReadLimit.LAST_STABLE_OFFSET;
        long end = committed ? partition.lastStableOffset() : partition.logEndOffset();
        var found = new TreeMap<Long, String>();
        var reader = new RecordBatchReader();
        long next = start;
        while (next < end) {
            var result = partition.read(next, 700, limit, true);
            assertThat(result.slice().length()).as("bytes from " + next).isPositive();
            long from = next;
            ByteBuffer batches;
            try {
                batches = result.slice().toBuffer();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
            while (batches.remaining() >= BatchHeader.BYTES
                    && BatchHeader.sizeInBytes(batches, batches.position())
                            <= batches.remaining()) {
                int at = batches.position();
                assertThat(BatchHeader.isIntact(batches, at, batches.limit())).isTrue();
                next = BatchHeader.nextOffset(batches, at);
                boolean shown =
                        !BatchHeader.isControl(batches, at)
                                && !(committed && isAborted(batches, at, result.aborted()));
                reader.start(batches);
                while (reader.next()) {
                    if (shown && reader.offset() >= from) {
                        found.put(reader.offset(), text(reader));
                    }
                }
            }
            assertThat(next).isGreaterThan(from);
        }
        return found;
    }

    private static boolean isAborted(
            ByteBuffer batches, int at, List<AbortedTransaction> transactions) {
        return BatchHeader.isTransactional(batches, at)
                && transactions.stream()
                        .anyMatch(each ->
                                each.producerId() == BatchHeader.producerId(batches, at)
                                        && each.firstOffset() <= BatchHeader.baseOffset(batches, at)
                                        && each.lastOffset()
                                                >= BatchHeader.lastOffset(batches, at));
    }

    private static String text(RecordBatchReader record) {
        var key =
                new String(
                        record.bytes(),
                        record.keyOffset(),
                        record.keyLength(),
                        StandardCharsets.UTF_8);
        return key
                + "="
                + (record.valueLength() < 0
                        ? null
                        : new String(
                                record.bytes(),
                                record.valueOffset(),
                                record.valueLength(),
                                StandardCharsets.UTF_8));
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
