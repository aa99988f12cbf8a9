package dev.weir.broker.request;

import dev.weir.broker.protocol.TopicIds;
import dev.weir.broker.topic.Topics;

import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.acl.AclOperation;
import org.apache.kafka.common.message.ConsumerGroupDescribeRequestData;
import org.apache.kafka.common.message.ConsumerGroupDescribeResponseData;
import org.apache.kafka.common.message.ConsumerGroupDescribeResponseData.DescribedGroup;
import org.apache.kafka.common.message.ConsumerGroupHeartbeatRequestData;
import org.apache.kafka.common.message.DeleteGroupsRequestData;
import org.apache.kafka.common.message.DeleteGroupsResponseData;
import org.apache.kafka.common.message.DeleteGroupsResponseData.DeletableGroupResult;
import org.apache.kafka.common.message.DescribeGroupsRequestData;
import org.apache.kafka.common.message.DescribeGroupsResponseData;
import org.apache.kafka.common.message.FindCoordinatorRequestData;
import org.apache.kafka.common.message.FindCoordinatorResponseData;
import org.apache.kafka.common.message.FindCoordinatorResponseData.Coordinator;
import org.apache.kafka.common.message.HeartbeatRequestData;
import org.apache.kafka.common.message.JoinGroupRequestData;
import org.apache.kafka.common.message.LeaveGroupRequestData;
import org.apache.kafka.common.message.ListGroupsResponseData;
import org.apache.kafka.common.message.OffsetCommitRequestData;
import org.apache.kafka.common.message.OffsetCommitResponseData;
import org.apache.kafka.common.message.OffsetCommitResponseData.OffsetCommitResponsePartition;
import org.apache.kafka.common.message.OffsetCommitResponseData.OffsetCommitResponseTopic;
import org.apache.kafka.common.message.OffsetDeleteRequestData;
import org.apache.kafka.common.message.OffsetDeleteResponseData;
import org.apache.kafka.common.message.OffsetDeleteResponseData.OffsetDeleteResponsePartition;
import org.apache.kafka.common.message.OffsetDeleteResponseData.OffsetDeleteResponseTopic;
import org.apache.kafka.common.message.OffsetFetchRequestData;
import org.apache.kafka.common.message.OffsetFetchResponseData;
import org.apache.kafka.common.message.OffsetFetchResponseData.OffsetFetchResponseGroup;
import org.apache.kafka.common.message.OffsetFetchResponseData.OffsetFetchResponsePartition;
import org.apache.kafka.common.message.OffsetFetchResponseData.OffsetFetchResponsePartitions;
import org.apache.kafka.common.message.OffsetFetchResponseData.OffsetFetchResponseTopic;
import org.apache.kafka.common.message.OffsetFetchResponseData.OffsetFetchResponseTopics;
import org.apache.kafka.common.message.SyncGroupRequestData;
import org.apache.kafka.common.message.TxnOffsetCommitRequestData;
import org.apache.kafka.common.message.TxnOffsetCommitResponseData;
import org.apache.kafka.common.message.TxnOffsetCommitResponseData.TxnOffsetCommitResponsePartition;
import org.apache.kafka.common.message.TxnOffsetCommitResponseData.TxnOffsetCommitResponseTopic;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.requests.OffsetFetchResponse;
import org.apache.kafka.common.resource.ResourceType;

import java.util.ArrayList;
import java.util.List;

/// What is asked of groups, held against the access rules as Kafka does it.
record GroupGuards(Topics topics) {
    private static final byte GROUP_KEY = 0;
    private static final short FIRST_WITH_KEYS = 4;
    private static final short FIRST_WITH_GROUPS = 8;
    private static final short FIRST_WITH_IDS = 10;

    /// Requests of members.
    Exchange member(Access access) {
        var group =
                switch (access.exchange().request().body()) {
                    case JoinGroupRequestData body -> body.groupId();
                    case SyncGroupRequestData body -> body.groupId();
                    case HeartbeatRequestData body -> body.groupId();
                    case LeaveGroupRequestData body -> body.groupId();
                    case ConsumerGroupHeartbeatRequestData body -> {
                        access.requireGroup(AclOperation.READ, body.groupId());
                        if (body.subscribedTopicNames() != null) {
                            for (var topic : body.subscribedTopicNames()) {
                                Access.require(
                                        access.topic(AclOperation.DESCRIBE, topic),
                                        Errors.TOPIC_AUTHORIZATION_FAILED);
                            }
                        }
                        yield body.groupId();
                    }
                    default -> throw new IllegalStateException("not a request of a member");
                };
        access.requireGroup(AclOperation.READ, group);
        return access.exchange();
    }

    Exchange findCoordinator(Access access) {
        var request = access.exchange().request();
        var body = (FindCoordinatorRequestData) request.body();
        boolean ofGroups = body.keyType() == GROUP_KEY;
        if (request.version() < FIRST_WITH_KEYS) {
            var error = coordinatorError(access, ofGroups, body.key());
            if (error != Errors.NONE) {
                throw Access.refusal(error);
            }
            return access.exchange();
        }
        var refused =
                Access.refuse(
                        body.coordinatorKeys(),
                        key -> coordinatorError(access, ofGroups, key),
                        (key, error) ->
                                new Coordinator()
                                        .setKey(key)
                                        .setErrorCode(error.code())
                                        .setErrorMessage(error.message())
                                        .setNodeId(-1)
                                        .setHost("")
                                        .setPort(-1));
        return access.appendingOrAnswered(
                FindCoordinatorResponseData.class,
                new FindCoordinatorResponseData(),
                body.coordinatorKeys(),
                refused,
                FindCoordinatorResponseData::coordinators,
                FindCoordinatorResponseData::setCoordinators);
    }

    private static Errors coordinatorError(Access access, boolean ofGroups, String key) {
        if (ofGroups) {
            return groupError(access, AclOperation.DESCRIBE, key);
        }
        return access.transaction(AclOperation.DESCRIBE, key)
                ? Errors.NONE
                : Errors.TRANSACTIONAL_ID_AUTHORIZATION_FAILED;
    }

    Exchange list(Access access) {
        if (access.cluster(AclOperation.DESCRIBE)) {
            return access.exchange();
        }
        return access.completing(
                ListGroupsResponseData.class,
                response ->
                        response.setGroups(
                                response.groups().stream()
                                        .filter(group ->
                                                access.group(
                                                        AclOperation.DESCRIBE, group.groupId()))
                                        .toList()));
    }

    Exchange describe(Access access) {
        var body = (DescribeGroupsRequestData) access.exchange().request().body();
        var refused =
                Access.refuse(
                        body.groups(),
                        group -> groupError(access, AclOperation.DESCRIBE, group),
                        (group, error) ->
                                new DescribeGroupsResponseData.DescribedGroup()
                                        .setGroupId(group)
                                        .setErrorCode(error.code()));
        return access.completing(
                DescribeGroupsResponseData.class,
                response -> {
                    var groups = new ArrayList<>(response.groups());
                    for (var group : groups) {
                        group.setAuthorizedOperations(
                                groupOperations(
                                        access, group.authorizedOperations(), group.groupId()));
                    }
                    groups.addAll(refused);
                    response.setGroups(groups);
                });
    }

    Exchange describeConsumers(Access access) {
        var body = (ConsumerGroupDescribeRequestData) access.exchange().request().body();
        var refused =
                Access.refuse(
                        body.groupIds(),
                        group -> groupError(access, AclOperation.DESCRIBE, group),
                        (group, error) ->
                                new DescribedGroup().setGroupId(group).setErrorCode(error.code()));
        return access.completing(
                ConsumerGroupDescribeResponseData.class,
                response -> {
                    var groups = new ArrayList<DescribedGroup>();
                    for (var group : response.groups()) {
                        if (readsHiddenTopics(access, group)) {
                            groups.add(
                                    new DescribedGroup()
                                            .setGroupId(group.groupId())
                                            .setErrorCode(Errors.TOPIC_AUTHORIZATION_FAILED.code())
                                            .setErrorMessage(
                                                    "the group has members that read topics the"
                                                            + " client may not describe"));
                        } else {
                            groups.add(
                                    group.setAuthorizedOperations(
                                            groupOperations(
                                                    access,
                                                    group.authorizedOperations(),
                                                    group.groupId())));
                        }
                    }
                    groups.addAll(refused);
                    response.setGroups(groups);
                });
    }

    private static boolean readsHiddenTopics(Access access, DescribedGroup group) {
        for (var member : group.members()) {
            for (var assignment : List.of(member.assignment(), member.targetAssignment())) {
                for (var each : assignment.topicPartitions()) {
                    if (!access.topic(AclOperation.DESCRIBE, each.topicName())) {
                        return true;
                    }
                }
            }
        }
        return false;
    }

    private static int groupOperations(Access access, int all, String group) {
        return all == Integer.MIN_VALUE ? all : access.operations(all, ResourceType.GROUP, group);
    }

    Exchange delete(Access access) {
        var body = (DeleteGroupsRequestData) access.exchange().request().body();
        var refused =
                Access.refuse(
                        body.groupsNames(),
                        group -> groupError(access, AclOperation.DELETE, group),
                        (group, error) ->
                                new DeletableGroupResult()
                                        .setGroupId(group)
                                        .setErrorCode(error.code()));
        return access.completing(
                DeleteGroupsResponseData.class,
                response -> refused.forEach(response.results()::add));
    }

    Exchange commit(Access access) {
        var request = access.exchange().request();
        var body = (OffsetCommitRequestData) request.body();
        access.requireGroup(AclOperation.READ, body.groupId());
        boolean byId = request.version() >= FIRST_WITH_IDS;
        var refused =
                Access.refuse(
                        body.topics(),
                        topic ->
                                topicError(
                                        may(
                                                access,
                                                AclOperation.READ,
                                                byId,
                                                topic.name(),
                                                topic.topicId())),
                        GroupGuards::refusedCommit);
        return access.appendingOrAnswered(
                OffsetCommitResponseData.class,
                new OffsetCommitResponseData(),
                body.topics(),
                refused,
                OffsetCommitResponseData::topics,
                OffsetCommitResponseData::setTopics);
    }

    private static OffsetCommitResponseTopic refusedCommit(
            OffsetCommitRequestData.OffsetCommitRequestTopic topic, Errors error) {
        var result =
                new OffsetCommitResponseTopic().setName(topic.name()).setTopicId(topic.topicId());
        for (var partition : topic.partitions()) {
            result.partitions()
                    .add(
                            new OffsetCommitResponsePartition()
                                    .setPartitionIndex(partition.partitionIndex())
                                    .setErrorCode(error.code()));
        }
        return result;
    }

    Exchange commitInTransaction(Access access) {
        var body = (TxnOffsetCommitRequestData) access.exchange().request().body();
        access.requireTransaction(AclOperation.WRITE, body.transactionalId());
        access.requireGroup(AclOperation.READ, body.groupId());
        var refused =
                Access.refuse(
                        body.topics(),
                        topic -> topicError(access.topic(AclOperation.READ, topic.name())),
                        GroupGuards::refusedCommitInTransaction);
        return access.appendingOrAnswered(
                TxnOffsetCommitResponseData.class,
                new TxnOffsetCommitResponseData(),
                body.topics(),
                refused,
                TxnOffsetCommitResponseData::topics,
                TxnOffsetCommitResponseData::setTopics);
    }

    private static TxnOffsetCommitResponseTopic refusedCommitInTransaction(
            TxnOffsetCommitRequestData.TxnOffsetCommitRequestTopic topic, Errors error) {
        var result = new TxnOffsetCommitResponseTopic().setName(topic.name());
        for (var partition : topic.partitions()) {
            result.partitions()
                    .add(
                            new TxnOffsetCommitResponsePartition()
                                    .setPartitionIndex(partition.partitionIndex())
                                    .setErrorCode(error.code()));
        }
        return result;
    }

    Exchange fetch(Access access) {
        var request = access.exchange().request();
        var body = (OffsetFetchRequestData) request.body();
        if (request.version() < FIRST_WITH_GROUPS) {
            access.requireGroup(AclOperation.DESCRIBE, body.groupId());
            return access.completing(
                    OffsetFetchResponseData.class, response -> hideTopics(access, body, response));
        }
        boolean byId = request.version() >= FIRST_WITH_IDS;
        var refused =
                Access.refuse(
                        body.groups(),
                        group -> groupError(access, AclOperation.DESCRIBE, group.groupId()),
                        (group, error) ->
                                new OffsetFetchResponseGroup()
                                        .setGroupId(group.groupId())
                                        .setErrorCode(error.code()));
        if (body.groups().isEmpty() && !refused.isEmpty()) {
            access.exchange().reply(new OffsetFetchResponseData().setGroups(refused));
            return null;
        }
        var asked = body.groups();
        return access.completing(
                OffsetFetchResponseData.class,
                response -> {
                    var all = new ArrayList<OffsetFetchResponseGroup>();
                    for (var group : response.groups()) {
                        all.add(group);
                        boolean everything =
                                asked.stream()
                                        .anyMatch(wanted ->
                                                wanted.groupId().equals(group.groupId())
                                                        && wanted.topics() == null);
                        hideTopics(access, byId, everything, group);
                    }
                    all.addAll(refused);
                    response.setGroups(all);
                });
    }

    private void hideTopics(
            Access access, boolean byId, boolean everything, OffsetFetchResponseGroup group) {
        var shown = new ArrayList<OffsetFetchResponseTopics>();
        for (var topic : group.topics()) {
            if (may(access, AclOperation.DESCRIBE, byId, topic.name(), topic.topicId())) {
                shown.add(topic);
            } else if (!everything) {
                var hidden =
                        new OffsetFetchResponseTopics()
                                .setName(topic.name())
                                .setTopicId(topic.topicId());
                for (var partition : topic.partitions()) {
                    hidden.partitions()
                            .add(
                                    new OffsetFetchResponsePartitions()
                                            .setPartitionIndex(partition.partitionIndex())
                                            .setErrorCode(Errors.TOPIC_AUTHORIZATION_FAILED.code())
                                            .setCommittedOffset(OffsetFetchResponse.INVALID_OFFSET)
                                            .setMetadata(OffsetFetchResponse.NO_METADATA)
                                            .setCommittedLeaderEpoch(-1));
                }
                shown.add(hidden);
            }
        }
        group.setTopics(shown);
    }

    private static void hideTopics(
            Access access, OffsetFetchRequestData body, OffsetFetchResponseData response) {
        var shown = new ArrayList<OffsetFetchResponseTopic>();
        for (var topic : response.topics()) {
            if (access.topic(AclOperation.DESCRIBE, topic.name())) {
                shown.add(topic);
            } else if (body.topics() != null) {
                var hidden = new OffsetFetchResponseTopic().setName(topic.name());
                for (var partition : topic.partitions()) {
                    hidden.partitions()
                            .add(
                                    new OffsetFetchResponsePartition()
                                            .setPartitionIndex(partition.partitionIndex())
                                            .setErrorCode(Errors.TOPIC_AUTHORIZATION_FAILED.code())
                                            .setCommittedOffset(OffsetFetchResponse.INVALID_OFFSET)
                                            .setMetadata(OffsetFetchResponse.NO_METADATA)
                                            .setCommittedLeaderEpoch(-1));
                }
                shown.add(hidden);
            }
        }
        response.setTopics(shown);
    }

    Exchange deleteOffsets(Access access) {
        var body = (OffsetDeleteRequestData) access.exchange().request().body();
        access.requireGroup(AclOperation.DELETE, body.groupId());
        var refused =
                Access.refuse(
                        body.topics(),
                        topic -> topicError(access.topic(AclOperation.READ, topic.name())),
                        GroupGuards::refusedDeletion);
        if (body.topics().isEmpty() && !refused.isEmpty()) {
            var response = new OffsetDeleteResponseData();
            refused.forEach(response.topics()::add);
            access.exchange().reply(response);
            return null;
        }
        return access.completing(
                OffsetDeleteResponseData.class,
                response -> {
                    if (response.errorCode() == Errors.NONE.code()) {
                        refused.forEach(response.topics()::add);
                    }
                });
    }

    private static OffsetDeleteResponseTopic refusedDeletion(
            OffsetDeleteRequestData.OffsetDeleteRequestTopic topic, Errors error) {
        var result = new OffsetDeleteResponseTopic().setName(topic.name());
        for (var partition : topic.partitions()) {
            result.partitions()
                    .add(
                            new OffsetDeleteResponsePartition()
                                    .setPartitionIndex(partition.partitionIndex())
                                    .setErrorCode(error.code()));
        }
        return result;
    }

    private static Errors groupError(Access access, AclOperation operation, String group) {
        return access.group(operation, group) ? Errors.NONE : Errors.GROUP_AUTHORIZATION_FAILED;
    }

    private static Errors topicError(boolean allowed) {
        return allowed ? Errors.NONE : Errors.TOPIC_AUTHORIZATION_FAILED;
    }

    /// Whether the client may do something with a topic. One whose id nobody knows is left to the
    /// handler, which says so.
    private boolean may(Access access, AclOperation operation, boolean byId, String name, Uuid id) {
        if (!byId) {
            return access.topic(operation, name);
        }
        return topics.find(TopicIds.fromWire(id))
                .map(topic -> access.topic(operation, topic.name()))
                .orElse(true);
    }
}
