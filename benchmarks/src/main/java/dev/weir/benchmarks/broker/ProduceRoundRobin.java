package dev.weir.benchmarks.broker;

import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArraySerializer;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/// Sends records of 100 bytes with acks=all to each partition of a topic in turn, so that all of
/// them are written to at once: Kafka's own tools fill a batch of one partition before they go on
/// to the next. Prints the records a second until the last is acknowledged.
public final class ProduceRoundRobin {
    private ProduceRoundRobin() {}

    /// @param args bootstrap server, number of partitions of a topic that is made if it is not
    ///   there, number of records
    public static void main(String[] args) throws ExecutionException, InterruptedException {
        String bootstrap = args[0];
        int partitions = Integer.parseInt(args[1]);
        int count = Integer.parseInt(args[2]);
        String topic = "spread-" + partitions;
        create(bootstrap, new NewTopic(topic, partitions, (short) 1));
        Map<String, Object> settings =
                Map.of(
                        ProducerConfig.BOOTSTRAP_SERVERS_CONFIG,
                        bootstrap,
                        ProducerConfig.ACKS_CONFIG,
                        "all",
                        ProducerConfig.LINGER_MS_CONFIG,
                        5);
        byte[] value = new byte[100];
        var failure = new AtomicReference<Exception>();
        try (var producer =
                new KafkaProducer<>(
                        settings, new ByteArraySerializer(), new ByteArraySerializer())) {
            producer.partitionsFor(topic);
            long start = System.nanoTime();
            for (int i = 0; i < count; i++) {
                var _ =
                        producer.send(
                                new ProducerRecord<>(topic, i % partitions, null, value),
                                (_, e) -> {
                                    if (e != null) {
                                        failure.compareAndSet(null, e);
                                    }
                                });
            }
            producer.flush();
            double seconds = (System.nanoTime() - start) / 1e9;
            if (failure.get() != null) {
                throw new IllegalStateException("not all was acknowledged", failure.get());
            }
            System.out.printf(Locale.ROOT, "%.0f records/sec%n", count / seconds);
        }
    }

    /// Makes the topic, and waits until its partitions are served: the producer waits for minutes
    /// for one that Kafka still refuses when it is written to first.
    private static void create(String bootstrap, NewTopic topic)
            throws ExecutionException, InterruptedException {
        Map<String, Object> settings =
                Map.of(AdminClientConfig.BOOTSTRAP_SERVERS_CONFIG, bootstrap);
        try (Admin admin = Admin.create(settings)) {
            if (!admin.listTopics().names().get().contains(topic.name())) {
                admin.createTopics(List.of(topic)).all().get();
            }
            Map<TopicPartition, OffsetSpec> ends =
                    IntStream.range(0, topic.numPartitions())
                            .mapToObj(i -> new TopicPartition(topic.name(), i))
                            .collect(Collectors.toMap(each -> each, _ -> OffsetSpec.latest()));
            admin.listOffsets(ends).all().get();
        }
    }
}
