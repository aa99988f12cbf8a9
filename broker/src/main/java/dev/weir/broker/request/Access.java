package dev.weir.broker.request;

import dev.weir.broker.access.Authorizer;
import dev.weir.broker.access.Caller;
import dev.weir.broker.error.BrokerException;

import org.apache.kafka.common.acl.AclOperation;
import org.apache.kafka.common.protocol.ApiMessage;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.resource.ResourceType;
import org.apache.kafka.common.security.auth.KafkaPrincipal;

import java.util.function.Consumer;

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
