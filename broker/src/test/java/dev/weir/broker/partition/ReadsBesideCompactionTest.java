package dev.weir.broker.partition;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.broker.log.LogConfig;
import dev.weir.broker.record.RecordBatchWriter;
import dev.weir.broker.storage.FileSystem;
import dev.weir.broker.storage.ForwardingFileSystem;
import dev.weir.broker.storage.SimulatedFileSystem;
import dev.weir.broker.storage.StorageFile;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Instant;

/// A compaction that replaces segments while a reader, who took them before, has not yet looked
/// into their indexes: what lies under those names by then is gone, or another segment's.
@ExtendWith(QuietLogs.class)
class ReadsBesideCompactionTest {
    private static final LogConfig EAGER =
            LogConfig.DEFAULT
                    .withSegmentBytes(500)
                    .withIndexIntervalBytes(100)
                    .withRetention(-1, -1)
                    .withCompaction(EagerCompaction.after(1000));

    private final SimulatedFileSystem disk = new SimulatedFileSystem(1);
    private final Interposed files = new Interposed(disk);
    private LogDirectory directory;
    private Partition partition;
    private long nowMs = 1_000_000;

    @Test
    void aborted_records_are_not_shown() throws IOException {
        open(EAGER);
        partition.append(Batches.transactional(7, 0, 0, "aborted"), AppendOrigin.ENGINE);
        partition.appendMarker(7, (short) 0, false, nowMs);
        fill();
        reopen(EAGER);
        files.beforeOpening(".txnindex", this::compact);
        var shown =
                CommittedReads.shown(
                        CommittedReads.Fetched.of(
                                partition.read(0, 300, ReadLimit.LAST_STABLE_OFFSET, true)));
        assertThat(files.isWaiting()).isFalse();
        assertThat(Batches.values(partition, 0, ReadLimit.LOG_END)).doesNotContain("aborted");
        assertThat(shown).doesNotContain(0L);
    }

    @Test
    void a_search_by_time_misses_nothing() throws IOException {
        open(EAGER);
        long before = nowMs;
        fill();
        reopen(EAGER.withSegmentBytes(100_000)); // so that all of them become one
        files.beforeOpening(".timeindex", this::compact);
        assertThat(partition.offsetForTimestamp(before + 700).offset()).isEqualTo(69);
        assertThat(files.isWaiting()).isFalse();
        assertThat(partition.segmentCount()).isLessThan(4);
    }

    private void fill() {
        for (int i = 0; i < 100; i++) {
            nowMs += 10;
            put("k" + i % 50, "v" + i);
        }
    }

    private void put(String key, String value) {
        var writer = new RecordBatchWriter();
        writer.start(nowMs);
        writer.append(nowMs, bytes(key), bytes(value));
        partition.append(writer.finish(), AppendOrigin.CLIENT);
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private void compact() {
        directory.syncOnce();
        directory.upkeepOnce();
    }

    private void open(LogConfig config) {
        directory =
                LogDirectory.open(
                        files,
                        Path.of("/data/log"),
                        LogDirectoryConfig.DEFAULT.withSyncThreads(0),
                        () -> Instant.ofEpochMilli(nowMs));
        partition = directory.open("t", 0, config);
        assertThat(partition.offlineReason()).isNull();
    }

    /// Indexes are on the disk then and not in memory.
    private void reopen(LogConfig config) {
        directory.syncOnce();
        directory.close();
        open(config);
    }

    /// A disk on which something happens once, just before a file is opened to be read.
    private static final class Interposed extends ForwardingFileSystem {
        private String ending;
        private Runnable step;

        Interposed(FileSystem files) {
            super(files);
        }

        void beforeOpening(String nameEnding, Runnable what) {
            ending = nameEnding;
            step = what;
        }

        boolean isWaiting() {
            return step != null;
        }

        @Override
        public StorageFile open(Path path, OpenMode mode) throws IOException {
            var due = step;
            if (due != null && mode == OpenMode.READ && path.toString().endsWith(ending)) {
                step = null;
                due.run();
            }
            return super.open(path, mode);
        }
    }
}
