package dev.weir.broker.error;

/// A request that the broker could not serve, with the Kafka error code its client is to see. After
/// it is thrown nothing of the refused operation is visible.
public final class BrokerException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final short code;

    /// @param code one of [ErrorCode]
    /// @param message lower-case and factual
    public BrokerException(short code, String message) {
        super(message);
        this.code = code;
    }

    /// @param code one of [ErrorCode]
    /// @param message lower-case and factual
    /// @param cause what the disk or a codec reported
    public BrokerException(short code, String message, Throwable cause) {
        super(message, cause);
        this.code = code;
    }

    /// The Kafka error code.
    public short code() {
        return code;
    }
}
