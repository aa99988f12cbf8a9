package dev.weir.broker.error;

/// A request that the broker could not serve, with the Kafka error code its client is to see. After
/// it is thrown nothing of the refused operation is visible.
public final class BrokerException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /// Messages quote what clients sent, and must fit into a response all the same.
    private static final int MAX_MESSAGE = 2000;

    private final short code;

    /// @param code one of [ErrorCode]
    /// @param message lower-case and factual
    public BrokerException(short code, String message) {
        super(shortened(message));
        this.code = code;
    }

    /// @param code one of [ErrorCode]
    /// @param message lower-case and factual
    /// @param cause what the disk or a codec reported
    public BrokerException(short code, String message, Throwable cause) {
        super(shortened(message), cause);
        this.code = code;
    }

    private static String shortened(String message) {
        return message == null || message.length() <= MAX_MESSAGE
                ? message
                : message.substring(0, MAX_MESSAGE) + "…";
    }

    /// The Kafka error code.
    public short code() {
        return code;
    }
}
