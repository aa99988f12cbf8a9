package dev.weir.broker.error;

import java.util.List;

/// A request that the broker could not serve, with the Kafka error code its client is to see. After
/// it is thrown nothing of the refused operation is visible.
public final class BrokerException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /// Messages quote what clients sent, and must fit into a response all the same.
    private static final int MAX_MESSAGE = 2000;

    private final short code;
    private final transient List<RecordError> recordErrors;

    /// @param code one of [ErrorCode]
    /// @param message lower-case and factual
    public BrokerException(short code, String message) {
        super(shortened(message));
        this.code = code;
        recordErrors = List.of();
    }

    /// A batch that is refused for some of its records.
    ///
    /// @param code one of [ErrorCode]
    /// @param message lower-case and factual
    public BrokerException(short code, String message, List<RecordError> recordErrors) {
        super(shortened(message));
        this.code = code;
        this.recordErrors = List.copyOf(recordErrors);
    }

    /// @param code one of [ErrorCode]
    /// @param message lower-case and factual
    /// @param cause what the disk or a codec reported
    public BrokerException(short code, String message, Throwable cause) {
        super(shortened(message), cause);
        this.code = code;
        recordErrors = List.of();
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

    /// The records because of which a batch was refused; empty if it is not about single ones.
    public List<RecordError> recordErrors() {
        return recordErrors;
    }
}
