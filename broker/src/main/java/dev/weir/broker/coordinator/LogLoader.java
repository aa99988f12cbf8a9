package dev.weir.broker.coordinator;

import dev.weir.broker.partition.Partition;
import dev.weir.broker.partition.ReadLimit;

import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.record.internal.ControlRecordType;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.MutableRecordBatch;
import org.apache.kafka.common.requests.TransactionResult;
import org.apache.kafka.coordinator.common.runtime.CoordinatorLoader;
import org.apache.kafka.coordinator.common.runtime.CoordinatorPlayback;
import org.apache.kafka.coordinator.common.runtime.Deserializer;
import org.apache.kafka.coordinator.common.runtime.Deserializer.UnknownRecordTypeException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.time.InstantSource;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/// Replays the partitions of a coordinator's topic to it, one after another on a thread that ends
/// when there is nothing to load.
///
/// @param <U> what the coordinator's records are to it
public final class LogLoader<U> implements CoordinatorLoader<U> {
    private static final Logger LOGGER = LoggerFactory.getLogger(LogLoader.class);
    private static final int READ_BYTES = 1 << 20;

    /// Offsets between two points at which the coordinator may forget older versions of its state.
    private static final long COMMIT_INTERVAL = 16_384;

    private final List<Partition> partitions;
    private final InstantSource clock;
    private final Runnable failed;
    private final Deserializer<U> serde;
    private final ThreadPoolExecutor thread;
    private volatile boolean closed;

    /// @param threadName the name of the thread that loads
    /// @param failed called when a partition could not be loaded
    public LogLoader(
            String threadName,
            List<Partition> partitions,
            Deserializer<U> serde,
            InstantSource clock,
            Runnable failed) {
        this.partitions = partitions;
        this.serde = serde;
        this.clock = clock;
        this.failed = failed;
        thread =
                new ThreadPoolExecutor(
                        1,
                        1,
                        1,
                        TimeUnit.SECONDS,
                        new LinkedBlockingQueue<>(),
                        Thread.ofPlatform().daemon().name(threadName).factory());
        thread.allowCoreThreadTimeOut(true);
    }

    @Override
    public CompletableFuture<LoadSummary> load(
            TopicPartition tp, CoordinatorPlayback<U> coordinator) {
        var loaded = new CompletableFuture<LoadSummary>();
        long askedMs = clock.millis();
        try {
            thread.execute(() -> {
                try {
                    loaded.complete(
                            new Replay(partitions.get(tp.partition()), coordinator).run(askedMs));
                } catch (IOException | RuntimeException e) {
                    LOGGER.error("what {} says cannot be loaded and is not served", tp, e);
                    loaded.completeExceptionally(e);
                    failed.run();
                }
            });
        } catch (RejectedExecutionException e) {
            loaded.completeExceptionally(e);
        }
        return loaded;
    }

    @Override
    public void close() {
        closed = true;
        thread.shutdown();
    }

    /// One partition being replayed.
    private final class Replay {
        private final Partition partition;
        private final CoordinatorPlayback<U> coordinator;
        private long records;
        private long bytes;
        private long committed = -1;

        Replay(Partition partition, CoordinatorPlayback<U> coordinator) {
            this.partition = partition;
            this.coordinator = coordinator;
        }

        LoadSummary run(long askedMs) throws IOException {
            long startMs = clock.millis();
            long next = partition.logStartOffset();
            while (next < partition.logEndOffset()) {
                if (closed) {
                    throw new IllegalStateException("the broker is shutting down");
                }
                var read = partition.read(next, READ_BYTES, ReadLimit.LOG_END, true);
                long reached = replay(MemoryRecords.readableRecords(read.slice().toBuffer()), next);
                if (reached == next) {
                    throw new IllegalStateException(
                            partition
                                    + " has no record at offset "
                                    + next
                                    + " where there must be");
                }
                next = reached;
                bytes += read.slice().length();
            }
            return new LoadSummary(startMs, clock.millis(), startMs - askedMs, records, bytes);
        }

        private long replay(MemoryRecords batches, long from) {
            long next = from;
            for (var batch : batches.batches()) {
                batch.ensureValid();
                if (batch.isControlBatch()) {
                    replayMarkers(batch);
                } else {
                    replayRecords(batch, next);
                }
                next = batch.nextOffset();
                settle(next);
            }
            return next;
        }

        private void replayMarkers(MutableRecordBatch batch) {
            for (var marker : batch) {
                records++;
                var type = ControlRecordType.parse(marker.key());
                if (type == ControlRecordType.COMMIT || type == ControlRecordType.ABORT) {
                    coordinator.replayEndTransactionMarker(
                            batch.producerId(),
                            batch.producerEpoch(),
                            type == ControlRecordType.COMMIT
                                    ? TransactionResult.COMMIT
                                    : TransactionResult.ABORT);
                }
            }
        }

        private void replayRecords(MutableRecordBatch batch, long from) {
            for (var stored : batch) {
                if (stored.offset() < from) {
                    continue;
                }
                records++;
                try {
                    coordinator.replay(
                            stored.offset(),
                            batch.producerId(),
                            batch.producerEpoch(),
                            serde.deserialize(stored.key(), stored.value()));
                } catch (UnknownRecordTypeException e) {
                    LOGGER.warn(
                            "a record of unknown type {} at offset {} of {} is ignored; a later"
                                    + " version may have written it",
                            e.unknownType(),
                            stored.offset(),
                            partition);
                }
            }
        }

        /// Tells the coordinator up to where its state is that of the log, and of the durable log.
        private void settle(long next) {
            long durable = partition.highWatermark();
            if (next >= durable) {
                coordinator.updateLastWrittenOffset(next);
                if (durable > committed) {
                    coordinator.updateLastCommittedOffset(durable);
                    committed = durable;
                }
            } else if (next - committed >= COMMIT_INTERVAL) {
                coordinator.updateLastWrittenOffset(next);
                coordinator.updateLastCommittedOffset(next);
                committed = next;
            }
        }
    }
}
