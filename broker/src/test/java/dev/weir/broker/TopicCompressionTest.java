package dev.weir.broker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weir.broker.partition.AppendOrigin;
import dev.weir.broker.partition.ReadLimit;
import dev.weir.broker.record.RecordBatchWriter;
import dev.weir.broker.topic.NewTopic;

import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.AlterConfigOp.OpType;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.errors.InvalidConfigurationException;
import org.apache.kafka.common.errors.RecordTooLargeException;
import org.apache.kafka.common.record.internal.CompressionType;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.RecordBatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.IntStream;

/// Topics that say which codec their batches have (`compression.type`), written to and read by
/// Apache Kafka's clients, and what is stored read by Kafka's own classes.
class TopicCompressionTest {
    private static final int RECORDS = 500;

    @TempDir Path directory;

    @ParameterizedTest
    @ValueSource(strings = {"uncompressed", "gzip", "snappy", "lz4", "zstd"})
    void whatever_codec_producers_have_their_batches_are_stored_with_the_topics(String type)
            throws Exception {
        try (var broker = new TestBroker(directory)) {
            create(broker, Map.of("compression.type", type));
            for (var codec : CompressionType.values()) {
                write(broker, codec, Map.of("transactional.id", codec.name));
            }
            assertThat(values(broker))
                    .isEqualTo(
                            IntStream.range(0, CompressionType.values().length * RECORDS)
                                    .mapToObj(i -> value(i % RECORDS))
                                    .toList());
            var stored = type.equals("uncompressed") ? CompressionType.NONE : codec(type);
            assertThat(stored(broker))
                    .allSatisfy(batch -> {
                        batch.ensureValid();
                        if (!batch.isControlBatch()) {
                            assertThat(batch.compressionType()).isEqualTo(stored);
                            assertThat(batch.isTransactional()).isTrue();
                            assertThat(batch.hasProducerId()).isTrue();
                        }
                    });
        }
    }

    @ParameterizedTest
    @EnumSource(CompressionType.class)
    void without_a_codec_of_the_topic_batches_are_stored_with_their_producers(CompressionType codec)
            throws Exception {
        try (var broker = new TestBroker(directory)) {
            create(broker, Map.of());
            write(broker, codec, Map.of());
            assertThat(stored(broker))
                    .allSatisfy(batch -> assertThat(batch.compressionType()).isEqualTo(codec));
        }
    }

    @Test
    void a_higher_level_makes_smaller_batches() throws Exception {
        var bytes = new TreeMap<Integer, Long>();
        for (int level : new int[] {1, 9}) {
            var here = directory.resolve("level" + level);
            try (var broker = new TestBroker(here)) {
                create(
                        broker,
                        Map.of("compression.type", "gzip", "compression.gzip.level", "" + level));
                write(broker, CompressionType.NONE, Map.of());
                bytes.put(level, broker.broker().partition("t", 0).sizeInBytes());
            }
        }
        assertThat(bytes.get(9)).isLessThan(bytes.get(1));
    }

    @Test
    void the_codec_of_a_topic_and_of_all_topics_can_be_changed_while_they_are_written_to()
            throws Exception {
        try (var broker = new TestBroker(directory);
                var admin = broker.admin()) {
            create(broker, Map.of());
            write(broker, CompressionType.NONE, Map.of());
            var all = new ConfigResource(ConfigResource.Type.BROKER, "");
            admin.incrementalAlterConfigs(Map.of(all, List.of(set("compression.type", "lz4"))))
                    .all()
                    .get();
            write(broker, CompressionType.NONE, Map.of());
            var topic = new ConfigResource(ConfigResource.Type.TOPIC, "t");
            admin.incrementalAlterConfigs(Map.of(topic, List.of(set("compression.type", "zstd"))))
                    .all()
                    .get();
            write(broker, CompressionType.NONE, Map.of());
            var codecs = new ArrayList<CompressionType>();
            for (var batch : stored(broker)) {
                if (codecs.isEmpty() || codecs.getLast() != batch.compressionType()) {
                    codecs.add(batch.compressionType());
                }
            }
            assertThat(codecs)
                    .containsExactly(
                            CompressionType.NONE, CompressionType.LZ4, CompressionType.ZSTD);
            assertThat(values(broker)).hasSize(3 * RECORDS);
            assertThatThrownBy(() ->
                            admin.incrementalAlterConfigs(
                                            Map.of(
                                                    topic,
                                                    List.of(set("compression.type", "brotli"))))
                                    .all()
                                    .get())
                    .hasCauseInstanceOf(InvalidConfigurationException.class)
                    .hasMessageContaining("uncompressed, zstd, lz4, snappy, gzip, producer");
        }
    }

    @Test
    void a_batch_that_is_too_large_only_when_it_is_stored_is_refused_and_nothing_of_it_is_kept()
            throws Exception {
        try (var broker = new TestBroker(directory);
                var producer = broker.producer(Map.of("compression.type", "zstd"))) {
            create(broker, Map.of("compression.type", "uncompressed", "max.message.bytes", "5000"));
            var large = producer.send(new ProducerRecord<>("t", "x".repeat(6000)));
            assertThatThrownBy(large::get).hasCauseInstanceOf(RecordTooLargeException.class);
            var small = producer.send(new ProducerRecord<>("t", "x".repeat(4000)));
            assertThat(small.get().offset()).isZero();
            assertThat(values(broker)).containsExactly("x".repeat(4000));
        }
    }

    @Test
    void a_batch_that_is_too_large_as_it_was_sent_is_refused_although_it_would_be_stored_small()
            throws Exception {
        try (var broker = new TestBroker(directory);
                var producer = broker.producer(Map.of())) {
            create(broker, Map.of("compression.type", "zstd", "max.message.bytes", "5000"));
            var large = producer.send(new ProducerRecord<>("t", "x".repeat(6000)));
            assertThatThrownBy(large::get).hasCauseInstanceOf(RecordTooLargeException.class);
        }
    }

    @Test
    void what_the_engine_writes_is_stored_with_the_topics_codec_too() throws Exception {
        try (var broker = new TestBroker(directory)) {
            create(broker, Map.of("compression.type", "zstd"));
            var writer = new RecordBatchWriter();
            writer.start(1000);
            writer.append(1000, null, "of the engine".getBytes(StandardCharsets.UTF_8));
            var partition = broker.broker().partition("t", 0);
            partition.append(writer.finish(), AppendOrigin.ENGINE);
            partition.syncNow();
            assertThat(values(broker)).containsExactly("of the engine");
            assertThat(stored(broker).getFirst().compressionType()).isEqualTo(CompressionType.ZSTD);
        }
    }

    private static void create(TestBroker broker, Map<String, String> configs) {
        broker.broker().topics().create(new NewTopic("t", 1, configs));
    }

    private static void write(TestBroker broker, CompressionType codec, Map<String, String> more)
            throws Exception {
        var settings = new TreeMap<>(more);
        settings.put("compression.type", codec.name);
        settings.put("batch.size", "4000");
        settings.put("linger.ms", "5");
        try (var producer = broker.producer(settings)) {
            boolean transactional = more.containsKey("transactional.id");
            if (transactional) {
                producer.initTransactions();
                producer.beginTransaction();
            }
            for (int i = 0; i < RECORDS; i++) {
                var key = i % 3 == 0 ? null : "key" + i;
                var _ = producer.send(new ProducerRecord<>("t", 0, 1000L + i, key, value(i)));
            }
            producer.flush();
            if (transactional) {
                producer.commitTransaction();
            }
        }
    }

    /// The values of all records, which have the offsets that they should have.
    private static List<String> values(TestBroker broker) {
        return broker.readAll("t", 1, "isolation.level", "read_committed").stream()
                .map(ConsumerRecord::value)
                .toList();
    }

    private static List<? extends RecordBatch> stored(TestBroker broker) throws IOException {
        var bytes =
                broker.broker()
                        .partition("t", 0)
                        .read(0, Integer.MAX_VALUE, ReadLimit.LOG_END, true)
                        .slice()
                        .toBuffer();
        var batches = new ArrayList<RecordBatch>();
        MemoryRecords.readableRecords(bytes).batches().forEach(batches::add);
        assertThat(batches).isNotEmpty();
        return batches;
    }

    private static AlterConfigOp set(String name, String value) {
        return new AlterConfigOp(new ConfigEntry(name, value), OpType.SET);
    }

    private static CompressionType codec(String name) {
        return CompressionType.forName(name);
    }

    private static String value(int i) {
        return "the value of record " + i + " " + Integer.toHexString(i * 0x9E3779B1);
    }
}
