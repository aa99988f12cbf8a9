package dev.weir.broker;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.broker.partition.LogDirectoryConfig;
import dev.weir.broker.storage.RealFileSystem;
import dev.weir.broker.topic.NewTopic;

import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.atomic.AtomicReference;

/// A compacted topic as Apache Kafka's own clients see it, while it is compacted over and over.
class CompactedTopicTest {
    private static final TopicPartition AT = new TopicPartition("t", 0);

    @TempDir Path directory;

    @Test
    @Timeout(120)
    void readers_at_any_time_end_with_the_last_value_of_each_key() throws Exception {
        long seed = System.nanoTime();
        System.out.println("seed " + seed);
        var random = new Random(seed);
        var config =
                BrokerConfig.defaults(directory)
                        .withLogs(LogDirectoryConfig.DEFAULT.withCompaction(5, 1 << 20));
        try (var broker = Broker.start(config, new RealFileSystem(), Clock.systemUTC())) {
            broker.topics()
                    .create(
                            new NewTopic(
                                    "t",
                                    1,
                                    Map.of(
                                            "cleanup.policy", "compact",
                                            "segment.bytes", "20000",
                                            "min.cleanable.dirty.ratio", "0.01",
                                            "delete.retention.ms", "100000")));
            broker.compactAtOnce();
            var bootstrap = "127.0.0.1:" + broker.address().getPort();
            var failure = new AtomicReference<Throwable>();
            var reading =
                    Thread.ofPlatform()
                            .name("reader")
                            .start(() -> {
                                try {
                                    while (!Thread.currentThread().isInterrupted()) {
                                        latest(bootstrap);
                                    }
                                } catch (org.apache.kafka.common.errors.InterruptException stop) {
                                    // told to stop
                                } catch (RuntimeException | AssertionError e) {
                                    failure.set(e);
                                }
                            });
            var expected = new HashMap<String, String>();
            for (int round = 0; round < 5; round++) {
                write(bootstrap, random, expected);
                assertThat(latest(bootstrap)).isEqualTo(expected);
            }
            long logEnd = broker.partition("t", 0).logEndOffset();
            while (count(bootstrap) > logEnd / 4) {
                Thread.onSpinWait();
            }
            assertThat(latest(bootstrap)).isEqualTo(expected);
            reading.interrupt();
            reading.join();
            assertThat(failure.get()).isNull();
        }
    }

    private static void write(String bootstrap, Random random, Map<String, String> expected) {
        for (var codec : List.of("none", "lz4", "zstd")) {
            try (var producer =
                    new KafkaProducer<>(
                            Map.of(
                                    "bootstrap.servers",
                                    bootstrap,
                                    "compression.type",
                                    codec,
                                    "transactional.id",
                                    "t",
                                    "batch.size",
                                    "2000"),
                            new StringSerializer(),
                            new StringSerializer())) {
                producer.initTransactions();
                boolean commit = random.nextInt(4) > 0;
                var written = new HashMap<String, String>();
                producer.beginTransaction();
                for (int i = 0; i < 1000; i++) {
                    var key = "k" + random.nextInt(100);
                    var value = random.nextInt(8) == 0 ? null : codec + random.nextInt();
                    written.put(key, value);
                    var _ = producer.send(new ProducerRecord<>("t", key, value));
                }
                if (commit) {
                    producer.commitTransaction();
                    expected.putAll(written);
                } else {
                    producer.abortTransaction();
                }
            }
        }
        expected.values().removeIf(value -> value == null);
    }

    private static Map<String, String> latest(String bootstrap) {
        var latest = new HashMap<String, String>();
        read(bootstrap, latest);
        latest.values().removeIf(value -> value == null);
        return latest;
    }

    private static long count(String bootstrap) {
        return read(bootstrap, new HashMap<>());
    }

    private static long read(String bootstrap, Map<String, String> latest) {
        long count = 0;
        try (var consumer =
                new KafkaConsumer<>(
                        Map.of("bootstrap.servers", bootstrap, "isolation.level", "read_committed"),
                        new StringDeserializer(),
                        new StringDeserializer())) {
            consumer.assign(List.of(AT));
            consumer.seekToBeginning(List.of(AT));
            long end = consumer.endOffsets(List.of(AT)).get(AT);
            while (consumer.position(AT) < end) {
                for (var each : consumer.poll(Duration.ofMillis(200))) {
                    latest.put(each.key(), each.value());
                    count++;
                }
            }
        }
        return count;
    }
}
