package dev.weir.broker.request;

import dev.weir.broker.group.GroupCaller;
import dev.weir.broker.group.Groups;

import org.apache.kafka.common.protocol.ApiMessage;
import org.apache.kafka.coordinator.group.GroupCoordinator;

import java.util.concurrent.CompletableFuture;
import java.util.function.Function;

/// Takes questions to the group coordinator and its answers back to the exchange.
record GroupCalls(Groups groups) {
    static GroupCaller caller(Exchange exchange) {
        var request = exchange.request();
        return new GroupCaller(
                "PLAINTEXT",
                exchange.clientAddress(),
                request.api().id,
                request.version(),
                request.clientId(),
                request.correlationId());
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
