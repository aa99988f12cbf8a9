import org.apache.kafka.clients.admin.AdminClient;
import org.apache.kafka.clients.admin.NewPartitions;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.header.internals.RecordHeader;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.BooleanSupplier;

/// One of Kafka's Java clients, whichever is on the class path, from 2.1 on: administration, every
/// codec, offsets, groups, transactions. Prints a line for each; an exception ends it with status
/// 1.
///
/// Arguments: bootstrap, prefix of topics and groups, and further `key=value` for consumers in
/// groups.
final class JavaClient {
    private static final Duration POLL = Duration.ofMillis(200);
    private static final long PATIENCE_MS = 45_000;
    private static final int RECORDS = 2_000;

    private final String bootstrap;
    private final String prefix;
    private final Map<String, Object> ofGroups = new HashMap<>();

    private JavaClient(String[] arguments) {
        bootstrap = arguments[0];
        prefix = arguments[1];
        for (int i = 2; i < arguments.length; i++) {
            var setting = arguments[i].split("=", 2);
            ofGroups.put(setting[0], setting[1]);
        }
    }

    public static void main(String[] arguments) throws Exception {
        try {
            new JavaClient(arguments).run();
        } catch (Throwable e) {
            e.printStackTrace();
            System.exit(1);
        }
        System.exit(0);
    }

    private void run() throws Exception {
        var topic = prefix + "-topic";
        try (var admin = AdminClient.create(Map.of("bootstrap.servers", bootstrap))) {
            administration(admin, topic);
            codecs(topic);
            offsets(topic);
            group(admin, topic);
            transaction(admin, topic);
            admin.deleteTopics(List.of(topic)).all().get();
        }
    }

    private static void administration(AdminClient admin, String topic) throws Exception {
        admin.createTopics(
                        List.of(
                                new NewTopic(topic, 2, (short) 1)
                                        .configs(Map.of("retention.ms", "-1"))))
                .all()
                .get();
        admin.createPartitions(Map.of(topic, NewPartitions.increaseTo(4))).all().get();
        var resource = new ConfigResource(ConfigResource.Type.TOPIC, topic);
        var configs = admin.describeConfigs(List.of(resource)).all().get().get(resource);
        expect(configs.get("retention.ms").value().equals("-1"), "the setting is kept");
        expect(admin.listTopics().names().get().contains(topic), "the topic is listed");
        expect(admin.describeCluster().nodes().get().size() == 1, "one node");
        System.out.println("administration");
    }

    private void codecs(String topic) throws Exception {
        int partition = 0;
        for (var codec : List.of("none", "gzip", "snappy", "lz4", "zstd")) {
            long began;
            try (var consumer = consumer(Map.of())) {
                var one = new TopicPartition(topic, partition);
                began = consumer.endOffsets(List.of(one)).get(one);
            }
            try (var producer = producer(Map.of("compression.type", codec, "acks", "all"))) {
                for (int i = 0; i < RECORDS; i++) {
                    producer.send(
                            new ProducerRecord<>(
                                    topic,
                                    partition,
                                    1_600_000_000_000L + i,
                                    codec + i,
                                    "value " + i,
                                    List.of(
                                            new RecordHeader(
                                                    "h", codec.getBytes(StandardCharsets.UTF_8)))));
                }
            }
            var records = readAll(Map.of(), topic, partition, began);
            expect(records.size() == RECORDS, codec + ": all are read, not " + records.size());
            for (int i = 0; i < RECORDS; i++) {
                var each = records.get(i);
                expect(
                        each.key().equals(codec + i)
                                && each.value().equals("value " + i)
                                && each.timestamp() == 1_600_000_000_000L + i
                                && new String(
                                                each.headers().lastHeader("h").value(),
                                                StandardCharsets.UTF_8)
                                        .equals(codec),
                        codec + ": as it was sent: " + each);
            }
            System.out.println(codec);
        }
    }

    private void offsets(String topic) {
        var one = new TopicPartition(topic, 0);
        try (var consumer = consumer(Map.of())) {
            expect(consumer.partitionsFor(topic).size() == 4, "four partitions");
            expect(consumer.beginningOffsets(List.of(one)).get(one) == 0, "begins at 0");
            var found = consumer.offsetsForTimes(Map.of(one, 1_600_000_000_100L)).get(one).offset();
            expect(found == 100, "the offset of a time is 100, not " + found);
        }
        System.out.println("offsets");
    }

    /// Two members share the topic, one leaves, a third goes on where they stopped.
    private void group(AdminClient admin, String topic) throws Exception {
        var group = prefix + "-group";
        var settings = new HashMap<String, Object>(ofGroups);
        settings.put("group.id", group);
        settings.put("enable.auto.commit", "false");
        settings.put("auto.offset.reset", "earliest");
        try (var producer = producer(Map.of())) {
            for (int i = 0; i < 400; i++) {
                producer.send(new ProducerRecord<>(topic, i % 4, "g", "g" + i));
            }
        }
        var seen = new TreeSet<String>();
        try (var first = consumer(settings)) {
            try (var second = consumer(settings)) {
                subscribe(first, topic);
                subscribe(second, topic);
                until(
                        () -> {
                            take(first, seen);
                            take(second, seen);
                            return first.assignment().size() == 2
                                    && second.assignment().size() == 2;
                        },
                        "two members share four partitions");
                until(
                        () -> {
                            take(first, seen);
                            take(second, seen);
                            return seen.size() == 5 * RECORDS + 400;
                        },
                        "all is read");
                second.commitSync();
            }
            until(
                    () -> {
                        take(first, seen);
                        return first.assignment().size() == 4;
                    },
                    "who stays takes over");
            first.commitSync();
        }
        var committed = admin.listConsumerGroupOffsets(group).partitionsToOffsetAndMetadata().get();
        expect(
                committed.get(new TopicPartition(topic, 0)).offset() == 5 * RECORDS + 100,
                "committed " + committed);
        var rest = new TreeSet<String>();
        try (var producer = producer(Map.of());
                var third = consumer(settings)) {
            producer.send(new ProducerRecord<>(topic, 3, "g", "one more")).get();
            subscribe(third, topic);
            until(
                    () -> {
                        take(third, rest);
                        return !rest.isEmpty();
                    },
                    "who comes later goes on");
            third.commitSync();
        }
        expect(rest.equals(Set.of("3/100")), "nothing is read twice: " + rest);
        admin.deleteConsumerGroups(List.of(group)).all().get();
        System.out.println("group");
    }

    /// Consumes, produces and commits in one; the aborted one is not seen.
    private void transaction(AdminClient admin, String topic) throws Exception {
        var output = prefix + "-out";
        admin.createTopics(List.of(new NewTopic(output, 1, (short) 1))).all().get();
        var group = prefix + "-copier";
        var one = new TopicPartition(topic, 1);
        try (var producer = producer(Map.of("transactional.id", prefix + "-txn"));
                var consumer =
                        consumer(
                                Map.of(
                                        "group.id",
                                        group,
                                        "enable.auto.commit",
                                        "false",
                                        "auto.offset.reset",
                                        "earliest"))) {
            producer.initTransactions();
            for (boolean commit : new boolean[] {false, true}) {
                producer.beginTransaction();
                for (int i = 0; i < 100; i++) {
                    producer.send(new ProducerRecord<>(output, 0, "t", commit + " " + i));
                }
                sendOffsets(producer, consumer, group, Map.of(one, new OffsetAndMetadata(100)));
                if (commit) {
                    producer.commitTransaction();
                } else {
                    producer.flush();
                    producer.abortTransaction();
                }
            }
        }
        var committed = readAll(Map.of("isolation.level", "read_committed"), output, 0, 0);
        expect(
                committed.size() == 100
                        && committed.stream().allMatch(r -> r.value().startsWith("true ")),
                "only what was committed: " + committed.size());
        expect(readAll(Map.of(), output, 0, 0).size() == 200, "uncommitted, both are seen");
        var offsets = admin.listConsumerGroupOffsets(group).partitionsToOffsetAndMetadata().get();
        expect(offsets.get(one).offset() == 100, "the offset came with it: " + offsets);
        admin.deleteTopics(List.of(output)).all().get();
        System.out.println("transaction");
    }

    /// Clients before 2.5 name the group by its id, clients from 4.0 on only by its metadata.
    private static void sendOffsets(
            KafkaProducer<String, String> producer,
            KafkaConsumer<String, String> consumer,
            String group,
            Map<TopicPartition, OffsetAndMetadata> offsets)
            throws ReflectiveOperationException {
        try {
            var metadata = KafkaConsumer.class.getMethod("groupMetadata");
            KafkaProducer.class
                    .getMethod("sendOffsetsToTransaction", Map.class, metadata.getReturnType())
                    .invoke(producer, offsets, metadata.invoke(consumer));
        } catch (NoSuchMethodException e) {
            KafkaProducer.class
                    .getMethod("sendOffsetsToTransaction", Map.class, String.class)
                    .invoke(producer, offsets, group);
        }
    }

    private List<ConsumerRecord<String, String>> readAll(
            Map<String, Object> settings, String topic, int partition, long from) {
        var one = new TopicPartition(topic, partition);
        var records = new ArrayList<ConsumerRecord<String, String>>();
        try (var consumer = consumer(settings)) {
            consumer.assign(List.of(one));
            consumer.seek(one, from);
            long end = consumer.endOffsets(List.of(one)).get(one);
            until(
                    () -> {
                        consumer.poll(POLL).forEach(records::add);
                        return consumer.position(one) >= end;
                    },
                    "read to " + end);
        }
        return records;
    }

    private static void subscribe(KafkaConsumer<String, String> consumer, String topic) {
        consumer.subscribe(
                List.of(topic),
                new ConsumerRebalanceListener() {
                    @Override
                    public void onPartitionsRevoked(Collection<TopicPartition> partitions) {
                        consumer.commitSync();
                    }

                    @Override
                    public void onPartitionsAssigned(Collection<TopicPartition> partitions) {}
                });
    }

    private static void take(KafkaConsumer<String, String> consumer, Set<String> seen) {
        consumer.poll(POLL).forEach(each -> seen.add(each.partition() + "/" + each.offset()));
    }

    private KafkaProducer<String, String> producer(Map<String, Object> settings) {
        var all = new HashMap<>(settings);
        all.put("bootstrap.servers", bootstrap);
        return new KafkaProducer<>(all, new StringSerializer(), new StringSerializer());
    }

    private KafkaConsumer<String, String> consumer(Map<String, Object> settings) {
        var all = new HashMap<>(settings);
        all.put("bootstrap.servers", bootstrap);
        return new KafkaConsumer<>(all, new StringDeserializer(), new StringDeserializer());
    }

    private static void until(BooleanSupplier condition, String what) {
        long deadline = System.currentTimeMillis() + PATIENCE_MS;
        while (!condition.getAsBoolean()) {
            expect(System.currentTimeMillis() < deadline, what + ": not within 45 s");
        }
    }

    private static void expect(boolean holds, String what) {
        if (!holds) {
            throw new IllegalStateException(what);
        }
    }
}
