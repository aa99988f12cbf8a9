package dev.weir.server.fuzz;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.stream.Stream;

/// Small statements that ask for too much: of numbers, of texts, of depth, of repetition. Each is
/// answered, soon and without room for what it asks for, with a value or an error of its own.
@Timeout(120)
class HostileStatementsTest {
    @TempDir static Path directory;
    private static Doors doors;
    private static Connection connection;

    @BeforeAll
    static void start() throws SQLException {
        doors = new Doors(directory);
        connection = Doors.connect(doors.postgres().getPort(), "&preferQueryMode=simple");
        try (var statement = connection.createStatement()) {
            statement.execute(
                    "CREATE STREAM o (id BIGINT, d DECIMAL(20, 4), t VARCHAR, x DOUBLE, ts"
                        + " TIMESTAMP) WITH (KAFKA_TOPIC='o', VALUE_FORMAT='JSON', PARTITIONS=1)");
            statement.execute(
                    "INSERT INTO o VALUES (1, 2.5, '1e999999999', 1e300, '2024-01-01T00:00:00')");
        }
    }

    @AfterAll
    static void stop() throws SQLException {
        connection.close();
        doors.close();
    }

    static Stream<String> numbers() {
        return Stream.of(
                "SELECT 1e999999999",
                "SELECT CAST('1e999999999' AS DECIMAL(20, 4))",
                "SELECT CAST('1e-999999999' AS DECIMAL(20, 4)) + d FROM o",
                "SELECT CAST(t AS DECIMAL(20, 4)) FROM o",
                "SELECT CAST(t AS BIGINT) FROM o",
                "SELECT CAST(t AS DOUBLE) FROM o",
                "INSERT INTO o (id, d) VALUES (2, 1e999999999)",
                "INSERT INTO o (id, d) VALUES (2, '1e999999999')",
                "INSERT INTO o (id) VALUES (1e-999999999)",
                "SELECT * FROM o WHERE x = 1e999999999",
                "SELECT ROUND(d, 2000000000) FROM o",
                "SELECT ROUND(x, -2000000000) FROM o",
                "SELECT DATEADD(DAYS, 2147483647, CAST('2024-01-01' AS DATE))",
                "SELECT CAST('+999999999-12-31T23:59:59' AS TIMESTAMP)",
                "SELECT * FROM o WINDOW TUMBLING (SIZE 9223372036854775807 DAYS)",
                "SELECT t, COUNT(*) FROM o WINDOW HOPPING (SIZE 1000 DAYS, ADVANCE BY 1"
                        + " MILLISECOND) GROUP BY t EMIT CHANGES LIMIT 1",
                "CREATE STREAM z (a INT) WITH (KAFKA_TOPIC='z', VALUE_FORMAT='JSON',"
                        + " PARTITIONS=2147483647)",
                "CREATE STREAM z (a DECIMAL(2147483647, 0)) WITH (KAFKA_TOPIC='z',"
                        + " VALUE_FORMAT='JSON', PARTITIONS=1)");
    }

    static Stream<String> texts() {
        return Stream.of(
                "SELECT REPEAT('a', 2000000000)",
                "SELECT RPAD('a', 2000000000, 'b')",
                "SELECT LPAD(t, 2147483647, t) FROM o",
                "SELECT SUBSTRING(t, -2147483648, 2147483647) FROM o",
                "SELECT FORMAT_TIMESTAMP(ts, '" + "y".repeat(1000) + "') FROM o",
                "SELECT REGEXP_EXTRACT('(a+)+b', '" + "a".repeat(60) + "c')",
                "SELECT t LIKE '" + "%".repeat(1000) + "a' FROM o",
                "SELECT EXTRACTJSONFIELD('" + "[".repeat(3000) + "', '$.a') FROM o",
                "CREATE STREAM " + "z".repeat(5000) + " (a INT) WITH (KAFKA_TOPIC='z')");
    }

    static Stream<String> depths() {
        return Stream.of(
                "SELECT " + "1+".repeat(3000) + "1",
                "SELECT " + "NOT ".repeat(1500) + "TRUE",
                "SELECT " + "ABS(".repeat(150) + "1" + ")".repeat(150),
                "SELECT " + "UCASE(".repeat(60) + "'a'" + ")".repeat(60),
                "SELECT " + "(".repeat(3000) + "1" + ")".repeat(3000),
                "SELECT " + "CASE WHEN TRUE THEN ".repeat(200) + "1" + " ELSE 0 END".repeat(200),
                "SELECT CAST(NULL AS " + "ARRAY<".repeat(500) + "INT" + ">".repeat(500) + ")");
    }

    /// What Calcite writes out: each level twice the one before, or more.
    static Stream<String> repetitions() {
        var queries = new StringBuilder("c0 AS (SELECT 1 AS a)");
        for (int i = 1; i < 40; i++) {
            queries.append(
                    ", c%d AS (SELECT x.a FROM c%d AS x JOIN c%d AS y ON x.a = y.a)"
                            .formatted(i, i - 1, i - 1));
        }
        return Stream.of(
                "SELECT " + "NULLIF(".repeat(40) + "1" + ", 2)".repeat(40),
                "SELECT " + "IFNULL(".repeat(40) + "1" + ", 2)".repeat(40),
                "SELECT " + "NVL(".repeat(40) + "1" + ", 2)".repeat(40),
                "SELECT " + "COALESCE(".repeat(40) + "1" + ", 2)".repeat(40),
                "SELECT " + "(".repeat(40) + "TRUE" + " BETWEEN FALSE AND TRUE)".repeat(40),
                "SELECT " + "(".repeat(40) + "TRUE" + " IN (TRUE, FALSE))".repeat(40),
                "SELECT " + "(".repeat(40) + "TRUE" + " IS DISTINCT FROM FALSE)".repeat(40),
                "SELECT "
                        + "CASE ".repeat(40)
                        + "1"
                        + " WHEN 1 THEN 2 WHEN 2 THEN 1 END".repeat(40),
                "WITH " + queries + " SELECT * FROM c39");
    }

    @ParameterizedTest
    @MethodSource({"numbers", "texts", "depths", "repetitions"})
    void it_is_answered_without_what_it_asks_for(String sql) throws SQLException {
        var before = doors.allocated();
        try (var statement = connection.createStatement()) {
            var _ = statement.execute(sql);
        } catch (SQLException e) {
            // Classes of the client's mistakes: values, syntax and names, what is too much.
            assertThat(e.getSQLState()).as(e.getMessage()).matches("(22|42|54).*");
        }
        assertThat(doors.faults(before, sql.length())).isEmpty();
    }

    @Test
    void the_server_is_used_meanwhile() throws SQLException {
        doors.useHonestly();
        assertThat(doors.kept().read()).isEqualTo(doors.kept().written());
    }
}
