package dev.weir.broker.request;

/// How the broker appears in a cluster of one.
///
/// @param host the name clients are told to connect to
public record Node(String clusterId, int id, String host, int port) {
    /// The only node's id.
    public static final int ID = 1;
}
