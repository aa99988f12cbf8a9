package dev.weir.server;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;

import dev.weir.server.demo.Demo;
import dev.weir.server.demo.RunningServer;

import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;

/// The command line of `demo`: a server in this process with the demonstration on top.
public final class DemoMain {
    /// Set when the launcher makes the start-up cache in the background: then the usual ports are
    /// left to a server that somebody may start meanwhile.
    private static final boolean REHEARSAL = Boolean.getBoolean("weir.rehearsal");

    private DemoMain() {}

    public static void main(String[] arguments) {
        Carriers.allowMoreThanCores();
        // Between rows and prompts only what is wrong is worth a line, and of the Kafka client that
        // sends the events nothing: it complains when the server stops first.
        setLevel("dev.weir", Level.WARN);
        setLevel("org.apache.kafka", Level.OFF);
        System.exit(Demo.run(arguments, DemoMain::start));
    }

    private static void setLevel(String name, Level level) {
        if (LoggerFactory.getLogger(name) instanceof Logger logger) {
            logger.setLevel(level);
        }
    }

    private static RunningServer start(Path dataDir) {
        var values = new TreeMap<String, String>(Map.of(Property.DATA_DIR.key, dataDir.toString()));
        putIfTaken(values, Property.KAFKA_LISTEN);
        putIfTaken(values, Property.POSTGRES_LISTEN);
        putIfTaken(values, Property.HTTP_LISTEN);
        WeirServer server = WeirServer.start(ServerConfig.of(values));
        return new RunningServer(
                text(server.kafkaAddress()),
                text(server.httpAddress().orElseThrow()),
                text(server.postgresAddress().orElseThrow()),
                server::close);
    }

    /// Any free port where another server has the usual one.
    private static void putIfTaken(Map<String, String> values, Property listener) {
        int port =
                ListenAddress.parse(listener.key, listener.defaultValue)
                        .toSocketAddress()
                        .getPort();
        boolean free = !REHEARSAL;
        try (var _ = new ServerSocket(port, 1, InetAddress.getLoopbackAddress())) {
            // Free indeed, and closed again at once.
        } catch (IOException _) {
            free = false;
        }
        if (!free) {
            values.put(listener.key, "127.0.0.1:0");
        }
    }

    private static String text(InetSocketAddress address) {
        return address.getAddress().getHostAddress() + ":" + address.getPort();
    }
}
