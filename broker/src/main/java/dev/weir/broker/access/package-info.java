/// Who may do what with which topic, group or transactional id: Kafka's access rules. Start at
/// [Authorizer]. Any thread may call; nothing here waits. Knows nothing of requests.
package dev.weir.broker.access;
