import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ListOffsetsOptions;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.consumer.ConsumerGroupMetadata;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.IsolationLevel;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.zip.CRC32;

/// What a directory holds as clients see it, and clients that live on while it goes from one server
/// to another.
///
///     Handover topics BOOTSTRAP         makes the topics
///     Handover fill BOOTSTRAP           records of all kinds, transactions, groups; its seed is printed
///     Handover list BOOTSTRAP           all of it, a line for each thing
///     Handover fresh BOOTSTRAP VALUE    a new producer sends a record
///     Handover last BOOTSTRAP           records to a topic that is not listed
///     Handover live BOOTSTRAP           producers that are told what to do: write, commit, abort, quit
final class Handover {
    private static final String PLAIN = "plain";
    private static final String ROLLED = "rolled";
    private static final String COMPACTED = "compacted";
    private static final String APPEND_TIME = "append-time";
    private static final String TRANSACTIONS = "transactions";
    private static final String LAST = "last";
    private static final String MEBIBYTE = Integer.toString(1 << 20);
    private static final int TIMESTAMPS = 12; // asked of each partition
    private static final long PATIENCE_MS = 60_000;

    private final String bootstrap;
    private final Admin admin;

    private Handover(String bootstrap) {
        this.bootstrap = bootstrap;
        admin = Admin.create(Map.of("bootstrap.servers", bootstrap));
    }

    public static void main(String[] arguments) throws Exception {
        var handover = new Handover(arguments[1]);
        switch (arguments[0]) {
            case "topics" -> handover.topics();
            case "fill" -> handover.fill();
            case "list" -> handover.list();
            case "fresh" -> handover.fresh(arguments[2]);
            case "last" -> handover.last();
            case "live" -> handover.live();
            default -> throw new IllegalArgumentException(arguments[0]);
        }
        System.exit(0);
    }

    private void topics() throws Exception {
        var rolled = Map.of("segment.bytes", MEBIBYTE, "retention.ms", "-1");
        var compacted =
                Map.of(
                        "segment.bytes", MEBIBYTE,
                        "cleanup.policy", "compact",
                        "min.cleanable.dirty.ratio", "0.01");
        var stamped = Map.of("message.timestamp.type", "LogAppendTime");
        admin.createTopics(
                        List.of(
                                topic(PLAIN, 3, Map.of("retention.ms", "-1")),
                                topic(ROLLED, 1, rolled),
                                topic(COMPACTED, 1, compacted),
                                topic(APPEND_TIME, 1, stamped),
                                topic(TRANSACTIONS, 2, Map.of()),
                                topic(LAST, 1, Map.of())))
                .all()
                .get();
    }

    private static NewTopic topic(String name, int partitions, Map<String, String> settings) {
        return new NewTopic(name, partitions, (short) 1).configs(settings);
    }

    // ------------------------------------------------------------------------ writing

    private KafkaProducer<String, String> producer(Map<String, Object> settings) {
        var all = new HashMap<String, Object>(settings);
        all.put("bootstrap.servers", bootstrap);
        all.put("delivery.timeout.ms", 600_000); // longer than a server is away
        all.put("max.block.ms", 300_000);
        return new KafkaProducer<>(all, new StringSerializer(), new StringSerializer());
    }

    private KafkaProducer<String, String> transactional(String id) {
        var producer = producer(Map.of("transactional.id", id, "transaction.timeout.ms", 900_000));
        producer.initTransactions();
        return producer;
    }

    private void fill() throws Exception {
        long seed = System.nanoTime();
        System.out.println("seed " + seed);
        var random = new Random(seed);
        long now = System.currentTimeMillis();
        // No two records of a topic have the greatest timestamp: where a batch that compaction
        // emptied has it too,
        // Kafka finds no record with it.
        long later = now;
        for (var codec : List.of("none", "gzip", "snappy", "lz4", "zstd")) {
            try (var producer = producer(Map.of("compression.type", codec))) {
                for (int i = 0; i < 300; i++) {
                    producer.send(any(random, PLAIN, i % 3, now - random.nextInt(3_600_000)));
                    producer.send(any(random, APPEND_TIME, 0, now - random.nextInt(1_000)));
                }
                for (int i = 0; i < 700; i++) {
                    var value = text(random, 1_500);
                    producer.send(new ProducerRecord<>(ROLLED, 0, later, "k" + i, value));
                    producer.send(new ProducerRecord<>(COMPACTED, 0, later, "k" + i % 50, value));
                    later++;
                }
            }
        }
        for (int i = 0; i < 8; i++) {
            try (var producer = transactional("filler" + i % 3)) {
                producer.beginTransaction();
                for (int j = 0; j < 20; j++) {
                    producer.send(any(random, TRANSACTIONS, j % 2, now));
                    producer.send(any(random, PLAIN, j % 3, now));
                }
                commitOffset(producer, "filled", i);
                if (i % 2 == 0) {
                    producer.commitTransaction();
                } else {
                    producer.abortTransaction();
                }
            }
        }
        for (var protocol : List.of("classic", "consumer")) {
            read(protocol);
        }
    }

    private static ProducerRecord<String, String> any(
            Random random, String topic, int partition, long timestamp) {
        var key = random.nextInt(4) == 0 ? null : "key" + random.nextInt(20);
        var value = random.nextInt(8) == 0 ? null : text(random, 1 + random.nextInt(200));
        var record = new ProducerRecord<>(topic, partition, timestamp, key, value);
        for (int i = random.nextInt(3); i > 0; i--) {
            record.headers().add("h" + i, random.nextBoolean() ? null : bytes(text(random, 10)));
        }
        return record;
    }

    private static String text(Random random, int length) {
        var text = new StringBuilder();
        while (text.length() < length) {
            text.append(Long.toString(random.nextLong() >>> 1, 36));
        }
        text.setLength(length);
        return text.toString();
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    @SuppressWarnings("removal") // a group without members has no more than a name
    private static void commitOffset(
            KafkaProducer<String, String> producer, String group, long offset) {
        producer.sendOffsetsToTransaction(
                Map.of(new TopicPartition(PLAIN, 0), new OffsetAndMetadata(offset)),
                new ConsumerGroupMetadata(group));
    }

    /// A group that reads some and commits.
    private void read(String protocol) {
        Map<String, Object> settings =
                Map.of(
                        "bootstrap.servers",
                        bootstrap,
                        "group.id",
                        "readers-" + protocol,
                        "group.protocol",
                        protocol,
                        "auto.offset.reset",
                        "earliest",
                        "enable.auto.commit",
                        "false");
        try (var consumer =
                new KafkaConsumer<>(settings, new StringDeserializer(), new StringDeserializer())) {
            consumer.subscribe(List.of(PLAIN));
            long deadline = System.currentTimeMillis() + PATIENCE_MS;
            for (int count = 0; count < 700; ) {
                count += consumer.poll(Duration.ofMillis(200)).count();
                if (System.currentTimeMillis() > deadline) {
                    throw new IllegalStateException("only " + count + " records");
                }
            }
            consumer.commitSync();
        }
    }

    private void fresh(String value) throws Exception {
        try (var producer = producer(Map.of())) {
            producer.send(new ProducerRecord<>(PLAIN, 0, "fresh", value)).get();
        }
    }

    /// One after the other, as small writes that room is made for.
    private void last() throws Exception {
        try (var producer = producer(Map.of("linger.ms", 0))) {
            for (int i = 0; i < 30; i++) {
                producer.send(new ProducerRecord<>(LAST, 0, null, "last" + i)).get();
            }
        }
    }

    // ------------------------------------------------------------------------ living on

    private void live() throws Exception {
        var idempotent = producer(Map.of("linger.ms", 0));
        var open = transactional("survivor");
        long count = write(idempotent, 0);
        begin(open, count);
        say("living");
        var commands = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (var command = commands.readLine(); command != null; command = commands.readLine()) {
            switch (command) {
                case "write" -> count = write(idempotent, count);
                case "commit" -> {
                    open.commitTransaction();
                    begin(open, count);
                }
                case "abort" -> {
                    open.abortTransaction();
                    begin(open, count);
                }
                case "quit" -> {
                    return;
                }
                default -> throw new IllegalArgumentException(command);
            }
            say("done " + command);
        }
    }

    private static void say(String what) {
        System.out.println(what);
        System.out.flush();
    }

    private static long write(KafkaProducer<String, String> producer, long from) throws Exception {
        for (long i = from; i < from + 20; i++) {
            for (int partition = 0; partition < 3; partition++) {
                producer.send(new ProducerRecord<>(PLAIN, partition, "live", "live" + i)).get();
            }
        }
        return from + 20;
    }

    private static void begin(KafkaProducer<String, String> producer, long count) throws Exception {
        producer.beginTransaction();
        var sent = new ArrayList<Future<RecordMetadata>>();
        for (int i = 0; i < 3; i++) {
            sent.add(producer.send(new ProducerRecord<>(TRANSACTIONS, i % 2, "open", "o" + count)));
        }
        for (var each : sent) {
            each.get();
        }
        commitOffset(producer, "survivors", count);
    }

    // ------------------------------------------------------------------------ telling

    private void list() throws Exception {
        var names = new ArrayList<>(admin.listTopics().names().get());
        names.remove(LAST);
        names.removeIf(name -> name.startsWith("_weir")); // of its SQL
        names.sort(Comparator.naturalOrder());
        for (var name : names) {
            var described = admin.describeTopics(List.of(name)).allTopicNames().get().get(name);
            for (var each : described.partitions()) {
                partition(new TopicPartition(name, each.partition()));
            }
        }
        groups();
        transactions();
    }

    private void partition(TopicPartition partition) throws Exception {
        System.out.printf(
                "%s earliest %d latest %d stable %d%n",
                partition,
                offset(partition, OffsetSpec.earliest(), IsolationLevel.READ_UNCOMMITTED),
                offset(partition, OffsetSpec.latest(), IsolationLevel.READ_UNCOMMITTED),
                offset(partition, OffsetSpec.latest(), IsolationLevel.READ_COMMITTED));
        var all = records(partition, IsolationLevel.READ_UNCOMMITTED);
        for (var record : all) {
            System.out.println(partition + " " + told(record));
        }
        for (var record : records(partition, IsolationLevel.READ_COMMITTED)) {
            System.out.println(partition + " committed " + record.offset());
        }
        var times = all.stream().mapToLong(ConsumerRecord::timestamp).sorted().distinct().toArray();
        // Where compaction left no more than the head of a batch Kafka's search ends and finds
        // none.
        boolean searched = !partition.topic().equals(COMPACTED);
        for (int i = 0; searched && i < times.length; i += Math.max(1, times.length / TIMESTAMPS)) {
            time(partition, times[i]);
            time(partition, times[i] + 1);
        }
        System.out.println(
                partition
                        + " maximum "
                        + offset(
                                partition,
                                OffsetSpec.maxTimestamp(),
                                IsolationLevel.READ_UNCOMMITTED));
        var producers = new TreeMap<Long, String>();
        var states = admin.describeProducers(List.of(partition)).partitionResult(partition).get();
        for (var state : states.activeProducers()) {
            // The last timestamp is that of the record with Kafka, and when it came with Weir.
            producers.put(
                    state.producerId(),
                    "epoch %d sequence %d transaction %s"
                            .formatted(
                                    state.producerEpoch(),
                                    state.lastSequence(),
                                    state.currentTransactionStartOffset()));
        }
        producers.forEach(
                (id, state) -> System.out.println(partition + " producer " + id + " " + state));
    }

    private void time(TopicPartition partition, long timestamp) throws Exception {
        var found =
                offset(
                        partition,
                        OffsetSpec.forTimestamp(timestamp),
                        IsolationLevel.READ_UNCOMMITTED);
        System.out.println(partition + " time " + timestamp + " " + found);
    }

    private long offset(TopicPartition partition, OffsetSpec which, IsolationLevel level)
            throws Exception {
        return admin.listOffsets(Map.of(partition, which), new ListOffsetsOptions(level))
                .partitionResult(partition)
                .get()
                .offset();
    }

    private List<ConsumerRecord<byte[], byte[]>> records(
            TopicPartition partition, IsolationLevel level) {
        Map<String, Object> settings =
                Map.of(
                        "bootstrap.servers",
                        bootstrap,
                        "isolation.level",
                        level.toString().toLowerCase(Locale.ROOT));
        var found = new ArrayList<ConsumerRecord<byte[], byte[]>>();
        try (var consumer =
                new KafkaConsumer<>(
                        settings, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
            consumer.assign(List.of(partition));
            consumer.seekToBeginning(List.of(partition));
            long end = consumer.endOffsets(List.of(partition)).get(partition);
            long deadline = System.currentTimeMillis() + PATIENCE_MS;
            while (consumer.position(partition) < end) {
                consumer.poll(Duration.ofMillis(200)).forEach(found::add);
                if (System.currentTimeMillis() > deadline) {
                    throw new IllegalStateException(
                            partition + ": at " + consumer.position(partition) + " of " + end);
                }
            }
        }
        return found;
    }

    private static String told(ConsumerRecord<byte[], byte[]> record) {
        var bytes = new CRC32();
        for (var header : record.headers()) {
            bytes.update(bytes(header.key()));
            update(bytes, header.value());
        }
        update(bytes, record.value());
        return "%d %s %d key %s rest %08x"
                .formatted(
                        record.offset(),
                        record.timestampType(),
                        record.timestamp(),
                        record.key() == null
                                ? null
                                : record.topic().startsWith("__")
                                        ? record.key().length
                                        : new String(record.key(), StandardCharsets.UTF_8),
                        bytes.getValue());
    }

    private static void update(CRC32 crc, byte[] bytes) {
        crc.update(bytes == null ? 0 : 1);
        if (bytes != null) {
            crc.update(bytes);
        }
    }

    private void groups() throws Exception {
        var ids = new ArrayList<String>();
        admin.listGroups().all().get().forEach(group -> ids.add(group.groupId()));
        ids.sort(Comparator.naturalOrder());
        for (var id : ids) {
            var offsets = admin.listConsumerGroupOffsets(id).partitionsToOffsetAndMetadata().get();
            var sorted = new TreeMap<String, OffsetAndMetadata>();
            offsets.forEach((partition, offset) -> sorted.put(partition.toString(), offset));
            sorted.forEach((partition, offset) ->
                    System.out.println("group " + id + " " + partition + " " + offset.offset()));
        }
    }

    private void transactions() throws InterruptedException, ExecutionException {
        Collection<String> ids =
                admin.listTransactions().all().get().stream()
                        .map(each -> each.transactionalId())
                        .sorted()
                        .toList();
        for (var id : ids) {
            var one = admin.describeTransactions(List.of(id)).description(id).get();
            System.out.printf(
                    "transaction %s producer %d epoch %d %s timeout %d partitions %s%n",
                    id,
                    one.producerId(),
                    one.producerEpoch(),
                    one.state(),
                    one.transactionTimeoutMs(),
                    one.topicPartitions().stream().map(Object::toString).sorted().toList());
        }
    }
}
