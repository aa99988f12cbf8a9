package dev.weir.broker;

import dev.weir.broker.storage.RealFileSystem;

import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.message.ProduceRequestData;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.SimpleRecord;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.TreeMap;

/// A broker on real files and a free port, with clients for it.
public final class TestBroker implements AutoCloseable {
    private final BrokerConfig config;
    private Broker broker;

    public TestBroker(Path directory) {
        this(BrokerConfig.defaults(directory));
    }

    public TestBroker(BrokerConfig config) {
        this.config = config;
        this.broker = Broker.start(config, new RealFileSystem(), Clock.systemUTC());
    }

    public Broker broker() {
        return broker;
    }

    /// Stops and starts it again on the same directory, on another port.
    public void restart() {
        broker.close();
        broker = Broker.start(config, new RealFileSystem(), Clock.systemUTC());
    }

    public String bootstrap() {
        return "127.0.0.1:" + broker.address().getPort();
    }

    public RawClient raw() throws java.io.IOException {
        return new RawClient(broker.address());
    }

    public Admin admin() {
        return Admin.create(Map.of("bootstrap.servers", bootstrap()));
    }

    public KafkaProducer<String, String> producer(Map<String, String> more) {
        var properties = new Properties();
        properties.put("bootstrap.servers", bootstrap());
        properties.putAll(more);
        return new KafkaProducer<>(properties, new StringSerializer(), new StringSerializer());
    }

    public KafkaConsumer<String, String> consumer(String... more) {
        var properties = new Properties();
        properties.put("bootstrap.servers", bootstrap());
        properties.put("auto.offset.reset", "earliest");
        properties.put("fetch.max.wait.ms", "200");
        for (int i = 0; i < more.length; i += 2) {
            properties.put(more[i], more[i + 1]);
        }
        return new KafkaConsumer<>(properties, new StringDeserializer(), new StringDeserializer());
    }

    /// Everything in a topic, partition after partition.
    public List<ConsumerRecord<String, String>> readAll(
            String topic, int partitions, String... more) {
        try (var consumer = consumer(more)) {
            var assigned = new ArrayList<TopicPartition>();
            for (int i = 0; i < partitions; i++) {
                assigned.add(new TopicPartition(topic, i));
            }
            consumer.assign(assigned);
            consumer.seekToBeginning(assigned);
            var ends = consumer.endOffsets(assigned);
            var read = new TreeMap<Integer, List<ConsumerRecord<String, String>>>();
            while (assigned.stream().anyMatch(p -> consumer.position(p) < ends.get(p))) {
                for (var each : consumer.poll(Duration.ofSeconds(1))) {
                    read.computeIfAbsent(each.partition(), _ -> new ArrayList<>()).add(each);
                }
            }
            return read.values().stream().flatMap(List::stream).toList();
        }
    }

    /// One uncompressed batch of a plain producer.
    public static MemoryRecords batch(String... values) {
        var records = new SimpleRecord[values.length];
        for (int i = 0; i < values.length; i++) {
            records[i] = new SimpleRecord(values[i].getBytes(StandardCharsets.UTF_8));
        }
        return MemoryRecords.withRecords(Compression.NONE, records);
    }

    /// A request to write records to partition 0 of a topic.
    public static ProduceRequestData produce(String topic, int acks, MemoryRecords records) {
        var request = new ProduceRequestData().setAcks((short) acks).setTimeoutMs(10_000);
        request.topicData()
                .add(
                        new ProduceRequestData.TopicProduceData()
                                .setName(topic)
                                .setPartitionData(
                                        List.of(
                                                new ProduceRequestData.PartitionProduceData()
                                                        .setIndex(0)
                                                        .setRecords(records))));
        return request;
    }

    public static ByteBuffer bytes(String... values) {
        return batch(values).buffer();
    }

    @Override
    public void close() {
        broker.close();
    }
}
