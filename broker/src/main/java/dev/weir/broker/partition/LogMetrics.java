package dev.weir.broker.partition;

import dev.weir.broker.metric.Metric;
import dev.weir.broker.metric.MetricVisitor;

import java.util.concurrent.atomic.LongAdder;

/// What is counted about the work on the logs of a directory. Any thread adds, any thread reads.
final class LogMetrics {
    private static final Metric SYNC_SECONDS =
            Metric.histogram(
                    "weir_log_sync_seconds",
                    "Time of an fdatasync of a log; their number is its count.");
    private static final Metric SYNCED =
            Metric.counter("weir_log_synced_bytes_total", "Bytes of logs made durable.");
    private static final Metric PENDING =
            Metric.gauge(
                    "weir_log_syncs_pending",
                    "Partitions with appended records that wait for their sync.");
    private static final Metric FAILED =
            Metric.gauge(
                    "weir_log_failed",
                    "1 after an fsync failed: nothing is accepted until a restart.");
    private static final Metric CHECKPOINTS =
            Metric.counter(
                    "weir_log_checkpoints_total",
                    "Times the point from which recovery starts was moved, of any partition.");
    private static final Metric RETAINED =
            Metric.counter(
                    "weir_log_retention_deleted_bytes_total",
                    "Bytes of segments deleted by retention or on request.");
    private static final Metric COMPACTIONS =
            Metric.counter("weir_log_compactions_total", "Compactions of a partition.");
    private static final Metric COMPACTION_SECONDS =
            Metric.counter(
                    "weir_log_compaction_seconds_total", "Time spent with compacting partitions.");
    private static final Metric COMPACTED =
            Metric.counter(
                    "weir_log_compaction_removed_bytes_total",
                    "Bytes by which compaction made logs smaller.");
    private static final Metric OPENED =
            Metric.counter(
                    "weir_log_open_seconds_total",
                    "Time spent with opening partitions, recovery included, summed over those"
                            + " opened side by side.");
    private static final Metric RECOVERED =
            Metric.counter(
                    "weir_log_recovered_bytes_total",
                    "Bytes of logs read and checked because they lay behind a checkpoint.");

    final LongAdder syncedBytes = new LongAdder();
    final LongAdder checkpoints = new LongAdder();
    final LongAdder deletedBytes = new LongAdder();
    final LongAdder compactions = new LongAdder();
    final LongAdder compactionNanos = new LongAdder();
    final LongAdder compactionRemovedBytes = new LongAdder();
    final LongAdder openNanos = new LongAdder();
    final LongAdder recoveredBytes = new LongAdder();

    void report(MetricVisitor visitor, LogDirectory directory) {
        visitor.metric(SYNC_SECONDS);
        directory.syncTime().report(visitor, "");
        visitor.single(SYNCED, syncedBytes.sum());
        visitor.single(PENDING, directory.syncsPending());
        visitor.single(FAILED, directory.failure() == null ? 0 : 1);
        visitor.single(CHECKPOINTS, checkpoints.sum());
        visitor.single(RETAINED, deletedBytes.sum());
        visitor.single(COMPACTIONS, compactions.sum());
        visitor.single(COMPACTION_SECONDS, (double) compactionNanos.sum() / 1e9);
        visitor.single(COMPACTED, compactionRemovedBytes.sum());
        visitor.single(OPENED, (double) openNanos.sum() / 1e9);
        visitor.single(RECOVERED, recoveredBytes.sum());
    }
}
