package dev.weir.broker.request;

import dev.weir.broker.group.Groups;
import dev.weir.broker.protocol.WireRequest;

import org.apache.kafka.common.protocol.ApiMessage;
import org.apache.kafka.common.security.auth.KafkaPrincipal;
import org.apache.kafka.common.security.auth.SecurityProtocol;
import org.apache.kafka.coordinator.group.GroupCoordinator;
import org.apache.kafka.server.authorizer.AuthorizableRequestContext;

import java.net.InetAddress;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;

/// Takes questions to the group coordinator and its answers back to the exchange.
record GroupCalls(Groups groups) {
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
        Answers.later(exchange, () -> groups.coordinator().thenCompose(question).thenApply(answer));
    }
}
