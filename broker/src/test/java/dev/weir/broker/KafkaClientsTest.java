package dev.weir.broker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weir.broker.partition.AppendOrigin;
import dev.weir.broker.record.RecordBatchWriter;
import dev.weir.broker.topic.NewTopic;

import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.NewPartitions;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.admin.RecordsToDelete;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.errors.InvalidConfigurationException;
import org.apache.kafka.common.errors.InvalidPartitionsException;
import org.apache.kafka.common.errors.InvalidReplicationFactorException;
import org.apache.kafka.common.errors.InvalidTopicException;
import org.apache.kafka.common.errors.RecordTooLargeException;
import org.apache.kafka.common.errors.TopicExistsException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;

/// Kafka's own Java clients as judges.
class KafkaClientsTest {
    @TempDir Path directory;
    private TestBroker broker;

    @BeforeEach
    void start() {
        broker = new TestBroker(directory);
    }

    @AfterEach
    void stop() {
        broker.close();
    }

    @Test
    void an_idempotent_producers_records_are_there_once_and_in_order_after_a_restart()
            throws Exception {
        broker.broker().topics().create(new NewTopic("orders", 3, Map.of()));
        var id = broker.broker().topics().get("orders").id();
        var cluster = broker.broker().clusterId();
        for (int round = 0; round < 2; round++) {
            send("orders", round * 5_000, (round + 1) * 5_000, Map.of("linger.ms", "1"));
            broker.restart();
        }
        assertThat(broker.broker().topics().get("orders").id()).isEqualTo(id);
        assertThat(broker.broker().clusterId()).isEqualTo(cluster).hasSize(22);

        var read = broker.readAll("orders", 3);
        assertThat(read).hasSize(10_000);
        for (int partition = 0; partition < 3; partition++) {
            int index = partition;
            var own = read.stream().filter(r -> r.partition() == index).toList();
            var numbers = own.stream().map(r -> Integer.parseInt(r.value())).toList();
            assertThat(numbers).isSorted().doesNotHaveDuplicates();
            assertThat(own.stream().map(ConsumerRecord::offset)).isSorted().doesNotHaveDuplicates();
        }
        assertThat(read.stream().map(ConsumerRecord::value).distinct()).hasSize(10_000);
    }

    @Test
    void every_codec_acknowledgement_and_isolation_level_makes_the_round_trip() throws Exception {
        for (var codec : List.of("none", "gzip", "snappy", "lz4", "zstd")) {
            for (var acks : List.of("0", "1", "all")) {
                var topic = codec + "-" + acks;
                broker.broker().topics().create(new NewTopic(topic));
                send(
                        topic,
                        0,
                        500,
                        Map.of(
                                "acks", acks,
                                "compression.type", codec,
                                "enable.idempotence", Boolean.toString(acks.equals("all"))));
                if (!acks.equals("all")) {
                    awaitEnd(topic, 500);
                }
                for (var isolation : List.of("read_committed", "read_uncommitted")) {
                    var read = broker.readAll(topic, 1, "isolation.level", isolation);
                    assertThat(read.stream().map(ConsumerRecord::value))
                            .as(topic)
                            .containsExactlyElementsOf(numbers(0, 500));
                    assertThat(read.getFirst().headers().lastHeader("h").value())
                            .isEqualTo("x".getBytes(StandardCharsets.UTF_8));
                }
            }
        }
    }

    @Test
    void the_latest_offset_is_behind_what_was_acknowledged_before_it_was_asked_for()
            throws Exception {
        var partition = new TopicPartition("latest", 0);
        try (var producer = broker.producer(Map.of("acks", "1", "enable.idempotence", "false"));
                var admin = broker.admin()) {
            for (int i = 0; i < 30; i++) {
                producer.send(new ProducerRecord<>("latest", "x")).get();
                var latest =
                        admin.listOffsets(Map.of(partition, OffsetSpec.latest()))
                                .partitionResult(partition)
                                .get();
                assertThat(latest.offset()).isEqualTo(i + 1);
            }
        }
    }

    @Test
    void topics_the_process_keeps_for_itself_can_be_read_but_not_changed() throws Exception {
        var topic = "_weir_journal";
        broker.broker().topics().create(new NewTopic(topic));
        try (var producer = broker.producer(Map.of());
                var admin = broker.admin()) {
            var config = new ConfigResource(ConfigResource.Type.TOPIC, topic);
            var shorter =
                    new AlterConfigOp(
                            new ConfigEntry("retention.ms", "1"), AlterConfigOp.OpType.SET);
            for (Future<?> attempt :
                    List.of(
                            producer.send(new ProducerRecord<>(topic, "x")),
                            admin.deleteTopics(List.of(topic)).all(),
                            admin.createPartitions(Map.of(topic, NewPartitions.increaseTo(2)))
                                    .all(),
                            admin.deleteRecords(
                                            Map.of(
                                                    new TopicPartition(topic, 0),
                                                    RecordsToDelete.beforeOffset(0)))
                                    .all(),
                            admin.incrementalAlterConfigs(Map.of(config, List.of(shorter)))
                                    .all())) {
                assertThatThrownBy(attempt::get).hasCauseInstanceOf(InvalidTopicException.class);
            }
        }
        assertThat(broker.readAll(topic, 1)).isEmpty();
    }

    @Test
    void large_batches_come_back_whole_from_small_fetches() throws Exception {
        var value = "v".repeat(300_000);
        try (var producer = broker.producer(Map.of("max.request.size", "2000000"))) {
            for (int i = 0; i < 20; i++) {
                producer.send(new ProducerRecord<>("large", i + value)).get();
            }
        }
        var read =
                broker.readAll(
                        "large", 1, "max.partition.fetch.bytes", "1000", "fetch.max.bytes", "5000");
        assertThat(read).hasSize(20);
        assertThat(read.get(7).value()).isEqualTo(7 + value);
    }

    @Test
    void readers_of_committed_records_stop_at_open_transactions_and_skip_aborted_ones()
            throws Exception {
        var topic = "decided";
        broker.broker().topics().create(new NewTopic(topic));
        var partition = broker.broker().partition(topic, 0);
        long committed = broker.broker().producerIds().allocateOwn();
        long aborted = broker.broker().producerIds().allocateOwn();
        long open = broker.broker().producerIds().allocateOwn();
        append(topic, committed, "a", "b");
        append(topic, aborted, "lost");
        partition.appendMarker(committed, (short) 0, true, 1);
        append(topic, -1, "c");
        partition.appendMarker(aborted, (short) 0, false, 1);
        append(topic, open, "pending");
        append(topic, -1, "d");
        partition.syncNow();

        assertThat(values(broker.readAll(topic, 1, "isolation.level", "read_committed")))
                .containsExactly("a", "b", "c");
        assertThat(values(broker.readAll(topic, 1)))
                .containsExactly("a", "b", "lost", "c", "pending", "d");
        var tp = new TopicPartition(topic, 0);
        try (var consumer = broker.consumer("isolation.level", "read_committed")) {
            assertThat(consumer.endOffsets(List.of(tp)).get(tp)).isEqualTo(6);
            consumer.assign(List.of(tp));
            consumer.seek(tp, 6);
            assertThat(consumer.poll(Duration.ofMillis(300)).count()).isZero();
            partition.appendMarker(open, (short) 0, true, 1);
            var read = new ArrayList<String>();
            while (read.size() < 2) {
                consumer.poll(Duration.ofSeconds(5)).forEach(r -> read.add(r.value()));
            }
            assertThat(read).containsExactly("pending", "d");
        }
    }

    @Test
    void a_waiting_consumer_gets_a_record_as_soon_as_it_is_durable() throws Exception {
        broker.broker().topics().create(new NewTopic("live"));
        var tp = new TopicPartition("live", 0);
        try (var consumer = broker.consumer("fetch.max.wait.ms", "15000");
                var producer = broker.producer(Map.of("linger.ms", "0"))) {
            consumer.assign(List.of(tp));
            consumer.seekToBeginning(List.of(tp));
            consumer.poll(Duration.ofMillis(500));
            long start = System.nanoTime();
            for (int i = 0; i < 50; i++) {
                producer.send(new ProducerRecord<>("live", "r" + i)).get();
                var read = consumer.poll(Duration.ofSeconds(10));
                assertThat(read.count()).isEqualTo(1);
            }
            assertThat(Duration.ofNanos(System.nanoTime() - start))
                    .as("50 records, none of which waited for the fetch to expire")
                    .isLessThan(Duration.ofSeconds(12));
        }
    }

    @Test
    void topics_are_created_shown_widened_configured_and_deleted() throws Exception {
        try (var admin = broker.admin()) {
            var spec =
                    new org.apache.kafka.clients.admin.NewTopic("orders", 2, (short) 1)
                            .configs(Map.of("retention.ms", "3600000"));
            var created = admin.createTopics(List.of(spec));
            assertThat(created.numPartitions("orders").get()).isEqualTo(2);
            assertThat(created.config("orders").get().get("retention.ms").value())
                    .isEqualTo("3600000");
            assertThat(admin.listTopics().names().get()).containsExactly("orders");
            var described = describe(admin, "orders");
            assertThat(described.topicId()).isEqualTo(created.topicId("orders").get());
            assertThat(described.partitions()).hasSize(2);
            assertThat(described.partitions().getFirst().leader().id()).isEqualTo(1);

            admin.createPartitions(Map.of("orders", NewPartitions.increaseTo(5))).all().get();
            assertThat(describe(admin, "orders").partitions()).hasSize(5);

            var resource = new ConfigResource(ConfigResource.Type.TOPIC, "orders");
            admin.incrementalAlterConfigs(
                            Map.of(
                                    resource,
                                    List.of(
                                            set("max.message.bytes", "2000"),
                                            set("cleanup.policy", "compact,delete"),
                                            new AlterConfigOp(
                                                    new ConfigEntry("retention.ms", ""),
                                                    AlterConfigOp.OpType.DELETE))))
                    .all()
                    .get();
            broker.restart();
        }
        try (var admin = broker.admin()) {
            assertThat(describe(admin, "orders").partitions()).hasSize(5);
            var resource = new ConfigResource(ConfigResource.Type.TOPIC, "orders");
            var config = admin.describeConfigs(List.of(resource)).all().get().get(resource);
            assertThat(config.get("max.message.bytes").value()).isEqualTo("2000");
            assertThat(config.get("max.message.bytes").source())
                    .isEqualTo(ConfigEntry.ConfigSource.DYNAMIC_TOPIC_CONFIG);
            assertThat(config.get("retention.ms").isDefault()).isTrue();
            assertThat(config.get("cleanup.policy").value()).isEqualTo("compact,delete");
            assertThat(broker.broker().partition("orders", 4).config().maxMessageBytes())
                    .isEqualTo(2000);

            var node = new ConfigResource(ConfigResource.Type.BROKER, "1");
            assertThat(admin.describeConfigs(List.of(node)).all().get().get(node).get("node.id"))
                    .isNotNull();

            admin.deleteTopics(List.of("orders")).all().get();
            assertThat(admin.listTopics().names().get()).isEmpty();
            assertFails(
                    admin.describeTopics(List.of("orders")).allTopicNames(),
                    UnknownTopicOrPartitionException.class);
        }
        broker.restart();
        assertThat(broker.broker().topics().all()).isEmpty();
    }

    @Test
    void what_cannot_be_is_refused_with_kafkas_errors() throws Exception {
        try (var admin = broker.admin()) {
            create(admin, "a.b", 1, 1).get();
            assertFails(create(admin, "a.b", 1, 1), TopicExistsException.class);
            assertFails(create(admin, "a_b", 1, 1), InvalidTopicException.class);
            assertFails(create(admin, "a b", 1, 1), InvalidTopicException.class);
            assertFails(create(admin, "..", 1, 1), InvalidTopicException.class);
            assertFails(create(admin, "x".repeat(250), 1, 1), InvalidTopicException.class);
            assertFails(create(admin, "__consumer_offsets", 1, 1), InvalidTopicException.class);
            assertFails(create(admin, "many", 3, 3), InvalidReplicationFactorException.class);
            assertFails(create(admin, "none", 0, 1), InvalidPartitionsException.class);
            assertFails(create(admin, "all", 2_000_000_000, 1), InvalidPartitionsException.class);
            assertFails(
                    admin.createPartitions(Map.of("a.b", NewPartitions.increaseTo(1))).all(),
                    InvalidPartitionsException.class);
            var resource = new ConfigResource(ConfigResource.Type.TOPIC, "a.b");
            for (var wrong :
                    List.of(
                            set("retention.ms", "soon"),
                            set("segment.bytes", "3"),
                            set("cleanup.policy", "hoard"),
                            set("retention.hours", "1"))) {
                assertFails(
                        admin.incrementalAlterConfigs(Map.of(resource, List.of(wrong))).all(),
                        InvalidConfigurationException.class);
            }
            assertThat(admin.listTopics().names().get()).containsExactly("a.b");

            admin.incrementalAlterConfigs(
                            Map.of(resource, List.of(set("max.message.bytes", "1000"))))
                    .all()
                    .get();
            try (var producer = broker.producer(Map.of())) {
                assertFails(
                        producer.send(new ProducerRecord<>("a.b", "v".repeat(2000))),
                        RecordTooLargeException.class);
                producer.send(new ProducerRecord<>("a.b", "small")).get();
            }
            assertThat(values(broker.readAll("a.b", 1))).containsExactly("small");
        }
    }

    @Test
    void offsets_are_found_and_old_records_deleted() throws Exception {
        try (var admin = broker.admin();
                var producer = broker.producer(Map.of("linger.ms", "0"))) {
            for (int i = 0; i < 10; i++) {
                producer.send(new ProducerRecord<>("t", 0, 1_000L + i * 10L, "k", "v" + i)).get();
            }
            var tp = new TopicPartition("t", 0);
            assertThat(offset(admin, tp, OffsetSpec.earliest())).isZero();
            assertThat(offset(admin, tp, OffsetSpec.latest())).isEqualTo(10);
            assertThat(offset(admin, tp, OffsetSpec.forTimestamp(1_045))).isEqualTo(5);
            assertThat(offset(admin, tp, OffsetSpec.forTimestamp(5_000))).isEqualTo(-1);
            assertThat(offset(admin, tp, OffsetSpec.maxTimestamp())).isEqualTo(9);

            var low =
                    admin.deleteRecords(Map.of(tp, RecordsToDelete.beforeOffset(4)))
                            .lowWatermarks()
                            .get(tp)
                            .get()
                            .lowWatermark();
            assertThat(low).isEqualTo(4);
            assertThat(offset(admin, tp, OffsetSpec.earliest())).isEqualTo(4);
            assertThat(values(broker.readAll("t", 1))).first().isEqualTo("v4");

            var cluster = admin.describeCluster();
            assertThat(cluster.clusterId().get()).isEqualTo(broker.broker().clusterId());
            assertThat(cluster.nodes().get()).hasSize(1);
            assertThat(cluster.controller().get().port())
                    .isEqualTo(broker.broker().address().getPort());
        }
    }

    @Test
    void a_compacted_topic_takes_no_record_without_a_key() throws Exception {
        broker.broker()
                .topics()
                .create(new NewTopic("latest", 1, Map.of("cleanup.policy", "compact")));
        for (var codec : List.of("none", "lz4")) {
            try (var producer = broker.producer(Map.of("compression.type", codec))) {
                assertFails(
                        producer.send(new ProducerRecord<>("latest", "no key")),
                        org.apache.kafka.common.InvalidRecordException.class);
                producer.send(new ProducerRecord<>("latest", "key", "value")).get();
            }
        }
        assertThat(broker.readAll("latest", 1)).hasSize(2);
    }

    @Test
    void a_producer_hears_which_record_of_a_batch_was_refused() throws Exception {
        broker.broker()
                .topics()
                .create(new NewTopic("latest", 1, Map.of("cleanup.policy", "compact")));
        try (var producer = broker.producer(Map.of("linger.ms", "60000"))) {
            var sound = producer.send(new ProducerRecord<>("latest", "key", "value"));
            var keyless = producer.send(new ProducerRecord<>("latest", "no key"));
            producer.flush();
            assertThatThrownBy(sound::get)
                    .hasMessageContaining("part of a batch which had one more more invalid");
            assertThatThrownBy(keyless::get)
                    .hasRootCauseInstanceOf(org.apache.kafka.common.InvalidRecordException.class)
                    .hasMessageContaining("record 1 has no key");
        }
        assertThat(broker.readAll("latest", 1)).isEmpty();
    }

    @Test
    void a_recreated_topic_is_another_one() throws Exception {
        try (var producer = broker.producer(Map.of());
                var admin = broker.admin()) {
            producer.send(new ProducerRecord<>("again", "old")).get();
            var before = describe(admin, "again").topicId();
            admin.deleteTopics(List.of("again")).all().get();
            create(admin, "again", 1, 1).get();
            assertThat(describe(admin, "again").topicId()).isNotEqualTo(before);
            producer.send(new ProducerRecord<>("again", "new")).get();
        }
        assertThat(values(broker.readAll("again", 1))).containsExactly("new");
    }

    private void append(String topic, long producerId, String... values) {
        var writer = new RecordBatchWriter();
        writer.start(1, producerId, (short) (producerId < 0 ? -1 : 0), -1, producerId >= 0);
        for (var value : values) {
            writer.append(1, null, value.getBytes(StandardCharsets.UTF_8));
        }
        broker.broker().partition(topic, 0).append(writer.finish(), AppendOrigin.ENGINE);
    }

    private void send(String topic, int from, int to, Map<String, String> settings)
            throws Exception {
        try (var producer = broker.producer(settings)) {
            var sent = new ArrayList<Future<RecordMetadata>>();
            for (int i = from; i < to; i++) {
                var each = new ProducerRecord<>(topic, "key" + i, Integer.toString(i));
                each.headers().add("h", "x".getBytes(StandardCharsets.UTF_8));
                sent.add(producer.send(each));
            }
            for (var each : sent) {
                each.get();
            }
        }
    }

    private void awaitEnd(String topic, long end) throws Exception {
        var tp = new TopicPartition(topic, 0);
        try (var consumer = broker.consumer()) {
            while (consumer.endOffsets(List.of(tp)).get(tp) < end) {
                Thread.onSpinWait();
            }
        }
    }

    private static List<String> numbers(int from, int to) {
        return java.util.stream.IntStream.range(from, to).mapToObj(Integer::toString).toList();
    }

    private static List<String> values(Collection<ConsumerRecord<String, String>> records) {
        return records.stream().map(ConsumerRecord::value).toList();
    }

    private static AlterConfigOp set(String name, String value) {
        return new AlterConfigOp(new ConfigEntry(name, value), AlterConfigOp.OpType.SET);
    }

    private static Future<Void> create(
            org.apache.kafka.clients.admin.Admin admin, String name, int partitions, int replicas) {
        return admin.createTopics(
                        List.of(
                                new org.apache.kafka.clients.admin.NewTopic(
                                        name, partitions, (short) replicas)))
                .all();
    }

    private static org.apache.kafka.clients.admin.TopicDescription describe(
            org.apache.kafka.clients.admin.Admin admin, String topic) throws Exception {
        return admin.describeTopics(List.of(topic)).allTopicNames().get().get(topic);
    }

    private static long offset(
            org.apache.kafka.clients.admin.Admin admin, TopicPartition tp, OffsetSpec spec)
            throws Exception {
        return admin.listOffsets(Map.of(tp, spec)).partitionResult(tp).get().offset();
    }

    private static void assertFails(Future<?> future, Class<? extends Throwable> cause) {
        assertThatThrownBy(future::get)
                .isInstanceOf(ExecutionException.class)
                .cause()
                .isInstanceOf(cause);
    }
}
