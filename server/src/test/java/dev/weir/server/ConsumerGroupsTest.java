package dev.weir.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.sql.error.SqlException;
import dev.weir.sql.error.SqlState;
import dev.weir.sql.exec.SqlSession;

import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.assertj.core.api.Assertions;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Path;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Properties;

/// Consumer groups seen with SQL.
class ConsumerGroupsTest {
    @TempDir Path directory;
    private WeirServer server;
    private final SqlSession session = new SqlSession("test");

    @BeforeEach
    void start() {
        server = WeirServer.start(ServerConfig.onFreePorts(directory));
    }

    @AfterEach
    void stop() {
        server.close();
    }

    @Test
    void where_nobody_ever_consumed_there_is_no_group_and_nothing_is_made_for_the_question() {
        assertThat(rows("SHOW CONSUMER GROUPS")).isEmpty();
        assertThat(rows("LIST CONSUMER GROUPS EXTENDED")).isEmpty();
        assertThat(server.engine().metrics().deadLetters()).isZero();
        assertThat(directory.resolve("log").resolve("__consumer_offsets-0")).doesNotExist();
    }

    @Test
    void a_group_of_either_protocol_is_shown_with_its_members_and_its_lag() throws Exception {
        send("letters", 7);
        try (var classic = consumer("readers", "classic");
                var modern = consumer("watchers", "consumer")) {
            join(classic);
            join(modern);
            classic.commitSync(Map.of(letters(), new OffsetAndMetadata(3)));
            modern.commitSync(Map.of(letters(), new OffsetAndMetadata(7)));

            assertThat(rows("SHOW CONSUMER GROUPS"))
                    .containsExactly(
                            "[readers, classic, Stable, range, 1, letters, 4]",
                            "[watchers, consumer, Stable, uniform, 1, letters, 0]");
            assertThat(rows("DESCRIBE CONSUMER GROUP readers"))
                    .singleElement()
                    .asString()
                    .startsWith("[letters, 0, 3, 7, 4, of readers-")
                    .endsWith(", of readers, /127.0.0.1]");
            assertThat(rows("DESC CONSUMER GROUP 'watchers'"))
                    .singleElement()
                    .asString()
                    .startsWith("[letters, 0, 7, 7, 0, ")
                    .endsWith(", of watchers, /127.0.0.1]");
            assertThat(throughPostgres("SHOW CONSUMER GROUPS"))
                    .isEqualTo(rows("SHOW CONSUMER GROUPS"));
            assertThat(throughPostgres("DESCRIBE CONSUMER GROUP readers"))
                    .isEqualTo(rows("DESCRIBE CONSUMER GROUP readers"));
        }
    }

    @Test
    void a_member_without_a_partition_and_a_group_without_members_are_shown() throws Exception {
        send("letters", 2);
        try (var first = consumer("readers", "classic")) {
            join(first);
            first.commitSync(Map.of(letters(), new OffsetAndMetadata(2)));
            try (var second = consumer("readers", "classic")) {
                second.subscribe(List.of("letters"));
                while (rows("DESCRIBE CONSUMER GROUP readers").size() < 2
                        || !rows("SHOW CONSUMER GROUPS").getFirst().contains("Stable")) {
                    var _ = first.poll(Duration.ofMillis(20));
                    var _ = second.poll(Duration.ofMillis(20));
                }
                assertThat(rows("DESCRIBE CONSUMER GROUP readers").getLast())
                        .startsWith("[null, null, null, null, null, of readers-");
            }
        }
        send("letters", 3);
        assertThat(rows("SHOW CONSUMER GROUPS"))
                .containsExactly("[readers, classic, Empty, consumer, 0, letters, 3]");
        assertThat(rows("DESCRIBE CONSUMER GROUP readers"))
                .containsExactly("[letters, 0, 2, 5, 3, null, null, null]");
    }

    @Test
    void offsets_survive_a_restart_and_those_of_a_deleted_topic_go() throws Exception {
        send("letters", 5);
        try (var reader = consumer("readers", "classic")) {
            join(reader);
            reader.commitSync(Map.of(letters(), new OffsetAndMetadata(1)));
        }
        server.close();
        start();
        assertThat(rows("SHOW CONSUMER GROUPS"))
                .containsExactly("[readers, classic, Empty, consumer, 0, letters, 4]");
    }

    @Test
    void a_group_that_is_not_there_is_an_error_that_suggests_the_nearest() throws Exception {
        send("letters", 1);
        try (var reader = consumer("readers", "classic")) {
            join(reader);
            reader.commitSync(Map.of(letters(), new OffsetAndMetadata(1)));
        }
        SqlException unknown =
                Assertions.catchThrowableOfType(
                        SqlException.class, () -> rows("DESCRIBE CONSUMER GROUP raeders"));
        assertThat(unknown).hasMessage("consumer group \"raeders\" does not exist");
        assertThat(unknown.state()).isEqualTo(SqlState.UNDEFINED_OBJECT);
        assertThat(unknown.hint().orElseThrow())
                .startsWith("Did you mean 'readers'? SHOW CONSUMER GROUPS lists what there is");
    }

    private List<String> rows(String sql) {
        List<String> rows = new ArrayList<>();
        server.engine()
                .execute(sql, session)
                .asRows()
                .rows()
                .forEach(row -> rows.add(Arrays.toString(row)));
        return rows;
    }

    private List<String> throughPostgres(String sql) throws SQLException {
        String url =
                "jdbc:postgresql://127.0.0.1:"
                        + server.postgresAddress().orElseThrow().getPort()
                        + "/weir?user=weir";
        List<String> rows = new ArrayList<>();
        try (var connection = DriverManager.getConnection(url);
                var statement = connection.createStatement();
                var result = statement.executeQuery(sql)) {
            while (result.next()) {
                List<String> row = new ArrayList<>();
                for (int i = 1; i <= result.getMetaData().getColumnCount(); i++) {
                    row.add(result.getString(i));
                }
                rows.add(row.toString());
            }
        }
        return rows;
    }

    private void send(String topic, int records) throws Exception {
        try (var producer =
                new KafkaProducer<>(
                        Map.of("bootstrap.servers", bootstrap()),
                        new StringSerializer(),
                        new StringSerializer())) {
            for (int i = 0; i < records; i++) {
                producer.send(new ProducerRecord<>(topic, "v" + i)).get();
            }
        }
    }

    private KafkaConsumer<String, String> consumer(String group, String protocol) {
        var properties = new Properties();
        properties.put("bootstrap.servers", bootstrap());
        properties.put("group.id", group);
        properties.put("group.protocol", protocol);
        properties.put("client.id", "of " + group);
        properties.put("enable.auto.commit", "false");
        return new KafkaConsumer<>(properties, new StringDeserializer(), new StringDeserializer());
    }

    private static void join(KafkaConsumer<String, String> consumer) {
        consumer.subscribe(List.of("letters"));
        while (consumer.assignment().isEmpty()) {
            var _ = consumer.poll(Duration.ofMillis(50));
        }
    }

    private static TopicPartition letters() {
        return new TopicPartition("letters", 0);
    }

    private String bootstrap() {
        return "127.0.0.1:" + server.kafkaAddress().getPort();
    }
}
