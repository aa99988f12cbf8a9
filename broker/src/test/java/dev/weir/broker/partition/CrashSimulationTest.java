package dev.weir.broker.partition;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.broker.error.BrokerException;
import dev.weir.broker.error.ErrorCode;
import dev.weir.broker.log.AbortedTransaction;
import dev.weir.broker.log.LogConfig;
import dev.weir.broker.log.OpenTransaction;
import dev.weir.broker.partition.LogDirectoryConfig.Durability;
import dev.weir.broker.record.BatchHeader;
import dev.weir.broker.storage.SimulatedFileSystem;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;

/// Random lives of a partition on a disk that loses power: whatever was acknowledged is there, once
/// and in order, and nothing else but a prefix of what was sent.
@ExtendWith(QuietLogs.class)
class CrashSimulationTest {
    private static final int SEEDS = 300;
    private static final int STEPS = 150;

    @Test
    void everything_acknowledged_survives_any_crash_once_and_in_order() {
        for (long seed = 1; seed <= SEEDS; seed++) {
            try {
                new Life(seed).run();
            } catch (RuntimeException | AssertionError e) {
                throw new AssertionError("seed " + seed + ": " + e.getMessage(), e);
            }
        }
    }

    /// What is expected at an offset.
    private record Sent(
            long offset, String value, long producer, boolean transactional, boolean control) {}

    private record Repeatable(ByteBuffer bytes, long firstOffset) {}

    private static final class Life {
        private final long seed;
        private final Random random;
        private final SimulatedFileSystem files;
        private final LogConfig config;
        private final LogDirectoryConfig settings;

        private LogDirectory directory;
        private Partition partition;

        // The model.
        private final TreeMap<Long, Sent> sent = new TreeMap<>();
        private long end;
        private long acknowledged;
        private long start;
        private int counter;
        private int sequence; // of the idempotent producer 1
        private final List<Repeatable> repeatable = new ArrayList<>(); // all of producer 1
        private boolean diskFailed;

        Life(long seed) {
            this.seed = seed;
            random = new Random(seed);
            files = new SimulatedFileSystem(seed);
            config =
                    LogConfig.DEFAULT
                            .withSegmentBytes(1000 + random.nextInt(3000))
                            .withIndexIntervalBytes(random.nextInt(400));
            settings =
                    LogDirectoryConfig.DEFAULT
                            .withDurability(Durability.FSYNC)
                            .withSyncThreads(0)
                            .withCheckpointBytes(1 << 20);
        }

        void run() {
            open();
            for (int step = 0; step < STEPS; step++) {
                switch (random.nextInt(20)) {
                    case 0, 1, 2, 3 -> appendPlain();
                    case 4, 5, 6 -> appendIdempotent();
                    case 7, 8, 9 -> appendTransactional(2 + random.nextInt(3));
                    case 10, 11 -> endTransaction();
                    case 12, 13 -> directory.syncOnce();
                    case 14 -> appendWhileSyncing();
                    case 15 -> directory.upkeepOnce();
                    case 16 -> repeatOne();
                    case 17 -> maybeFailDisk();
                    case 18 -> maybeDeleteRecords();
                    default -> restart();
                }
            }
            crash();
            verify();
        }

        private void open() {
            directory =
                    LogDirectory.open(
                            files,
                            Path.of("/data/log"),
                            settings,
                            () -> Instant.ofEpochMilli(1_000_000));
            partition = directory.open("t", 0, config);
            assertThat(partition.offlineReason()).isNull();
        }

        private void restart() {
            if (random.nextInt(3) == 0) {
                // The process dies and the machine lives: no write is lost, synced or not.
                files.healFaults();
                diskFailed = false;
                directory = null;
                open();
                assertThat(partition.logEndOffset()).isEqualTo(end);
                acknowledged = end;
            } else if (random.nextInt(3) == 0 && !diskFailed) {
                directory.close();
                acknowledged = end;
                long reads = files.reads();
                open();
                // The state, and where there are producers their snapshot; nothing of the log.
                assertThat(files.reads() - reads).isLessThanOrEqualTo(4);
                assertThat(partition.logEndOffset()).isEqualTo(end);
            } else {
                crash();
            }
            verify();
        }

        private void crash() {
            files.crash();
            diskFailed = false;
            open();
            long recovered = partition.logEndOffset();
            assertThat(recovered).isBetween(acknowledged, end);
            sent.tailMap(recovered, true).clear();
            end = recovered;
            acknowledged = recovered; // opening synced it
            while (!repeatable.isEmpty() && repeatable.getLast().firstOffset >= recovered) {
                // The producer would send it again; here it goes back to what the log has.
                sequence -= BatchHeader.recordCount(repeatable.removeLast().bytes, 0);
            }
            assertThat(partition.highWatermark()).isEqualTo(recovered);
        }

        private void appendWhileSyncing() {
            if (!diskFailed) {
                appendPlain();
                boolean noOtherSync = random.nextInt(3) == 0;
                files.duringNextSync(() -> {
                    appendPlain();
                    if (noOtherSync) {
                        files.failSyncsFrom(1);
                        diskFailed = true;
                    }
                });
                directory.syncOnce();
            }
        }

        private void appendPlain() {
            String[] values = values();
            append(Batches.plain(1000 + counter, values), AppendOrigin.CLIENT, -1, false, values);
        }

        private void appendIdempotent() {
            String[] values = values();
            ByteBuffer batch = Batches.idempotent(1, 0, sequence, values);
            long first = append(batch, AppendOrigin.CLIENT, 1, false, values);
            if (first >= 0) {
                sequence += values.length;
                repeatable.add(new Repeatable(batch, first));
            }
        }

        private void appendTransactional(long producer) {
            String[] values = values();
            ByteBuffer batch = Batches.transactional(producer, 0, -1, values);
            append(batch, AppendOrigin.ENGINE, producer, true, values);
        }

        private void endTransaction() {
            List<OpenTransaction> open = partition.openTransactions();
            if (open.isEmpty()) {
                return;
            }
            OpenTransaction ended = open.get(random.nextInt(open.size()));
            boolean commit = random.nextBoolean();
            try {
                AppendResult result =
                        partition.appendMarker(ended.producerId(), (short) 0, commit, 1000);
                put(
                        result.firstOffset(),
                        commit ? "<commit>" : "<abort>",
                        ended.producerId(),
                        true,
                        true);
                awaitSync();
            } catch (BrokerException e) {
                assertThat(diskFailed).as(e.getMessage()).isTrue();
            }
        }

        private void repeatOne() {
            if (!repeatable.isEmpty() && !diskFailed) {
                int back = 1 + random.nextInt(Math.min(5, repeatable.size()));
                Repeatable batch = repeatable.get(repeatable.size() - back);
                AppendResult result =
                        partition.append(batch.bytes.duplicate(), AppendOrigin.CLIENT);
                assertThat(result.duplicate()).isTrue();
                assertThat(result.firstOffset()).isEqualTo(batch.firstOffset);
            }
        }

        private long append(
                ByteBuffer batch,
                AppendOrigin origin,
                long producer,
                boolean transactional,
                String[] values) {
            AppendResult result;
            try {
                result = partition.append(batch, origin);
            } catch (BrokerException e) {
                assertThat(diskFailed).as(e.getMessage()).isTrue();
                assertThat(e.code()).isEqualTo(ErrorCode.KAFKA_STORAGE_ERROR);
                return -1;
            }
            assertThat(result.duplicate()).isFalse();
            assertThat(result.lastOffset()).isEqualTo(result.firstOffset() + values.length - 1);
            for (int i = 0; i < values.length; i++) {
                put(result.firstOffset() + i, values[i], producer, transactional, false);
            }
            awaitSync();
            return result.firstOffset();
        }

        private void put(
                long offset, String value, long producer, boolean transactional, boolean control) {
            assertThat(offset).isEqualTo(end);
            sent.put(offset, new Sent(offset, value, producer, transactional, control));
            end = offset + 1;
        }

        private void awaitSync() {
            long target = end;
            partition.whenSynced(
                    target,
                    failure -> {
                        if (failure == null) {
                            acknowledged = Math.max(acknowledged, target);
                        }
                    });
        }

        private void maybeFailDisk() {
            if (random.nextInt(4) == 0) {
                if (random.nextBoolean()) {
                    files.failSyncsFrom(1 + random.nextInt(4));
                } else {
                    files.failWritesFrom(1 + random.nextInt(4));
                }
                diskFailed = true;
            }
        }

        private void maybeDeleteRecords() {
            if (random.nextInt(4) == 0 && !diskFailed) {
                directory.syncOnce();
                acknowledged = end;
                start += random.nextInt((int) (end - start) + 1);
                assertThat(partition.deleteRecordsBefore(start)).isEqualTo(start);
                sent.headMap(start).clear();
            }
        }

        private String[] values() {
            String[] values = new String[1 + random.nextInt(4)];
            for (int i = 0; i < values.length; i++) {
                values[i] = seed + "/" + counter++ + "x".repeat(random.nextInt(200));
            }
            return values;
        }

        private void verify() {
            assertThat(partition.logStartOffset()).isEqualTo(start);
            List<Batches.Read> all = Batches.read(partition, start, ReadLimit.LOG_END);
            assertThat(all.stream().map(Batches.Read::value).toList())
                    .isEqualTo(sent.values().stream().map(Sent::value).toList());
            assertThat(all.stream().map(Batches.Read::offset).toList())
                    .isEqualTo(List.copyOf(sent.keySet()));
            for (int i = 0; i < 5 && end > start; i++) {
                long from = start + random.nextInt((int) (end - start));
                assertThat(Batches.values(partition, from, ReadLimit.HIGH_WATERMARK))
                        .isEqualTo(sent.tailMap(from).values().stream().map(Sent::value).toList());
            }
            verifyTransactions();
        }

        private void verifyTransactions() {
            TreeMap<Long, Long> openByProducer = new TreeMap<>();
            for (OpenTransaction open : partition.openTransactions()) {
                openByProducer.put(open.producerId(), open.firstOffset());
            }
            // Transactions that began below the start are known to the log but not to the model.
            TreeMap<Long, Long> expected = new TreeMap<>();
            Set<Long> committed = new HashSet<>();
            TreeMap<Long, List<Long>> current = new TreeMap<>();
            for (Sent one : sent.values()) {
                if (one.control) {
                    List<Long> offsets = current.remove(one.producer);
                    if (offsets != null && one.value.equals("<commit>")) {
                        committed.addAll(offsets);
                    }
                    expected.remove(one.producer);
                } else if (one.transactional) {
                    current.computeIfAbsent(one.producer, _ -> new ArrayList<>()).add(one.offset);
                    expected.putIfAbsent(one.producer, one.offset);
                } else {
                    committed.add(one.offset);
                }
            }
            openByProducer.forEach((producer, first) -> {
                if (first >= start) {
                    assertThat(expected).containsEntry(producer, first);
                }
            });
            assertThat(openByProducer.keySet()).containsAll(expected.keySet());
            long stable =
                    openByProducer.values().stream().mapToLong(first -> first).min().orElse(end);
            assertThat(partition.lastStableOffset()).isEqualTo(Math.max(start, stable));
            assertThat(readCommitted())
                    .isEqualTo(
                            committed.stream()
                                    .filter(offset -> offset < partition.lastStableOffset())
                                    .sorted()
                                    .toList());
        }

        /// What a client with `isolation.level=read_committed` keeps.
        private List<Long> readCommitted() {
            List<Long> kept = new ArrayList<>();
            long next = start;
            while (true) {
                ReadResult result = partition.read(next, 900, ReadLimit.LAST_STABLE_OFFSET, true);
                if (result.slice().length() == 0) {
                    return kept;
                }
                ArrayDeque<AbortedTransaction> pending =
                        result.aborted().stream()
                                .sorted(Comparator.comparingLong(AbortedTransaction::firstOffset))
                                .collect(Collectors.toCollection(ArrayDeque::new));
                Set<Long> aborting = new HashSet<>();
                for (Batches.Read record : Batches.records(result.slice(), next)) {
                    while (!pending.isEmpty() && pending.peek().firstOffset() <= record.offset()) {
                        aborting.add(pending.remove().producerId());
                    }
                    if (record.control()) {
                        aborting.remove(record.producerId());
                    } else if (!aborting.contains(record.producerId())) {
                        kept.add(record.offset());
                    }
                    next = record.offset() + 1;
                }
            }
        }
    }
}
