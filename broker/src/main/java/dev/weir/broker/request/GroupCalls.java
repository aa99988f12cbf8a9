package dev.weir.broker.request;

import dev.weir.broker.error.BrokerException;
import dev.weir.broker.error.ErrorCode;
import dev.weir.broker.group.Groups;
import dev.weir.broker.protocol.Codec;
import dev.weir.broker.protocol.WireRequest;

import org.apache.kafka.common.protocol.ApiMessage;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.security.auth.KafkaPrincipal;
import org.apache.kafka.common.security.auth.SecurityProtocol;
import org.apache.kafka.coordinator.group.GroupCoordinator;
import org.apache.kafka.server.authorizer.AuthorizableRequestContext;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.net.InetAddress;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.Function;

/// Takes questions to the group coordinator and its answers back to the exchange.
///
/// The coordinator queues a question and answers it on a thread of its own, so the event loop never
/// waits. As on Kafka, a connection's requests after one to the coordinator are held back until
/// that is answered: a commit is seen by the fetch that follows it.
record GroupCalls(Groups groups) {
    private static final Logger LOGGER = LoggerFactory.getLogger(GroupCalls.class);

    /// Who asks, in the coordinator's terms.
    record Caller(WireRequest request, InetAddress clientAddress)
            implements AuthorizableRequestContext {
        @Override
        public String listenerName() {
            return "PLAINTEXT";
        }

        @Override
        public SecurityProtocol securityProtocol() {
            return SecurityProtocol.PLAINTEXT;
        }

        @Override
        public KafkaPrincipal principal() {
            return KafkaPrincipal.ANONYMOUS;
        }

        @Override
        public int requestType() {
            return request.api().id;
        }

        @Override
        public int requestVersion() {
            return request.version();
        }

        @Override
        public String clientId() {
            return request.clientId();
        }

        @Override
        public int correlationId() {
            return request.correlationId();
        }
    }

    static Caller caller(Exchange exchange) {
        return new Caller(exchange.request(), exchange.clientAddress());
    }

    /// Asks the coordinator and answers the exchange later. Event loop only.
    ///
    /// @param answer makes the response, in the shape of the request's version, of the
    ///   coordinator's answer
    <T> void ask(
            Exchange exchange,
            Function<GroupCoordinator, CompletableFuture<T>> question,
            Function<T, ApiMessage> answer) {
        exchange.holdFollowing();
        exchange.finishEarly(() ->
                fail(exchange, ErrorCode.COORDINATOR_NOT_AVAILABLE, "the broker is shutting down"));
        var _ =
                groups.coordinator()
                        .thenCompose(question)
                        .thenApply(answer)
                        .whenComplete((response, failure) -> {
                            if (failure == null) {
                                exchange.reply(response);
                            } else {
                                fail(exchange, failure);
                            }
                        });
    }

    private static void fail(Exchange exchange, Throwable failure) {
        var cause =
                failure instanceof CompletionException && failure.getCause() != null
                        ? failure.getCause()
                        : failure;
        if (cause instanceof BrokerException known) {
            fail(exchange, known.code(), known.getMessage());
            return;
        }
        var error = Errors.forException(cause);
        if (error == Errors.UNKNOWN_SERVER_ERROR) {
            LOGGER.error(
                    "{} request of version {} from client \"{}\" failed",
                    exchange.request().api().name,
                    exchange.request().version(),
                    exchange.request().clientId(),
                    cause);
            fail(exchange, error.code(), null);
        } else {
            fail(exchange, error.code(), cause.getMessage());
        }
    }

    private static void fail(Exchange exchange, short code, String message) {
        Codec.failure(exchange.request(), code, message)
                .ifPresentOrElse(
                        exchange::reply,
                        () -> exchange.close("a group request failed: " + message));
    }
}
