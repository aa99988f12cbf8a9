package dev.weir.server.pgwire;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.server.ServerConfig;
import dev.weir.server.WeirServer;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/// What no well-behaved client sends.
@Timeout(60)
class RawConnectionTest {
    @TempDir static Path dir;
    private static WeirServer server;

    @BeforeAll
    static void start() {
        server =
                WeirServer.start(
                        ServerConfig.onFreePorts(dir).with("postgres.message.max.bytes", "65536"));
    }

    @AfterAll
    static void stop() {
        server.close();
    }

    @Test
    void encryption_is_declined_and_the_startup_follows_on_the_same_connection() throws Exception {
        try (var raw = new Raw()) {
            raw.out.writeInt(8);
            raw.out.writeInt(80877103);
            assertThat(raw.in.readByte()).isEqualTo((byte) 'N');
            raw.startUp();
            assertThat(raw.query("SELECT 5")).contains("T", "D 5", "C SELECT 1", "Z I");
        }
    }

    @Test
    void an_error_in_the_extended_protocol_is_told_once_and_all_is_skipped_up_to_sync()
            throws Exception {
        try (var raw = new Raw()) {
            raw.startUp();
            raw.send('P', "\0SELECT nothing FROM nowhere\0\0\0");
            raw.send('B', "\0\0\0\0\0\0\0\0");
            raw.send('E', "\0\0\0\0\0");
            raw.send('S', "");
            assertThat(raw.upToReady()).containsExactly("E 42P01", "Z I");
            assertThat(raw.query("SELECT 6")).contains("D 6");
        }
    }

    @Test
    void a_pipeline_of_statements_is_answered_in_order() throws Exception {
        try (var raw = new Raw()) {
            raw.startUp();
            for (int n = 1; n <= 3; n++) {
                raw.send('P', "\0SELECT " + n + "\0\0\0");
                raw.send('B', "\0\0\0\0\0\0\0\0");
                raw.send('D', "P\0");
                raw.send('E', "\0\0\0\0\0");
            }
            raw.send('S', "");
            assertThat(raw.upToReady())
                    .containsExactly(
                            "1",
                            "2",
                            "T",
                            "D 1",
                            "C SELECT 1",
                            "1",
                            "2",
                            "T",
                            "D 2",
                            "C SELECT 1",
                            "1",
                            "2",
                            "T",
                            "D 3",
                            "C SELECT 1",
                            "Z I");
        }
    }

    @Test
    void a_row_limit_suspends_a_portal_and_the_next_execute_goes_on() throws Exception {
        try (var raw = new Raw()) {
            raw.startUp();
            assertThat(raw.query("BEGIN")).endsWith("Z T");
            raw.send('P', "\0SELECT * FROM (VALUES (1), (2), (3)) AS t (n)\0\0\0");
            raw.send('B', "p\0\0\0\0\0\0\0\0");
            raw.send('E', "p\0\0\0\0\2");
            raw.send('S', "");
            assertThat(raw.upToReady()).containsExactly("1", "2", "D 1", "D 2", "s", "Z T");
            raw.send('E', "p\0\0\0\0\2");
            raw.send('S', "");
            assertThat(raw.upToReady()).containsExactly("D 3", "C SELECT 1", "Z T");
            assertThat(raw.query("COMMIT")).endsWith("Z I");
            raw.send('E', "p\0\0\0\0\2");
            raw.send('S', "");
            assertThat(raw.upToReady()).containsExactly("E 34000", "Z I");
        }
    }

    @Test
    void bodies_that_make_no_sense_are_errors_and_the_connection_goes_on() throws Exception {
        try (var raw = new Raw()) {
            raw.startUp();
            // No zero byte, a type count beyond the body, text after the end.
            for (String parse : List.of("abc", "\0SELECT 1\0\0\7", "\0SELECT 1\0\0\0x")) {
                raw.send('P', parse);
                raw.send('S', "");
                assertThat(raw.upToReady()).containsExactly("E 08P01", "Z I");
            }
            raw.send('P', "s\0SELECT 1\0\0\0");
            // Values beyond the body, more values than parameters, a format that there is not, an
            // unknown statement, two formats for one column.
            for (String bind :
                    List.of(
                            "\0s\0\0\0\0\1\0\0\7\7",
                            "\0s\0\0\0\0\1\0\0\0\0\0\0",
                            "\0s\0\0\0\0\0\0\1\0\7",
                            "\0s\0\0\0\0\0\0\2\0\0\0\0")) {
                raw.send('B', bind);
                raw.send('S', "");
                assertThat(raw.upToReady())
                        .filteredOn(m -> !m.equals("1"))
                        .satisfiesExactly(
                                m -> assertThat(m).isIn("E 08P01", "E 22023"),
                                m -> assertThat(m).isEqualTo("Z I"));
            }
            raw.send('B', "\0unknown\0\0\0\0\0\0\0");
            raw.send('S', "");
            assertThat(raw.upToReady()).containsExactly("E 26000", "Z I");
            raw.send('D', "X\0");
            raw.send('S', "");
            assertThat(raw.upToReady()).containsExactly("E 08P01", "Z I");
            raw.send('C', "Sunknown\0");
            raw.send('S', "");
            assertThat(raw.upToReady()).containsExactly("3", "Z I");
            assertThat(raw.query("SELECT 6")).contains("D 6");
        }
    }

    @Test
    void a_push_query_suspends_with_what_there_is_when_sync_follows_and_fills_when_flush_does()
            throws Exception {
        try (var raw = new Raw()) {
            raw.startUp();
            raw.query(
                    "CREATE STREAM flow (n INT) WITH (KAFKA_TOPIC='flow', VALUE_FORMAT='JSON',"
                            + " PARTITIONS=1)");
            raw.query("INSERT INTO flow VALUES (1)");
            raw.query("BEGIN");
            raw.send('P', "\0SELECT n FROM flow EMIT CHANGES\0\0\0");
            raw.send('B', "p\0\0\0\0\0\0\0\0");
            raw.send('E', "p\0\0\0\0\5");
            raw.send('S', "");
            assertThat(raw.upToReady()).containsExactly("1", "2", "D 1", "s", "Z T");

            raw.send('E', "p\0\0\0\0\3");
            raw.send('H', "");
            try (var other = new Raw()) {
                other.startUp();
                for (int n = 2; n <= 4; n++) {
                    other.query("INSERT INTO flow VALUES (" + n + ")");
                }
            }
            assertThat(
                            List.of(
                                    raw.readMessage(),
                                    raw.readMessage(),
                                    raw.readMessage(),
                                    raw.readMessage()))
                    .containsExactly("D 2", "D 3", "D 4", "s");
            raw.send('S', "");
            assertThat(raw.upToReady()).containsExactly("Z T");
            assertThat(server.engine().queries()).hasSize(1);
            raw.query("ROLLBACK");
            assertThat(server.engine().queries()).isEmpty();
        }
    }

    @Test
    void a_client_that_goes_in_the_middle_of_a_copy_leaves_nothing_behind() throws Exception {
        try (var raw = new Raw()) {
            raw.startUp();
            raw.query(
                    "CREATE STREAM half (n INT) WITH (KAFKA_TOPIC='half', VALUE_FORMAT='JSON',"
                            + " PARTITIONS=1)");
            raw.send('Q', "COPY half FROM STDIN\0");
            assertThat(raw.readMessage()).isEqualTo("G");
            raw.send('d', "1\n2");
        }
        try (var raw = new Raw()) {
            raw.startUp();
            assertThat(raw.query("SELECT n FROM half")).containsExactly("T", "C SELECT 0", "Z I");
        }
    }

    @Test
    void bytes_that_are_no_message_end_the_connection_also_in_the_middle_of_a_copy()
            throws Exception {
        try (var raw = new Raw()) {
            raw.startUp();
            raw.query(
                    "CREATE STREAM garbled (n INT) WITH (KAFKA_TOPIC='garbled',"
                            + " VALUE_FORMAT='JSON', PARTITIONS=1)");
            raw.send('Q', "COPY garbled FROM STDIN\0");
            assertThat(raw.readMessage()).isEqualTo("G");
            raw.send('d', "1\n");
            raw.send('!', "");
            assertThat(raw.readMessage()).isEqualTo("E 57014");
            assertThat(raw.upToReady()).containsExactly("Z I");
            assertThat(raw.readMessage()).isEqualTo("E 08P01");
            assertThat(raw.in.read()).isEqualTo(-1);
        }
    }

    @Test
    void an_empty_query_is_answered_as_such() throws Exception {
        try (var raw = new Raw()) {
            raw.startUp();
            assertThat(raw.query(" ; -- nothing\n")).containsExactly("I", "Z I");
        }
    }

    @Test
    void an_oversized_message_ends_its_connection_only() throws Exception {
        try (var other = new Raw();
                var raw = new Raw()) {
            other.startUp();
            raw.startUp();
            raw.out.writeByte('Q');
            raw.out.writeInt(1_000_000_000);
            raw.out.flush();
            assertThat(raw.readMessage()).isEqualTo("E 08P01");
            assertThat(raw.in.read()).isEqualTo(-1);
            assertThat(other.query("SELECT 7")).contains("D 7");
        }
    }

    @Test
    void garbage_ends_its_connection_only() throws Exception {
        try (var other = new Raw();
                var raw = new Raw()) {
            other.startUp();
            raw.out.write("GET / HTTP/1.1\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
            raw.out.flush();
            assertThat(raw.readMessage()).isEqualTo("E 08P01");
            assertThat(raw.in.read()).isEqualTo(-1);
            assertThat(other.query("SELECT 8")).contains("D 8");
        }
    }

    @Test
    void a_wrong_cancel_key_does_nothing() throws Exception {
        try (var other = new Raw();
                var raw = new Raw()) {
            other.startUp();
            raw.out.writeInt(16);
            raw.out.writeInt(80877102);
            raw.out.writeInt(1);
            raw.out.writeInt(12345);
            raw.out.flush();
            assertThat(raw.in.read()).isEqualTo(-1);
            assertThat(other.query("SELECT 9")).contains("D 9");
        }
    }

    @Test
    void a_push_query_ends_with_its_connection() throws Exception {
        try (var raw = new Raw()) {
            raw.startUp();
            raw.query(
                    "CREATE STREAM s (n INT) WITH (KAFKA_TOPIC='s', VALUE_FORMAT='JSON',"
                            + " PARTITIONS=1)");
            raw.send('Q', "SELECT n FROM s EMIT CHANGES\0");
            assertThat(raw.readMessage()).isEqualTo("T");
            assertThat(server.engine().queries()).hasSize(1);
        }
        while (!server.engine().queries().isEmpty()) {
            Thread.onSpinWait();
        }
    }

    @Test
    void clients_are_told_of_a_shutdown_whatever_they_do(@TempDir Path other) throws Exception {
        var stopping = WeirServer.start(ServerConfig.onFreePorts(other));
        try (var idle = new Raw(stopping);
                var reading = new Raw(stopping)) {
            idle.startUp();
            reading.startUp();
            reading.query(
                    "CREATE STREAM s (n INT) WITH (KAFKA_TOPIC='s', VALUE_FORMAT='JSON',"
                            + " PARTITIONS=1)");
            reading.send('Q', "SELECT n FROM s EMIT CHANGES\0");
            assertThat(reading.readMessage()).isEqualTo("T");

            stopping.close();

            assertThat(idle.readMessage()).isEqualTo("E 57P01");
            assertThat(idle.in.read()).isEqualTo(-1);
            assertThat(reading.readMessage()).isEqualTo("E 57P01");
            assertThat(reading.in.read()).isEqualTo(-1);
        } finally {
            stopping.close();
        }
    }

    /// A connection spoken by hand.
    private static final class Raw implements AutoCloseable {
        private final Socket socket;
        private final DataInputStream in;
        private final DataOutputStream out;

        Raw() throws IOException {
            this(server);
        }

        Raw(WeirServer to) throws IOException {
            InetSocketAddress at = to.postgresAddress().orElseThrow();
            socket = new Socket(at.getAddress(), at.getPort());
            in = new DataInputStream(socket.getInputStream());
            out = new DataOutputStream(socket.getOutputStream());
        }

        void startUp() throws IOException {
            var body = new ByteArrayOutputStream();
            var data = new DataOutputStream(body);
            data.writeInt(196608);
            data.write("user\0weir\0database\0weir\0\0".getBytes(StandardCharsets.US_ASCII));
            out.writeInt(4 + body.size());
            out.write(body.toByteArray());
            out.flush();
            assertThat(upToReady()).contains("R", "K").endsWith("Z I");
        }

        List<String> query(String sql) throws IOException {
            send('Q', sql + "\0");
            return upToReady();
        }

        void send(char type, String body) throws IOException {
            byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
            out.writeByte(type);
            out.writeInt(4 + bytes.length);
            out.write(bytes);
            out.flush();
        }

        List<String> upToReady() throws IOException {
            var messages = new ArrayList<String>();
            do {
                messages.add(readMessage());
            } while (!messages.getLast().startsWith("Z"));
            return messages;
        }

        /// The type, and of some messages what matters.
        String readMessage() throws IOException {
            char type = (char) in.readUnsignedByte();
            byte[] body = in.readNBytes(in.readInt() - 4);
            return switch (type) {
                case 'Z' -> "Z " + (char) body[0];
                case 'C' -> "C " + new String(body, 0, body.length - 1, StandardCharsets.UTF_8);
                case 'D' -> {
                    int length = ByteBuffer.wrap(body).getInt(2);
                    yield "D " + new String(body, 6, length, StandardCharsets.UTF_8);
                }
                case 'E' -> {
                    String text = new String(body, StandardCharsets.UTF_8);
                    int code = text.indexOf("\0C") + 2;
                    yield "E " + text.substring(code, code + 5);
                }
                default -> Character.toString(type);
            };
        }

        @Override
        public void close() throws IOException {
            socket.close();
        }
    }
}
