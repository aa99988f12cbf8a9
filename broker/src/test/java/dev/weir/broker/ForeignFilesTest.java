package dev.weir.broker;

import static org.assertj.core.api.Assertions.assertThat;

import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/// A broker is given the files of a partition that another one wrote, which numbered its producers
/// from 0 on as this one does.
@Timeout(60)
class ForeignFilesTest {
    @TempDir Path temporary;

    @Test
    void a_new_producer_is_no_namesake_of_one_in_the_files() throws Exception {
        try (var other = withTopic("other")) {
            send(other, "first");
        }
        withTopic("ours").close();
        copy(temporary.resolve("other/log/t-0"), temporary.resolve("ours/log/t-0"));
        try (var ours = new TestBroker(temporary.resolve("ours"))) {
            // Of the same producer it would be a repetition, acknowledged and left out.
            send(ours, "second");
            send(ours, "third");
            assertThat(ours.readAll("t", 1))
                    .extracting(ConsumerRecord::value)
                    .containsExactly("first", "second", "third");
        }
    }

    private TestBroker withTopic(String directory) throws Exception {
        var broker = new TestBroker(temporary.resolve(directory));
        try (var admin = broker.admin()) {
            admin.createTopics(List.of(new NewTopic("t", 1, (short) 1))).all().get();
        }
        return broker;
    }

    private static void send(TestBroker broker, String value) throws Exception {
        try (var producer = broker.producer(Map.of())) {
            producer.send(new ProducerRecord<>("t", 0, null, value)).get();
        }
    }

    private static void copy(Path from, Path to) throws IOException {
        Files.createDirectories(to);
        try (var files = Files.list(from)) {
            for (Path file : files.toList()) {
                if (!file.endsWith("weir.state")) {
                    Files.copy(file, to.resolve(file.getFileName().toString()));
                }
            }
        }
    }
}
