package dev.weir.server.pgwire;

import dev.weir.server.net.Transport;
import dev.weir.server.session.Sessions;

import java.net.InetSocketAddress;
import java.time.Duration;

/// The listener for PostgreSQL clients.
public final class PostgresDoor implements AutoCloseable {
    /// Clients choose their catalog queries by it.
    private static final String POSTGRES_VERSION = "15.0";

    /// How long statements that are running may take at shutdown.
    private static final Duration LAST_WORDS = Duration.ofSeconds(2);

    private final Transport.Listener listener;

    private PostgresDoor(Transport.Listener listener) {
        this.listener = listener;
    }

    /// Binds and begins to serve; connections are refused until `sessions` are open.
    ///
    /// @param messageMaxBytes the largest message of a client
    /// @param weirVersion told to clients behind the PostgreSQL version
    public static PostgresDoor open(
            Transport transport,
            InetSocketAddress at,
            int messageMaxBytes,
            Sessions sessions,
            String weirVersion) {
        var keys = new CancelKeys();
        String version = POSTGRES_VERSION + " (Weir " + weirVersion + ")";
        return new PostgresDoor(
                transport.listen(
                        "postgres.listen",
                        at,
                        channel ->
                                channel.pipeline()
                                        .addLast(new FrameDecoder(messageMaxBytes))
                                        .addLast(new ConnectionHandler(sessions, keys, version))));
    }

    /// The address bound.
    public InetSocketAddress address() {
        return listener.address();
    }

    /// Connections open now.
    public int connections() {
        return listener.connections();
    }

    public void stopAccepting() {
        listener.stopAccepting();
    }

    /// Tells all clients, and closes their connections as soon as they have been told, or soon
    /// after.
    @Override
    public void close() {
        listener.tellAll(new FrontendMessage.Shutdown());
        listener.awaitClosed(LAST_WORDS);
        listener.close();
    }
}
