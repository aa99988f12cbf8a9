package dev.weir.broker;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.broker.partition.ReadLimit;
import dev.weir.broker.record.RecordBatchReader;
import dev.weir.broker.storage.SimulatedFileSystem;
import dev.weir.broker.topic.NewTopic;

import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.serialization.StringSerializer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;

/// An idempotent producer keeps sending while the broker loses power again and again. What was
/// acknowledged is there after the last start: once, in order, at the offset that was told.
class PowerLossTest {
    private static final int PARTITIONS = 3;
    private static final int ROUNDS = 6;
    private static final int RECORDS_A_ROUND = 2_000;

    @Test
    @Timeout(120)
    void acknowledged_records_survive_every_power_loss_once_and_in_order() throws Exception {
        long seed = System.nanoTime();
        System.out.println("seed " + seed);
        var random = new Random(seed);
        var files = new SimulatedFileSystem(random.nextLong());
        var config = BrokerConfig.defaults(Path.of("/data")).withListener("127.0.0.1", freePort());
        var broker = Broker.start(config, files, Clock.systemUTC());
        broker.topics().create(new NewTopic("t", PARTITIONS, Map.of()));

        var sent = new ArrayList<Future<RecordMetadata>>();
        try (var producer = producer(config)) {
            int next = 0;
            for (int round = 0; round < ROUNDS; round++) {
                for (int i = 0; i < RECORDS_A_ROUND; i++) {
                    sent.add(
                            producer.send(
                                    new ProducerRecord<>(
                                            "t", next % PARTITIONS, null, Integer.toString(next))));
                    next++;
                }
                // Power fails once this many of the round are acknowledged, with others under way.
                int enough = round * RECORDS_A_ROUND + random.nextInt(RECORDS_A_ROUND);
                sent.get(enough).get();
                files.crash();
                broker.close();
                broker = Broker.start(config, files, Clock.systemUTC());
            }
            for (var each : sent) {
                each.get();
            }
        }
        var offsets = new HashMap<Integer, Map<Long, Integer>>();
        for (int i = 0; i < sent.size(); i++) {
            assertAcknowledged(offsets, i, sent.get(i));
        }
        for (int partition = 0; partition < PARTITIONS; partition++) {
            int index = partition;
            var values = read(broker, index);
            assertThat(values).isSorted().doesNotHaveDuplicates();
            assertThat(values).allMatch(v -> v % PARTITIONS == index);
            assertThat(values).hasSize(ROUNDS * RECORDS_A_ROUND / PARTITIONS);
            offsets.get(index)
                    .forEach((offset, value) ->
                            assertThat(values.get(Math.toIntExact(offset))).isEqualTo(value));
        }
        broker.close();
    }

    private static void assertAcknowledged(
            Map<Integer, Map<Long, Integer>> offsets, int value, Future<RecordMetadata> future)
            throws InterruptedException, ExecutionException {
        var metadata = future.get();
        var before =
                offsets.computeIfAbsent(metadata.partition(), _ -> new HashMap<>())
                        .put(metadata.offset(), value);
        assertThat(before).as("offset %d was told twice", metadata.offset()).isNull();
    }

    private static List<Integer> read(Broker broker, int index) throws IOException {
        var partition = broker.partition("t", index);
        assertThat(partition.offlineReason()).isNull();
        var values = new ArrayList<Integer>();
        var reader = new RecordBatchReader();
        long offset = 0;
        while (offset < partition.highWatermark()) {
            var batches =
                    partition
                            .read(offset, 1 << 20, ReadLimit.HIGH_WATERMARK, true)
                            .slice()
                            .toBuffer();
            while (batches.remaining() >= 61
                    && batches.remaining() >= 12 + batches.getInt(batches.position() + 8)) {
                reader.start(batches);
                while (reader.next()) {
                    assertThat(reader.offset()).isEqualTo(offset++);
                    values.add(
                            Integer.parseInt(
                                    new String(
                                            reader.bytes(),
                                            reader.valueOffset(),
                                            reader.valueLength(),
                                            StandardCharsets.UTF_8)));
                }
            }
        }
        return values;
    }

    private static KafkaProducer<String, String> producer(BrokerConfig config) {
        Map<String, Object> settings =
                Map.of(
                        "bootstrap.servers",
                                config.listening().host() + ":" + config.listening().port(),
                        "linger.ms", "0",
                        "batch.size", "500",
                        "reconnect.backoff.max.ms", "100",
                        "retry.backoff.max.ms", "100");
        return new KafkaProducer<>(settings, new StringSerializer(), new StringSerializer());
    }

    private static int freePort() throws IOException {
        try (var socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }
}
