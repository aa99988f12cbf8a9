package dev.weir.broker.group;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.broker.Broker;
import dev.weir.broker.BrokerConfig;
import dev.weir.broker.storage.RealFileSystem;
import dev.weir.broker.topic.NewTopic;

import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

import java.io.File;
import java.net.URI;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/// A broker nobody uses groups of starts without them.
class LazyStartTest {
    @TempDir Path directory;

    @Test
    @Timeout(60)
    void nothing_of_the_coordinator_is_loaded_before_a_group_is_asked_for() throws Exception {
        assertThat(loadedBy("start")).isEmpty();
        assertThat(loadedBy("commit")).isNotEmpty();
        // There is a group now, but nobody asks for it.
        assertThat(loadedBy("start")).isEmpty();
    }

    /// The classes of coordinators that another virtual machine loads.
    private List<String> loadedBy(String what) throws Exception {
        var log = directory.resolve("classes");
        var printed = directory.resolve("printed");
        int status =
                new ProcessBuilder(
                                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                                "-XX:TieredStopAtLevel=1",
                                "-Xlog:class+load:file=" + log,
                                "-cp",
                                classPath(),
                                Started.class.getName(),
                                directory.resolve("data").toString(),
                                what)
                        .redirectErrorStream(true)
                        .redirectOutput(printed.toFile())
                        .start()
                        .waitFor();
        assertThat(status).as(Files.readString(printed)).isZero();
        var classes = Files.readAllLines(log);
        assertThat(classes).anyMatch(line -> line.contains(Broker.class.getName()));
        return classes.stream()
                .filter(line ->
                        line.contains("org.apache.kafka.coordinator")
                                || line.contains("org.apache.kafka.image")
                                || line.contains("com.yammer"))
                .toList();
    }

    /// The class path of this test, whoever runs it.
    private static String classPath() {
        return LazyStartTest.class.getClassLoader() instanceof URLClassLoader loader
                ? Stream.of(loader.getURLs())
                        .map(url -> Path.of(URI.create(url.toString())).toString())
                        .collect(Collectors.joining(File.pathSeparator))
                : System.getProperty("java.class.path");
    }

    /// What the other virtual machine runs.
    static final class Started {
        private Started() {}

        public static void main(String[] arguments) {
            var config = BrokerConfig.defaults(Path.of(arguments[0]));
            try (var broker = Broker.start(config, new RealFileSystem(), Clock.systemUTC())) {
                if (arguments[1].equals("start")) {
                    return;
                }
                broker.topics().create(new NewTopic("t"));
                Map<String, Object> settings =
                        Map.of(
                                "bootstrap.servers",
                                "127.0.0.1:" + broker.address().getPort(),
                                "group.id",
                                "g");
                try (var consumer =
                        new KafkaConsumer<>(
                                settings, new StringDeserializer(), new StringDeserializer())) {
                    consumer.commitSync(
                            Map.of(new TopicPartition("t", 0), new OffsetAndMetadata(1)));
                }
            }
        }
    }
}
