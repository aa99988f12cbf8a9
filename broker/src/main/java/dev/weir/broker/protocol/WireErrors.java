package dev.weir.broker.protocol;

import org.apache.kafka.common.protocol.Errors;

/// Error codes that exist only on the wire: nothing below the request handlers raises them.
public final class WireErrors {
    public static final short LEADER_NOT_AVAILABLE = Errors.LEADER_NOT_AVAILABLE.code();
    public static final short UNSUPPORTED_VERSION = Errors.UNSUPPORTED_VERSION.code();
    public static final short FETCH_SESSION_ID_NOT_FOUND = Errors.FETCH_SESSION_ID_NOT_FOUND.code();
    public static final short INVALID_FETCH_SESSION_EPOCH =
            Errors.INVALID_FETCH_SESSION_EPOCH.code();
    public static final short FETCH_SESSION_TOPIC_ID_ERROR =
            Errors.FETCH_SESSION_TOPIC_ID_ERROR.code();
    public static final short TOPIC_AUTHORIZATION_FAILED = Errors.TOPIC_AUTHORIZATION_FAILED.code();
    public static final short INCONSISTENT_TOPIC_ID = Errors.INCONSISTENT_TOPIC_ID.code();
    public static final short MISMATCHED_ENDPOINT_TYPE = Errors.MISMATCHED_ENDPOINT_TYPE.code();
    public static final short ELECTION_NOT_NEEDED = Errors.ELECTION_NOT_NEEDED.code();
    public static final short INCONSISTENT_GROUP_PROTOCOL =
            Errors.INCONSISTENT_GROUP_PROTOCOL.code();

    public static final short THROTTLING_QUOTA_EXCEEDED = Errors.THROTTLING_QUOTA_EXCEEDED.code();

    public static final short INVALID_REGULAR_EXPRESSION = Errors.INVALID_REGULAR_EXPRESSION.code();

    private WireErrors() {}
}
