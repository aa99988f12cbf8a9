package dev.weir.server.demo;

/// The server that the demo shows: where to reach it, and its end.
///
/// @param kafka `host:port` of the Kafka listener
/// @param http `host:port` of the HTTP listener
/// @param postgres `host:port` of the PostgreSQL listener
/// @param end stops it
public record RunningServer(String kafka, String http, String postgres, Runnable end)
        implements AutoCloseable {
    @Override
    public void close() {
        end.run();
    }
}
