package dev.weir.server.http;

import dev.weir.server.metric.MetricSource;
import dev.weir.server.net.Transport;
import dev.weir.server.session.Sessions;

import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;

/// The listener for HTTP clients.
public final class HttpDoor implements AutoCloseable {
    /// How long answers that are under way may take at shutdown.
    private static final Duration LAST_ANSWERS = Duration.ofSeconds(2);

    private final Transport.Listener listener;
    private final Resources resources;

    private HttpDoor(Transport.Listener listener, Resources resources) {
        this.listener = listener;
        this.resources = resources;
    }

    /// Binds and begins to serve; statements are refused until `sessions` are open.
    ///
    /// @param bodyMaxBytes the largest request body
    /// @param sources what `/metrics` shows beside process and engine
    public static HttpDoor open(
            Transport transport,
            InetSocketAddress at,
            int bodyMaxBytes,
            Sessions sessions,
            ServerFacts facts,
            List<MetricSource> sources) {
        var resources = new Resources(sessions, facts, sources);
        return new HttpDoor(
                transport.listen(
                        "http.listen",
                        at,
                        channel ->
                                channel.pipeline()
                                        .addLast(new ProtocolDetector(resources, bodyMaxBytes))),
                resources);
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

    /// Closes all connections, once what is being answered is, or soon after.
    @Override
    public void close() {
        resources.awaitIdle(LAST_ANSWERS);
        listener.close();
    }
}
