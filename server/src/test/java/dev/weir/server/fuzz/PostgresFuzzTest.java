package dev.weir.server.fuzz;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.server.fuzz.PostgresMessages.Message;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.postgresql.PGConnection;

import java.io.StringReader;
import java.io.StringWriter;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Timestamp;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.regex.Pattern;

/// What pgjdbc says to the server, broken in every way: bytes, lengths, types, order, and the
/// statements themselves.
///
/// [Campaign] says how to run it for longer.
class PostgresFuzzTest {
    private static final int CASES_PER_SEED = 250;
    private static final int PATIENCE_MS = 20_000;
    private static final int SHORT_PATIENCE_MS = 100;

    private static final Pattern CODE = Pattern.compile("\0C([0-9A-Z]{5})\0");
    private static final String BROKEN_MESSAGE = "08P01";
    private static final String SYNTAX_ERROR = "42601";

    /// Ends every case: longer than any message may be, so that a length that lies is made up, and
    /// understood or not the connection is over at its end.
    private static final byte[] END = end();

    /// Nothing a server would say, which it does not end with.
    private static final String NO_LAST_WORD = "\0last word\0";

    private static final List<String> WORDS =
            List.of(
                    "SELECT",
                    "FROM",
                    "WHERE",
                    "GROUP BY",
                    "EMIT CHANGES",
                    "LIMIT",
                    "PARTITION BY",
                    "CREATE STREAM",
                    "CREATE TABLE",
                    "WITH",
                    "AS",
                    "VALUES",
                    "INSERT INTO",
                    "COPY",
                    "BEGIN",
                    "COMMIT",
                    "ROLLBACK",
                    "DECLARE",
                    "FETCH",
                    "CLOSE",
                    "PREPARE",
                    "EXECUTE",
                    "DEALLOCATE",
                    "SHOW",
                    "SET",
                    "RESET",
                    "DISCARD ALL",
                    "EXPLAIN",
                    "DESCRIBE",
                    "WINDOW TUMBLING (SIZE 1 HOUR)",
                    "LEFT JOIN",
                    "CASE WHEN",
                    "CAST",
                    "COUNT(*)",
                    "SUM",
                    "NULL",
                    "TRUE",
                    "orders",
                    "id",
                    "item",
                    "price",
                    "x'ff'",
                    "'",
                    "\"",
                    "`",
                    "(",
                    ")",
                    ";",
                    ",",
                    "--",
                    "/*",
                    "$1",
                    "$99999",
                    "?",
                    ":",
                    "::",
                    "0",
                    "-1",
                    "1e400",
                    "1e-400",
                    "9223372036854775808",
                    "99999999999999999999999",
                    "0.1",
                    "INT",
                    "BIGINT",
                    "DECIMAL(38, 10)",
                    "ARRAY<INT>",
                    "VARCHAR",
                    "\0",
                    "\\.",
                    "\\N",
                    "\t",
                    "\n",
                    "\uFEFF",
                    "\uD83D\uDE00",
                    "STDIN",
                    "STDOUT",
                    "user");

    @TempDir Path directory;

    private final List<String> faults = new ArrayList<>();
    private final Map<String, Integer> problems = new TreeMap<>();
    private List<byte[]> recordings;

    @Test
    void whatever_is_sent_costs_its_connection_at_most() throws Exception {
        new Campaign("PostgreSQL", directory, CASES_PER_SEED)
                .run(
                        new Campaign.Attack() {
                            @Override
                            public void prepare(Doors doors) throws Exception {
                                recordings = record(doors);
                            }

                            @Override
                            public void attack(Doors doors, Random random, String name)
                                    throws Exception {
                                oneCase(doors, random, name);
                            }
                        },
                        faults);
        System.out.println("answered: " + problems);
        assertThat(problems)
                .as("messages and statements")
                .containsKeys(BROKEN_MESSAGE, SYNTAX_ERROR);
    }

    private void oneCase(Doors doors, Random random, String name) throws Exception {
        var sent = broken(random);
        boolean endless = new String(sent, StandardCharsets.ISO_8859_1).contains("EMIT CHANGES");
        var before = doors.allocated();
        var reply =
                Doors.say(
                        doors.postgres(),
                        concatenated(sent, END),
                        endless ? SHORT_PATIENCE_MS : PATIENCE_MS,
                        NO_LAST_WORD);
        var found = doors.faults(before, sent.length);
        CODE.matcher(new String(reply.bytes(), StandardCharsets.ISO_8859_1))
                .results()
                .forEach(problem -> problems.merge(problem.group(1), 1, Integer::sum));
        PostgresMessages.fault(reply.bytes()).ifPresent(found::add);
        if (!reply.ended() && !endless) {
            found.add("neither an answer nor an end within " + PATIENCE_MS + " ms");
        }
        for (var fault : found) {
            var shown = name + ": " + fault + "\n  " + show(sent);
            System.out.println(shown);
            faults.add(shown);
        }
    }

    private byte[] broken(Random random) {
        var mutator = new Mutator(random, recordings, WORDS);
        var recording = recordings.get(random.nextInt(recordings.size()));
        if (random.nextInt(5) == 0) {
            return mutator.mutate(recording);
        }
        var messages = new ArrayList<>(PostgresMessages.cut(recording));
        for (int times = 1 + random.nextInt(4); times > 0; times--) {
            // The startup is left alone most of the time: without it there is nothing more to say.
            int least = random.nextInt(10) == 0 || messages.size() < 2 ? 0 : 1;
            int at = least + random.nextInt(messages.size() - least);
            var message = messages.get(at);
            switch (random.nextInt(12)) {
                case 0 -> messages.add(at, message);
                case 1 -> {
                    if (messages.size() > 2) {
                        messages.remove(at);
                    }
                }
                case 2 -> Collections.swap(messages, at, random.nextInt(messages.size()));
                case 3 -> messages.add(at, another(random));
                case 4 -> messages.add(at, foreign(random));
                case 5 -> {
                    var retyped = message.bytes().clone();
                    retyped[0] = (byte) "QPBDEFHCSXdcfp".charAt(random.nextInt(14));
                    messages.set(at, new Message(retyped, message.lengthAt()));
                }
                default -> messages.set(at, message.withBody(mutator.mutate(message.body())));
            }
        }
        return PostgresMessages.join(messages);
    }

    /// A message of another conversation.
    private Message foreign(Random random) {
        var other = PostgresMessages.cut(recordings.get(random.nextInt(recordings.size())));
        return other.get(random.nextInt(other.size()));
    }

    /// A message that pgjdbc never sends, or not here.
    private static Message another(Random random) {
        return switch (random.nextInt(10)) {
            case 0 -> PostgresMessages.message('F', "\0\0\0\1\0\0\0\0\0\0");
            case 1 -> PostgresMessages.message('p', "secret\0");
            case 2 -> PostgresMessages.message('f', "no\0");
            case 3 -> PostgresMessages.message('c', "");
            case 4 -> PostgresMessages.message('d', "1,pen,2\n".repeat(random.nextInt(99)));
            case 5 -> PostgresMessages.message('H', "");
            case 6 -> PostgresMessages.message('Q', "COPY orders FROM STDIN (FORMAT csv)\0");
            case 7 -> PostgresMessages.message('Q', "(".repeat(random.nextInt(8000)) + "\0");
            case 8 -> PostgresMessages.message('E', "\0\0\0\0\1");
            default -> PostgresMessages.message('Q', ";".repeat(random.nextInt(2000)) + "\0");
        };
    }

    /// Conversations of a real client, in its three ways to speak.
    private static List<byte[]> record(Doors doors) throws Exception {
        try (var recorder = new Recorder(doors.postgres())) {
            try (var connection = Doors.connect(recorder.port(), "");
                    var statement = connection.createStatement()) {
                statement.execute(
                        "CREATE STREAM orders (id BIGINT, item VARCHAR, price DOUBLE) WITH"
                                + " (KAFKA_TOPIC='orders', VALUE_FORMAT='JSON', PARTITIONS=1)");
            }
            for (var mode : List.of("simple", "extended", "extendedForPrepared")) {
                var more = "&preferQueryMode=" + mode + "&prepareThreshold=-1";
                try (var connection = Doors.connect(recorder.port(), more)) {
                    query(connection);
                }
                try (var connection = Doors.connect(recorder.port(), more)) {
                    bind(connection);
                }
                try (var connection = Doors.connect(recorder.port(), more)) {
                    copy(connection);
                }
                try (var connection = Doors.connect(recorder.port(), more)) {
                    fetch(connection);
                }
            }
            return recorder.recordings();
        }
    }

    private static void query(Connection connection) throws SQLException {
        try (var statement = connection.createStatement()) {
            statement.execute("SELECT 1");
            statement.execute("SELECT 'a', NULL, 2.5");
            statement.execute("SELECT item, COUNT(*) AS n FROM orders GROUP BY item");
            statement.execute("SHOW STREAMS");
            statement.execute("DESCRIBE orders");
            statement.execute("SET application_name = 'fuzz'");
            try (var _ = connection.getMetaData().getColumns(null, null, "orders", "%")) {
                // Asks the catalog.
            }
        }
    }

    private static void bind(Connection connection) throws SQLException {
        try (var insert = connection.prepareStatement("INSERT INTO orders VALUES (?, ?, ?)")) {
            for (int i = 0; i < 3; i++) {
                insert.setLong(1, i);
                insert.setString(2, "pen");
                insert.setDouble(3, 1.5 * i);
                insert.executeUpdate();
            }
        }
        try (var select =
                connection.prepareStatement(
                        "SELECT id + ?, CAST(? AS DECIMAL(20, 4)), CAST(? AS TIMESTAMP), ? AS t"
                                + " FROM orders WHERE price < ? OR item = ?")) {
            select.setInt(1, 7);
            select.setBigDecimal(2, new BigDecimal("123456.7890"));
            select.setTimestamp(3, Timestamp.valueOf("2024-02-29 12:34:56"));
            select.setBoolean(4, true);
            select.setDouble(5, 100.25);
            select.setString(6, "ink");
            for (int i = 0; i < 2; i++) {
                try (var rows = select.executeQuery()) {
                    rows.next();
                }
            }
        }
    }

    private static void copy(Connection connection) throws Exception {
        var copies = connection.unwrap(PGConnection.class).getCopyAPI();
        copies.copyIn("COPY orders FROM STDIN", new StringReader("4\tcup\t2.5\n5\t\\N\t3\n"));
        copies.copyIn(
                "COPY orders (id, item) FROM STDIN (FORMAT csv, HEADER)",
                new StringReader("id,item\n6,\"a \"\"b\"\"\"\n7,c\n"));
        copies.copyOut("COPY (SELECT id, item FROM orders) TO STDOUT", new StringWriter());
    }

    private static void fetch(Connection connection) throws SQLException {
        connection.setAutoCommit(false);
        try (var statement = connection.createStatement()) {
            statement.setFetchSize(2);
            try (var rows = statement.executeQuery("SELECT * FROM orders")) {
                for (int i = 0; i < 3; i++) {
                    rows.next();
                }
            }
            statement.execute("DECLARE c CURSOR FOR SELECT id FROM orders");
            statement.execute("FETCH 2 FROM c");
            statement.execute("CLOSE c");
            try (var rows = statement.executeQuery("SELECT id FROM orders EMIT CHANGES LIMIT 2")) {
                rows.next();
            }
        }
        connection.commit();
    }

    private static byte[] end() {
        var messages = new ArrayList<Message>();
        int size = 0;
        while (size < 2 * Doors.MAX_BYTES) {
            var sync = PostgresMessages.message('S', "");
            messages.add(sync);
            size += sync.bytes().length;
        }
        messages.add(PostgresMessages.message('X', ""));
        return PostgresMessages.join(messages);
    }

    private static byte[] concatenated(byte[] one, byte[] two) {
        var both = new byte[one.length + two.length];
        System.arraycopy(one, 0, both, 0, one.length);
        System.arraycopy(two, 0, both, one.length, two.length);
        return both;
    }

    private static String show(byte[] bytes) {
        return new String(bytes, StandardCharsets.ISO_8859_1).replaceAll("[^ -~]", ".")
                + "\n  "
                + HexFormat.of().formatHex(bytes);
    }
}
