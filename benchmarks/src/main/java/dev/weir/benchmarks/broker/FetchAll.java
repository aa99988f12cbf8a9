package dev.weir.benchmarks.broker;

import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/// Reads a number of records of a topic from the beginning, without a group, and prints records per
/// second.
public final class FetchAll {
    private FetchAll() {}

    /// @param args bootstrap server, topic, number of records
    public static void main(String[] args) {
        String topic = args[1];
        long wanted = Long.parseLong(args[2]);
        Map<String, Object> config =
                Map.of(
                        ConsumerConfig.BOOTSTRAP_SERVERS_CONFIG,
                        args[0],
                        ConsumerConfig.ISOLATION_LEVEL_CONFIG,
                        "read_committed");
        try (var consumer =
                new KafkaConsumer<>(
                        config, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
            List<TopicPartition> partitions =
                    consumer.partitionsFor(topic).stream()
                            .map(p -> new TopicPartition(topic, p.partition()))
                            .toList();
            consumer.assign(partitions);
            consumer.seekToBeginning(partitions);
            long start = System.nanoTime();
            long read = 0;
            while (read < wanted) {
                read += consumer.poll(Duration.ofSeconds(1)).count();
            }
            double seconds = (System.nanoTime() - start) / 1e9;
            System.out.printf(Locale.ROOT, "%.0f records/sec%n", read / seconds);
        }
    }
}
