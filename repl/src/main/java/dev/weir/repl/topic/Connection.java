package dev.weir.repl.topic;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.util.Properties;

/// Where the broker is, and the settings that every Kafka client here shares.
///
/// @param bootstrap `host:port`, or several separated by commas
record Connection(String bootstrap) {
    static final String DEFAULT = "127.0.0.1:9092";
    private static final int CONNECT_TIMEOUT_MS = 5_000;

    /// Makes sure that something listens, since Kafka's clients would only try for a minute.
    ///
    /// @throws NoBrokerException when no address of the list accepts a connection
    void check() throws NoBrokerException {
        String reason = "no address given";
        for (String address : bootstrap.split(",", -1)) {
            int colon = address.lastIndexOf(':');
            try (Socket socket = new Socket()) {
                String host = address.substring(0, Math.max(colon, 0)).strip();
                int port = Integer.parseInt(address.substring(colon + 1).strip());
                socket.connect(new InetSocketAddress(host, port), CONNECT_TIMEOUT_MS);
                return;
            } catch (IOException e) {
                reason = e.getMessage();
            } catch (IllegalArgumentException e) {
                throw new UsageException("a server is HOST:PORT, got \"" + address + "\"", e);
            }
        }
        throw new NoBrokerException("cannot connect to " + bootstrap + ": " + reason);
    }

    Properties properties() {
        Properties properties = new Properties();
        properties.put("bootstrap.servers", bootstrap);
        properties.put("client.id", "weir-topic");
        // Nothing to gain from a server's metrics plugin, and one connection less to explain.
        properties.put("enable.metrics.push", "false");
        properties.put("metric.reporters", "");
        return properties;
    }
}
