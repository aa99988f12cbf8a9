package dev.weir.broker.protocol;

/// The bytes are not a request that can be answered: the connection they came on must be closed,
/// because nothing after them can be trusted either.
public final class MalformedRequestException extends Exception {
    public MalformedRequestException(String message) {
        super(message);
    }

    public MalformedRequestException(String message, Throwable cause) {
        super(message, cause);
    }
}
