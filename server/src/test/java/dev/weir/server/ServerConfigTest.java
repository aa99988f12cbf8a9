package dev.weir.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weir.server.local.EmbeddedBroker;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;

class ServerConfigTest {
    @Test
    void defaults_are_those_of_the_reference() {
        ServerConfig config = ServerConfig.of(Map.of());
        assertThat(config.dataDir()).isEqualTo(Path.of("weir-data"));
        assertThat(config.kafka()).hasToString("127.0.0.1:9092");
        assertThat(config.postgres()).hasToString("Optional[127.0.0.1:5433]");
        assertThat(config.http()).hasToString("Optional[127.0.0.1:8088]");
        assertThat(config.insecure()).isFalse();
        assertThat(config.osDurability()).isFalse();
        assertThat(config.foldIdentifiersUp()).isFalse();
        assertThat(config.checkpointInterval()).isEqualTo(Duration.ofSeconds(5));
        assertThat(config.properties()).containsEntry("registry.listen", "127.0.0.1:8081");
    }

    @Test
    void every_property_can_be_set() {
        ServerConfig config =
                ServerConfig.of(
                        Map.ofEntries(
                                Map.entry("data.dir", "/d"),
                                Map.entry("kafka.listen", "localhost:1"),
                                Map.entry("kafka.advertised", "example.org:9092"),
                                Map.entry("postgres.listen", "none"),
                                Map.entry("http.listen", "[::1]:2"),
                                Map.entry("num.partitions", "3"),
                                Map.entry("auto.create.topics.enable", "false"),
                                Map.entry("replicas.cap", "true"),
                                Map.entry("max.incremental.fetch.session.cache.slots", "7"),
                                Map.entry("max.connections", "70"),
                                Map.entry("max.connections.per.ip", "7"),
                                Map.entry("connections.max.idle.ms", "700"),
                                Map.entry("quota.window.num", "5"),
                                Map.entry("quota.window.size.seconds", "2"),
                                Map.entry("kafka.authorizer", "acl"),
                                Map.entry("super.users", "User:a; User:b"),
                                Map.entry("allow.everyone.if.no.acl.found", "true"),
                                Map.entry("log.durability", "os"),
                                Map.entry("sql.identifiers", "upper"),
                                Map.entry("sql.workers", "3"),
                                Map.entry("sql.step.max.rows", "10"),
                                Map.entry("sql.checkpoint.interval.ms", "250"),
                                Map.entry("sql.state.memory.bytes", "2000000"),
                                Map.entry("sql.planning.timeout.ms", "700"),
                                Map.entry("http.body.max.bytes", "4096"),
                                Map.entry("postgres.message.max.bytes", "8192")));
        assertThat(config.kafka()).isEqualTo(new ListenAddress("localhost", 1));
        assertThat(config.kafkaAdvertised()).contains(new ListenAddress("example.org", 9092));
        assertThat(config.postgres()).isEmpty();
        assertThat(config.http()).contains(new ListenAddress("::1", 2));
        assertThat(config.numPartitions()).isEqualTo(3);
        assertThat(config.autoCreateTopics()).isFalse();
        assertThat(config.capReplicas()).isTrue();
        assertThat(config.fetchSessionSlots()).isEqualTo(7);
        assertThat(config.osDurability()).isTrue();
        assertThat(config.clients())
                .isEqualTo(
                        new EmbeddedBroker.Clients(
                                70, 7, 700, 5, 2, true, Set.of("User:a", "User:b"), true));
        assertThat(config.foldIdentifiersUp()).isTrue();
        assertThat(config.workers()).isEqualTo(3);
        assertThat(config.stepMaxRows()).isEqualTo(10);
        assertThat(config.checkpointInterval()).isEqualTo(Duration.ofMillis(250));
        assertThat(config.stateMemoryBytes()).isEqualTo(2_000_000);
        assertThat(config.planningTimeout()).isEqualTo(Duration.ofMillis(700));
        assertThat(config.httpBodyMaxBytes()).isEqualTo(4096);
        assertThat(config.postgresMessageMaxBytes()).isEqualTo(8192);
    }

    @Test
    void an_unknown_property_is_refused_with_the_nearest_name() {
        assertThatThrownBy(() -> ServerConfig.of(Map.of("kafka.listne", "127.0.0.1:0")))
                .isInstanceOf(ConfigException.class)
                .hasMessage("unknown property \"kafka.listne\"; did you mean \"kafka.listen\"?");
        assertThatThrownBy(() -> ServerConfig.of(Map.of("zzz", "1")))
                .hasMessage("unknown property \"zzz\"");
    }

    @Test
    void wrong_values_are_refused_naming_the_property() {
        assertThatThrownBy(() -> ServerConfig.of(Map.of("http.listen", "8088")))
                .hasMessageContaining("http.listen must be host:port");
        assertThatThrownBy(() -> ServerConfig.of(Map.of("http.listen", "127.0.0.1:70000")))
                .hasMessageContaining("http.listen must end in a port from 0 to 65535");
        assertThatThrownBy(() -> ServerConfig.of(Map.of("kafka.listen", "none")))
                .hasMessageContaining("kafka.listen");
        assertThatThrownBy(() -> ServerConfig.of(Map.of("num.partitions", "0")))
                .hasMessageContaining("num.partitions must be a number from 1");
        assertThatThrownBy(() -> ServerConfig.of(Map.of("log.durability", "never")))
                .hasMessageContaining("log.durability must be fsync or os");
        assertThatThrownBy(() -> ServerConfig.of(Map.of("super.users", "alice")))
                .hasMessageContaining("super.users must be like User:alice;User:bob");
        assertThatThrownBy(() -> ServerConfig.of(Map.of("security.insecure", "yes")))
                .hasMessageContaining("security.insecure must be true or false");
    }

    @Test
    void a_listener_beyond_loopback_needs_to_be_called_insecure_by_name() {
        for (String property : List.of("kafka.listen", "postgres.listen", "http.listen")) {
            assertThatThrownBy(() -> ServerConfig.of(Map.of(property, "0.0.0.0:0")))
                    .hasMessageContaining(property)
                    .hasMessageContaining("security.insecure=true");
            ServerConfig.of(Map.of(property, "0.0.0.0:0", "security.insecure", "true"));
        }
        assertThatThrownBy(() -> ServerConfig.of(Map.of("http.listen", ":8088")))
                .hasMessageContaining("security.insecure=true");
    }

    @Test
    void the_command_line_wins_over_the_file(@TempDir Path dir) throws Exception {
        Path file =
                Files.writeString(
                        dir.resolve("weir.properties"),
                        "# a comment\ndata.dir=/from/file\nnum.partitions=2\n");
        Map<String, String> properties =
                Main.properties(
                        List.of(
                                        "--set",
                                        "num.partitions=4",
                                        "--config",
                                        file.toString(),
                                        "--data=x")
                                .iterator());
        assertThat(properties).isEqualTo(Map.of("data.dir", "x", "num.partitions", "4"));
    }

    @Test
    void options_that_make_no_sense_are_refused() {
        assertThatThrownBy(() -> Main.properties(List.of("--set").iterator()))
                .hasMessage("--set needs a value");
        assertThatThrownBy(() -> Main.properties(List.of("--set", "x").iterator()))
                .hasMessageContaining("--set needs key=value");
        assertThatThrownBy(() -> Main.properties(List.of("--fast").iterator()))
                .hasMessageContaining("unknown option \"--fast\"");
        assertThatThrownBy(() -> Main.properties(List.of("--config", "/no/such").iterator()))
                .hasMessageContaining("cannot read the configuration file /no/such");
    }

    @Test
    void a_data_directory_serves_one_server_at_a_time(@TempDir Path dir) {
        try (var _ = DataDirectoryLock.take(dir)) {
            assertThatThrownBy(() -> DataDirectoryLock.take(dir))
                    .isInstanceOf(ConfigException.class)
                    .hasMessageContaining("data.dir=" + dir + " is in use by another server")
                    .hasMessageContaining("process " + ProcessHandle.current().pid());
        }
        DataDirectoryLock.take(dir).close();
    }
}
