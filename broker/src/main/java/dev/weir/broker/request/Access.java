package dev.weir.broker.request;

import dev.weir.broker.access.Authorizer;
import dev.weir.broker.access.Caller;
import dev.weir.broker.error.BrokerException;

import org.apache.kafka.common.acl.AclOperation;
import org.apache.kafka.common.protocol.ApiMessage;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.resource.ResourceType;
import org.apache.kafka.common.security.auth.KafkaPrincipal;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.function.BiConsumer;
import java.util.function.BiFunction;
import java.util.function.Consumer;
import java.util.function.Function;

/// What the client of one exchange may do.
record Access(Exchange exchange, Authorizer authorizer, Caller caller) {
    static Access of(Exchange exchange, Authorizer authorizer) {
        return new Access(
                exchange,
                authorizer,
                new Caller(
                        KafkaPrincipal.ANONYMOUS.toString(),
                        exchange.clientAddress().getHostAddress()));
    }

    boolean topic(AclOperation operation, String name) {
        return authorizer.allows(caller, operation, ResourceType.TOPIC, name);
    }

    boolean group(AclOperation operation, String name) {
        return authorizer.allows(caller, operation, ResourceType.GROUP, name);
    }

    boolean transaction(AclOperation operation, String id) {
        return authorizer.allows(caller, operation, ResourceType.TRANSACTIONAL_ID, id);
    }

    boolean cluster(AclOperation operation) {
        return authorizer.allows(caller, operation, ResourceType.CLUSTER, Authorizer.CLUSTER);
    }

    /// Whether the client may do something with some topic.
    boolean someTopic(AclOperation operation) {
        return authorizer.allowsSome(caller, operation, ResourceType.TOPIC);
    }

    /// @throws BrokerException with `CLUSTER_AUTHORIZATION_FAILED` unless it may
    void requireCluster(AclOperation operation) {
        require(cluster(operation), Errors.CLUSTER_AUTHORIZATION_FAILED);
    }

    /// @throws BrokerException with `GROUP_AUTHORIZATION_FAILED` unless it may
    void requireGroup(AclOperation operation, String name) {
        require(group(operation, name), Errors.GROUP_AUTHORIZATION_FAILED);
    }

    /// @throws BrokerException with `TRANSACTIONAL_ID_AUTHORIZATION_FAILED` unless it may
    void requireTransaction(AclOperation operation, String id) {
        require(transaction(operation, id), Errors.TRANSACTIONAL_ID_AUTHORIZATION_FAILED);
    }

    static void require(boolean allowed, Errors otherwise) {
        if (!allowed) {
            throw refusal(otherwise);
        }
    }

    static BrokerException refusal(Errors error) {
        return new BrokerException(error.code(), error.message());
    }

    /// Of operations that a resource has, as bits of Kafka's numbers, those that the client may do.
    int operations(int all, ResourceType type, String name) {
        int allowed = 0;
        for (byte code = 0; code < Integer.SIZE; code++) {
            if ((all & 1 << code) != 0
                    && authorizer.allows(caller, AclOperation.fromCode(code), type, name)) {
                allowed |= 1 << code;
            }
        }
        return allowed;
    }

    /// Takes out of a request what the client may not do.
    ///
    /// @param error why it may not, `NONE` if it may
    /// @param refusal what is answered instead
    /// @return an answer for each that was taken out, in their order
    static <W, R> List<R> refuse(
            Collection<W> wanted, Function<W, Errors> error, BiFunction<W, Errors, R> refusal) {
        var refused = new ArrayList<R>();
        wanted.removeIf(each -> {
            var found = error.apply(each);
            if (found == Errors.NONE) {
                return false;
            }
            refused.add(refusal.apply(each, found));
            return true;
        });
        return refused;
    }

    /// The exchange with refusals at the end of what its response lists.
    <T extends ApiMessage, R> Exchange appending(
            Class<T> type, List<R> refused, Function<T, List<R>> list) {
        return completing(type, response -> list.apply(response).addAll(refused));
    }

    /// The exchange with refusals at the end of what its response lists, or null if nothing is left
    /// to be asked: then it is answered here.
    ///
    /// @param empty a response that lists nothing
    /// @param left what is left of the request
    /// @param replace puts another list into a response, as that which is there may not be added to
    <T extends ApiMessage, R> Exchange appendingOrAnswered(
            Class<T> type,
            T empty,
            Collection<?> left,
            List<R> refused,
            Function<T, List<R>> list,
            BiConsumer<T, List<R>> replace) {
        if (refused.isEmpty()) {
            return exchange;
        }
        if (left.isEmpty()) {
            replace.accept(empty, refused);
            exchange.reply(empty);
            return null;
        }
        return completing(
                type,
                response -> {
                    var all = new ArrayList<>(list.apply(response));
                    all.addAll(refused);
                    replace.accept(response, all);
                });
    }

    /// The exchange with something to be done to its response.
    <T extends ApiMessage> Exchange completing(Class<T> type, Consumer<T> completion) {
        return completing(type, completion, null);
    }

    /// @param refusal why a client that waits for no response is cut off; null if it is not
    <T extends ApiMessage> Exchange completing(
            Class<T> type, Consumer<T> completion, String refusal) {
        return new GuardedExchange(
                exchange,
                response -> {
                    completion.accept(type.cast(response));
                    return response;
                },
                refusal);
    }
}
