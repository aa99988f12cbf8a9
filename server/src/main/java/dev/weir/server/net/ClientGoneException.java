package dev.weir.server.net;

/// The client closed its connection, so there is nobody left to answer. No fault of anybody: the
/// work is given up without a word.
public final class ClientGoneException extends RuntimeException {
    ClientGoneException() {
        super("the client closed the connection", null, false, false);
    }
}
