package dev.weir.server.pgwire;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weir.server.ServerConfig;
import dev.weir.server.WeirServer;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.postgresql.PGConnection;
import org.postgresql.util.PSQLException;

import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.sql.Types;
import java.util.ArrayList;
import java.util.concurrent.CompletableFuture;

/// PostgreSQL's JDBC driver in its simple mode as the judge of the wire.
@Timeout(120)
class PgjdbcTest {
    @TempDir static Path dir;
    private static WeirServer server;

    @BeforeAll
    static void start() throws SQLException {
        server = WeirServer.start(ServerConfig.onFreePorts(dir));
        try (var connection = connect();
                var statement = connection.createStatement()) {
            statement.execute(
                    "CREATE STREAM everything (b BOOLEAN, i INT, l BIGINT, d DOUBLE, n DECIMAL(9,"
                            + " 2), t VARCHAR, a ARRAY<INT>) WITH (KAFKA_TOPIC='everything',"
                            + " VALUE_FORMAT='JSON', PARTITIONS=1)");
            assertThat(
                            statement.executeUpdate(
                                    "INSERT INTO everything (b, i, l, d, n, t) VALUES (true, -1,"
                                        + " 9007199254740993, 0.1, 12.50, 'é\t\"x\"'), (NULL, NULL,"
                                        + " NULL, NULL, NULL, NULL)"))
                    .isEqualTo(2);
        }
    }

    @AfterAll
    static void stop() {
        server.close();
    }

    @Test
    void columns_arrive_with_their_types_and_values() throws SQLException {
        try (var connection = connect();
                var statement = connection.createStatement()) {
            // Wait until the engine shows the rows to a session that did not write them.
            int rows = 0;
            while (rows < 2) {
                try (ResultSet count = statement.executeQuery("SELECT i FROM everything")) {
                    rows = 0;
                    while (count.next()) {
                        rows++;
                    }
                }
            }
            try (ResultSet result = statement.executeQuery("SELECT * FROM everything")) {
                var types = new ArrayList<Integer>();
                for (int c = 1; c <= result.getMetaData().getColumnCount(); c++) {
                    types.add(result.getMetaData().getColumnType(c));
                }
                assertThat(types)
                        .containsExactly(
                                Types.BIT,
                                Types.INTEGER,
                                Types.BIGINT,
                                Types.DOUBLE,
                                Types.NUMERIC,
                                Types.VARCHAR,
                                Types.ARRAY);
                assertThat(result.getMetaData().getScale(5)).isEqualTo(2);
                assertThat(result.next()).isTrue();
                assertThat(result.getBoolean("b")).isTrue();
                assertThat(result.getInt("i")).isEqualTo(-1);
                assertThat(result.getLong("l")).isEqualTo(9007199254740993L);
                assertThat(result.getDouble("d")).isEqualTo(0.1);
                assertThat(result.getBigDecimal("n")).isEqualTo(new BigDecimal("12.50"));
                assertThat(result.getString("t")).isEqualTo("é\t\"x\"");
                assertThat(result.next()).isTrue();
                assertThat(result.getObject("b")).isNull();
                assertThat(result.getObject("n")).isNull();
                assertThat(result.next()).isFalse();
            }
        }
    }

    @Test
    void a_connection_reads_its_own_writes() throws SQLException {
        try (var connection = connect();
                var statement = connection.createStatement()) {
            statement.execute(
                    "CREATE TABLE stock (item VARCHAR PRIMARY KEY, n INT) WITH"
                            + " (KAFKA_TOPIC='stock', VALUE_FORMAT='JSON', PARTITIONS=1)");
            statement.execute("CREATE TABLE copied AS SELECT item, n FROM stock");
            for (int n = 1; n <= 20; n++) {
                statement.executeUpdate("INSERT INTO stock VALUES ('pen', " + n + ")");
                try (ResultSet result = statement.executeQuery("SELECT n FROM copied")) {
                    assertThat(result.next()).isTrue();
                    assertThat(result.getInt(1)).isEqualTo(n);
                }
            }
        }
    }

    @Test
    void several_statements_in_one_execute_give_several_results() throws SQLException {
        try (var connection = connect();
                var statement = connection.createStatement()) {
            assertThat(statement.execute("SELECT 1; SELECT 'two' AS t")).isTrue();
            assertThat(statement.getMoreResults()).isTrue();
            try (ResultSet second = statement.getResultSet()) {
                second.next();
                assertThat(second.getString("t")).isEqualTo("two");
            }
        }
    }

    @Test
    void an_error_has_its_state_place_and_hint_and_the_connection_goes_on() throws SQLException {
        try (var connection = connect();
                var statement = connection.createStatement()) {
            assertThatThrownBy(() -> statement.execute("SELECT 1; SELECT  nope FROM everything"))
                    .isInstanceOfSatisfying(
                            PSQLException.class,
                            e -> {
                                assertThat(e.getSQLState()).isEqualTo("42703");
                                var fields = e.getServerErrorMessage();
                                assertThat(fields).isNotNull();
                                assertThat(fields.getSeverity()).isEqualTo("ERROR");
                                assertThat(fields.getPosition()).isEqualTo(19);
                                assertThat(fields.getHint()).isNotEmpty();
                            });
            assertThat(one(statement, "SELECT 7")).isEqualTo("7");
            assertThat(connection.isValid(5)).isTrue();
        }
    }

    @Test
    void transactions_are_accepted_and_fail_as_a_whole_until_their_end() throws SQLException {
        try (var connection = connect();
                var statement = connection.createStatement()) {
            connection.setAutoCommit(false);
            assertThat(one(statement, "SELECT 1")).isEqualTo("1");
            connection.commit();

            assertThatThrownBy(() -> statement.execute("SELECT nope"))
                    .isInstanceOf(SQLException.class);
            assertThatThrownBy(() -> statement.execute("SELECT 1"))
                    .isInstanceOfSatisfying(
                            SQLException.class,
                            e -> assertThat(e.getSQLState()).isEqualTo("25P02"));
            connection.rollback();
            assertThat(one(statement, "SELECT 2")).isEqualTo("2");
            connection.commit();
        }
    }

    @Test
    void what_was_written_in_a_rolled_back_transaction_is_warned_of() throws SQLException {
        try (var connection = connect();
                var statement = connection.createStatement()) {
            statement.execute("BEGIN");
            statement.execute("INSERT INTO everything (i) VALUES (NULL)");
            statement.execute("ROLLBACK");
            assertThat(String.valueOf(statement.getWarnings())).contains("nothing was rolled back");
        }
    }

    @Test
    void parameters_that_drivers_set_and_ask_for_are_kept() throws SQLException {
        try (var connection = connect();
                var statement = connection.createStatement()) {
            statement.execute("SET application_name TO 'shop'");
            assertThat(one(statement, "SHOW application_name")).isEqualTo("shop");
            assertThat(one(statement, "SHOW server_version")).startsWith("15.");
            assertThat(one(statement, "SHOW TRANSACTION ISOLATION LEVEL"))
                    .isEqualTo("read committed");
            assertThat(connection.getMetaData().getDatabaseMajorVersion()).isEqualTo(15);
            assertThatThrownBy(() -> statement.execute("SET client_encoding TO 'LATIN1'"))
                    .isInstanceOfSatisfying(
                            SQLException.class,
                            e -> assertThat(e.getSQLState()).isEqualTo("22023"));
        }
    }

    @Test
    void copy_streams_changes_as_they_come() throws Exception {
        try (var writing = connect();
                var insert = writing.createStatement();
                var connection = connect()) {
            insert.execute(
                    "CREATE STREAM ticks (n INT, t VARCHAR) WITH (KAFKA_TOPIC='ticks',"
                            + " VALUE_FORMAT='JSON', PARTITIONS=1)");
            var copy =
                    connection
                            .unwrap(PGConnection.class)
                            .getCopyAPI()
                            .copyOut("COPY (SELECT n, t FROM ticks EMIT CHANGES) TO STDOUT");
            for (int n = 0; n < 3; n++) {
                insert.executeUpdate("INSERT INTO ticks VALUES (" + n + ", NULL)");
                assertThat(new String(copy.readFromCopy(), StandardCharsets.UTF_8))
                        .isEqualTo(n + "\t\\N\n");
            }
            connection.unwrap(PGConnection.class).cancelQuery();
            assertThatThrownBy(copy::readFromCopy)
                    .isInstanceOfSatisfying(
                            SQLException.class,
                            e -> assertThat(e.getSQLState()).isEqualTo("57014"));
            try (var again = connection.createStatement()) {
                assertThat(one(again, "SELECT 1")).isEqualTo("1");
            }
        }
    }

    @Test
    void a_never_ending_query_is_cancelled_from_another_thread() throws Exception {
        try (var connection = connect();
                var statement = connection.createStatement()) {
            var ended =
                    CompletableFuture.supplyAsync(() -> {
                        try (var _ =
                                statement.executeQuery("SELECT i FROM everything EMIT CHANGES")) {
                            return "none";
                        } catch (SQLException e) {
                            return e.getSQLState();
                        }
                    });
            while (server.engine().queries().stream()
                    .noneMatch(q -> q.sql().contains("i FROM everything EMIT"))) {
                Thread.onSpinWait();
            }
            statement.cancel();
            assertThat(ended.get()).isEqualTo("57014");
            assertThat(one(statement, "SELECT 1")).isEqualTo("1");
        }
    }

    @Test
    void there_is_one_database() {
        assertThatThrownBy(() ->
                        DriverManager.getConnection(
                                url().replace("/weir", "/other")
                                        + "?user=weir&preferQueryMode=simple"))
                .isInstanceOfSatisfying(
                        SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo("3D000"));
    }

    private static String one(Statement statement, String sql) throws SQLException {
        try (ResultSet result = statement.executeQuery(sql)) {
            assertThat(result.next()).isTrue();
            return result.getString(1);
        }
    }

    private static Connection connect() throws SQLException {
        return DriverManager.getConnection(url() + "?user=weir&preferQueryMode=simple");
    }

    private static String url() {
        return "jdbc:postgresql://127.0.0.1:"
                + server.postgresAddress().orElseThrow().getPort()
                + "/weir";
    }
}
