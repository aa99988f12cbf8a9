package dev.weir.server.http;

import io.netty.handler.codec.http.HttpResponseStatus;

import java.util.Map;

/// A request that cannot be served, whatever the engine would say.
final class BadRequestException extends RuntimeException {
    private final transient HttpResponseStatus status;
    private final int errorCode;
    private final transient Map<CharSequence, String> headers;

    /// @param errorCode ksqlDB's: the status times 100, plus a detail
    BadRequestException(HttpResponseStatus status, int errorCode, String message) {
        this(status, errorCode, message, Map.of());
    }

    /// @param headers that the answer has besides
    BadRequestException(
            HttpResponseStatus status,
            int errorCode,
            String message,
            Map<CharSequence, String> headers) {
        super(message);
        this.status = status;
        this.errorCode = errorCode;
        this.headers = Map.copyOf(headers);
    }

    /// A request whose body or parameters make no sense.
    static BadRequestException malformed(String message) {
        return new BadRequestException(HttpResponseStatus.BAD_REQUEST, 40000, message);
    }

    /// A statement sent to a resource that does not take its kind.
    static BadRequestException wrongResource(String message) {
        return new BadRequestException(HttpResponseStatus.BAD_REQUEST, 40002, message);
    }

    HttpResponseStatus status() {
        return status;
    }

    int errorCode() {
        return errorCode;
    }

    Map<CharSequence, String> headers() {
        return headers;
    }
}
