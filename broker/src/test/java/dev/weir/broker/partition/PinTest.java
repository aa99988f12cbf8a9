package dev.weir.broker.partition;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.broker.log.LogConfig;
import dev.weir.broker.partition.LogDirectoryConfig.Durability;
import dev.weir.broker.record.RecordBatchWriter;
import dev.weir.broker.storage.ForwardingFileSystem;
import dev.weir.broker.storage.SimulatedFileSystem;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.LongSupplier;

/// What is pinned does not change, also where compaction is just about to change it.
@ExtendWith(QuietLogs.class)
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class PinTest {
    private final HookedFileSystem files = new HookedFileSystem(new SimulatedFileSystem(1));
    private final LogDirectory directory =
            LogDirectory.open(
                    files,
                    Path.of("/data/log"),
                    LogDirectoryConfig.DEFAULT.withDurability(Durability.FSYNC).withSyncThreads(0),
                    () -> Instant.ofEpochMilli(1_000_000));
    private final Partition partition =
            directory.open(
                    "t",
                    0,
                    LogConfig.DEFAULT
                            .withSegmentBytes(1000)
                            .withRetention(-1, -1)
                            .withCompaction(EagerCompaction.after(0)));

    /// Runs something once when a compacted segment is about to take effect: its name is given, and
    /// the sync that makes it durable has begun.
    private static final class HookedFileSystem extends ForwardingFileSystem {
        private final SimulatedFileSystem disk;
        private Runnable hook = () -> {};

        HookedFileSystem(SimulatedFileSystem disk) {
            super(disk);
            this.disk = disk;
        }

        @Override
        public void syncDirectory(Path path) throws IOException {
            if (list(path).stream().anyMatch(entry -> entry.toString().endsWith(".swap"))) {
                Runnable next = hook;
                hook = () -> {};
                next.run();
            }
            super.syncDirectory(path);
        }
    }

    /// What somebody else who pins has got.
    private record Pinned(Pin pin, ByteBuffer bytes) {}

    /// Records below the log start are there for who pinned them, but the last stable offset that
    /// clients are told is not below it.
    @Test
    void who_pinned_deleted_records_is_not_shown_those_of_a_transaction_that_is_open_there() {
        partition.append(Batches.plain(1, "a", "b"), AppendOrigin.ENGINE);
        partition.append(Batches.transactional(7, 0, -1, "open"), AppendOrigin.ENGINE);
        partition.append(Batches.plain(1, "c", "d", "e", "f"), AppendOrigin.ENGINE);
        directory.syncOnce();
        try (Pin pin = partition.pin(0)) {
            assertThat(partition.deleteRecordsBefore(5)).isEqualTo(5); // amid the last batch
            assertThat(partition.lastStableOffset()).isEqualTo(5);
            assertThat(partition.decidedBelow()).isEqualTo(2);
            assertThat(committed(pin, 0)).containsExactly("a", "b");
            assertThat(committed(pin, 2)).isEmpty();
            assertThat(committed(pin, 3)).isEmpty();
            assertThat(committed(pin, 5)).isEmpty();
            partition.appendMarker(7, (short) 0, true, 1);
            directory.syncOnce();
            assertThat(committed(pin, 2)).startsWith("open", "c");
        }
    }

    private static List<String> committed(Pin pin, long from) {
        var slice = pin.read(from, 10_000, ReadLimit.LAST_STABLE_OFFSET, true).slice();
        return Batches.records(slice, from).stream().map(Batches.Read::value).toList();
    }

    @Test
    void a_pin_taken_while_segments_are_replaced_holds_what_it_finds() {
        fill();
        var pinned = new CompletableFuture<Pinned>();
        files.hook = () -> awaitDoneOrWaiting(pinInThread(() -> 0, pinned), pinned);
        ByteBuffer before = read(0);
        directory.upkeepOnce();
        assertThat(read(0)).as("compacted").isNotEqualTo(before);
        assertThat(contents(pinned.join().pin)).isEqualTo(pinned.join().bytes);

        append("k1");
        fill();
        directory.upkeepOnce();
        assertThat(contents(pinned.join().pin)).isEqualTo(pinned.join().bytes);
    }

    @Test
    void a_pin_above_what_is_replaced_waits_for_nothing() {
        fill();
        var pinned = new CompletableFuture<Pinned>();
        files.hook =
                () -> {
                    var _ = pinInThread(partition::logEndOffset, pinned);
                    pinned.join();
                };
        ByteBuffer before = read(0);
        directory.upkeepOnce();
        assertThat(pinned).isCompleted();
        assertThat(read(0)).as("compacted").isNotEqualTo(before);
    }

    @Test
    void a_pin_can_be_taken_after_a_replacement_that_failed() {
        fill();
        ByteBuffer before = read(0);
        files.hook = () -> files.disk.failSyncsFrom(1);
        directory.upkeepOnce();
        assertThat(directory.failure()).isNotNull();
        try (Pin pin = partition.pin(0)) {
            assertThat(contents(pin)).isEqualTo(before);
        }
    }

    private Thread pinInThread(LongSupplier offset, CompletableFuture<Pinned> pinned) {
        return Thread.ofPlatform()
                .start(() -> {
                    try {
                        Pin pin = partition.pin(offset.getAsLong());
                        pinned.complete(new Pinned(pin, contents(pin)));
                    } catch (RuntimeException | Error e) {
                        pinned.completeExceptionally(e);
                    }
                });
    }

    private static void awaitDoneOrWaiting(Thread thread, CompletableFuture<Pinned> pinned) {
        while (!pinned.isDone() && thread.getState() != Thread.State.WAITING) {
            Thread.onSpinWait();
        }
    }

    /// Several closed segments that repeat few keys.
    private void fill() {
        for (int i = 0; i < 40; i++) {
            append("k" + i % 3);
        }
        directory.syncOnce();
    }

    private void append(String key) {
        var writer = new RecordBatchWriter();
        writer.start(1_000_000);
        writer.append(1_000_000, key.getBytes(StandardCharsets.UTF_8), new byte[20]);
        partition.append(writer.finish(), AppendOrigin.CLIENT);
    }

    private ByteBuffer read(long offset) {
        return bytes(partition.read(offset, 1_000_000, ReadLimit.HIGH_WATERMARK, true));
    }

    private static ByteBuffer contents(Pin pin) {
        return bytes(pin.read(pin.offset(), 1_000_000, ReadLimit.HIGH_WATERMARK, true));
    }

    private static ByteBuffer bytes(ReadResult result) {
        try {
            return result.slice().toBuffer();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
