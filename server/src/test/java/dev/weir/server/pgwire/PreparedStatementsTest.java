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
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.postgresql.PGConnection;

import java.io.StringReader;
import java.io.StringWriter;
import java.math.BigDecimal;
import java.nio.file.Path;
import java.sql.BatchUpdateException;
import java.sql.Connection;
import java.sql.Date;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Time;
import java.sql.Timestamp;
import java.sql.Types;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/// PostgreSQL's JDBC driver in its default mode, which is the extended protocol, as the judge.
@Timeout(120)
class PreparedStatementsTest {
    /// Server-prepared and binary from the first execution on.
    private static final String BINARY = "prepareThreshold=-1";

    @TempDir static Path dir;
    private static WeirServer server;

    @BeforeAll
    static void start() throws SQLException {
        server = WeirServer.start(ServerConfig.onFreePorts(dir));
        try (var connection = connect("");
                var statement = connection.createStatement()) {
            statement.execute(
                    "CREATE TABLE every_type (id INT PRIMARY KEY, b BOOLEAN, l BIGINT, d DOUBLE,"
                            + " n DECIMAL(9, 2), t VARCHAR, raw BYTES, day DATE, clock TIME, at"
                            + " TIMESTAMP) WITH (KAFKA_TOPIC='every_type', VALUE_FORMAT='JSON',"
                            + " PARTITIONS=1)");
            statement.execute(
                    "CREATE STREAM events (n INT, word VARCHAR) WITH (KAFKA_TOPIC='events',"
                            + " VALUE_FORMAT='JSON', PARTITIONS=1)");
        }
    }

    @AfterAll
    static void stop() {
        server.close();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "prepareThreshold=5",
                BINARY,
                "prepareThreshold=0",
                "preferQueryMode=extendedForPrepared",
                "preferQueryMode=extendedCacheEverything",
                "preferQueryMode=extended&" + BINARY,
                "preferQueryMode=extendedForPrepared&" + BINARY,
                "preferQueryMode=extendedCacheEverything&" + BINARY,
                "preferQueryMode=simple",
                "binaryTransfer=false"
            })
    void values_of_every_type_come_back_as_they_were_sent(String mode) throws SQLException {
        try (var connection = connect(mode);
                var insert =
                        connection.prepareStatement(
                                "INSERT INTO every_type VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
                var select = connection.prepareStatement("SELECT * FROM every_type WHERE id = ?")) {
            var day = Date.valueOf("2026-02-03");
            var at = Timestamp.valueOf("2026-02-03 04:05:06.789");
            byte[] raw = {0, 1, (byte) 0xff};
            for (int id = 1; id <= 7; id++) {
                insert.setInt(1, id);
                insert.setBoolean(2, id % 2 == 0);
                insert.setLong(3, Long.MAX_VALUE - id);
                insert.setDouble(4, 0.1 * id);
                insert.setBigDecimal(5, new BigDecimal("-12.5" + id));
                insert.setString(6, "it's é \\ $1 ? " + id);
                insert.setBytes(7, raw);
                insert.setDate(8, day);
                insert.setTime(9, Time.valueOf("04:05:06"));
                insert.setTimestamp(10, at);
                assertThat(insert.executeUpdate()).isEqualTo(1);
            }
            for (int id = 1; id <= 7; id++) {
                select.setInt(1, id);
                try (ResultSet row = select.executeQuery()) {
                    assertThat(row.next()).as("row %d", id).isTrue();
                    assertThat(row.getInt("id")).isEqualTo(id);
                    assertThat(row.getBoolean("b")).isEqualTo(id % 2 == 0);
                    assertThat(row.getLong("l")).isEqualTo(Long.MAX_VALUE - id);
                    assertThat(row.getDouble("d")).isEqualTo(0.1 * id);
                    assertThat(row.getBigDecimal("n")).isEqualTo(new BigDecimal("-12.5" + id));
                    assertThat(row.getString("t")).isEqualTo("it's é \\ $1 ? " + id);
                    assertThat(row.getBytes("raw")).isEqualTo(raw);
                    assertThat(row.getDate("day")).isEqualTo(day);
                    assertThat(row.getTime("clock")).isEqualTo(Time.valueOf("04:05:06"));
                    assertThat(row.getTimestamp("at")).isEqualTo(at);
                    assertThat(row.next()).isFalse();
                }
            }
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                BINARY,
                "prepareThreshold=0",
                "preferQueryMode=extendedForPrepared&" + BINARY,
                "preferQueryMode=extendedCacheEverything&" + BINARY,
                "binaryTransfer=false"
            })
    void a_row_that_fails_ends_its_batch_and_nothing_else(String mode) throws SQLException {
        try (var connection = connect(mode);
                var insert = connection.prepareStatement("INSERT INTO events VALUES (?, ?)");
                var select =
                        connection.prepareStatement(
                                "SELECT n FROM events WHERE word = ? AND n < 0")) {
            String word = "batch " + mode;
            for (long n : new long[] {-1, 1L << 40, -3}) {
                insert.setLong(1, n);
                insert.setString(2, word);
                insert.addBatch();
            }
            assertThatThrownBy(insert::executeBatch)
                    .isInstanceOfSatisfying(
                            BatchUpdateException.class,
                            e -> assertThat(e.getSQLState()).isEqualTo("22003"));

            insert.clearBatch();
            insert.setInt(1, -4);
            insert.setString(2, word);
            assertThat(insert.executeUpdate()).isEqualTo(1);
            select.setString(1, word);
            List<Integer> written = new ArrayList<>();
            try (ResultSet rows = select.executeQuery()) {
                while (rows.next()) {
                    written.add(rows.getInt(1));
                }
            }
            assertThat(written).contains(-1, -4).doesNotContain(-3);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"", BINARY, "preferQueryMode=simple"})
    void null_is_a_value_too(String mode) throws SQLException {
        try (var connection = connect(mode);
                var insert =
                        connection.prepareStatement(
                                "INSERT INTO every_type (id, b, l, d, n, t, at) VALUES (?, ?, ?, ?,"
                                        + " ?, ?, ?)");
                var select =
                        connection.prepareStatement(
                                "SELECT b, l, d, n, t, at FROM every_type WHERE id = ?")) {
            insert.setInt(1, -1);
            insert.setNull(2, Types.BOOLEAN);
            insert.setNull(3, Types.BIGINT);
            insert.setNull(4, Types.DOUBLE);
            insert.setNull(5, Types.NUMERIC);
            insert.setNull(6, Types.VARCHAR);
            insert.setNull(7, Types.TIMESTAMP);
            insert.executeUpdate();
            select.setInt(1, -1);
            for (int i = 0; i < 6; i++) {
                try (ResultSet row = select.executeQuery()) {
                    assertThat(row.next()).isTrue();
                    for (int column = 1; column <= 6; column++) {
                        assertThat(row.getObject(column)).isNull();
                    }
                }
            }
        }
    }

    @Test
    void parameters_have_the_types_of_what_they_stand_beside() throws SQLException {
        try (var connection = connect("")) {
            assertThat(
                            parameterTypes(
                                    connection,
                                    "SELECT id FROM every_type WHERE id = ? AND t = ? AND d > ? AND"
                                            + " n < ? AND at >= ? LIMIT ?"))
                    .containsExactly("int4", "text", "float8", "numeric", "timestamp", "int8");
            assertThat(parameterTypes(connection, "INSERT INTO events (word, n) VALUES (?, ? + 1)"))
                    .containsExactly("text", "int4");
            assertThat(parameterTypes(connection, "SELECT ?, CAST(? AS BIGINT), UPPER(?)"))
                    .containsExactly("text", "int8", "text");
        }
    }

    @Test
    void parameters_work_wherever_an_expression_does() throws SQLException {
        try (var connection = connect("");
                var select =
                        connection.prepareStatement(
                                "SELECT n + ? AS m, ? AS word FROM (VALUES (1), (2), (3)) AS t (n)"
                                        + " WHERE n BETWEEN ? AND ? ORDER BY n DESC LIMIT ?")) {
            for (int i = 0; i < 7; i++) {
                select.setInt(1, 10);
                select.setString(2, "x" + i);
                select.setInt(3, 2);
                select.setInt(4, 3);
                select.setInt(5, 1);
                try (ResultSet row = select.executeQuery()) {
                    assertThat(row.next()).isTrue();
                    assertThat(row.getInt("m")).isEqualTo(13);
                    assertThat(row.getString("word")).isEqualTo("x" + i);
                    assertThat(row.next()).isFalse();
                }
            }
        }
    }

    @Test
    void a_batch_of_inserts_goes_in_as_one() throws SQLException {
        try (var connection = connect("reWriteBatchedInserts=false");
                var insert =
                        connection.prepareStatement(
                                "INSERT INTO every_type (id, t) VALUES (?, ?)")) {
            for (int id = 1000; id < 1050; id++) {
                insert.setInt(1, id);
                insert.setString(2, "batch");
                insert.addBatch();
            }
            assertThat(insert.executeBatch()).hasSize(50).containsOnly(1);
            try (var statement = connection.createStatement();
                    ResultSet count =
                            statement.executeQuery("SELECT id FROM every_type WHERE t = 'batch'")) {
                int rows = 0;
                while (count.next()) {
                    rows++;
                }
                assertThat(rows).isEqualTo(50);
            }
        }
    }

    @Test
    void a_plan_follows_the_catalog() throws SQLException {
        try (var connection = connect(BINARY);
                var statement = connection.createStatement()) {
            String create =
                    "CREATE OR REPLACE TABLE changing (id INT PRIMARY KEY, %s) WITH"
                            + " (KAFKA_TOPIC='changing', VALUE_FORMAT='JSON', PARTITIONS=1)";
            statement.execute(String.format(create, "a INT"));
            try (var select = connection.prepareStatement("SELECT id, a FROM changing");
                    var gone = connection.prepareStatement("SELECT id, a FROM changing")) {
                assertThat(select.executeQuery().next()).isFalse();
                assertThat(gone.executeQuery().next()).isFalse();
                statement.execute(String.format(create, "a INT, c INT"));
                assertThat(select.executeQuery().next()).isFalse();
                statement.execute("DROP TABLE changing");
                assertThatThrownBy(gone::executeQuery)
                        .isInstanceOfSatisfying(
                                SQLException.class,
                                e -> assertThat(e.getSQLState()).isEqualTo("42P01"));
            }
        }
    }

    @Test
    void a_push_query_is_read_row_by_row_and_ends_when_it_is_closed() throws Exception {
        try (var connection = connect("");
                var writer = connect("")) {
            connection.setAutoCommit(false);
            try (var select =
                    connection.prepareStatement(
                            "SELECT n, word FROM events WHERE word = ? EMIT CHANGES")) {
                select.setFetchSize(10);
                select.setString(1, "rows");
                insertEvent(writer, 0, "rows");
                try (ResultSet rows = select.executeQuery()) {
                    for (int n = 0; n < 25; n++) {
                        assertThat(rows.next()).isTrue();
                        assertThat(rows.getInt(1)).isEqualTo(n);
                        insertEvent(writer, n + 1, "rows");
                    }
                    assertThat(pushQueries()).isEqualTo(1);
                }
            }
            connection.commit();
            awaitNoPushQueries();
        }
    }

    @Test
    void a_push_query_ends_by_cancel_by_timeout_and_with_its_connection() throws Exception {
        try (var connection = connect("")) {
            connection.setAutoCommit(false);
            try (var statement = connection.createStatement()) {
                statement.setFetchSize(10);
                statement.setQueryTimeout(1);
                assertThatThrownBy(() ->
                                statement.executeQuery(
                                        "SELECT n FROM events WHERE n < 0 EMIT CHANGES"))
                        .isInstanceOfSatisfying(
                                SQLException.class,
                                e -> assertThat(e.getSQLState()).isEqualTo("57014"));
                awaitNoPushQueries();
                connection.rollback();
                statement.setQueryTimeout(0);
                var failure =
                        CompletableFuture.supplyAsync(() -> {
                            try {
                                statement.executeQuery(
                                        "SELECT n FROM events WHERE n < 0 EMIT CHANGES");
                                return "no failure";
                            } catch (SQLException e) {
                                return e.getSQLState();
                            }
                        });
                while (pushQueries() == 0) {
                    Thread.onSpinWait();
                }
                statement.cancel();
                assertThat(failure.get()).isEqualTo("57014");
                awaitNoPushQueries();
                connection.rollback();
            }
            insertEvent(connection, 1, "gone");
            var select = connection.prepareStatement("SELECT n FROM events EMIT CHANGES");
            select.setFetchSize(1);
            assertThat(select.executeQuery().next()).isTrue();
            assertThat(pushQueries()).isEqualTo(1);
        }
        while (pushQueries() > 0) {
            Thread.onSpinWait();
        }
    }

    @Test
    void cursors_are_declared_fetched_and_closed() throws SQLException {
        try (var connection = connect("");
                var statement = connection.createStatement()) {
            assertThatThrownBy(() -> statement.execute("DECLARE c CURSOR FOR SELECT 1"))
                    .hasMessageContaining("can only be used in transaction blocks");
            connection.setAutoCommit(false);
            statement.execute(
                    "DECLARE c NO SCROLL CURSOR FOR SELECT * FROM (VALUES (1), (2), (3)) AS t (n)");
            assertThat(integers(statement.executeQuery("FETCH NEXT FROM c"))).containsExactly(1);
            assertThat(integers(statement.executeQuery("FETCH FORWARD 5 FROM c")))
                    .containsExactly(2, 3);
            assertThat(integers(statement.executeQuery("FETCH ALL FROM c"))).isEmpty();
            statement.execute("CLOSE c");
            connection.rollback();
            statement.execute("DECLARE c CURSOR FOR SELECT 1");
            connection.commit();
            assertThatThrownBy(() -> statement.executeQuery("FETCH c"))
                    .isInstanceOfSatisfying(
                            SQLException.class,
                            e -> assertThat(e.getSQLState()).isEqualTo("34000"));
        }
    }

    @Test
    void fetch_of_a_push_query_fills_its_batch() throws Exception {
        try (var connection = connect("preferQueryMode=simple");
                var writer = connect("");
                var statement = connection.createStatement()) {
            connection.setAutoCommit(false);
            statement.execute(
                    "DECLARE c CURSOR FOR SELECT n FROM events WHERE word = 'fill' EMIT CHANGES");
            var fetched =
                    CompletableFuture.supplyAsync(() -> {
                        try {
                            return integers(statement.executeQuery("FETCH 4 FROM c"));
                        } catch (SQLException e) {
                            throw new IllegalStateException(e);
                        }
                    });
            for (int n = 1; n <= 4; n++) {
                insertEvent(writer, n, "fill");
            }
            assertThat(fetched.get()).containsExactly(1, 2, 3, 4);
            connection.commit();
            awaitNoPushQueries();
        }
    }

    @Test
    void statements_are_prepared_in_sql_too() throws SQLException {
        try (var connection = connect("preferQueryMode=simple");
                var statement = connection.createStatement()) {
            statement.execute(
                    "PREPARE p (int, text) AS SELECT n + $1 FROM (VALUES (1)) AS t (n) WHERE 'a' ="
                            + " $2");
            assertThat(integers(statement.executeQuery("EXECUTE p(-5, 'a')"))).containsExactly(-4);
            assertThat(integers(statement.executeQuery("EXECUTE p(5, 'b')"))).isEmpty();
            assertThatThrownBy(() -> statement.executeQuery("EXECUTE p(5)"))
                    .hasMessageContaining("wrong number of parameters");
            statement.execute("DEALLOCATE p");
            assertThatThrownBy(() -> statement.executeQuery("EXECUTE p(5, 'b')"))
                    .isInstanceOfSatisfying(
                            SQLException.class,
                            e -> assertThat(e.getSQLState()).isEqualTo("26000"));
        }
    }

    @Test
    void a_parameter_without_a_value_and_one_that_is_no_number_are_refused() throws SQLException {
        try (var connection = connect("preferQueryMode=simple");
                var statement = connection.createStatement()) {
            assertThatThrownBy(() -> statement.executeQuery("SELECT $1"))
                    .isInstanceOfSatisfying(
                            SQLException.class,
                            e -> assertThat(e.getSQLState()).isEqualTo("42P02"));
        }
        try (var connection = connect("");
                var create =
                        connection.prepareStatement(
                                "CREATE STREAM few AS SELECT n FROM events WHERE n < ?")) {
            create.setInt(1, 1);
            assertThatThrownBy(create::execute)
                    .isInstanceOfSatisfying(
                            SQLException.class,
                            e -> assertThat(e.getSQLState()).isEqualTo("42P02"));
        }
        try (var connection = connect("");
                var select =
                        connection.prepareStatement("SELECT id FROM every_type WHERE id = ?")) {
            select.setObject(1, "ten", Types.OTHER);
            assertThatThrownBy(select::executeQuery)
                    .hasMessageContaining("invalid input syntax for type integer: \"ten\"");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"", " WITH (FORMAT csv, HEADER)", " (DELIMITER '|', NULL 'no text')"})
    void what_copy_writes_copy_reads(String options) throws Exception {
        String table = "copied" + Integer.toUnsignedString(options.hashCode());
        try (var connection = connect("");
                var statement = connection.createStatement()) {
            statement.execute(
                    "CREATE TABLE "
                            + table
                            + " (id INT PRIMARY KEY, t VARCHAR, d DOUBLE) WITH (KAFKA_TOPIC='"
                            + table
                            + "', VALUE_FORMAT='JSON', PARTITIONS=1)");
            List<String> texts =
                    new ArrayList<>(
                            List.of(
                                    "plain",
                                    "",
                                    "a\tb|c,d",
                                    "line\nbreak",
                                    "\"quoted\"",
                                    "back\\n",
                                    "é",
                                    "\\N",
                                    "none"));
            texts.add(null);
            try (var insert =
                    connection.prepareStatement("INSERT INTO " + table + " VALUES (?, ?, ?)")) {
                for (int id = 0; id < texts.size(); id++) {
                    insert.setInt(1, id);
                    insert.setString(2, texts.get(id));
                    insert.setDouble(3, id / 8.0);
                    insert.executeUpdate();
                }
            }
            var copy = connection.unwrap(PGConnection.class).getCopyAPI();
            var text = new StringWriter();
            assertThat(copy.copyOut("COPY " + table + " TO STDOUT" + options, text))
                    .isEqualTo(texts.size());
            statement.execute(
                    "CREATE TABLE "
                            + table
                            + "_back (id INT PRIMARY KEY, t VARCHAR, d DOUBLE) WITH (KAFKA_TOPIC='"
                            + table
                            + "_back', VALUE_FORMAT='JSON', PARTITIONS=1)");
            assertThat(
                            copy.copyIn(
                                    "COPY " + table + "_back (id, t, d) FROM STDIN" + options,
                                    new StringReader(text.toString())))
                    .isEqualTo(texts.size());
            try (ResultSet rows =
                    statement.executeQuery("SELECT t FROM " + table + "_back ORDER BY id")) {
                var back = new ArrayList<String>();
                while (rows.next()) {
                    back.add(rows.getString(1));
                }
                assertThat(back).isEqualTo(texts);
            }
        }
    }

    @Test
    void a_line_that_copy_cannot_read_is_named() throws Exception {
        try (var connection = connect("")) {
            var copy = connection.unwrap(PGConnection.class).getCopyAPI();
            assertThatThrownBy(() ->
                            copy.copyIn("COPY events FROM STDIN", new StringReader("1\tx\n2\n")))
                    .hasMessageContaining("missing data for column 2 in line 2 of COPY");
            assertThatThrownBy(() ->
                            copy.copyIn("COPY events FROM STDIN", new StringReader("one\tx\n")))
                    .hasMessageContaining("\"one\" is not a value of type INT");
            try (var statement = connection.createStatement()) {
                assertThat(integers(statement.executeQuery("SELECT 5"))).containsExactly(5);
            }
        }
    }

    @Test
    void an_error_points_at_its_place_in_the_statement() throws SQLException {
        try (var connection = connect("");
                var select = connection.prepareStatement("SELECT\n  é, nothing FROM events")) {
            assertThatThrownBy(select::executeQuery)
                    .isInstanceOfSatisfying(
                            org.postgresql.util.PSQLException.class,
                            e -> {
                                assertThat(e.getSQLState()).isEqualTo("42703");
                                assertThat(e.getServerErrorMessage().getPosition()).isEqualTo(10);
                            });
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"", BINARY, "preferQueryMode=simple"})
    void the_metadata_of_jdbc_describes_tables_columns_and_keys(String mode) throws SQLException {
        try (var connection = connect(mode)) {
            var metaData = connection.getMetaData();
            assertThat(column(metaData.getSchemas(), "TABLE_SCHEM")).contains("public");
            assertThat(column(metaData.getCatalogs(), "TABLE_CAT")).containsExactly("weir");
            assertThat(
                            column(
                                    metaData.getTables(
                                            null, "public", "eve%", new String[] {"TABLE"}),
                                    "TABLE_NAME"))
                    .containsExactly("events", "every_type");
            assertThat(column(metaData.getPrimaryKeys(null, "public", "every_type"), "COLUMN_NAME"))
                    .containsExactly("id");
            assertThat(
                            column(
                                    metaData.getIndexInfo(null, "public", "every_type", true, true),
                                    "INDEX_NAME"))
                    .containsExactly("every_type_pkey");
            assertThat(column(metaData.getImportedKeys(null, "public", "every_type"), "FK_NAME"))
                    .isEmpty();
            assertThat(column(metaData.getTypeInfo(), "TYPE_NAME"))
                    .contains("int4", "text", "bool");
            assertThat(column(metaData.getFunctions(null, "public", "upp%"), "FUNCTION_NAME"))
                    .contains("upper");
            for (int i = 0; i < 7; i++) {
                try (ResultSet columns = metaData.getColumns(null, "public", "every_type", "%")) {
                    var found = new ArrayList<String>();
                    while (columns.next()) {
                        found.add(
                                columns.getString("COLUMN_NAME")
                                        + " "
                                        + columns.getString("TYPE_NAME")
                                        + " "
                                        + columns.getInt("NULLABLE")
                                        + " "
                                        + columns.getInt("ORDINAL_POSITION"));
                    }
                    assertThat(found)
                            .containsExactly(
                                    "id int4 0 1",
                                    "b bool 1 2",
                                    "l int8 1 3",
                                    "d float8 1 4",
                                    "n numeric 1 5",
                                    "t text 1 6",
                                    "raw bytea 1 7",
                                    "day date 1 8",
                                    "clock time 1 9",
                                    "at timestamp 1 10");
                }
            }
        }
    }

    private static List<String> column(ResultSet rows, String name) throws SQLException {
        try (rows) {
            var values = new ArrayList<String>();
            while (rows.next()) {
                values.add(rows.getString(name));
            }
            return values;
        }
    }

    private static List<String> parameterTypes(Connection connection, String sql)
            throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            var types = new ArrayList<String>();
            var metaData = statement.getParameterMetaData();
            for (int i = 1; i <= metaData.getParameterCount(); i++) {
                types.add(metaData.getParameterTypeName(i));
            }
            return types;
        }
    }

    private static void insertEvent(Connection connection, int n, String word) throws SQLException {
        try (var insert = connection.prepareStatement("INSERT INTO events VALUES (?, ?)")) {
            insert.setInt(1, n);
            insert.setString(2, word);
            insert.executeUpdate();
        }
    }

    private static List<Integer> integers(ResultSet rows) throws SQLException {
        try (rows) {
            var integers = new ArrayList<Integer>();
            while (rows.next()) {
                integers.add(rows.getInt(1));
            }
            return integers;
        }
    }

    /// The client may have its answer before the engine has let go of the query.
    private static void awaitNoPushQueries() {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
        while (pushQueries() != 0) {
            assertThat(System.nanoTime()).as("time to end the query").isLessThan(deadline);
            Thread.onSpinWait();
        }
    }

    private static long pushQueries() {
        return server.engine().queries().stream().filter(q -> q.id().startsWith("push")).count();
    }

    private static Connection connect(String options) throws SQLException {
        int port = server.postgresAddress().orElseThrow().getPort();
        return DriverManager.getConnection(
                "jdbc:postgresql://127.0.0.1:" + port + "/weir?user=weir&" + options);
    }
}
