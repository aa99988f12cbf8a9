package dev.weir.broker.request;

import dev.weir.broker.error.ErrorCode;
import dev.weir.broker.protocol.TopicIds;
import dev.weir.broker.topic.Topic;
import dev.weir.broker.topic.Topics;

import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.message.OffsetCommitRequestData;
import org.apache.kafka.common.message.OffsetCommitRequestData.OffsetCommitRequestPartition;
import org.apache.kafka.common.message.OffsetCommitRequestData.OffsetCommitRequestTopic;
import org.apache.kafka.common.message.OffsetDeleteRequestData;
import org.apache.kafka.common.message.OffsetDeleteRequestData.OffsetDeleteRequestPartition;
import org.apache.kafka.common.message.OffsetDeleteRequestData.OffsetDeleteRequestTopic;
import org.apache.kafka.common.message.OffsetDeleteRequestData.OffsetDeleteRequestTopicCollection;
import org.apache.kafka.common.message.OffsetFetchRequestData;
import org.apache.kafka.common.message.OffsetFetchRequestData.OffsetFetchRequestGroup;
import org.apache.kafka.common.message.OffsetFetchRequestData.OffsetFetchRequestTopics;
import org.apache.kafka.common.message.OffsetFetchResponseData.OffsetFetchResponseGroup;
import org.apache.kafka.common.message.OffsetFetchResponseData.OffsetFetchResponsePartitions;
import org.apache.kafka.common.message.OffsetFetchResponseData.OffsetFetchResponseTopics;
import org.apache.kafka.common.message.TxnOffsetCommitRequestData;
import org.apache.kafka.common.message.TxnOffsetCommitRequestData.TxnOffsetCommitRequestPartition;
import org.apache.kafka.common.message.TxnOffsetCommitRequestData.TxnOffsetCommitRequestTopic;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.requests.OffsetCommitResponse;
import org.apache.kafka.common.requests.OffsetDeleteResponse;
import org.apache.kafka.common.requests.OffsetFetchResponse;
import org.apache.kafka.common.requests.TxnOffsetCommitResponse;
import org.apache.kafka.common.utils.BufferSupplier;
import org.apache.kafka.coordinator.group.GroupCoordinator;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/// Committed offsets of groups.
///
/// The coordinator is always told the id of a topic, also by clients that know only its name, so
/// that what was committed for a deleted topic is not taken for an offset of a new one of the same
/// name.
record GroupOffsetHandlers(Topics topics, GroupCalls calls) {
    /// The first version of OffsetCommit and OffsetFetch that names topics by id.
    private static final short FIRST_WITH_IDS = 10;

    /// The first version of OffsetFetch that asks for several groups at a time.
    private static final short FIRST_WITH_GROUPS = 8;

    void commit(Exchange exchange) {
        boolean byId = exchange.request().version() >= FIRST_WITH_IDS;
        var asked = (OffsetCommitRequestData) exchange.request().body();
        var refused = OffsetCommitResponse.newBuilder(byId);
        var accepted = new ArrayList<OffsetCommitRequestTopic>();
        for (var wanted : asked.topics()) {
            var topic = find(byId, wanted.name(), wanted.topicId());
            if (topic.isEmpty()) {
                refused.addPartitions(
                        wanted.topicId(),
                        wanted.name(),
                        wanted.partitions(),
                        OffsetCommitRequestPartition::partitionIndex,
                        unknownTopic(byId));
                continue;
            }
            var known = new ArrayList<OffsetCommitRequestPartition>();
            for (var partition : wanted.partitions()) {
                if (isPartition(topic.get(), partition.partitionIndex())) {
                    known.add(partition);
                } else {
                    refused.addPartition(
                            wanted.topicId(),
                            wanted.name(),
                            partition.partitionIndex(),
                            Errors.UNKNOWN_TOPIC_OR_PARTITION);
                }
            }
            if (!known.isEmpty()) {
                accepted.add(
                        new OffsetCommitRequestTopic()
                                .setName(topic.get().name())
                                .setTopicId(TopicIds.toWire(topic.get().id()))
                                .setPartitions(known));
            }
        }
        if (accepted.isEmpty() && !asked.topics().isEmpty()) {
            exchange.reply(refused.build().data());
            return;
        }
        var body = asked.duplicate().setTopics(accepted);
        calls.ask(
                exchange,
                coordinator ->
                        coordinator.commitOffsets(
                                GroupCalls.caller(exchange), body, BufferSupplier.NO_CACHING),
                committed -> refused.merge(committed).build().data());
    }

    /// Commits offsets as part of a producer's transaction.
    void commitInTransaction(Exchange exchange) {
        var asked = (TxnOffsetCommitRequestData) exchange.request().body();
        var refused = new TxnOffsetCommitResponse.Builder();
        var accepted = new ArrayList<TxnOffsetCommitRequestTopic>();
        for (var wanted : asked.topics()) {
            var topic = topics.find(wanted.name());
            var known = new ArrayList<TxnOffsetCommitRequestPartition>();
            for (var partition : wanted.partitions()) {
                if (topic.isPresent() && isPartition(topic.get(), partition.partitionIndex())) {
                    known.add(partition);
                } else {
                    refused.addPartition(
                            wanted.name(),
                            partition.partitionIndex(),
                            Errors.UNKNOWN_TOPIC_OR_PARTITION);
                }
            }
            if (!known.isEmpty()) {
                accepted.add(
                        new TxnOffsetCommitRequestTopic()
                                .setName(wanted.name())
                                .setPartitions(known));
            }
        }
        if (accepted.isEmpty()) {
            exchange.reply(refused.build().data());
            return;
        }
        var body = asked.duplicate().setTopics(accepted);
        calls.ask(
                exchange,
                coordinator ->
                        coordinator.commitTransactionalOffsets(
                                GroupCalls.caller(exchange), body, BufferSupplier.NO_CACHING),
                committed -> refused.merge(committed).build().data());
    }

    void fetch(Exchange exchange) {
        short version = exchange.request().version();
        var body = (OffsetFetchRequestData) exchange.request().body();
        var wanted = version >= FIRST_WITH_GROUPS ? body.groups() : List.of(onlyGroup(body));
        calls.ask(
                exchange,
                coordinator -> {
                    var answers = new ArrayList<CompletableFuture<OffsetFetchResponseGroup>>();
                    var asked = new HashSet<String>();
                    for (var group : wanted) {
                        if (!asked.add(group.groupId())) {
                            continue; // or many times all offsets of one group would be answered
                        }
                        if (group.memberId() == null && group.memberEpoch() >= 0) {
                            // No member has the empty id; the coordinator cannot take null for one.
                            group.setMemberId("");
                        }
                        answers.add(fetch(exchange, coordinator, group, body.requireStable()));
                    }
                    return CompletableFuture.allOf(answers.toArray(CompletableFuture<?>[]::new))
                            .thenApply(_ -> answers.stream().map(CompletableFuture::join).toList());
                },
                groups -> new OffsetFetchResponse.Builder(groups).build(version).data());
    }

    private static OffsetFetchRequestGroup onlyGroup(OffsetFetchRequestData body) {
        var group = new OffsetFetchRequestGroup().setGroupId(body.groupId());
        if (body.topics() == null) {
            return group.setTopics(null);
        }
        for (var topic : body.topics()) {
            group.topics()
                    .add(
                            new OffsetFetchRequestTopics()
                                    .setName(topic.name())
                                    .setPartitionIndexes(topic.partitionIndexes()));
        }
        return group;
    }

    private CompletableFuture<OffsetFetchResponseGroup> fetch(
            Exchange exchange,
            GroupCoordinator coordinator,
            OffsetFetchRequestGroup wanted,
            boolean stable) {
        var caller = GroupCalls.caller(exchange);
        boolean byId = exchange.request().version() >= FIRST_WITH_IDS;
        if (wanted.topics() == null) {
            return coordinator
                    .fetchOffsets(caller, wanted, stable)
                    .thenApply(group -> byId ? withIds(group) : group);
        }
        var known = new ArrayList<OffsetFetchRequestTopics>();
        var unknown = new ArrayList<OffsetFetchResponseTopics>();
        for (var each : wanted.topics()) {
            var topic = find(byId, each.name(), each.topicId());
            if (topic.isPresent()) {
                known.add(
                        new OffsetFetchRequestTopics()
                                .setName(topic.get().name())
                                .setTopicId(TopicIds.toWire(topic.get().id()))
                                .setPartitionIndexes(each.partitionIndexes()));
            } else if (byId) {
                unknown.add(unknown(each));
            } else {
                known.add(each);
            }
        }
        var question = wanted.duplicate().setTopics(known);
        return coordinator
                .fetchOffsets(caller, question, stable)
                .thenApply(group -> {
                    if (group.errorCode() == ErrorCode.NONE && !unknown.isEmpty()) {
                        var all = new ArrayList<>(group.topics());
                        all.addAll(unknown);
                        group.setTopics(all);
                    }
                    return group;
                });
    }

    /// Only topics that exist have an id to be named by.
    private OffsetFetchResponseGroup withIds(OffsetFetchResponseGroup group) {
        var known = new ArrayList<OffsetFetchResponseTopics>();
        for (var each : group.topics()) {
            topics.find(each.name())
                    .ifPresent(topic -> known.add(each.setTopicId(TopicIds.toWire(topic.id()))));
        }
        return group.setTopics(known);
    }

    private static OffsetFetchResponseTopics unknown(OffsetFetchRequestTopics wanted) {
        var topic =
                new OffsetFetchResponseTopics().setName(wanted.name()).setTopicId(wanted.topicId());
        for (int partition : wanted.partitionIndexes()) {
            topic.partitions()
                    .add(
                            new OffsetFetchResponsePartitions()
                                    .setPartitionIndex(partition)
                                    .setErrorCode(ErrorCode.UNKNOWN_TOPIC_ID)
                                    .setCommittedOffset(OffsetFetchResponse.INVALID_OFFSET)
                                    .setMetadata(OffsetFetchResponse.NO_METADATA)
                                    .setCommittedLeaderEpoch(-1));
        }
        return topic;
    }

    void delete(Exchange exchange) {
        var asked = (OffsetDeleteRequestData) exchange.request().body();
        var refused = new OffsetDeleteResponse.Builder();
        var accepted = new OffsetDeleteRequestTopicCollection();
        for (var wanted : asked.topics()) {
            var topic = topics.find(wanted.name());
            var known = new ArrayList<OffsetDeleteRequestPartition>();
            for (var partition : wanted.partitions()) {
                if (topic.isPresent() && isPartition(topic.get(), partition.partitionIndex())) {
                    known.add(partition);
                } else {
                    refused.addPartition(
                            wanted.name(),
                            partition.partitionIndex(),
                            Errors.UNKNOWN_TOPIC_OR_PARTITION);
                }
            }
            if (!known.isEmpty()) {
                accepted.add(
                        new OffsetDeleteRequestTopic().setName(wanted.name()).setPartitions(known));
            }
        }
        if (accepted.isEmpty() && !asked.topics().isEmpty()) {
            exchange.reply(refused.build().data());
            return;
        }
        var body = new OffsetDeleteRequestData().setGroupId(asked.groupId()).setTopics(accepted);
        calls.ask(
                exchange,
                coordinator ->
                        coordinator.deleteOffsets(
                                GroupCalls.caller(exchange), body, BufferSupplier.NO_CACHING),
                deleted -> refused.merge(deleted).build().data());
    }

    private Optional<Topic> find(boolean byId, String name, Uuid id) {
        return byId ? topics.find(TopicIds.fromWire(id)) : topics.find(name);
    }

    private static Errors unknownTopic(boolean byId) {
        return byId ? Errors.UNKNOWN_TOPIC_ID : Errors.UNKNOWN_TOPIC_OR_PARTITION;
    }

    private static boolean isPartition(Topic topic, int index) {
        return index >= 0 && index < topic.partitions().size();
    }
}
