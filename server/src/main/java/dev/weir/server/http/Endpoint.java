package dev.weir.server.http;

/// Answers the requests of one resource. Called on virtual threads, many at a time.
@FunctionalInterface
interface Endpoint {
    /// Answers; may throw [dev.weir.sql.error.SqlException] or [BadRequestException] as long as
    /// nothing of the answer was sent.
    void serve(Exchange exchange) throws InterruptedException;
}
