package dev.weir.broker.request;

import dev.weir.broker.access.Authorizer;
import dev.weir.broker.access.Caller;

import org.apache.kafka.common.acl.AclOperation;
import org.apache.kafka.common.resource.ResourceType;

/// The topics that the client of a fetch may read. What was decided for one of these does not hold
/// for another that is not equal to it.
///
/// @param rules the number of the rules when the client asked
record ReadableTopics(Authorizer authorizer, Caller caller, long rules) {
    /// What the client of an exchange may read; null if rules are not enforced and it may read
    /// everything.
    static ReadableTopics of(Exchange exchange, Authorizer authorizer) {
        return authorizer.isEnforced()
                ? new ReadableTopics(
                        authorizer,
                        Access.of(exchange, authorizer).caller(),
                        authorizer.rulesNumber())
                : null;
    }

    boolean includes(String topic) {
        return authorizer.allows(caller, AclOperation.READ, ResourceType.TOPIC, topic);
    }
}
