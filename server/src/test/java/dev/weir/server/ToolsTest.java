package dev.weir.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.repl.topic.GroupCommand;
import dev.weir.repl.topic.RecordProducer;
import dev.weir.repl.topic.TopicCommand;

import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.stream.Stream;

/// The tools for topics and groups against a real server; Kafka's consumer is the judge.
@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class ToolsTest {
    private static final TopicPartition ONE = new TopicPartition("letters", 1);

    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();
    private String kafka;

    @Test
    void a_group_is_listed_described_moved_and_deleted(@TempDir Path dir) {
        try (var server = WeirServer.start(ServerConfig.onFreePorts(dir))) {
            kafka = "127.0.0.1:" + server.kafkaAddress().getPort();
            assertThat(topic("create letters --partitions 2")).isEqualTo("created topic letters\n");
            send(10);
            readAndCommit(4);

            assertThat(group("list")).isEqualTo("readers\n");
            assertThat(group("describe readers --format csv"))
                    .isEqualTo(
                            """
                            topic,partition,committed,end,lag,client,host
                            letters,1,4,10,6,,
                            """);
            assertThat(group("describe readers"))
                    .startsWith("group readers: state Empty, type Classic, members 0\n");

            assertThat(group("reset readers --to-earliest")).isEqualTo("letters 1: 4 -> 0\n");
            assertThat(err.toString()).contains("--execute");
            assertThat(committed()).as("only shown").isEqualTo(4);

            assertThat(group("reset readers --shift-by -1 --execute"))
                    .isEqualTo("letters 1: 4 -> 3\n");
            assertThat(committed()).isEqualTo(3);
            assertThat(group("reset readers --to-offset 99 --execute"))
                    .as("kept inside the partition")
                    .isEqualTo("letters 1: 3 -> 10\n");
            assertThat(group("reset readers --to-datetime 1970-01-01T00:00:00.007 --execute"))
                    .isEqualTo("letters 1: 10 -> 7\n");
            assertThat(group("reset readers --to-datetime 2100-01-01T00:00:00 --execute"))
                    .as("nothing is that late")
                    .isEqualTo("letters 1: 7 -> 10\n");
            assertThat(group("reset readers --topic letters --to-latest --execute"))
                    .isEqualTo("letters 0: none -> 0\nletters 1: 10 -> 10\n");

            assertThat(group("list --format csv"))
                    .isEqualTo("group,type,protocol,state\nreaders,Classic,\"\",Empty\n");
            assertThat(group("delete-offsets readers --topic letters:0"))
                    .isEqualTo("letters 0: none\n");
            assertThat(group("describe readers --format csv"))
                    .doesNotContain("letters,0,")
                    .contains("letters,1,10,10,0,");
            assertThat(exitOf("delete-offsets readers --topic letters:0"))
                    .as("nothing is left there")
                    .isEqualTo(1);
            assertThat(exitOf("delete-offsets readers")).as("no topic").isEqualTo(2);

            assertThat(group("delete readers")).isEqualTo("deleted group readers\n");
            assertThat(group("list")).isEmpty();
            assertThat(exitOf("describe readers")).isEqualTo(1);
            assertThat(exitOf("delete readers")).isEqualTo(1);
            assertThat(exitOf("reset readers --to-latest")).isEqualTo(1);
            assertThat(exitOf("reset readers --topic letters:7 --to-latest")).isEqualTo(1);
        }
    }

    @Test
    void offsets_of_a_group_with_members_stay(@TempDir Path dir) {
        try (var server = WeirServer.start(ServerConfig.onFreePorts(dir))) {
            kafka = "127.0.0.1:" + server.kafkaAddress().getPort();
            topic("create letters --partitions 2");
            send(2);
            try (KafkaConsumer<byte[], byte[]> member = consumer()) {
                member.subscribe(List.of("letters"));
                while (member.assignment().isEmpty()) {
                    member.poll(Duration.ofMillis(50));
                }
                member.commitSync(Map.of(ONE, new OffsetAndMetadata(2)));
                assertThat(group("describe readers --format csv"))
                        .contains("letters,1,2,2,0,judge,");
                assertThat(exitOf("reset readers --to-earliest --execute")).isEqualTo(1);
                assertThat(exitOf("delete readers")).isEqualTo(1);
                assertThat(err.toString()).contains("the group has members");
            }
        }
    }

    @Test
    void a_topic_gets_settings_and_partitions(@TempDir Path dir) {
        try (var server = WeirServer.start(ServerConfig.onFreePorts(dir))) {
            kafka = "127.0.0.1:" + server.kafkaAddress().getPort();
            topic("create letters --partitions 1");
            assertThat(topic("alter letters --partitions 3 --config retention.ms=60000"))
                    .isEqualTo("altered topic letters\n");
            assertThat(topic("describe letters"))
                    .contains("partitions 3")
                    .contains("retention.ms=60000");
            topic("alter letters --delete-config retention.ms");
            assertThat(topic("describe letters")).doesNotContain("retention.ms");
        }
    }

    /// Records of partition 1 whose times are 0, 1, 2, ….
    private void send(int records) {
        try (var producer = new RecordProducer(kafka)) {
            for (int i = 0; i < records; i++) {
                byte[] value = Integer.toString(i).getBytes(StandardCharsets.UTF_8);
                producer.send("letters", 1, (long) i, null, value);
            }
            producer.flush();
        }
    }

    private void readAndCommit(long offset) {
        try (KafkaConsumer<byte[], byte[]> consumer = consumer()) {
            consumer.assign(List.of(ONE));
            consumer.commitSync(Map.of(ONE, new OffsetAndMetadata(offset)));
        }
    }

    private long committed() {
        try (KafkaConsumer<byte[], byte[]> consumer = consumer()) {
            return consumer.committed(Set.of(ONE)).get(ONE).offset();
        }
    }

    private KafkaConsumer<byte[], byte[]> consumer() {
        var properties = new Properties();
        properties.put("bootstrap.servers", kafka);
        properties.put("group.id", "readers");
        properties.put("client.id", "judge");
        properties.put("enable.auto.commit", "false");
        return new KafkaConsumer<>(
                properties, new ByteArrayDeserializer(), new ByteArrayDeserializer());
    }

    private String topic(String arguments) {
        out.getBuffer().setLength(0);
        int exit = TopicCommand.run(words(arguments), new PrintWriter(out), new PrintWriter(err));
        assertThat(exit).as(() -> arguments + ": " + err).isZero();
        return out.toString();
    }

    private String group(String arguments) {
        assertThat(exitOf(arguments)).as(() -> arguments + ": " + err).isZero();
        return out.toString();
    }

    private int exitOf(String arguments) {
        out.getBuffer().setLength(0);
        return GroupCommand.run(words(arguments), new PrintWriter(out), new PrintWriter(err));
    }

    private String[] words(String arguments) {
        return Stream.concat(Stream.of(arguments.split(" ", -1)), Stream.of("-b", kafka))
                .toArray(String[]::new);
    }
}
