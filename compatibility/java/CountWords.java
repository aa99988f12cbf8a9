import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.errors.StreamsUncaughtExceptionHandler.StreamThreadExceptionResponse;
import org.apache.kafka.streams.kstream.Materialized;

import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.TreeMap;
import java.util.stream.IntStream;

/// A Kafka Streams application that counts words with `exactly_once_v2`, over a repartition topic and a
/// changelog; what feeds it, and what judges its output.
///
///     CountWords topics BOOTSTRAP
///     CountWords produce BOOTSTRAP RECORDS PER_SECOND
///     CountWords run BOOTSTRAP STATE_DIRECTORY
///     CountWords await BOOTSTRAP RECORDS   until so many are counted
///     CountWords judge BOOTSTRAP RECORDS   whether each was counted once
final class CountWords {
    private static final int WORDS = 97;
    private static final int PARTITIONS = 4;
    private static final Duration POLL = Duration.ofMillis(200);
    private static final long PATIENCE_MS = 150_000;

    public static void main(String[] arguments) throws Exception {
        var bootstrap = arguments[1];
        switch (arguments[0]) {
            case "topics" -> topics(bootstrap);
            case "produce" ->
                    produce(
                            bootstrap,
                            Integer.parseInt(arguments[2]),
                            Integer.parseInt(arguments[3]));
            case "run" -> run(bootstrap, arguments[2]);
            case "await" -> System.out.println(read(bootstrap, Integer.parseInt(arguments[2])));
            case "judge" -> judge(read(bootstrap, Integer.parseInt(arguments[2])));
            default -> throw new IllegalArgumentException(arguments[0]);
        }
        System.exit(0);
    }

    private static void topics(String bootstrap) throws Exception {
        try (var admin = Admin.create(Map.of("bootstrap.servers", bootstrap))) {
            admin.createTopics(
                            List.of(
                                    new NewTopic("words", PARTITIONS, (short) 1),
                                    new NewTopic("counts", PARTITIONS, (short) 1)))
                    .all()
                    .get();
        }
    }

    private static void produce(String bootstrap, int records, int perSecond) throws Exception {
        var settings = Map.<String, Object>of("bootstrap.servers", bootstrap, "acks", "all");
        long began = System.nanoTime();
        try (var producer =
                new KafkaProducer<>(settings, new StringSerializer(), new StringSerializer())) {
            for (int i = 0; i < records; i++) {
                producer.send(
                        new ProducerRecord<>("words", "k" + i, "w" + i % WORDS),
                        (_, e) -> {
                            if (e != null) {
                                e.printStackTrace();
                                Runtime.getRuntime().halt(1);
                            }
                        });
                long due = began + 1_000_000_000L * i / perSecond;
                if (due > System.nanoTime()) {
                    Thread.sleep(Duration.ofNanos(due - System.nanoTime()));
                }
            }
        }
        System.out.println("sent " + records);
    }

    private static void run(String bootstrap, String directory) throws Exception {
        var settings = new Properties();
        settings.put(StreamsConfig.APPLICATION_ID_CONFIG, "count-words");
        settings.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, bootstrap);
        settings.put(StreamsConfig.PROCESSING_GUARANTEE_CONFIG, StreamsConfig.EXACTLY_ONCE_V2);
        settings.put(StreamsConfig.STATE_DIR_CONFIG, directory);
        settings.put(StreamsConfig.NUM_STREAM_THREADS_CONFIG, 2);
        settings.put(StreamsConfig.DEFAULT_KEY_SERDE_CLASS_CONFIG, Serdes.StringSerde.class);
        settings.put(StreamsConfig.DEFAULT_VALUE_SERDE_CLASS_CONFIG, Serdes.StringSerde.class);
        settings.put(StreamsConfig.STATESTORE_CACHE_MAX_BYTES_CONFIG, 0); // every count is put out
        settings.put(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "earliest");
        settings.put(StreamsConfig.consumerPrefix("session.timeout.ms"), 6_000);
        var builder = new StreamsBuilder();
        builder.<String, String>stream("words")
                .selectKey((_, word) -> word)
                .groupByKey()
                .count(Materialized.as("store"))
                .toStream()
                .mapValues(String::valueOf)
                .to("counts");
        var streams = new KafkaStreams(builder.build(), settings);
        streams.setUncaughtExceptionHandler(e -> {
            e.printStackTrace();
            return StreamThreadExceptionResponse.REPLACE_THREAD;
        });
        Runtime.getRuntime()
                .addShutdownHook(new Thread(() -> streams.close(Duration.ofSeconds(30))));
        streams.start();
        Thread.sleep(Long.MAX_VALUE);
    }

    /// What was committed, per word in order, once so many records are there and nothing follows
    /// them.
    private record Counted(Map<String, Long> last, long records, long outOfOrder) {}

    private static Counted read(String bootstrap, int records) {
        var settings = new HashMap<String, Object>();
        settings.put("bootstrap.servers", bootstrap);
        settings.put("isolation.level", "read_committed");
        var partitions =
                IntStream.range(0, PARTITIONS)
                        .mapToObj(each -> new TopicPartition("counts", each))
                        .toList();
        var last = new TreeMap<String, Long>();
        long seen = 0;
        long outOfOrder = 0;
        long deadline = System.currentTimeMillis() + PATIENCE_MS;
        try (var consumer =
                new KafkaConsumer<>(settings, new StringDeserializer(), new StringDeserializer())) {
            consumer.assign(partitions);
            consumer.seekToBeginning(partitions);
            while (seen < records) {
                if (System.currentTimeMillis() > deadline) {
                    throw new IllegalStateException("only " + seen + " of " + records);
                }
                for (var each : consumer.poll(POLL)) {
                    seen++;
                    long count = Long.parseLong(each.value());
                    if (count != last.getOrDefault(each.key(), 0L) + 1) {
                        outOfOrder++;
                    }
                    last.put(each.key(), count);
                }
            }
            var ends = consumer.endOffsets(partitions);
            while (partitions.stream().anyMatch(p -> consumer.position(p) < ends.get(p))) {
                seen += consumer.poll(POLL).count();
            }
        }
        return new Counted(last, seen, outOfOrder);
    }

    private static void judge(Counted counted) {
        long records = counted.records;
        for (int word = 0; word < WORDS; word++) {
            long expected = records / WORDS + (word < records % WORDS ? 1 : 0);
            if (counted.last.getOrDefault("w" + word, 0L) != expected) {
                System.out.println(
                        "w"
                                + word
                                + " "
                                + counted.last.get("w" + word)
                                + " instead of "
                                + expected);
                System.exit(1);
            }
        }
        System.out.println("counted " + records + ", out of order " + counted.outOfOrder);
    }
}
