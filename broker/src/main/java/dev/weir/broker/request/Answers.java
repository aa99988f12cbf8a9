package dev.weir.broker.request;

import dev.weir.broker.error.BrokerException;
import dev.weir.broker.error.ErrorCode;
import dev.weir.broker.protocol.Codec;

import org.apache.kafka.common.protocol.ApiMessage;
import org.apache.kafka.common.protocol.Errors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.Supplier;

/// Answers exchanges with what a coordinator says later, on a thread of its own, so that the event
/// loop never waits. As on Kafka, a connection's requests after one to a coordinator are held back
/// until that is answered: a commit is seen by the fetch that follows it.
final class Answers {
    private static final Logger LOGGER = LoggerFactory.getLogger(Answers.class);

    private Answers() {}

    /// Asks now and answers the exchange later. Event loop only.
    static void later(
            Exchange exchange, Supplier<CompletableFuture<? extends ApiMessage>> question) {
        exchange.holdFollowing();
        exchange.finishEarly(() ->
                fail(exchange, ErrorCode.COORDINATOR_NOT_AVAILABLE, "the broker is shutting down"));
        var _ =
                question.get()
                        .whenComplete((response, failure) -> {
                            if (failure == null) {
                                exchange.reply(response);
                            } else {
                                fail(exchange, failure);
                            }
                        });
    }

    /// What a failure is called on the wire. Failures nobody foresaw are logged.
    static Errors error(Exchange exchange, Throwable failure) {
        var cause = cause(failure);
        if (cause instanceof BrokerException known) {
            return Errors.forCode(known.code());
        }
        var error = Errors.forException(cause);
        if (error == Errors.UNKNOWN_SERVER_ERROR) {
            LOGGER.error(
                    "{} request of version {} from client \"{}\" failed",
                    exchange.request().api().name,
                    exchange.request().version(),
                    exchange.request().clientId(),
                    cause);
        }
        return error;
    }

    static Throwable cause(Throwable failure) {
        return failure instanceof CompletionException && failure.getCause() != null
                ? failure.getCause()
                : failure;
    }

    private static void fail(Exchange exchange, Throwable failure) {
        var error = error(exchange, failure);
        boolean told = error != Errors.UNKNOWN_SERVER_ERROR;
        fail(exchange, error.code(), told ? cause(failure).getMessage() : null);
    }

    private static void fail(Exchange exchange, short code, String message) {
        Codec.failure(exchange.request(), code, message)
                .ifPresentOrElse(
                        exchange::reply,
                        () -> exchange.close("a request to a coordinator failed: " + message));
    }
}
