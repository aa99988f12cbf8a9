package dev.weir.broker.request;

import dev.weir.broker.error.BrokerException;
import dev.weir.broker.error.ErrorCode;
import dev.weir.broker.partition.Partition;
import dev.weir.broker.protocol.TopicIds;
import dev.weir.broker.protocol.WireErrors;
import dev.weir.broker.topic.NewTopic;
import dev.weir.broker.topic.Topic;
import dev.weir.broker.topic.TopicNames;
import dev.weir.broker.topic.Topics;

import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.acl.AclOperation;
import org.apache.kafka.common.message.DescribeClusterRequestData;
import org.apache.kafka.common.message.DescribeClusterResponseData;
import org.apache.kafka.common.message.DescribeClusterResponseData.DescribeClusterBroker;
import org.apache.kafka.common.message.DescribeQuorumRequestData;
import org.apache.kafka.common.message.DescribeQuorumResponseData;
import org.apache.kafka.common.message.DescribeTopicPartitionsRequestData;
import org.apache.kafka.common.message.DescribeTopicPartitionsResponseData;
import org.apache.kafka.common.message.DescribeTopicPartitionsResponseData.Cursor;
import org.apache.kafka.common.message.DescribeTopicPartitionsResponseData.DescribeTopicPartitionsResponsePartition;
import org.apache.kafka.common.message.DescribeTopicPartitionsResponseData.DescribeTopicPartitionsResponseTopic;
import org.apache.kafka.common.message.ElectLeadersRequestData;
import org.apache.kafka.common.message.ElectLeadersResponseData;
import org.apache.kafka.common.message.ListPartitionReassignmentsResponseData;
import org.apache.kafka.common.message.MetadataRequestData;
import org.apache.kafka.common.message.MetadataRequestData.MetadataRequestTopic;
import org.apache.kafka.common.message.MetadataResponseData;
import org.apache.kafka.common.message.MetadataResponseData.MetadataResponseBroker;
import org.apache.kafka.common.message.MetadataResponseData.MetadataResponsePartition;
import org.apache.kafka.common.message.MetadataResponseData.MetadataResponseTopic;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;

/// Who is there and what it holds: a cluster of one node that leads every partition.
final class ClusterHandlers {
    private static final Logger LOGGER = LoggerFactory.getLogger(ClusterHandlers.class);

    private static final short FIRST_WITH_NULL_FOR_ALL = 1;

    /// The first version of Metadata in which a topic without a name can be answered.
    private static final short FIRST_WITH_NULL_NAME = 12;

    /// The first version of DescribeQuorum that says where voters are.
    private static final short FIRST_WITH_VOTER_NODES = 2;

    private static final byte BROKERS = 1;
    private static final int MAX_DESCRIBED_PARTITIONS = 2000;
    private static final List<Integer> THIS_NODE = List.of(Node.ID);

    /// As bits of Kafka's operation codes; everybody may do everything there is.
    private static final int TOPIC_OPERATIONS =
            bits(
                    AclOperation.READ,
                    AclOperation.WRITE,
                    AclOperation.CREATE,
                    AclOperation.DELETE,
                    AclOperation.ALTER,
                    AclOperation.DESCRIBE,
                    AclOperation.DESCRIBE_CONFIGS,
                    AclOperation.ALTER_CONFIGS);

    private static final int CLUSTER_OPERATIONS =
            bits(
                    AclOperation.CREATE,
                    AclOperation.ALTER,
                    AclOperation.DESCRIBE,
                    AclOperation.CLUSTER_ACTION,
                    AclOperation.DESCRIBE_CONFIGS,
                    AclOperation.ALTER_CONFIGS,
                    AclOperation.IDEMPOTENT_WRITE);

    private final ServingConfig config;
    private final Node node;
    private final Topics topics;
    private final Executor admin;

    ClusterHandlers(ServingConfig config, Topics topics, Executor admin) {
        this.config = config;
        this.node = config.node();
        this.topics = topics;
        this.admin = admin;
    }

    void metadata(Exchange exchange) {
        var body = (MetadataRequestData) exchange.request().body();
        if (!config.autoCreateTopics() || !body.allowAutoTopicCreation() || !lacksTopic(body)) {
            exchange.reply(metadata(exchange.request().version(), body, Map.of()));
            return;
        }
        exchange.holdFollowing();
        try {
            admin.execute(() -> {
                try {
                    var refused = createMissing(body);
                    exchange.reply(metadata(exchange.request().version(), body, refused));
                } catch (RuntimeException e) {
                    LOGGER.error("metadata request failed", e);
                    exchange.close("a metadata request failed");
                }
            });
        } catch (RejectedExecutionException e) {
            exchange.close("the broker is shutting down");
        }
    }

    void describeCluster(Exchange exchange) {
        var body = (DescribeClusterRequestData) exchange.request().body();
        if (body.endpointType() != BROKERS) {
            throw new BrokerException(
                    WireErrors.MISMATCHED_ENDPOINT_TYPE, "this is a broker, not a controller");
        }
        var response =
                new DescribeClusterResponseData()
                        .setClusterId(node.clusterId())
                        .setControllerId(node.id());
        response.brokers()
                .add(
                        new DescribeClusterBroker()
                                .setBrokerId(node.id())
                                .setHost(node.host())
                                .setPort(node.port()));
        if (body.includeClusterAuthorizedOperations()) {
            response.setClusterAuthorizedOperations(CLUSTER_OPERATIONS);
        }
        exchange.reply(response);
    }

    void describeTopicPartitions(Exchange exchange) {
        var body = (DescribeTopicPartitionsRequestData) exchange.request().body();
        var cursor = body.cursor();
        var names =
                body.topics().isEmpty()
                        ? topics.from(cursor == null ? "" : cursor.topicName()).keySet()
                        : body.topics().stream().map(t -> t.name()).sorted().distinct().toList();
        int left = Math.clamp(body.responsePartitionLimit(), 1, MAX_DESCRIBED_PARTITIONS);
        var response = new DescribeTopicPartitionsResponseData();
        for (var name : names) {
            if (cursor != null && name.compareTo(cursor.topicName()) < 0) {
                continue;
            }
            int first =
                    cursor != null && name.equals(cursor.topicName())
                            ? Math.max(0, cursor.partitionIndex())
                            : 0;
            if (left == 0) {
                response.setNextCursor(new Cursor().setTopicName(name).setPartitionIndex(first));
                break;
            }
            var topic = topics.find(name);
            if (topic.isEmpty()) {
                response.topics()
                        .add(
                                new DescribeTopicPartitionsResponseTopic()
                                        .setName(name)
                                        .setErrorCode(unknownTopic(name)));
                continue;
            }
            var partitions = topic.get().partitions();
            int end = Math.min(partitions.size(), first + left);
            response.topics().add(describe(topic.get(), first, end));
            left -= Math.max(0, end - first);
            if (end < partitions.size()) {
                response.setNextCursor(new Cursor().setTopicName(name).setPartitionIndex(end));
                break;
            }
        }
        exchange.reply(response);
    }

    /// The metadata log seen as Kafka's: one voter that has everything.
    void describeQuorum(Exchange exchange) {
        var body = (DescribeQuorumRequestData) exchange.request().body();
        short version = exchange.request().version();
        var response = new DescribeQuorumResponseData();
        for (var wanted : body.topics()) {
            var topic = new DescribeQuorumResponseData.TopicData().setTopicName(wanted.topicName());
            for (var each : wanted.partitions()) {
                var partition =
                        new DescribeQuorumResponseData.PartitionData()
                                .setPartitionIndex(each.partitionIndex());
                if (!wanted.topicName().equals(TopicNames.CLUSTER_METADATA)
                        || each.partitionIndex() != 0) {
                    partition.setErrorCode(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION);
                } else {
                    describeMetadata(partition);
                }
                topic.partitions().add(partition);
            }
            response.topics().add(topic);
        }
        if (version >= FIRST_WITH_VOTER_NODES) {
            var self = new DescribeQuorumResponseData.Node().setNodeId(node.id());
            self.listeners()
                    .add(
                            new DescribeQuorumResponseData.Listener()
                                    .setName("PLAINTEXT")
                                    .setHost(node.host())
                                    .setPort(node.port()));
            response.nodes().add(self);
        }
        exchange.reply(response);
    }

    /// The leader has always just fetched and is always caught up, as Kafka's is.
    private void describeMetadata(DescribeQuorumResponseData.PartitionData partition) {
        long end = config.metadataEnd().getAsLong();
        long nowMs = config.clock().millis();
        var voter =
                new DescribeQuorumResponseData.ReplicaState()
                        .setReplicaId(node.id())
                        .setLogEndOffset(end)
                        .setLastFetchTimestamp(nowMs)
                        .setLastCaughtUpTimestamp(nowMs);
        partition.setLeaderId(node.id()).setHighWatermark(end).currentVoters().add(voter);
    }

    /// Every partition has its preferred leader already.
    void electLeaders(Exchange exchange) {
        var body = (ElectLeadersRequestData) exchange.request().body();
        var response = new ElectLeadersResponseData();
        if (body.topicPartitions() == null) {
            exchange.reply(response);
            return;
        }
        for (var wanted : body.topicPartitions()) {
            var result =
                    new ElectLeadersResponseData.ReplicaElectionResult().setTopic(wanted.topic());
            var topic = topics.find(wanted.topic());
            for (int index : wanted.partitions()) {
                var partition =
                        new ElectLeadersResponseData.PartitionResult().setPartitionId(index);
                if (topic.isEmpty() || index < 0 || index >= topic.get().partitions().size()) {
                    partition
                            .setErrorCode(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
                            .setErrorMessage("there is no such partition");
                } else {
                    partition
                            .setErrorCode(WireErrors.ELECTION_NOT_NEEDED)
                            .setErrorMessage("the only replica is the leader");
                }
                result.partitionResult().add(partition);
            }
            response.replicaElectionResults().add(result);
        }
        exchange.reply(response);
    }

    /// There is nowhere to reassign a partition to.
    void listReassignments(Exchange exchange) {
        exchange.reply(new ListPartitionReassignmentsResponseData());
    }

    private boolean lacksTopic(MetadataRequestData body) {
        if (body.topics() == null) {
            return false;
        }
        for (var wanted : body.topics()) {
            if (!isById(wanted) && wanted.name() != null && topics.find(wanted.name()).isEmpty()) {
                return true;
            }
        }
        return false;
    }

    /// Creates the topics asked for that are not there, with one write to the disk.
    ///
    /// @return the error codes of those that cannot be
    private Map<String, Short> createMissing(MetadataRequestData body) {
        var missing = new LinkedHashSet<String>();
        for (var wanted : body.topics()) {
            if (!isById(wanted)
                    && wanted.name() != null
                    && !TopicNames.isInternal(wanted.name())
                    && !wanted.name().equals(TopicNames.CLUSTER_METADATA)
                    && topics.find(wanted.name()).isEmpty()) {
                missing.add(wanted.name());
            }
        }
        var refused = new HashMap<String, Short>();
        try {
            var outcomes =
                    topics.createAll(missing.stream().map(NewTopic::new).toList(), false)
                            .iterator();
            for (var name : missing) {
                var failure = outcomes.next().failure();
                if (failure != null) {
                    refused.put(name, failure.code());
                }
            }
        } catch (BrokerException e) {
            missing.forEach(name -> refused.put(name, e.code()));
        }
        return refused;
    }

    /// @param refused the topics that were to be created and could not be, with the reasons
    private MetadataResponseData metadata(
            short version, MetadataRequestData body, Map<String, Short> refused) {
        var response =
                new MetadataResponseData()
                        .setClusterId(node.clusterId())
                        .setControllerId(node.id());
        response.brokers()
                .add(
                        new MetadataResponseBroker()
                                .setNodeId(node.id())
                                .setHost(node.host())
                                .setPort(node.port()));
        if (body.includeClusterAuthorizedOperations()) {
            response.setClusterAuthorizedOperations(CLUSTER_OPERATIONS);
        }
        boolean all =
                body.topics() == null
                        || (body.topics().isEmpty() && version < FIRST_WITH_NULL_FOR_ALL);
        if (all) {
            for (var topic : topics.all()) {
                response.topics().add(metadata(topic));
            }
        } else {
            // Each once, or a request for one topic many times would have a huge response.
            for (var wanted : new LinkedHashSet<>(body.topics())) {
                response.topics().add(metadata(version, wanted, refused));
            }
        }
        if (body.includeTopicAuthorizedOperations()) {
            for (var topic : response.topics()) {
                topic.setTopicAuthorizedOperations(TOPIC_OPERATIONS);
            }
        }
        return response;
    }

    /// Clients that ask by id leave the name null or empty.
    private static boolean isById(MetadataRequestTopic wanted) {
        return !Uuid.ZERO_UUID.equals(wanted.topicId());
    }

    private MetadataResponseTopic metadata(
            short version, MetadataRequestTopic wanted, Map<String, Short> refused) {
        if (isById(wanted) || wanted.name() == null) {
            return topics.find(TopicIds.fromWire(wanted.topicId()))
                    .map(ClusterHandlers::metadata)
                    .orElseGet(() ->
                            new MetadataResponseTopic()
                                    .setName(version < FIRST_WITH_NULL_NAME ? "" : null)
                                    .setTopicId(wanted.topicId())
                                    .setErrorCode(ErrorCode.UNKNOWN_TOPIC_ID));
        }
        return topics.find(wanted.name())
                .map(ClusterHandlers::metadata)
                .orElseGet(() ->
                        new MetadataResponseTopic()
                                .setName(wanted.name())
                                .setIsInternal(TopicNames.isInternal(wanted.name()))
                                .setErrorCode(
                                        refused.getOrDefault(
                                                wanted.name(), unknownTopic(wanted.name()))));
    }

    private static MetadataResponseTopic metadata(Topic topic) {
        var response =
                new MetadataResponseTopic()
                        .setName(topic.name())
                        .setTopicId(TopicIds.toWire(topic.id()))
                        .setIsInternal(topic.isInternal());
        for (int index = 0; index < topic.partitions().size(); index++) {
            var partition = topic.partitions().get(index);
            boolean online = isOnline(partition);
            response.partitions()
                    .add(
                            new MetadataResponsePartition()
                                    .setPartitionIndex(index)
                                    .setErrorCode(
                                            online
                                                    ? ErrorCode.NONE
                                                    : WireErrors.LEADER_NOT_AVAILABLE)
                                    .setLeaderId(online ? Node.ID : -1)
                                    .setLeaderEpoch(online ? partition.leaderEpoch() : -1)
                                    .setReplicaNodes(THIS_NODE)
                                    .setIsrNodes(online ? THIS_NODE : List.of())
                                    .setOfflineReplicas(online ? List.of() : THIS_NODE));
        }
        return response;
    }

    private static DescribeTopicPartitionsResponseTopic describe(Topic topic, int first, int end) {
        var response =
                new DescribeTopicPartitionsResponseTopic()
                        .setName(topic.name())
                        .setTopicId(TopicIds.toWire(topic.id()))
                        .setIsInternal(topic.isInternal())
                        .setTopicAuthorizedOperations(TOPIC_OPERATIONS);
        for (int index = first; index < end; index++) {
            var partition = topic.partitions().get(index);
            boolean online = isOnline(partition);
            response.partitions()
                    .add(
                            new DescribeTopicPartitionsResponsePartition()
                                    .setPartitionIndex(index)
                                    .setErrorCode(
                                            online
                                                    ? ErrorCode.NONE
                                                    : WireErrors.LEADER_NOT_AVAILABLE)
                                    .setLeaderId(online ? Node.ID : -1)
                                    .setLeaderEpoch(online ? partition.leaderEpoch() : -1)
                                    .setReplicaNodes(THIS_NODE)
                                    .setIsrNodes(online ? THIS_NODE : List.of())
                                    .setEligibleLeaderReplicas(List.of())
                                    .setLastKnownElr(List.of())
                                    .setOfflineReplicas(online ? List.of() : THIS_NODE));
        }
        return response;
    }

    private static boolean isOnline(Partition partition) {
        return partition.offlineReason() == null;
    }

    /// A name that no topic can have is told apart from one that none has.
    private static short unknownTopic(String name) {
        try {
            TopicNames.check(name);
            return ErrorCode.UNKNOWN_TOPIC_OR_PARTITION;
        } catch (BrokerException e) {
            return e.code();
        }
    }

    private static int bits(AclOperation... operations) {
        int bits = 0;
        for (var operation : operations) {
            bits |= 1 << operation.code();
        }
        return bits;
    }
}
