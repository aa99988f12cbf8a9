package dev.weir.broker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.weir.broker.topic.NewTopic;

import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/// Clients that share no code with Kafka, where installed: kcat and confluent-kafka (librdkafka),
/// kafka-python and kafkajs.
class OtherClientsTest {
    private static final Path CLIENTS = Path.of("src/test/resources/clients");
    private static final List<String> LINES =
            IntStream.range(0, 20_000).mapToObj(i -> "line " + i).toList();

    @TempDir Path directory;
    private TestBroker broker;
    private Path input;

    @BeforeEach
    void start() throws IOException {
        broker = new TestBroker(directory.resolve("data"));
        input = Files.write(directory.resolve("input"), LINES);
    }

    @AfterEach
    void stop() {
        broker.close();
    }

    @Test
    void kcat_writes_and_reads_every_codec() throws Exception {
        assumeInstalled("kcat", "kcat", "-V");
        for (var codec : List.of("none", "gzip", "snappy", "lz4", "zstd")) {
            var topic = "from-kcat-" + codec;
            kcat("-P", "-t", topic, "-z", codec, "-X", "enable.idempotence=true", "-l", input);
            assertThat(broker.readAll(topic, 1).stream().map(ConsumerRecord::value))
                    .containsExactlyElementsOf(LINES);
            broker.restart();
            for (var isolation : List.of("read_committed", "read_uncommitted")) {
                assertThat(
                                kcat(
                                        "-C",
                                        "-t",
                                        topic,
                                        "-e",
                                        "-q",
                                        "-o",
                                        "beginning",
                                        "-X",
                                        "isolation.level=" + isolation))
                        .containsExactlyElementsOf(LINES);
            }
        }
    }

    @Test
    void kcat_lists_topics_and_finds_offsets() throws Exception {
        assumeInstalled("kcat", "kcat", "-V");
        broker.broker().topics().create(new NewTopic("three", 3, Map.of()));
        kcat("-P", "-t", "three", "-p", "1", "-X", "acks=1", "-l", input);
        assertThat(String.join("\n", kcat("-L")))
                .contains("topic \"three\" with 3 partitions")
                .contains("partition 2, leader 1, replicas: 1, isrs: 1");
        assertThat(kcat("-Q", "-t", "three:1:-1")).containsExactly("three [1] offset 20000");
        assertThat(kcat("-Q", "-t", "three:1:-2")).containsExactly("three [1] offset 0");
        assertThat(kcat("-Q", "-t", "three:0:-1")).containsExactly("three [0] offset 0");
        assertThat(kcat("-Q", "-t", "three:1:1000")).containsExactly("three [1] offset 0");
        assertThat(kcat("-Q", "-t", "three:1:4000000000000"))
                .containsExactly("three [1] offset -1");
    }

    @Test
    void kafka_python_writes_and_reads() throws Exception {
        var python = "/usr/bin/python3";
        assumeInstalled("kafka-python", python, "-c", "import kafka");
        var script =
                Files.writeString(
                        directory.resolve("script.py"),
                        """
                        import sys
                        from kafka import KafkaConsumer, KafkaProducer, TopicPartition
                        servers, path = sys.argv[1:]
                        lines = open(path).read().splitlines()
                        producer = KafkaProducer(bootstrap_servers=servers, acks='all')
                        for line in lines:
                            producer.send('python', line.encode(), key=b'k')
                        producer.flush()
                        tp = TopicPartition('python', 0)
                        consumer = KafkaConsumer(bootstrap_servers=servers)
                        consumer.assign([tp])
                        consumer.seek_to_beginning(tp)
                        end = consumer.end_offsets([tp])[tp]
                        for record in consumer:
                            print(record.value.decode())
                            if record.offset == end - 1:
                                break
                        """);
        var printed = run(python, script.toString(), broker.bootstrap(), input.toString());
        assertThat(printed).containsExactlyElementsOf(LINES);
    }

    @Test
    void kcat_reads_in_a_group_and_goes_on_where_it_stopped() throws Exception {
        assumeInstalled("kcat", "kcat", "-V");
        broker.broker().topics().create(new NewTopic("grouped", 3, Map.of()));
        for (int round = 0; round < 2; round++) {
            kcat("-P", "-t", "grouped", "-l", input);
            var read =
                    kcat(
                            "-q",
                            "-e",
                            "-X",
                            "auto.offset.reset=earliest",
                            "-X",
                            "session.timeout.ms=6000",
                            "-G",
                            "librdkafka",
                            "grouped");
            assertThat(read).containsExactlyInAnyOrderElementsOf(LINES);
            broker.restart();
        }
    }

    @Test
    void kafka_python_reads_in_a_group_and_goes_on_where_it_stopped() throws Exception {
        var python = "/usr/bin/python3";
        assumeInstalled("kafka-python", python, "-c", "import kafka");
        broker.broker().topics().create(new NewTopic("grouped", 3, Map.of()));
        try (var producer = broker.producer(Map.of())) {
            for (int i = 0; i < 300; i++) {
                producer.send(new ProducerRecord<>("grouped", i % 3, null, LINES.get(i))).get();
            }
        }
        var script =
                Files.writeString(
                        directory.resolve("group.py"),
                        """
                        import sys
                        from kafka import KafkaConsumer
                        consumer = KafkaConsumer(
                            'grouped', bootstrap_servers=sys.argv[1], group_id='python',
                            auto_offset_reset='earliest', enable_auto_commit=False,
                            max_poll_records=10)
                        count = 0
                        while count < 150:
                            for records in consumer.poll(timeout_ms=1000).values():
                                for record in records:
                                    print(record.value.decode())
                                    count += 1
                        consumer.commit()
                        consumer.close()
                        """);
        var first = run(python, script.toString(), broker.bootstrap());
        broker.restart();
        var second = run(python, script.toString(), broker.bootstrap());
        assertThat(first).hasSize(150);
        assertThat(second).hasSize(150).doesNotContainAnyElementsOf(first);
    }

    @Test
    void kafka_python_administers_and_its_members_share_a_topic() throws Exception {
        var python = "/usr/bin/python3";
        assumeInstalled("kafka-python", python, "-c", "import kafka");
        assertThat(run(python, CLIENTS.resolve("kafka_python.py").toString(), broker.bootstrap()))
                .containsExactly(
                        "created once",
                        "retention.ms 7200000",
                        "partitions 6",
                        "one reads all True",
                        "two share True",
                        "two takes over True",
                        "read twice 0",
                        "committed True",
                        "left False");
    }

    @Test
    void confluent_kafka_administers_commits_transactions_and_shares_a_topic() throws Exception {
        var python = "/usr/bin/python3";
        assumeInstalled("confluent-kafka", python, "-c", "import confluent_kafka");
        assertThat(run(python, CLIENTS.resolve("confluent.py").toString(), broker.bootstrap()))
                .containsExactly(
                        "TOPIC_ALREADY_EXISTS",
                        "retention.ms 7200000",
                        "unsent 0",
                        "committed only True",
                        "two share True",
                        "two takes over True",
                        "goes on True",
                        "offsets True",
                        "left False");
    }

    /// `NODE_PATH` says where kafkajs was installed to.
    @Test
    void kafkajs_administers_commits_transactions_and_shares_a_topic() throws Exception {
        assumeInstalled("kafkajs", "node", "-e", "require('kafkajs')");
        assertThat(run("node", CLIENTS.resolve("kafkajs.js").toString(), broker.bootstrap()))
                .containsExactly(
                        "created true",
                        "created false",
                        "retention.ms 7200000",
                        "in the transaction 5",
                        "one reads all true",
                        "aborted false",
                        "two share true",
                        "two takes over true",
                        "two goes on true 1",
                        "left false");
    }

    private List<String> kcat(Object... arguments) throws Exception {
        var command = new java.util.ArrayList<String>(List.of("kcat", "-b", broker.bootstrap()));
        for (var each : arguments) {
            command.add(each.toString());
        }
        return run(command.toArray(String[]::new));
    }

    private List<String> run(String... command) throws Exception {
        var printed = directory.resolve("printed");
        var errors = directory.resolve("errors");
        int status =
                new ProcessBuilder(command)
                        .redirectOutput(printed.toFile())
                        .redirectError(errors.toFile())
                        .start()
                        .waitFor();
        assertThat(status).as("%s: %s", List.of(command), Files.readString(errors)).isZero();
        return Files.readAllLines(printed);
    }

    private static void assumeInstalled(String what, String... probe) throws Exception {
        boolean installed;
        try {
            installed =
                    new ProcessBuilder(probe)
                                    .redirectErrorStream(true)
                                    .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                                    .start()
                                    .waitFor()
                            == 0;
        } catch (IOException e) {
            installed = false;
        }
        if (!installed) {
            System.out.println("skipped: " + what + " is not installed");
        }
        assumeTrue(installed, what + " is not installed");
    }
}
