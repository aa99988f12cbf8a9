package dev.weir.sql.serde;

/// Bytes that cannot be read. Carries no stack trace: bad records may come by the million.
final class DecodeFailure extends RuntimeException {
    DecodeFailure(String message) {
        super(message, null, false, false);
    }
}
