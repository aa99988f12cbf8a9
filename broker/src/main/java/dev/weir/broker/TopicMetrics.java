package dev.weir.broker;

import dev.weir.broker.error.BrokerException;
import dev.weir.broker.metric.Labels;
import dev.weir.broker.metric.Metric;
import dev.weir.broker.metric.MetricVisitor;
import dev.weir.broker.partition.Partition;
import dev.weir.broker.partition.Traffic;
import dev.weir.broker.topic.Topic;
import dev.weir.broker.topic.Topics;

import java.util.List;
import java.util.OptionalLong;
import java.util.function.ToLongFunction;

/// Reads topics and partitions for `/metrics`. The number of series is bounded: beyond it the
/// topics that come last by name have none, and their number is told. Reading takes no lock.
final class TopicMetrics {
    private static final Metric TOPICS = Metric.gauge("weir_topics", "Topics.");
    private static final Metric PARTITIONS = Metric.gauge("weir_partitions", "Partitions.");
    private static final Metric OFFLINE =
            Metric.gauge(
                    "weir_partitions_offline", "Partitions that cannot be used; the log says why.");
    private static final Metric LOG_BYTES =
            Metric.gauge("weir_log_size_bytes", "Bytes of all logs without their indexes.");
    private static final Metric LEFT_OUT =
            Metric.gauge(
                    "weir_metrics_left_out",
                    "Topics and partitions without samples of their own, because there are more"
                            + " than 1,000.");

    private static final List<OfTopic> BY_TOPIC =
            List.of(
                    new OfTopic(
                            Metric.counter(
                                    "weir_topic_produced_bytes_total",
                                    "Bytes of record batches that clients appended."),
                            Traffic::producedBytes),
                    new OfTopic(
                            Metric.counter(
                                    "weir_topic_produced_batches_total",
                                    "Record batches that clients appended."),
                            Traffic::producedBatches),
                    new OfTopic(
                            Metric.counter(
                                    "weir_topic_produced_records_total",
                                    "Records that clients appended."),
                            Traffic::producedRecords),
                    new OfTopic(
                            Metric.counter(
                                    "weir_topic_fetched_bytes_total",
                                    "Bytes of record batches sent to clients."),
                            Traffic::fetchedBytes));

    private static final List<OfPartition> BY_PARTITION =
            List.of(
                    new OfPartition(
                            Metric.gauge(
                                    "weir_partition_log_start_offset",
                                    "First offset that can be read."),
                            Partition::logStartOffset),
                    new OfPartition(
                            Metric.gauge(
                                    "weir_partition_last_stable_offset",
                                    "End of what readers of committed records see."),
                            Partition::lastStableOffset),
                    new OfPartition(
                            Metric.gauge(
                                    "weir_partition_high_watermark",
                                    "End of what is durable and can be read."),
                            Partition::highWatermark),
                    new OfPartition(
                            Metric.gauge(
                                    "weir_partition_log_end_offset",
                                    "The offset that the next record gets."),
                            Partition::logEndOffset),
                    new OfPartition(
                            Metric.gauge(
                                    "weir_partition_size_bytes",
                                    "Bytes of the log without its indexes."),
                            Partition::sizeInBytes),
                    new OfPartition(
                            Metric.gauge("weir_partition_segments", "Files of the log."),
                            Partition::segmentCount));

    private final Topics topics;
    private final int most;

    private record OfTopic(Metric metric, ToLongFunction<Traffic> value) {}

    private record OfPartition(Metric metric, ToLongFunction<Partition> value) {}

    /// @param most topics with samples of their own, and partitions
    TopicMetrics(Topics topics, int most) {
        this.topics = topics;
        this.most = most;
    }

    void report(MetricVisitor visitor) {
        var all = List.copyOf(topics.all());
        var partitions = all.stream().flatMap(t -> t.partitions().stream()).toList();
        visitor.single(TOPICS, all.size());
        visitor.single(PARTITIONS, partitions.size());
        visitor.single(OFFLINE, partitions.stream().filter(p -> p.offlineReason() != null).count());
        visitor.single(LOG_BYTES, partitions.stream().mapToLong(TopicMetrics::size).sum());

        var shown = all.subList(0, Math.min(most, all.size()));
        for (var each : BY_TOPIC) {
            visitor.metric(each.metric);
            for (var topic : shown) {
                visitor.sample(Labels.of("topic", topic.name()), sum(topic, each.value));
            }
        }
        var detailed = partitions.subList(0, Math.min(most, partitions.size()));
        for (var each : BY_PARTITION) {
            visitor.metric(each.metric);
            for (var partition : detailed) {
                value(partition, each.value)
                        .ifPresent(value ->
                                visitor.sample(
                                        Labels.of(
                                                "topic",
                                                partition.topic(),
                                                "partition",
                                                Integer.toString(partition.index())),
                                        value));
            }
        }
        visitor.metric(LEFT_OUT);
        visitor.sample(Labels.of("kind", "topic"), all.size() - shown.size());
        visitor.sample(Labels.of("kind", "partition"), partitions.size() - detailed.size());
    }

    private static long sum(Topic topic, ToLongFunction<Traffic> value) {
        return topic.partitions().stream().mapToLong(p -> value.applyAsLong(p.traffic())).sum();
    }

    private static long size(Partition partition) {
        return value(partition, Partition::sizeInBytes).orElse(0);
    }

    /// Empty where the partition is offline or was deleted meanwhile.
    private static OptionalLong value(Partition partition, ToLongFunction<Partition> value) {
        try {
            return OptionalLong.of(value.applyAsLong(partition));
        } catch (BrokerException _) {
            return OptionalLong.empty();
        }
    }
}
