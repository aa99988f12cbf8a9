package dev.weir.broker.request;

/// Serves the requests of one API.
@FunctionalInterface
interface Handler {
    /// Answers the exchange, now or later.
    ///
    /// @throws dev.weir.broker.error.BrokerException if the request as a whole fails; the caller
    ///   answers with its code
    void handle(Exchange exchange);
}
