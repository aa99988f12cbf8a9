package dev.weir.broker.partition;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weir.broker.error.BrokerException;
import dev.weir.broker.error.ErrorCode;
import dev.weir.broker.log.AbortedTransaction;
import dev.weir.broker.log.LogConfig;
import dev.weir.broker.log.OffsetAtTimestamp;
import dev.weir.broker.log.OpenTransaction;
import dev.weir.broker.log.TimestampBounds;
import dev.weir.broker.partition.LogDirectoryConfig.Durability;
import dev.weir.broker.record.BatchHeader;
import dev.weir.broker.record.RecordBatchWriter;
import dev.weir.broker.storage.FileSystem.OpenMode;
import dev.weir.broker.storage.SimulatedFileSystem;

import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.SimpleRecord;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;

/// One partition on a simulated disk, synced when the test says so.
class PartitionTest {
    private static final Path DATA = Path.of("/data/log");
    private static final LogConfig SMALL =
            LogConfig.DEFAULT.withSegmentBytes(1000).withIndexIntervalBytes(100);

    private final SimulatedFileSystem files = new SimulatedFileSystem(1);
    private LogDirectoryConfig settings = LogDirectoryConfig.DEFAULT.withSyncThreads(0);
    private long nowMs = 1_000_000;
    private LogDirectory directory;
    private Partition partition;

    @BeforeEach
    void open() {
        open(LogConfig.DEFAULT);
    }

    // ---------------------------------------------------------------- appending and durability

    @Test
    void records_become_visible_to_consumers_and_acknowledged_when_synced() {
        List<String> events = new ArrayList<>();
        Registration listening = partition.onAdvance(false, () -> events.add("advanced"));
        AppendResult first = append(Batches.plain(1, "a", "b"));
        AppendResult second = append(Batches.plain(1, "c"));
        partition.whenSynced(
                second.lastOffset() + 1, failure -> events.add("c durable, failure " + failure));
        partition.whenSynced(
                first.lastOffset() + 1, failure -> events.add("b durable, failure " + failure));

        assertThat(first).isEqualTo(new AppendResult(0, 1, -1, 0, false));
        assertThat(second.firstOffset()).isEqualTo(2);
        assertThat(partition.logEndOffset()).isEqualTo(3);
        assertThat(partition.highWatermark()).isZero();
        assertThat(values(ReadLimit.HIGH_WATERMARK)).isEmpty();
        assertThat(values(ReadLimit.LOG_END)).containsExactly("a", "b", "c");
        assertThat(events).isEmpty();

        directory.syncOnce();
        assertThat(partition.highWatermark()).isEqualTo(3);
        assertThat(values(ReadLimit.HIGH_WATERMARK)).containsExactly("a", "b", "c");
        assertThat(events)
                .containsExactly("b durable, failure null", "c durable, failure null", "advanced");

        partition.whenSynced(3, failure -> events.add("at once " + failure));
        assertThat(events).endsWith("at once null");
        listening.close();
        append(Batches.plain(1, "d"));
        partition.syncNow();
        assertThat(events).hasSize(4);
        assertThat(partition.highWatermark()).isEqualTo(4);
    }

    @Test
    void one_fsync_covers_everything_appended_before_it() {
        append(Batches.plain(1, "first")); // what is written first to a log takes more syncs
        directory.syncOnce();
        long before = directory.syncTime().count();
        for (int i = 0; i < 99; i++) {
            append(Batches.plain(1, "v" + i));
        }
        directory.syncOnce();
        directory.syncOnce();
        assertThat(directory.syncTime().count() - before).isEqualTo(1);
        assertThat(partition.highWatermark()).isEqualTo(100);
    }

    @Test
    void with_durability_os_records_are_visible_at_once() {
        directory.close();
        settings = settings.withDurability(Durability.OS);
        open(LogConfig.DEFAULT);
        append(Batches.plain(1, "a"));
        assertThat(partition.highWatermark()).isEqualTo(1);
        assertThat(values(ReadLimit.HIGH_WATERMARK)).containsExactly("a");
    }

    @Test
    void with_durability_os_the_files_of_a_new_log_get_their_names_all_the_same()
            throws IOException {
        directory.close();
        settings = settings.withDurability(Durability.OS);
        open(LogConfig.DEFAULT);
        assertThat(files.exists(DATA.resolve("t-0"))).isFalse();
        append(Batches.plain(1, "a"));
        assertThat(names()).contains("00000000000000000000.log.new", "weir.state.new");
        directory.syncOnce();
        assertThat(names()).containsExactly("00000000000000000000.log", "weir.state");
    }

    private List<String> names() throws IOException {
        return files.list(DATA.resolve("t-0")).stream()
                .map(path -> path.getFileName().toString())
                .toList();
    }

    @Test
    void log_append_time_is_stamped_on_arrival() {
        partition.reconfigure(LogConfig.DEFAULT.withLogAppendTime(true));
        nowMs = 5_000_000;
        assertThat(append(Batches.plain(1, "a")).logAppendTimeMs()).isEqualTo(5_000_000);
        assertThat(Batches.read(partition, 0, ReadLimit.LOG_END))
                .extracting(Batches.Read::timestamp)
                .containsExactly(5_000_000L);
    }

    @Test
    void clients_may_not_send_timestamps_out_of_bounds() {
        append(Batches.plain(nowMs + 3_600_000, "an hour ahead"));
        assertCode(
                ErrorCode.INVALID_TIMESTAMP,
                () -> append(Batches.plain(nowMs + 3_600_001, "more than an hour ahead")));
        assertCode(
                ErrorCode.INVALID_TIMESTAMP, () -> append(Batches.plain(Long.MAX_VALUE, "never")));
        append(Batches.plain(0, "long ago"));

        partition.reconfigure(LogConfig.DEFAULT.withTimestamps(new TimestampBounds(1000, 10)));
        append(Batches.plain(nowMs - 1000, "a second ago"));
        assertCode(
                ErrorCode.INVALID_TIMESTAMP,
                () -> append(Batches.plain(nowMs - 1001, "more than a second ago")));
        assertThatThrownBy(() -> append(Batches.plain(nowMs + 11, "too far ahead")))
                .hasMessage(
                        "a record batch was refused: the timestamp of record 0 is 1000011 and the"
                                + " server's clock says 1000000; message.timestamp.after.max.ms is"
                                + " 10");
        append(Batches.plain(-1, "without a timestamp"));
        assertCode(
                ErrorCode.INVALID_TIMESTAMP,
                () -> append(Batches.plain(Long.MIN_VALUE, "before time")));
        partition.append(Batches.plain(nowMs + 11, "of a query"), AppendOrigin.ENGINE);

        assertThat(values(ReadLimit.LOG_END))
                .containsExactly(
                        "an hour ahead",
                        "long ago",
                        "a second ago",
                        "without a timestamp",
                        "of a query");
        partition.reconfigure(
                LogConfig.DEFAULT
                        .withTimestamps(new TimestampBounds(1000, 10))
                        .withLogAppendTime(true));
        append(Batches.plain(nowMs + 11, "stamped"));
        assertThat(values(ReadLimit.LOG_END)).endsWith("stamped");
    }

    @Test
    void broken_and_unwanted_batches_are_refused_with_the_code_of_kafka() {
        ByteBuffer damaged = Batches.plain(1, "a");
        damaged.put(damaged.limit() - 1, (byte) 'x');
        assertCode(ErrorCode.CORRUPT_MESSAGE, () -> append(damaged));
        ByteBuffer cut = Batches.plain(1, "a");
        assertCode(ErrorCode.CORRUPT_MESSAGE, () -> append(cut.limit(cut.limit() - 1)));
        assertCode(ErrorCode.CORRUPT_MESSAGE, () -> append(ByteBuffer.allocate(10)));
        assertCode(ErrorCode.INVALID_RECORD, () -> append(ByteBuffer.allocate(0)));
        assertCode(ErrorCode.INVALID_RECORD, () -> append(ByteBuffer.allocate(100)));
        assertCode(ErrorCode.INVALID_RECORD, () -> append(two(-1)));
        assertCode(ErrorCode.INVALID_RECORD, () -> append(Batches.transactional(-1, -1, -1, "a")));
        assertCode(ErrorCode.INVALID_RECORD, () -> append(Batches.idempotent(5, 0, -1, "a")));
        partition.reconfigure(LogConfig.DEFAULT.withMaxMessageBytes(100));
        assertCode(ErrorCode.MESSAGE_TOO_LARGE, () -> append(Batches.plain(1, "x".repeat(100))));
        assertThat(partition.logEndOffset()).isZero();
    }

    @Test
    void the_engine_appends_many_batches_at_once() {
        AppendResult result = partition.append(two(9), AppendOrigin.ENGINE);
        assertThat(result).isEqualTo(new AppendResult(0, 2, -1, 0, false));
        assertThat(values(ReadLimit.LOG_END)).containsExactly("a", "b", "c");
    }

    // ---------------------------------------------------------------- idempotence

    @Test
    void a_repeated_batch_among_the_last_five_is_answered_with_its_old_offset() {
        for (int i = 0; i < 6; i++) {
            append(Batches.idempotent(7, 0, i * 2, "a" + i, "b" + i));
        }
        for (int i = 1; i < 6; i++) {
            AppendResult again = append(Batches.idempotent(7, 0, i * 2, "a" + i, "b" + i));
            assertThat(again).isEqualTo(new AppendResult(2L * i, 2L * i + 1, -1, 0, true));
        }
        assertCode(
                ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER,
                () -> append(Batches.idempotent(7, 0, 0, "a0", "b0")));
        assertThat(partition.logEndOffset()).isEqualTo(12);
    }

    @Test
    void sequences_must_follow_and_epochs_must_not_fall() {
        append(Batches.idempotent(7, 3, 0, "a"));
        assertCode(
                ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER,
                () -> append(Batches.idempotent(7, 3, 2, "c")));
        assertCode(
                ErrorCode.INVALID_PRODUCER_EPOCH, () -> append(Batches.idempotent(7, 2, 1, "b")));
        assertCode(
                ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER,
                () -> append(Batches.idempotent(7, 4, 1, "b")));
        append(Batches.idempotent(7, 4, 0, "b"));
        append(Batches.idempotent(8, 0, 55, "a producer nobody remembers"));
        append(Batches.idempotent(9, 0, Integer.MAX_VALUE, "the last number"));
        append(Batches.idempotent(9, 0, 0, "and around"));
        assertThat(partition.logEndOffset()).isEqualTo(5);
    }

    @Test
    void sequences_survive_a_clean_restart_and_a_crash() {
        for (int i = 0; i < 5; i++) {
            append(Batches.idempotent(7, 0, i, "a" + i));
        }
        partition.syncNow();
        restart();
        assertThat(append(Batches.idempotent(7, 0, 0, "a0")).duplicate()).isTrue();
        append(Batches.idempotent(7, 0, 5, "a5"));
        partition.syncNow();
        files.crash();
        open(LogConfig.DEFAULT);
        assertThat(append(Batches.idempotent(7, 0, 1, "a1")).firstOffset()).isEqualTo(1);
        assertThat(append(Batches.idempotent(7, 0, 5, "a5")).duplicate()).isTrue();
        assertCode(
                ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER,
                () -> append(Batches.idempotent(7, 0, 7, "a7")));
    }

    @Test
    void idle_producers_are_forgotten_but_not_those_with_a_transaction() {
        append(Batches.idempotent(7, 5, 0, "a"));
        append(Batches.transactional(8, 5, 0, "b"));
        nowMs += 2 * settings.upkeep().producerExpirationMs();
        directory.upkeepOnce();
        append(Batches.idempotent(7, 0, 3, "accepted: nobody remembers epoch 5"));
        assertCode(
                ErrorCode.INVALID_PRODUCER_EPOCH,
                () -> append(Batches.transactional(8, 4, 1, "c")));
    }

    @Test
    void how_long_producers_are_remembered_can_change_while_the_log_is_open() {
        append(Batches.idempotent(7, 5, 0, "a"));
        nowMs += 1000;
        directory.reconfigure(new UpkeepConfig(1001, 15_000, 1 << 20, 1, 1));
        directory.upkeepOnce();
        assertCode(
                ErrorCode.INVALID_PRODUCER_EPOCH, () -> append(Batches.idempotent(7, 4, 1, "b")));
        directory.reconfigure(new UpkeepConfig(1000, 15_000, 1 << 20, 1, 1));
        directory.upkeepOnce();
        append(Batches.idempotent(7, 0, 3, "accepted: nobody remembers epoch 5"));
    }

    // ---------------------------------------------------------------- transactions

    @Test
    void the_last_stable_offset_waits_for_open_transactions_and_durable_markers() {
        append(Batches.plain(1, "before"));
        append(Batches.transactional(7, 0, 0, "t1", "t2"));
        append(Batches.plain(1, "after"));
        partition.syncNow();
        assertThat(partition.highWatermark()).isEqualTo(4);
        assertThat(partition.lastStableOffset()).isEqualTo(1);
        assertThat(values(ReadLimit.LAST_STABLE_OFFSET)).containsExactly("before");
        assertThat(partition.openTransactions())
                .containsExactly(new OpenTransaction(7, (short) 0, 1));

        partition.appendMarker(7, (short) 0, true, 2000);
        assertThat(partition.openTransactions()).isEmpty();
        assertThat(partition.lastStableOffset()).as("the marker could be lost").isEqualTo(1);
        partition.syncNow();
        assertThat(partition.lastStableOffset()).isEqualTo(5);
        assertThat(values(ReadLimit.LAST_STABLE_OFFSET))
                .containsExactly("before", "t1", "t2", "after", "<commit>");
    }

    @Test
    void aborted_transactions_are_listed_for_the_reads_they_overlap() {
        open(SMALL);
        append(Batches.transactional(7, 0, 0, "a0"));
        append(Batches.transactional(8, 0, 0, "b0"));
        partition.appendMarker(7, (short) 0, false, 1);
        for (int i = 0; i < 20; i++) {
            append(Batches.plain(1, "filler " + i + "x".repeat(100)));
        }
        partition.appendMarker(8, (short) 0, false, 1);
        append(Batches.transactional(9, 0, 0, "c0"));
        partition.appendMarker(9, (short) 0, true, 1);
        partition.syncNow();
        AbortedTransaction first = new AbortedTransaction(7, 0, 2, 1);
        AbortedTransaction second = new AbortedTransaction(8, 1, 23, 24);
        assertThat(aborted(0)).containsExactly(first, second);
        assertThat(aborted(2)).containsExactly(first, second);
        assertThat(aborted(3)).containsExactly(second);
        assertThat(aborted(24)).isEmpty();
        assertThat(partition.read(0, 1000, ReadLimit.HIGH_WATERMARK, true).aborted()).isEmpty();

        restart(SMALL);
        assertThat(aborted(0)).containsExactly(first, second);
    }

    @Test
    void a_small_read_amid_many_aborted_transactions_tells_of_those_about_it() throws IOException {
        abortMany(3000);
        assertThat(mostToldOf()).isBetween(10, 60);
        restart(LogConfig.DEFAULT);
        assertThat(mostToldOf()).isBetween(10, 60);
    }

    @Test
    void aborted_records_are_not_shown_where_the_offset_index_is_lost_or_damaged()
            throws IOException {
        abortMany(200);
        directory.close();
        var index = DATA.resolve("t-0/00000000000000000000.index");
        var entries = ByteBuffer.wrap(files.readFully(index));
        assertThat(entries.remaining()).isGreaterThan(24);
        for (int at = 0; at < entries.limit(); at += 8) {
            entries.putInt(at, at / 8); // offsets far below those of the batches there
        }
        try (var damaged = files.open(index, OpenMode.WRITE)) {
            damaged.write(entries, 0);
        }
        open(LogConfig.DEFAULT);
        assertThat(mostToldOf()).isEqualTo(200);
        directory.close();
        files.delete(index);
        open(LogConfig.DEFAULT);
        assertThat(mostToldOf()).isEqualTo(200);
    }

    private void abortMany(int transactions) {
        for (int i = 0; i < transactions; i++) {
            append(Batches.transactional(7, 0, i, "aborted"));
            partition.appendMarker(7, (short) 0, false, 1);
        }
        partition.syncNow();
    }

    /// How many transactions one of many small fetches names at most; none shows a record.
    private int mostToldOf() throws IOException {
        var most = new int[1];
        var limit = ReadLimit.LAST_STABLE_OFFSET;
        var shown =
                CommittedReads.shownFrom(
                        0,
                        at -> {
                            var read = partition.read(at, 1000, limit, true);
                            most[0] = Math.max(most[0], read.aborted().size());
                            return CommittedReads.Fetched.of(read);
                        });
        assertThat(shown).isEmpty();
        return most[0];
    }

    @Test
    void open_transactions_survive_restarts() {
        append(Batches.transactional(7, 2, 0, "a"));
        append(Batches.transactional(8, 1, 0, "b"));
        partition.syncNow();
        List<OpenTransaction> both =
                List.of(new OpenTransaction(7, (short) 2, 0), new OpenTransaction(8, (short) 1, 1));
        restart();
        assertThat(partition.openTransactions()).isEqualTo(both);
        files.crash();
        open(LogConfig.DEFAULT);
        assertThat(partition.openTransactions()).isEqualTo(both);
        assertThat(partition.lastStableOffset()).isZero();
        partition.appendMarker(7, (short) 2, false, 1);
        partition.syncNow();
        assertThat(partition.lastStableOffset()).isEqualTo(1);
    }

    @Test
    void a_marker_of_an_older_epoch_is_refused_and_a_plain_batch_inside_a_transaction_too() {
        append(Batches.transactional(7, 2, 0, "a"));
        assertCode(
                ErrorCode.INVALID_PRODUCER_EPOCH,
                () -> partition.appendMarker(7, (short) 1, true, 1));
        assertCode(ErrorCode.INVALID_TXN_STATE, () -> append(Batches.idempotent(7, 2, 1, "plain")));
        partition.appendMarker(7, (short) 3, false, 1);
        assertCode(
                ErrorCode.INVALID_PRODUCER_EPOCH,
                () -> append(Batches.transactional(7, 2, 1, "late")));
    }

    // ---------------------------------------------------------------- reading

    @Test
    void reads_end_inside_a_batch_only_when_told_a_size_and_never_exceed_the_limit() {
        append(Batches.plain(1, "a", "b"));
        append(Batches.plain(1, "c"));
        partition.syncNow();
        append(Batches.plain(1, "unsynced"));
        int all = partition.read(0, 10_000, ReadLimit.HIGH_WATERMARK, true).slice().length();
        int first = partition.read(0, 1, ReadLimit.HIGH_WATERMARK, true).slice().length();
        assertThat(first).isEqualTo(Batches.plain(1, "a", "b").remaining());
        assertThat(all).isEqualTo(first + Batches.plain(1, "c").remaining());
        assertThat(partition.read(0, 1, ReadLimit.HIGH_WATERMARK, false).slice().length()).isZero();
        assertThat(partition.read(1, first + 5, ReadLimit.HIGH_WATERMARK, true).slice().length())
                .isEqualTo(first + 5);
        assertThat(partition.read(3, 100, ReadLimit.HIGH_WATERMARK, true).slice().length())
                .isZero();
        assertThat(partition.read(4, 100, ReadLimit.LOG_END, true).slice().length()).isZero();
        assertCode(
                ErrorCode.OFFSET_OUT_OF_RANGE,
                () -> partition.read(5, 100, ReadLimit.HIGH_WATERMARK, true));
        assertCode(
                ErrorCode.OFFSET_OUT_OF_RANGE,
                () -> partition.read(-1, 100, ReadLimit.HIGH_WATERMARK, true));
    }

    @Test
    void any_offset_is_found_in_any_segment_before_and_after_a_restart() {
        open(SMALL);
        List<String> all = new ArrayList<>();
        for (int i = 0; i < 300; i++) {
            String value = "value " + i + "x".repeat(i % 50);
            append(Batches.plain(i, value));
            all.add(value);
            if (i % 40 == 0) {
                directory.upkeepOnce();
            }
        }
        partition.syncNow();
        for (int round = 0; round < 3; round++) {
            for (int i = 0; i < 300; i++) {
                var slice = partition.read(i, 1, ReadLimit.HIGH_WATERMARK, true).slice();
                assertThat(Batches.records(slice, i))
                        .extracting(Batches.Read::value)
                        .containsExactly(all.get(i));
            }
            restart(SMALL);
        }
    }

    @Test
    void records_are_found_by_timestamp() {
        open(SMALL);
        for (int i = 0; i < 200; i++) {
            long timestamp = i == 120 ? 90_000 : 1000 + i * 10L; // one from the future
            append(
                    Batches.plain(timestamp, "a" + i + "x".repeat(30)),
                    MemoryRecords.withRecords(
                                    Compression.zstd().build(),
                                    new SimpleRecord(timestamp + 1, new byte[1]),
                                    new SimpleRecord(timestamp + 5, new byte[1]))
                            .buffer());
        }
        partition.syncNow();
        for (int round = 0; round < 2; round++) {
            assertThat(partition.offsetForTimestamp(0))
                    .isEqualTo(new OffsetAtTimestamp(0, 1000, 0));
            for (int i = 0; i < 120; i++) {
                assertThat(partition.offsetForTimestamp(1000 + i * 10L).offset()).isEqualTo(i * 3L);
                assertThat(partition.offsetForTimestamp(1001 + i * 10L).offset())
                        .isEqualTo(i * 3L + 1);
                assertThat(partition.offsetForTimestamp(1002 + i * 10L))
                        .isEqualTo(new OffsetAtTimestamp(i * 3L + 2, 1005 + i * 10L, 0));
            }
            assertThat(partition.offsetForTimestamp(2500).offset()).isEqualTo(360);
            assertThat(partition.offsetForTimestamp(90_006)).isEqualTo(OffsetAtTimestamp.NONE);
            assertThat(partition.maxTimestampOffset())
                    .isEqualTo(new OffsetAtTimestamp(362, 90_005, 0));
            restart(SMALL);
        }
        append(Batches.plain(99_000, "not durable yet"));
        assertThat(partition.offsetForTimestamp(95_000)).isEqualTo(OffsetAtTimestamp.NONE);
    }

    @Test
    void records_are_found_by_timestamp_where_the_time_indexes_were_lost() throws IOException {
        open(SMALL);
        for (int i = 0; i < 100; i++) {
            append(Batches.plain(1000 + 10 * i, "v" + i));
        }
        directory.close();
        for (Path path : files.list(DATA.resolve("t-0"))) {
            if (path.toString().endsWith(".timeindex")) {
                files.delete(path);
            }
        }
        open(SMALL);
        for (int i = 0; i < 100; i++) {
            assertThat(partition.offsetForTimestamp(1000 + 10 * i).offset()).isEqualTo(i);
        }
        append(Batches.plain(1500, "older than those before it"));
        restart(SMALL); // what is in the index again must not be taken for all there was
        assertThat(partition.maxTimestampOffset().offset()).isEqualTo(99);
        assertThat(partition.offsetForTimestamp(1990).offset()).isEqualTo(99);
    }

    @Test
    void the_record_with_the_greatest_timestamp_is_never_a_deleted_one() {
        for (long timestamp : new long[] {100, 300, 200, 150, 250}) {
            append(Batches.plain(timestamp, "at " + timestamp));
        }
        partition.syncNow();
        partition.deleteRecordsBefore(2);
        assertThat(partition.maxTimestampOffset()).isEqualTo(new OffsetAtTimestamp(4, 250, 0));
        append(timed(400, 120, 240));
        partition.syncNow();
        assertThat(partition.maxTimestampOffset()).isEqualTo(new OffsetAtTimestamp(5, 400, 0));
        restart(LogConfig.DEFAULT);
        partition.deleteRecordsBefore(6);
        assertThat(partition.maxTimestampOffset()).isEqualTo(new OffsetAtTimestamp(7, 240, 0));
        restart(LogConfig.DEFAULT);
        assertThat(partition.maxTimestampOffset()).isEqualTo(new OffsetAtTimestamp(7, 240, 0));
        append(Batches.plain(60, "at 60"));
        assertThat(partition.maxTimestampOffset()).isEqualTo(new OffsetAtTimestamp(7, 240, 0));
        append(Batches.plain(241, "at 241"));
        assertThat(partition.maxTimestampOffset()).isEqualTo(new OffsetAtTimestamp(9, 241, 0));
        append(Batches.plain(500, "at 500"));
        assertThat(partition.maxTimestampOffset()).isEqualTo(new OffsetAtTimestamp(10, 500, 0));
        partition.syncNow();
        partition.deleteRecordsBefore(11);
        assertThat(partition.maxTimestampOffset()).isEqualTo(OffsetAtTimestamp.NONE);
    }

    @Test
    void a_greatest_timestamp_that_was_deleted_gives_way_to_that_of_the_next_segment() {
        open(SMALL);
        append(Batches.plain(900, "greatest"), Batches.plain(100, "x".repeat(800)));
        append(Batches.plain(700, "in the second segment" + "x".repeat(300)));
        append(Batches.plain(700, "again"));
        partition.syncNow();
        assertThat(partition.maxTimestampOffset()).isEqualTo(new OffsetAtTimestamp(0, 900, 0));
        partition.deleteRecordsBefore(1);
        assertThat(partition.maxTimestampOffset()).isEqualTo(new OffsetAtTimestamp(2, 700, 0));
    }

    private static ByteBuffer timed(long... timestamps) {
        var records = new SimpleRecord[timestamps.length];
        for (int i = 0; i < timestamps.length; i++) {
            records[i] = new SimpleRecord(timestamps[i], new byte[1]);
        }
        return MemoryRecords.withRecords(Compression.NONE, records).buffer();
    }

    // ---------------------------------------------------------------- retention and pins

    @Test
    void old_segments_go_by_age_but_not_below_a_pin() {
        LogConfig config = SMALL.withRetention(-1, 10_000);
        open(config);
        for (int i = 0; i < 100; i++) {
            append(Batches.plain(nowMs, "v" + i + "x".repeat(50)));
        }
        partition.syncNow();
        Pin pin = partition.pin(60);
        directory.upkeepOnce();
        assertThat(partition.logStartOffset()).isZero();
        nowMs += 10_001;
        append(Batches.plain(nowMs, "young"));
        partition.syncNow();
        directory.upkeepOnce();
        long start = partition.logStartOffset();
        assertThat(start).isBetween(50L, 60L);
        assertThat(Batches.values(partition, start, ReadLimit.HIGH_WATERMARK))
                .hasSize((int) (101 - start));
        assertCode(ErrorCode.OFFSET_OUT_OF_RANGE, () -> partition.pin(start - 1));
        assertCode(
                ErrorCode.OFFSET_OUT_OF_RANGE,
                () -> partition.read(start - 1, 100, ReadLimit.LOG_END, true));

        restart(config);
        assertThat(partition.logStartOffset()).isEqualTo(start);
        pin.close();
        nowMs += 10_001;
        directory.upkeepOnce();
        assertThat(partition.logStartOffset()).as("the whole log has expired").isEqualTo(101);
        assertThat(partition.sizeInBytes()).isZero();
        append(Batches.plain(nowMs, "next"));
        assertThat(partition.logEndOffset()).isEqualTo(102);
    }

    @Test
    void segments_go_by_age_also_where_the_time_index_of_the_oldest_was_lost() throws IOException {
        LogConfig config = SMALL.withRetention(-1, 60_000);
        open(config);
        for (int i = 0; i < 100; i++) {
            append(Batches.plain(nowMs, "v" + i));
        }
        directory.close();
        files.delete(DATA.resolve("t-0/00000000000000000000.timeindex"));
        open(config);
        nowMs += 60_001;
        append(Batches.plain(nowMs, "young"));
        partition.syncNow();
        directory.upkeepOnce();
        assertThat(partition.logStartOffset()).isBetween(80L, 100L);
    }

    @Test
    void records_without_timestamps_are_as_old_as_the_file_they_are_in() {
        files.clock(() -> nowMs);
        LogConfig config = SMALL.withRetention(-1, 60_000);
        open(config);
        for (int i = 0; i < 100; i++) {
            append(Batches.plain(-1, "v" + i));
        }
        partition.syncNow();
        nowMs += 60_000;
        restart(config);
        directory.upkeepOnce();
        assertThat(partition.logStartOffset()).isZero();
        nowMs += 1;
        append(Batches.plain(-1, "young"));
        partition.syncNow();
        directory.upkeepOnce();
        assertThat(partition.logStartOffset()).isBetween(80L, 100L);
        nowMs += 60_001;
        directory.upkeepOnce();
        assertThat(partition.logStartOffset()).isEqualTo(101);
    }

    @Test
    void a_segment_with_a_damaged_head_goes_when_its_file_is_old_enough() throws IOException {
        files.clock(() -> nowMs);
        LogConfig config = SMALL.withRetention(-1, 60_000);
        open(config);
        for (int i = 0; i < 100; i++) {
            append(Batches.plain(-1, "v" + i));
        }
        directory.close();
        int magic = 16;
        files.corrupt(DATA.resolve("t-0/00000000000000000000.log"), magic, 0xff);
        open(config);
        directory.upkeepOnce();
        assertThat(partition.logStartOffset()).isZero();
        nowMs += 60_001;
        append(Batches.plain(-1, "young"));
        partition.syncNow();
        directory.upkeepOnce();
        assertThat(partition.logStartOffset()).isBetween(80L, 100L);
    }

    @Test
    void compaction_makes_no_file_younger() {
        files.clock(() -> nowMs);
        open(SMALL.withRetention(-1, 60_000).withCompaction(EagerCompaction.after(1000)));
        for (int i = 0; i < 100; i++) {
            var writer = new RecordBatchWriter();
            writer.start(-1);
            writer.append(-1, new byte[] {(byte) (i % 30)}, new byte[20]);
            append(writer.finish());
        }
        partition.syncNow();
        nowMs += 60_000;
        long before = partition.sizeInBytes();
        directory.upkeepOnce();
        assertThat(partition.sizeInBytes()).isLessThan(before / 2);
        assertThat(partition.logStartOffset()).isZero();
        nowMs += 1;
        directory.upkeepOnce();
        assertThat(partition.logStartOffset()).isGreaterThan(80);
    }

    @Test
    void nothing_goes_while_retention_is_paused() {
        open(SMALL.withRetention(-1, 10_000));
        directory.pauseRetention();
        for (int i = 0; i < 100; i++) {
            append(Batches.plain(nowMs, "v" + i + "x".repeat(50)));
        }
        partition.syncNow();
        nowMs += 10_001;
        directory.upkeepOnce();
        assertThat(partition.logStartOffset()).isZero();
        directory.resumeRetention();
        directory.upkeepOnce();
        assertThat(partition.logStartOffset()).isEqualTo(100);
    }

    @Test
    void old_segments_go_by_size_but_only_what_is_durable_and_decided() {
        open(SMALL.withRetention(2500, -1));
        append(Batches.transactional(7, 0, 0, "open"));
        for (int i = 0; i < 100; i++) {
            append(Batches.plain(1, "v" + i + "x".repeat(50)));
        }
        directory.upkeepOnce();
        partition.syncNow();
        directory.upkeepOnce();
        assertThat(partition.logStartOffset()).isZero();
        partition.appendMarker(7, (short) 0, true, 1);
        partition.syncNow();
        directory.upkeepOnce();
        assertThat(partition.sizeInBytes()).isBetween(2500L, 3500L);
        assertThat(partition.logStartOffset()).isGreaterThan(60);
    }

    @Test
    void deleted_records_stay_deleted_and_pinned_bytes_stay_readable_through_the_pin() {
        open(SMALL);
        for (int i = 0; i < 50; i++) {
            append(Batches.plain(1, "v" + i + "x".repeat(50)));
        }
        partition.syncNow();
        append(Batches.plain(1, "not durable"));
        Pin pin = partition.pin(5);
        assertThat(partition.deleteRecordsBefore(30)).isEqualTo(30);
        assertThat(partition.deleteRecordsBefore(20)).isEqualTo(30);
        assertCode(ErrorCode.OFFSET_OUT_OF_RANGE, () -> partition.deleteRecordsBefore(51));
        assertCode(
                ErrorCode.OFFSET_OUT_OF_RANGE,
                () -> partition.read(29, 100, ReadLimit.HIGH_WATERMARK, true));
        assertThat(Batches.records(pin.read(7, 1, ReadLimit.HIGH_WATERMARK, true).slice(), 7))
                .extracting(Batches.Read::value)
                .containsExactly("v7" + "x".repeat(50));

        files.crash();
        open(SMALL);
        assertThat(partition.logStartOffset()).isEqualTo(30);
        Pin again = partition.pin(5);
        assertThat(again.read(5, 1, ReadLimit.HIGH_WATERMARK, true).slice().length()).isPositive();
        long pinned = partition.sizeInBytes();
        again.close();
        directory.upkeepOnce();
        assertThat(partition.sizeInBytes()).isLessThan(pinned - 2000);
        assertThat(partition.deleteRecordsBefore(-1)).isEqualTo(partition.highWatermark());
    }

    @Test
    void a_slice_outlives_the_deletion_of_its_segment() throws IOException {
        open(SMALL);
        for (int i = 0; i < 50; i++) {
            append(Batches.plain(1, "v" + i + "x".repeat(50)));
        }
        partition.syncNow();
        var slice = partition.read(0, 500, ReadLimit.HIGH_WATERMARK, true).slice();
        partition.deleteRecordsBefore(-1);
        directory.upkeepOnce();
        assertThat(Batches.records(slice, 0)).isNotEmpty();
        directory.delete("t", 0);
        directory.upkeepOnce();
        assertThat(Batches.records(slice, 0)).isNotEmpty();
        assertThat(files.list(DATA)).containsExactly(DATA.resolve(".lock"));
    }

    @Test
    void deleting_a_partition_fails_its_waiters_and_creating_it_again_starts_afresh() {
        append(Batches.plain(1, "a"));
        List<Short> outcomes = new ArrayList<>();
        partition.whenSynced(1, failure -> outcomes.add(failure.code()));
        directory.delete("t", 0);
        assertThat(outcomes).containsExactly(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION);
        assertCode(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, () -> append(Batches.plain(1, "a")));
        assertThat(directory.stored()).isEmpty();
        files.crash();
        open(LogConfig.DEFAULT);
        assertThat(partition.logEndOffset()).isZero();
    }

    // ---------------------------------------------------------------- restarts and damage

    @Test
    void opening_after_a_clean_stop_reads_nothing_of_the_log() throws IOException {
        open(SMALL);
        for (int i = 0; i < 100; i++) {
            append(Batches.plain(1, "v" + i));
        }
        directory.close();
        long reads = files.reads();
        open(SMALL);
        assertThat(files.reads() - reads).as("the state, the last time index entry").isEqualTo(2);
        assertThat(partition.logEndOffset()).isEqualTo(100);
        assertThat(partition.highWatermark()).isEqualTo(100);
    }

    @Test
    void damage_to_acknowledged_records_closes_the_partition_and_is_never_cut_off()
            throws IOException {
        for (int i = 0; i < 20; i++) {
            append(Batches.plain(1, "value " + i));
        }
        partition.syncNow();
        Path log = DATA.resolve("t-0/00000000000000000000.log");
        long size = partition.sizeInBytes();
        int fileSize = files.readFully(log).length;
        for (long position : new long[] {size / 2, size - 3, 20}) {
            files.corrupt(log, position, 4);
            reopenWithoutClosing();
            assertThat(partition.offlineReason())
                    .contains("t-0 is damaged from offset", "position");
            assertCode(
                    ErrorCode.KAFKA_STORAGE_ERROR,
                    () -> partition.read(0, 100, ReadLimit.HIGH_WATERMARK, true));
            assertCode(ErrorCode.KAFKA_STORAGE_ERROR, () -> append(Batches.plain(1, "a")));
            assertThat(files.readFully(log)).hasSize(fileSize);
            files.corrupt(log, position, 4);
        }
        reopenWithoutClosing();
        assertThat(values(ReadLimit.HIGH_WATERMARK)).hasSize(20);
    }

    @Test
    void a_log_that_lost_acknowledged_records_stays_closed() throws IOException {
        open(SMALL);
        for (int i = 0; i < 60; i++) {
            append(Batches.plain(1, "value " + i));
        }
        directory.close();
        Path directoryOfLog = DATA.resolve("t-0");
        List<Path> logs =
                files.list(directoryOfLog).stream()
                        .filter(path -> path.toString().endsWith(".log"))
                        .toList();
        files.delete(logs.getLast());
        open(SMALL);
        assertThat(partition.offlineReason()).contains("missing");
    }

    @Test
    void a_torn_tail_is_cut_off_and_the_log_goes_on() throws IOException {
        append(Batches.plain(1, "acknowledged"));
        partition.syncNow();
        append(Batches.plain(1, "torn"));
        append(Batches.plain(1, "behind the tear"));
        Path log = DATA.resolve("t-0/00000000000000000000.log");
        int acknowledged = Batches.plain(1, "acknowledged").remaining();
        files.corrupt(log, acknowledged + BatchHeader.BYTES + 2, 1);
        reopenWithoutClosing();
        assertThat(partition.offlineReason()).isNull();
        assertThat(values(ReadLimit.HIGH_WATERMARK)).containsExactly("acknowledged");
        assertThat(files.readFully(log)).hasSize(acknowledged);
        append(Batches.plain(1, "next"));
        partition.syncNow();
        assertThat(values(ReadLimit.HIGH_WATERMARK)).containsExactly("acknowledged", "next");
    }

    @Test
    void a_lost_index_or_snapshot_is_made_up_for() throws IOException {
        open(SMALL);
        for (int i = 0; i < 60; i++) {
            append(Batches.idempotent(7, 0, i, "value " + i + "x".repeat(i % 70)));
        }
        append(Batches.transactional(8, 0, 0, "t"));
        partition.appendMarker(8, (short) 0, false, 1);
        directory.close();
        for (Path path : files.list(DATA.resolve("t-0"))) {
            if (!path.toString().endsWith(".log") && !path.toString().endsWith(".state")) {
                files.delete(path);
            }
        }
        open(SMALL);
        assertThat(partition.offlineReason()).isNull();
        assertThat(values(ReadLimit.HIGH_WATERMARK)).hasSize(62);
        assertThat(aborted(60)).containsExactly(new AbortedTransaction(8, 60, 61, 62));
        assertThat(append(Batches.idempotent(7, 0, 59, "again")).duplicate()).isTrue();
    }

    // ---------------------------------------------------------------- disks that fail

    @Test
    void a_full_disk_refuses_appends_and_recovers_when_there_is_room() {
        append(Batches.plain(1, "a"));
        partition.syncNow();
        files.setFree(100);
        for (int i = 0; i < 3; i++) {
            assertCode(
                    ErrorCode.KAFKA_STORAGE_ERROR,
                    () -> append(Batches.idempotent(7, 0, 0, "x".repeat(100))));
        }
        assertThat(values(ReadLimit.HIGH_WATERMARK)).containsExactly("a");
        append(Batches.plain(1, "b"));
        files.setUnlimited();
        append(Batches.idempotent(7, 0, 0, "x".repeat(100)));
        partition.syncNow();
        assertThat(values(ReadLimit.HIGH_WATERMARK)).containsExactly("a", "b", "x".repeat(100));
        files.crash();
        open(LogConfig.DEFAULT);
        assertThat(values(ReadLimit.HIGH_WATERMARK)).hasSize(3);
    }

    @Test
    void a_disk_too_full_for_a_new_segment_refuses_and_recovers() {
        open(SMALL);
        append(Batches.plain(1, "x".repeat(800)));
        files.setFree(0);
        assertCode(ErrorCode.KAFKA_STORAGE_ERROR, () -> append(Batches.plain(1, "x".repeat(300))));
        files.setUnlimited();
        append(Batches.plain(1, "x".repeat(300)));
        partition.syncNow();
        assertThat(values(ReadLimit.HIGH_WATERMARK)).hasSize(2);
    }

    @Test
    void after_a_failed_fsync_nothing_is_acknowledged_any_more_but_reads_go_on() {
        Partition other = directory.open("other", 0, LogConfig.DEFAULT);
        append(Batches.plain(1, "durable"));
        partition.syncNow();
        append(Batches.plain(1, "doomed"));
        other.append(Batches.plain(1, "doomed too"), AppendOrigin.CLIENT);
        List<Short> outcomes = new ArrayList<>();
        partition.whenSynced(2, failure -> outcomes.add(failure.code()));
        other.whenSynced(1, failure -> outcomes.add(failure.code()));
        files.failSyncsFrom(1);
        directory.syncOnce();
        files.healFaults();
        directory.syncOnce();
        assertThat(outcomes)
                .containsExactly(ErrorCode.KAFKA_STORAGE_ERROR, ErrorCode.KAFKA_STORAGE_ERROR);
        partition.whenSynced(2, failure -> outcomes.add(failure.code()));
        assertThat(outcomes).hasSize(3);
        assertThat(partition.highWatermark()).isEqualTo(1);
        assertThat(directory.failure()).contains("fsync of", "restart");
        assertCode(ErrorCode.KAFKA_STORAGE_ERROR, () -> append(Batches.plain(1, "a")));
        assertCode(ErrorCode.KAFKA_STORAGE_ERROR, partition::syncNow);
        assertThat(values(ReadLimit.HIGH_WATERMARK)).containsExactly("durable");
        directory.close();
        open(LogConfig.DEFAULT);
        append(Batches.plain(1, "after the restart"));
        partition.syncNow();
        assertThat(values(ReadLimit.HIGH_WATERMARK)).contains("durable", "after the restart");
    }

    // ---------------------------------------------------------------- helpers

    private void open(LogConfig config) {
        directory = LogDirectory.open(files, DATA, settings, () -> Instant.ofEpochMilli(nowMs));
        partition = directory.open("t", 0, config);
    }

    private void restart() {
        restart(LogConfig.DEFAULT);
    }

    @Test
    void a_transaction_begins_in_a_partition_only_when_it_was_verified() {
        assertThatThrownBy(() ->
                        partition.append(Batches.transactional(7, 0, 0, "a"), AppendOrigin.CLIENT))
                .isInstanceOf(BrokerException.class)
                .extracting(e -> ((BrokerException) e).code())
                .isEqualTo(ErrorCode.INVALID_TXN_STATE);
        long verified = partition.verification(7, (short) 0).orElseThrow();
        partition.append(Batches.transactional(7, 0, 0, "a"), AppendOrigin.CLIENT, verified);
        assertThat(partition.verification(7, (short) 0)).isEmpty();
        partition.append(Batches.transactional(7, 0, 1, "b"), AppendOrigin.CLIENT);
        assertThat(partition.openTransactions()).hasSize(1);
    }

    @Test
    void a_marker_by_an_older_coordinator_is_refused_also_after_restarts() {
        append(Batches.transactional(7, 0, 0, "a"));
        mark(7, 0, 5, false);
        assertCode(ErrorCode.TRANSACTION_COORDINATOR_FENCED, () -> mark(7, 0, 4, false));
        mark(7, 0, 5, false);
        mark(8, 0, 0, false); // of another producer nothing is known
        restart();
        assertCode(ErrorCode.TRANSACTION_COORDINATOR_FENCED, () -> mark(7, 1, 4, false));
        mark(7, 1, 6, false);
        partition.syncNow();
        files.crash();
        open(LogConfig.DEFAULT);
        assertCode(ErrorCode.TRANSACTION_COORDINATOR_FENCED, () -> mark(7, 2, 5, true));
        append(Batches.transactional(7, 2, 0, "in a new epoch"));
        assertCode(ErrorCode.TRANSACTION_COORDINATOR_FENCED, () -> mark(7, 3, 5, true));
        assertThat(partition.coordinatorEpoch(7)).isEqualTo(6);
        assertThat(partition.coordinatorEpoch(9)).isEqualTo(-1);
    }

    /// Whoever bumps the epoch with each end (KIP-890) marks the end with the epoch after it.
    @Test
    void a_bumping_marker_of_the_present_epoch_ends_nothing() {
        append(Batches.transactional(7, 0, 0, "a"));
        bumpingMark(7, 1);
        bumpingMark(7, 1); // the same once more, since its answer was lost
        append(Batches.transactional(7, 1, 0, "of the next transaction"));
        assertCode(ErrorCode.INVALID_PRODUCER_EPOCH, () -> bumpingMark(7, 1));
        assertCode(ErrorCode.INVALID_PRODUCER_EPOCH, () -> bumpingMark(7, 0));
        assertThat(partition.openTransactions()).hasSize(1);
        bumpingMark(7, 2);
        assertThat(partition.openTransactions()).isEmpty();
    }

    @Test
    void the_last_epoch_of_a_producer_is_ended_by_a_marker_of_the_same() {
        append(Batches.transactional(7, Short.MAX_VALUE, 0, "a"));
        bumpingMark(7, Short.MAX_VALUE);
        assertThat(partition.openTransactions()).isEmpty();
    }

    private void mark(long producer, int epoch, int coordinatorEpoch, boolean bumping) {
        partition.appendMarker(producer, (short) epoch, true, coordinatorEpoch, bumping, 1);
    }

    private void bumpingMark(long producer, int epoch) {
        mark(producer, epoch, 0, true);
    }

    @Test
    void a_batch_verified_before_its_transaction_ended_is_refused_after_it() {
        append(Batches.transactional(7, 0, 0, "a"));
        partition.appendMarker(7, (short) 0, true, 1000);
        long verified = partition.verification(7, (short) 0).orElseThrow();
        append(Batches.transactional(7, 0, 1, "b"));
        partition.appendMarker(7, (short) 0, true, 1000);
        assertThatThrownBy(() ->
                        partition.append(
                                Batches.transactional(7, 0, 2, "late"),
                                AppendOrigin.CLIENT,
                                verified))
                .isInstanceOf(BrokerException.class)
                .extracting(e -> ((BrokerException) e).code())
                .isEqualTo(ErrorCode.INVALID_TXN_STATE);
        assertThat(partition.openTransactions()).isEmpty();
    }

    /// The marker of the transaction before may come after the partition was looked at and before
    /// the batch is appended. It has the epoch of the batch, which tells the two apart (KIP-890).
    @Test
    void a_batch_that_added_its_partition_is_taken_though_the_marker_before_it_came_late() {
        append(Batches.transactional(7, 0, 0, "a"));
        long looked = partition.verification(7, (short) 1).orElseThrow();
        partition.appendMarker(7, (short) 1, true, 1000);
        assertThat(partition.verification(7, (short) 1)).isNotEqualTo(OptionalLong.of(looked));
        partition.append(Batches.transactional(7, 1, 0, "b"), AppendOrigin.CLIENT, Partition.ADDED);
        assertThat(partition.openTransactions()).hasSize(1);
    }

    @Test
    void a_batch_that_added_its_partition_is_refused_once_its_own_transaction_was_ended() {
        append(Batches.transactional(7, 0, 0, "a"));
        partition.appendMarker(7, (short) 1, false, 1000);
        assertThatThrownBy(() ->
                        partition.append(
                                Batches.transactional(7, 0, 1, "late"),
                                AppendOrigin.CLIENT,
                                Partition.ADDED))
                .isInstanceOf(BrokerException.class)
                .extracting(e -> ((BrokerException) e).code())
                .isEqualTo(ErrorCode.INVALID_PRODUCER_EPOCH);
        assertThat(partition.openTransactions()).isEmpty();
    }

    @Test
    void the_first_batch_after_a_marker_that_raised_the_epoch_has_sequence_0() {
        append(Batches.transactional(7, 0, 0, "a"));
        partition.appendMarker(7, (short) 1, true, 1000);
        assertThatThrownBy(() -> append(Batches.transactional(7, 1, 1, "second")))
                .isInstanceOf(BrokerException.class)
                .extracting(e -> ((BrokerException) e).code())
                .isEqualTo(ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER);
        append(Batches.transactional(7, 1, 0, "first"), Batches.transactional(7, 1, 1, "second"));
    }

    @Test
    void a_producer_the_partition_does_not_know_may_begin_with_any_sequence() {
        append(Batches.idempotent(7, 0, 5, "the sixth"));
        assertThat(begin(Batches.transactional(8, 0, 5, "the sixth"), false))
                .isEqualTo(ErrorCode.NONE);
    }

    @Test
    void a_client_with_an_epoch_for_each_transaction_begins_with_sequence_0() {
        assertThat(begin(Batches.transactional(7, 3, 1, "second"), true))
                .isEqualTo(ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER);
        assertThat(begin(Batches.transactional(7, 3, 0, "first"), true)).isEqualTo(ErrorCode.NONE);
        append(Batches.transactional(7, 3, 1, "second"));
    }

    @Test
    void no_batch_is_taken_before_one_that_could_not_be_verified_yet() {
        var first = Batches.transactional(7, 0, 4, "first");
        assertThat(partition.beginVerification(first, false)).isPresent(); // and then no answer
        assertThat(begin(Batches.transactional(7, 0, 5, "second"), false))
                .isEqualTo(ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER);
        assertThat(begin(first, false)).isEqualTo(ErrorCode.NONE);
        append(Batches.transactional(7, 0, 5, "second"));
    }

    /// Verifies a batch and appends it.
    private short begin(ByteBuffer batch, boolean bumping) {
        long verified = partition.beginVerification(batch, bumping).orElse(Partition.UNVERIFIED);
        try {
            partition.append(batch, AppendOrigin.CLIENT, verified);
            return ErrorCode.NONE;
        } catch (BrokerException e) {
            return e.code();
        }
    }

    private void restart(LogConfig config) {
        directory.close();
        open(config);
        assertThat(partition.offlineReason()).isNull();
    }

    /// As after `kill -9`: the page cache stays.
    private void reopenWithoutClosing() {
        open(LogConfig.DEFAULT);
    }

    private AppendResult append(ByteBuffer... batches) {
        AppendResult result = null;
        for (ByteBuffer batch : batches) {
            long verified =
                    batch.remaining() < BatchHeader.BYTES
                            ? Partition.UNVERIFIED
                            : partition
                                    .verification(
                                            BatchHeader.producerId(batch, 0),
                                            BatchHeader.producerEpoch(batch, 0))
                                    .orElse(Partition.UNVERIFIED);
            result = partition.append(batch, AppendOrigin.CLIENT, verified);
        }
        return result;
    }

    private static ByteBuffer two(long producer) {
        ByteBuffer first = Batches.batch(1, producer, producer < 0 ? -1 : 0, -1, false, "a", "b");
        ByteBuffer second = Batches.batch(1, producer, producer < 0 ? -1 : 0, -1, false, "c");
        return ByteBuffer.allocate(first.remaining() + second.remaining())
                .put(first)
                .put(second)
                .flip();
    }

    private List<String> values(ReadLimit limit) {
        return Batches.values(partition, partition.logStartOffset(), limit);
    }

    private List<AbortedTransaction> aborted(long from) {
        return partition.read(from, 300, ReadLimit.LAST_STABLE_OFFSET, true).aborted();
    }

    private static void assertCode(short code, ThrowingCallable call) {
        assertThatThrownBy(call)
                .isInstanceOfSatisfying(
                        BrokerException.class,
                        e -> assertThat(e.code()).as(e.getMessage()).isEqualTo(code));
    }
}
