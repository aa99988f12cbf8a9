package dev.weir.server.fuzz;

import com.sun.management.ThreadMXBean;

import dev.weir.server.ServerConfig;
import dev.weir.server.WeirServer;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;

/// A server, somebody who uses it honestly, and what happens that must not while others send
/// whatever they like.
final class Doors implements AutoCloseable {
    /// The largest message and body the server takes.
    static final int MAX_BYTES = 8192;

    /// What the event loops may allocate for a conversation, whatever is said in it.
    private static final long LOOPS = 4 << 20;

    private static final int LOOPS_PER_BYTE = 64;

    /// What the whole process may: the smallest statement is parsed, planned and compiled.
    private static final long ALL = 256 << 20;

    private static final String HONEST = "bystander_2f6c1e";

    private final ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    private final LogWatch log = new LogWatch();
    private final WeirServer server;
    private final Connection honest;
    private int written;

    /// What came back.
    ///
    /// @param ended whether the server closed the connection
    record Reply(byte[] bytes, boolean ended) {}

    Doors(Path directory) throws SQLException {
        server =
                WeirServer.start(
                        ServerConfig.onFreePorts(directory)
                                .with("num.partitions", "1")
                                .with("postgres.message.max.bytes", Integer.toString(MAX_BYTES))
                                .with("http.body.max.bytes", Integer.toString(MAX_BYTES)));
        honest = connect(postgres().getPort(), "");
        try (var statement = honest.createStatement()) {
            statement.execute(
                    "CREATE STREAM "
                            + HONEST
                            + " (n INT) WITH (KAFKA_TOPIC='"
                            + HONEST
                            + "', VALUE_FORMAT='JSON', PARTITIONS=1)");
        }
    }

    InetSocketAddress postgres() {
        return server.postgresAddress().orElseThrow();
    }

    InetSocketAddress http() {
        return server.httpAddress().orElseThrow();
    }

    /// @param more parameters of the driver, each behind an ampersand
    static Connection connect(int port, String more) throws SQLException {
        return DriverManager.getConnection(
                "jdbc:postgresql://127.0.0.1:"
                        + port
                        + "/weir?user=fuzz&sslmode=disable&gssEncMode=disable&socketTimeout=20"
                        + more);
    }

    /// Sends bytes and takes what comes until the server ends the connection, has said its last
    /// word or has been silent for too long.
    static Reply say(InetSocketAddress door, byte[] bytes, int patienceMs, String lastWord)
            throws IOException {
        var reply = new ByteArrayOutputStream();
        boolean ended = true;
        try (var socket = new Socket(door.getAddress(), door.getPort())) {
            socket.setSoTimeout(patienceMs);
            Thread.startVirtualThread(() -> write(socket, bytes));
            var piece = new byte[MAX_BYTES];
            var in = socket.getInputStream();
            for (int n = in.read(piece); n >= 0; n = in.read(piece)) {
                reply.write(piece, 0, n);
                if (new String(piece, 0, n, StandardCharsets.ISO_8859_1).contains(lastWord)) {
                    break;
                }
            }
        } catch (SocketTimeoutException _) {
            ended = false;
        } catch (SocketException _) {
            // Reset, because it was closed before all was read.
        }
        return new Reply(reply.toByteArray(), ended);
    }

    private static void write(Socket socket, byte[] bytes) {
        try {
            socket.getOutputStream().write(bytes);
        } catch (IOException _) {
            // The server does not want more.
        }
    }

    /// What the event loops of the doors, and all threads, have allocated so far.
    record Allocated(long loops, long all) {}

    Allocated allocated() {
        long loops = 0;
        for (long id : threads.getAllThreadIds()) {
            var info = threads.getThreadInfo(id);
            if (info != null && info.getThreadName().startsWith("door-")) {
                loops += Math.max(0, threads.getThreadAllocatedBytes(id));
            }
        }
        return new Allocated(loops, threads.getTotalThreadAllocatedBytes());
    }

    /// What must not have happened since.
    List<String> faults(Allocated before, int bytesSent) {
        var faults = new ArrayList<>(log.surprises());
        var after = allocated();
        long loops = after.loops() - before.loops();
        if (loops > LOOPS + (long) LOOPS_PER_BYTE * bytesSent) {
            faults.add("event loops allocated " + loops + " bytes for " + bytesSent);
        }
        long all = after.all() - before.all();
        if (all > ALL) {
            faults.add("allocated " + all + " bytes for " + bytesSent);
        }
        return faults;
    }

    /// Uses the server as one should.
    ///
    /// @throws SQLException if that does not work any more
    void useHonestly() throws SQLException {
        try (var insert = honest.prepareStatement("INSERT INTO " + HONEST + " VALUES (?)")) {
            insert.setInt(1, written++);
            insert.executeUpdate();
        }
        try (var another = connect(postgres().getPort(), "");
                var statement = another.createStatement();
                var rows = statement.executeQuery("SELECT 6 * 7")) {
            rows.next();
            if (rows.getInt(1) != 42) {
                throw new SQLException("6 * 7 is " + rows.getInt(1));
            }
        }
    }

    /// What the honest one wrote and what is there of it.
    record Kept(List<Integer> written, List<Integer> read) {}

    Kept kept() throws SQLException {
        var expected = new ArrayList<Integer>();
        for (int i = 0; i < written; i++) {
            expected.add(i);
        }
        var read = new ArrayList<Integer>();
        try (var statement = honest.createStatement();
                var rows = statement.executeQuery("SELECT n FROM " + HONEST)) {
            while (rows.next()) {
                read.add(rows.getInt(1));
            }
        }
        return new Kept(expected, read);
    }

    /// What went wrong that nobody asked for yet, such as at the end.
    List<String> surprises() {
        return log.surprises();
    }

    @Override
    public void close() throws SQLException {
        honest.close();
        server.close();
        log.close();
    }
}
