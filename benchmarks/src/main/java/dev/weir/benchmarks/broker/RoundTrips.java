package dev.weir.benchmarks.broker;

import org.HdrHistogram.Histogram;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ExecutionException;

/// Sends one record at a time with acks=all and waits until a consumer has it: the time from send
/// to receipt in microseconds, at the 50th and 99th percentile. The record received may be one that
/// a query derived from the one sent.
public final class RoundTrips {
    private RoundTrips() {}

    /// @param args bootstrap server, topic, number of records; then, if records go through a query,
    ///   the topic they come out of and the value to send
    public static void main(String[] args) throws ExecutionException, InterruptedException {
        String bootstrap = args[0];
        String topic = args[1];
        int count = Integer.parseInt(args[2]);
        String result = args.length > 3 ? args[3] : topic;
        byte[] value = args.length > 4 ? args[4].getBytes(StandardCharsets.UTF_8) : new byte[100];
        Histogram micros = new Histogram(3);
        Map<String, Object> produce =
                Map.of(
                        ProducerConfig.BOOTSTRAP_SERVERS_CONFIG,
                        bootstrap,
                        ProducerConfig.ACKS_CONFIG,
                        "all",
                        ProducerConfig.LINGER_MS_CONFIG,
                        0);
        Map<String, Object> consume =
                Map.of(
                        ConsumerConfig.BOOTSTRAP_SERVERS_CONFIG,
                        bootstrap,
                        ConsumerConfig.FETCH_MAX_WAIT_MS_CONFIG,
                        500,
                        ConsumerConfig.ISOLATION_LEVEL_CONFIG,
                        "read_committed");
        try (var producer =
                        new KafkaProducer<>(
                                produce, new ByteArraySerializer(), new ByteArraySerializer());
                var consumer =
                        new KafkaConsumer<>(
                                consume,
                                new ByteArrayDeserializer(),
                                new ByteArrayDeserializer())) {
            TopicPartition partition = new TopicPartition(result, 0);
            producer.send(new ProducerRecord<>(topic, 0, null, value)).get();
            consumer.assign(List.of(partition));
            consumer.seekToEnd(List.of(partition));
            consumer.position(partition);
            int warmUp = count / 5;
            for (int i = 0; i < warmUp + count; i++) {
                long start = System.nanoTime();
                var sent = producer.send(new ProducerRecord<>(topic, 0, null, value));
                while (consumer.poll(Duration.ofSeconds(1)).isEmpty()) {
                    // not there yet
                }
                sent.get();
                if (i >= warmUp) {
                    micros.recordValue((System.nanoTime() - start) / 1000);
                }
            }
        }
        System.out.printf(
                Locale.ROOT,
                "p50 %d us p99 %d us%n",
                micros.getValueAtPercentile(50),
                micros.getValueAtPercentile(99));
    }
}
