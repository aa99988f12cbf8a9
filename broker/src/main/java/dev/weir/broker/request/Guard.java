package dev.weir.broker.request;

import dev.weir.broker.access.Authorizer;
import dev.weir.broker.error.BrokerException;
import dev.weir.broker.topic.Topics;

import org.apache.kafka.common.acl.AclOperation;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.message.AddOffsetsToTxnRequestData;
import org.apache.kafka.common.message.AlterConfigsRequestData;
import org.apache.kafka.common.message.AlterConfigsResponseData;
import org.apache.kafka.common.message.AlterConfigsResponseData.AlterConfigsResourceResponse;
import org.apache.kafka.common.message.DescribeClusterResponseData;
import org.apache.kafka.common.message.DescribeConfigsRequestData;
import org.apache.kafka.common.message.DescribeConfigsResponseData;
import org.apache.kafka.common.message.DescribeConfigsResponseData.DescribeConfigsResult;
import org.apache.kafka.common.message.DescribeTransactionsRequestData;
import org.apache.kafka.common.message.DescribeTransactionsResponseData;
import org.apache.kafka.common.message.DescribeTransactionsResponseData.TransactionState;
import org.apache.kafka.common.message.EndTxnRequestData;
import org.apache.kafka.common.message.IncrementalAlterConfigsRequestData;
import org.apache.kafka.common.message.IncrementalAlterConfigsResponseData;
import org.apache.kafka.common.message.InitProducerIdRequestData;
import org.apache.kafka.common.message.ListTransactionsResponseData;
import org.apache.kafka.common.protocol.ApiMessage;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.resource.ResourceType;

import java.util.Collection;
import java.util.List;
import java.util.function.BiFunction;
import java.util.function.Function;

/// Asks for every request whether its client may make it. What a client may not do is taken out of
/// its request before the handler sees it, and answered with the error Kafka has for it.
///
/// Stands before the handlers only while access rules are enforced.
final class Guard {
    private final Authorizer authorizer;
    private final TopicGuards topics;
    private final GroupGuards groups;

    /// @param autoCreate whether asking for a topic makes it
    Guard(Authorizer authorizer, Topics all, boolean autoCreate) {
        this.authorizer = authorizer;
        this.topics = new TopicGuards(all, autoCreate);
        this.groups = new GroupGuards(all);
    }

    /// Lets a request in.
    ///
    /// @return the exchange for the handler; null if nothing is left to be handled and it is
    ///   answered
    /// @throws BrokerException if the client may not make the request at all
    Exchange admit(Exchange exchange) {
        var request = exchange.request();
        var access = Access.of(exchange, authorizer);
        return switch (request.api()) {
            // A session names topics that the request does not: what a fetch reads is held against
            // the rules where it is read.
            case API_VERSIONS, FETCH -> exchange;
            case PRODUCE -> topics.produce(access);
            case LIST_OFFSETS -> topics.listOffsets(access);
            case METADATA -> topics.metadata(access);
            case DESCRIBE_TOPIC_PARTITIONS -> topics.describe(access);
            case CREATE_TOPICS -> topics.create(access);
            case DELETE_TOPICS -> topics.delete(access);
            case CREATE_PARTITIONS -> topics.createPartitions(access);
            case DELETE_RECORDS -> topics.deleteRecords(access);
            case OFFSET_FOR_LEADER_EPOCH -> topics.endOffsets(access);
            case DESCRIBE_PRODUCERS -> topics.producers(access);
            case ADD_PARTITIONS_TO_TXN -> topics.addToTransaction(access);
            case OFFSET_COMMIT -> groups.commit(access);
            case TXN_OFFSET_COMMIT -> groups.commitInTransaction(access);
            case OFFSET_FETCH -> groups.fetch(access);
            case OFFSET_DELETE -> groups.deleteOffsets(access);
            case FIND_COORDINATOR -> groups.findCoordinator(access);
            case JOIN_GROUP, SYNC_GROUP, HEARTBEAT, LEAVE_GROUP, CONSUMER_GROUP_HEARTBEAT ->
                    groups.member(access);
            case LIST_GROUPS -> groups.list(access);
            case DESCRIBE_GROUPS -> groups.describe(access);
            case CONSUMER_GROUP_DESCRIBE -> groups.describeConsumers(access);
            case DELETE_GROUPS -> groups.delete(access);
            case INIT_PRODUCER_ID -> initProducerId(access);
            case ADD_OFFSETS_TO_TXN -> addOffsets(access);
            case END_TXN -> {
                access.requireTransaction(
                        AclOperation.WRITE, ((EndTxnRequestData) request.body()).transactionalId());
                yield exchange;
            }
            case WRITE_TXN_MARKERS -> {
                if (!access.cluster(AclOperation.ALTER)) {
                    access.requireCluster(AclOperation.CLUSTER_ACTION);
                }
                yield exchange;
            }
            case DESCRIBE_TRANSACTIONS -> describeTransactions(access);
            case LIST_TRANSACTIONS ->
                    access.completing(
                            ListTransactionsResponseData.class,
                            response ->
                                    response.transactionStates()
                                            .removeIf(each ->
                                                    !access.transaction(
                                                            AclOperation.DESCRIBE,
                                                            each.transactionalId())));
            case DESCRIBE_CONFIGS -> describeConfigs(access);
            case ALTER_CONFIGS -> alterConfigs(access);
            case INCREMENTAL_ALTER_CONFIGS -> incrementalAlterConfigs(access);
            case DESCRIBE_CLUSTER ->
                    access.completing(
                            DescribeClusterResponseData.class,
                            response ->
                                    response.setClusterAuthorizedOperations(
                                            clusterOperations(
                                                    access,
                                                    response.clusterAuthorizedOperations())));
            case DESCRIBE_ACLS,
                    DESCRIBE_LOG_DIRS,
                    LIST_PARTITION_REASSIGNMENTS,
                    DESCRIBE_USER_SCRAM_CREDENTIALS,
                    DESCRIBE_QUORUM -> {
                access.requireCluster(AclOperation.DESCRIBE);
                yield exchange;
            }
            case DESCRIBE_CLIENT_QUOTAS, LIST_CONFIG_RESOURCES -> {
                access.requireCluster(AclOperation.DESCRIBE_CONFIGS);
                yield exchange;
            }
            case ALTER_CLIENT_QUOTAS -> {
                access.requireCluster(AclOperation.ALTER_CONFIGS);
                yield exchange;
            }
            // Among them whatever is served and not named above: nobody may do it by mistake.
            default -> {
                access.requireCluster(AclOperation.ALTER);
                yield exchange;
            }
        };
    }

    /// Nobody who may not describe the cluster is told what else it may do with it.
    static int clusterOperations(Access access, int all) {
        if (all == Integer.MIN_VALUE) {
            return all;
        }
        return access.cluster(AclOperation.DESCRIBE)
                ? access.operations(all, ResourceType.CLUSTER, Authorizer.CLUSTER)
                : 0;
    }

    private static Exchange initProducerId(Access access) {
        var id = ((InitProducerIdRequestData) access.exchange().request().body()).transactionalId();
        if (id != null) {
            access.requireTransaction(AclOperation.WRITE, id);
        } else {
            Access.require(
                    access.cluster(AclOperation.IDEMPOTENT_WRITE)
                            || access.someTopic(AclOperation.WRITE),
                    Errors.CLUSTER_AUTHORIZATION_FAILED);
        }
        return access.exchange();
    }

    private static Exchange addOffsets(Access access) {
        var body = (AddOffsetsToTxnRequestData) access.exchange().request().body();
        access.requireTransaction(AclOperation.WRITE, body.transactionalId());
        access.requireGroup(AclOperation.READ, body.groupId());
        return access.exchange();
    }

    private static Exchange describeTransactions(Access access) {
        var body = (DescribeTransactionsRequestData) access.exchange().request().body();
        var refused =
                Access.refuse(
                        body.transactionalIds(),
                        id ->
                                access.transaction(AclOperation.DESCRIBE, id)
                                        ? Errors.NONE
                                        : Errors.TRANSACTIONAL_ID_AUTHORIZATION_FAILED,
                        (id, error) ->
                                new TransactionState()
                                        .setTransactionalId(id)
                                        .setErrorCode(error.code()));
        return access.completing(
                DescribeTransactionsResponseData.class,
                response -> {
                    for (var state : response.transactionStates()) {
                        state.topics()
                                .removeIf(topic ->
                                        !access.topic(AclOperation.DESCRIBE, topic.topic()));
                    }
                    response.transactionStates().addAll(refused);
                });
    }

    private static Exchange describeConfigs(Access access) {
        var body = (DescribeConfigsRequestData) access.exchange().request().body();
        return settings(
                access,
                AclOperation.DESCRIBE_CONFIGS,
                body.resources(),
                each -> new Resource(each.resourceType(), each.resourceName()),
                (resource, error) ->
                        new DescribeConfigsResult()
                                .setResourceType(resource.type)
                                .setResourceName(resource.name)
                                .setErrorCode(error.code())
                                .setErrorMessage(error.message()),
                DescribeConfigsResponseData.class,
                DescribeConfigsResponseData::results);
    }

    private static Exchange alterConfigs(Access access) {
        var body = (AlterConfigsRequestData) access.exchange().request().body();
        return settings(
                access,
                AclOperation.ALTER_CONFIGS,
                body.resources(),
                each -> new Resource(each.resourceType(), each.resourceName()),
                (resource, error) ->
                        new AlterConfigsResourceResponse()
                                .setResourceType(resource.type)
                                .setResourceName(resource.name)
                                .setErrorCode(error.code())
                                .setErrorMessage(error.message()),
                AlterConfigsResponseData.class,
                AlterConfigsResponseData::responses);
    }

    private static Exchange incrementalAlterConfigs(Access access) {
        var body = (IncrementalAlterConfigsRequestData) access.exchange().request().body();
        return settings(
                access,
                AclOperation.ALTER_CONFIGS,
                body.resources(),
                each -> new Resource(each.resourceType(), each.resourceName()),
                (resource, error) ->
                        new IncrementalAlterConfigsResponseData.AlterConfigsResourceResponse()
                                .setResourceType(resource.type)
                                .setResourceName(resource.name)
                                .setErrorCode(error.code())
                                .setErrorMessage(error.message()),
                IncrementalAlterConfigsResponseData.class,
                IncrementalAlterConfigsResponseData::responses);
    }

    /// What has settings.
    private record Resource(byte type, String name) {}

    private static <W, R, T extends ApiMessage> Exchange settings(
            Access access,
            AclOperation operation,
            Collection<W> wanted,
            Function<W, Resource> resourceOf,
            BiFunction<Resource, Errors, R> refusalOf,
            Class<T> type,
            Function<T, List<R>> list) {
        var refused =
                Access.refuse(
                        wanted,
                        each -> settingsError(access, operation, resourceOf.apply(each)),
                        (each, error) -> refusalOf.apply(resourceOf.apply(each), error));
        return access.appending(type, refused, list);
    }

    private static Errors settingsError(Access access, AclOperation operation, Resource resource) {
        return switch (ConfigResource.Type.forId(resource.type)) {
            case TOPIC ->
                    access.topic(operation, resource.name)
                            ? Errors.NONE
                            : Errors.TOPIC_AUTHORIZATION_FAILED;
            case GROUP ->
                    access.group(operation, resource.name)
                            ? Errors.NONE
                            : Errors.GROUP_AUTHORIZATION_FAILED;
            case BROKER, BROKER_LOGGER, CLIENT_METRICS, UNKNOWN ->
                    access.cluster(operation) ? Errors.NONE : Errors.CLUSTER_AUTHORIZATION_FAILED;
        };
    }
}
