package dev.weir.broker.request;

import dev.weir.broker.protocol.TopicIds;
import dev.weir.broker.topic.Topic;
import dev.weir.broker.topic.Topics;

import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.acl.AclOperation;
import org.apache.kafka.common.message.AddPartitionsToTxnRequestData;
import org.apache.kafka.common.message.AddPartitionsToTxnResponseData;
import org.apache.kafka.common.message.AddPartitionsToTxnResponseData.AddPartitionsToTxnPartitionResult;
import org.apache.kafka.common.message.AddPartitionsToTxnResponseData.AddPartitionsToTxnTopicResult;
import org.apache.kafka.common.message.CreatePartitionsRequestData;
import org.apache.kafka.common.message.CreatePartitionsResponseData;
import org.apache.kafka.common.message.CreatePartitionsResponseData.CreatePartitionsTopicResult;
import org.apache.kafka.common.message.CreateTopicsRequestData;
import org.apache.kafka.common.message.CreateTopicsResponseData;
import org.apache.kafka.common.message.CreateTopicsResponseData.CreatableTopicResult;
import org.apache.kafka.common.message.DeleteRecordsRequestData;
import org.apache.kafka.common.message.DeleteRecordsRequestData.DeleteRecordsTopic;
import org.apache.kafka.common.message.DeleteRecordsResponseData;
import org.apache.kafka.common.message.DeleteRecordsResponseData.DeleteRecordsPartitionResult;
import org.apache.kafka.common.message.DeleteRecordsResponseData.DeleteRecordsTopicResult;
import org.apache.kafka.common.message.DeleteTopicsRequestData;
import org.apache.kafka.common.message.DeleteTopicsRequestData.DeleteTopicState;
import org.apache.kafka.common.message.DeleteTopicsResponseData;
import org.apache.kafka.common.message.DeleteTopicsResponseData.DeletableTopicResult;
import org.apache.kafka.common.message.DescribeProducersRequestData;
import org.apache.kafka.common.message.DescribeProducersResponseData;
import org.apache.kafka.common.message.DescribeTopicPartitionsRequestData;
import org.apache.kafka.common.message.DescribeTopicPartitionsResponseData;
import org.apache.kafka.common.message.DescribeTopicPartitionsResponseData.Cursor;
import org.apache.kafka.common.message.DescribeTopicPartitionsResponseData.DescribeTopicPartitionsResponseTopic;
import org.apache.kafka.common.message.ListOffsetsRequestData;
import org.apache.kafka.common.message.ListOffsetsRequestData.ListOffsetsTopic;
import org.apache.kafka.common.message.ListOffsetsResponseData;
import org.apache.kafka.common.message.ListOffsetsResponseData.ListOffsetsPartitionResponse;
import org.apache.kafka.common.message.ListOffsetsResponseData.ListOffsetsTopicResponse;
import org.apache.kafka.common.message.MetadataRequestData;
import org.apache.kafka.common.message.MetadataRequestData.MetadataRequestTopic;
import org.apache.kafka.common.message.MetadataResponseData;
import org.apache.kafka.common.message.MetadataResponseData.MetadataResponseTopic;
import org.apache.kafka.common.message.OffsetForLeaderEpochRequestData;
import org.apache.kafka.common.message.OffsetForLeaderEpochRequestData.OffsetForLeaderTopic;
import org.apache.kafka.common.message.OffsetForLeaderEpochResponseData;
import org.apache.kafka.common.message.OffsetForLeaderEpochResponseData.EpochEndOffset;
import org.apache.kafka.common.message.OffsetForLeaderEpochResponseData.OffsetForLeaderTopicResult;
import org.apache.kafka.common.message.ProduceRequestData;
import org.apache.kafka.common.message.ProduceRequestData.TopicProduceData;
import org.apache.kafka.common.message.ProduceResponseData;
import org.apache.kafka.common.message.ProduceResponseData.PartitionProduceResponse;
import org.apache.kafka.common.message.ProduceResponseData.TopicProduceResponse;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.resource.ResourceType;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Predicate;

/// What is asked of topics, held against the access rules as Kafka does it.
///
/// @param autoCreate whether asking for a topic makes it
record TopicGuards(Topics topics, boolean autoCreate) {
    private static final short PRODUCE_BY_ID = 13;
    private static final short DELETE_BY_ID = 6;
    private static final short METADATA_NULL_FOR_ALL = 1;
    private static final short METADATA_NULL_NAME = 12;
    private static final short FIRST_BATCHED_TRANSACTIONS = 4;
    private static final Errors REFUSED = Errors.TOPIC_AUTHORIZATION_FAILED;

    Exchange produce(Access access) {
        var request = access.exchange().request();
        var body = (ProduceRequestData) request.body();
        if (body.transactionalId() != null) {
            access.requireTransaction(AclOperation.WRITE, body.transactionalId());
        }
        boolean byId = request.version() >= PRODUCE_BY_ID;
        var refused =
                refuse(
                        body.topicData(),
                        topic ->
                                may(
                                        access,
                                        AclOperation.WRITE,
                                        byId,
                                        topic.name(),
                                        topic.topicId()),
                        TopicGuards::refusal);
        if (refused.isEmpty()) {
            return access.exchange();
        }
        return access.completing(
                ProduceResponseData.class,
                response -> refused.forEach(response.responses()::add),
                "records sent with acks=0 were refused: " + REFUSED.message());
    }

    private static TopicProduceResponse refusal(TopicProduceData topic) {
        var result = new TopicProduceResponse().setName(topic.name()).setTopicId(topic.topicId());
        for (var partition : topic.partitionData()) {
            result.partitionResponses()
                    .add(
                            new PartitionProduceResponse()
                                    .setIndex(partition.index())
                                    .setErrorCode(REFUSED.code())
                                    .setErrorMessage(REFUSED.message())
                                    .setBaseOffset(-1)
                                    .setLogAppendTimeMs(-1)
                                    .setLogStartOffset(-1));
        }
        return result;
    }

    Exchange listOffsets(Access access) {
        var body = (ListOffsetsRequestData) access.exchange().request().body();
        var refused =
                refuse(
                        body.topics(),
                        topic -> access.topic(AclOperation.DESCRIBE, topic.name()),
                        TopicGuards::refusal);
        return refused.isEmpty()
                ? access.exchange()
                : access.appending(
                        ListOffsetsResponseData.class, refused, ListOffsetsResponseData::topics);
    }

    private static ListOffsetsTopicResponse refusal(ListOffsetsTopic topic) {
        var result = new ListOffsetsTopicResponse().setName(topic.name());
        for (var partition : topic.partitions()) {
            result.partitions()
                    .add(
                            new ListOffsetsPartitionResponse()
                                    .setPartitionIndex(partition.partitionIndex())
                                    .setErrorCode(REFUSED.code())
                                    .setOffset(-1)
                                    .setTimestamp(-1));
        }
        return result;
    }

    Exchange metadata(Access access) {
        var request = access.exchange().request();
        var body = (MetadataRequestData) request.body();
        boolean all =
                body.topics() == null
                        || (body.topics().isEmpty() && request.version() < METADATA_NULL_FOR_ALL);
        var refused = new ArrayList<MetadataResponseTopic>();
        if (!all) {
            body.topics()
                    .removeIf(topic -> {
                        var refusal = metadataRefusal(access, body, topic);
                        if (refusal != null) {
                            refused.add(refusal);
                        }
                        return refusal != null;
                    });
        }
        // An empty list would mean all topics to the handler of the oldest version.
        boolean nothing = !all && body.topics().isEmpty();
        return access.completing(
                MetadataResponseData.class,
                response -> {
                    if (nothing) {
                        response.topics().clear();
                    }
                    response.topics()
                            .removeIf(topic ->
                                    all && !access.topic(AclOperation.DESCRIBE, topic.name()));
                    for (var topic : response.topics()) {
                        if (topic.name() != null) {
                            topic.setTopicAuthorizedOperations(
                                    operations(
                                            access,
                                            topic.topicAuthorizedOperations(),
                                            topic.name()));
                        }
                    }
                    refused.forEach(response.topics()::add);
                    response.setClusterAuthorizedOperations(
                            Guard.clusterOperations(
                                    access, response.clusterAuthorizedOperations()));
                });
    }

    /// Null if the client may ask for the topic and, if that would make it, may make it.
    private MetadataResponseTopic metadataRefusal(
            Access access, MetadataRequestData body, MetadataRequestTopic wanted) {
        short version = access.exchange().request().version();
        if (!Uuid.ZERO_UUID.equals(wanted.topicId())) {
            boolean allowed =
                    may(access, AclOperation.DESCRIBE, true, wanted.name(), wanted.topicId());
            return allowed
                    ? null
                    : new MetadataResponseTopic()
                            .setName(version < METADATA_NULL_NAME ? "" : null)
                            .setTopicId(wanted.topicId())
                            .setErrorCode(REFUSED.code());
        }
        if (wanted.name() == null) {
            return null;
        }
        boolean allowed =
                access.topic(AclOperation.DESCRIBE, wanted.name())
                        && (!autoCreate
                                || !body.allowAutoTopicCreation()
                                || topics.find(wanted.name()).isPresent()
                                || access.cluster(AclOperation.CREATE)
                                || access.topic(AclOperation.CREATE, wanted.name()));
        return allowed
                ? null
                : new MetadataResponseTopic().setName(wanted.name()).setErrorCode(REFUSED.code());
    }

    private static int operations(Access access, int all, String topic) {
        return all == Integer.MIN_VALUE ? all : access.operations(all, ResourceType.TOPIC, topic);
    }

    Exchange describe(Access access) {
        var body = (DescribeTopicPartitionsRequestData) access.exchange().request().body();
        boolean all = body.topics().isEmpty();
        return access.completing(
                DescribeTopicPartitionsResponseData.class,
                response -> {
                    var hidden = new ArrayList<DescribeTopicPartitionsResponseTopic>();
                    for (var each = response.topics().iterator(); each.hasNext(); ) {
                        var topic = each.next();
                        if (access.topic(AclOperation.DESCRIBE, topic.name())) {
                            topic.setTopicAuthorizedOperations(
                                    operations(
                                            access,
                                            topic.topicAuthorizedOperations(),
                                            topic.name()));
                            continue;
                        }
                        each.remove();
                        if (!all) {
                            hidden.add(
                                    new DescribeTopicPartitionsResponseTopic()
                                            .setName(topic.name())
                                            .setErrorCode(REFUSED.code()));
                        }
                    }
                    hidden.forEach(response.topics()::add);
                    var next = response.nextCursor();
                    if (all && next != null) {
                        response.setNextCursor(visible(access, next));
                    }
                });
    }

    /// Moves a cursor on to a topic that the client may know of; null if there is none.
    private Cursor visible(Access access, Cursor next) {
        for (var name : topics.from(next.topicName()).keySet()) {
            if (access.topic(AclOperation.DESCRIBE, name)) {
                return name.equals(next.topicName())
                        ? next
                        : new Cursor().setTopicName(name).setPartitionIndex(0);
            }
        }
        return null;
    }

    Exchange create(Access access) {
        var body = (CreateTopicsRequestData) access.exchange().request().body();
        boolean any = access.cluster(AclOperation.CREATE);
        var refused =
                refuse(
                        body.topics(),
                        topic -> any || access.topic(AclOperation.CREATE, topic.name()),
                        topic ->
                                new CreatableTopicResult()
                                        .setName(topic.name())
                                        .setErrorCode(REFUSED.code())
                                        .setErrorMessage(REFUSED.message()));
        return access.completing(
                CreateTopicsResponseData.class,
                response -> {
                    for (var topic : response.topics()) {
                        if (topic.errorCode() == Errors.NONE.code()
                                && !access.topic(AclOperation.DESCRIBE_CONFIGS, topic.name())) {
                            topic.setTopicConfigErrorCode(REFUSED.code())
                                    .setConfigs(null)
                                    .setNumPartitions(-1)
                                    .setReplicationFactor((short) -1);
                        }
                    }
                    refused.forEach(response.topics()::add);
                });
    }

    Exchange delete(Access access) {
        var request = access.exchange().request();
        var body = (DeleteTopicsRequestData) request.body();
        if (access.cluster(AclOperation.DELETE)) {
            return access.exchange();
        }
        var refused =
                request.version() < DELETE_BY_ID
                        ? refuse(
                                body.topicNames(),
                                name -> access.topic(AclOperation.DELETE, name),
                                name -> refusedDeletion(name, Uuid.ZERO_UUID))
                        : refuse(
                                body.topics(),
                                topic ->
                                        may(
                                                access,
                                                AclOperation.DELETE,
                                                topic.name() == null,
                                                topic.name(),
                                                topic.topicId()),
                                topic ->
                                        refusedDeletion(
                                                nameToTell(access, topic), topic.topicId()));
        return access.completing(
                DeleteTopicsResponseData.class,
                response -> refused.forEach(response.responses()::add));
    }

    /// Who may not describe a topic is not told what the id's name is.
    private String nameToTell(Access access, DeleteTopicState topic) {
        if (topic.name() != null) {
            return topic.name();
        }
        return topics.find(TopicIds.fromWire(topic.topicId()))
                .map(Topic::name)
                .filter(known -> access.topic(AclOperation.DESCRIBE, known))
                .orElse(null);
    }

    private static DeletableTopicResult refusedDeletion(String name, Uuid id) {
        return new DeletableTopicResult()
                .setName(name)
                .setTopicId(id)
                .setErrorCode(REFUSED.code())
                .setErrorMessage(REFUSED.message());
    }

    Exchange createPartitions(Access access) {
        var body = (CreatePartitionsRequestData) access.exchange().request().body();
        var refused =
                refuse(
                        body.topics(),
                        topic -> access.topic(AclOperation.ALTER, topic.name()),
                        topic ->
                                new CreatePartitionsTopicResult()
                                        .setName(topic.name())
                                        .setErrorCode(REFUSED.code())
                                        .setErrorMessage(REFUSED.message()));
        return access.appending(
                CreatePartitionsResponseData.class, refused, CreatePartitionsResponseData::results);
    }

    Exchange deleteRecords(Access access) {
        var body = (DeleteRecordsRequestData) access.exchange().request().body();
        var refused =
                refuse(
                        body.topics(),
                        topic -> access.topic(AclOperation.DELETE, topic.name()),
                        TopicGuards::refusal);
        return access.completing(
                DeleteRecordsResponseData.class,
                response -> refused.forEach(response.topics()::add));
    }

    private static DeleteRecordsTopicResult refusal(DeleteRecordsTopic topic) {
        var result = new DeleteRecordsTopicResult().setName(topic.name());
        for (var partition : topic.partitions()) {
            result.partitions()
                    .add(
                            new DeleteRecordsPartitionResult()
                                    .setPartitionIndex(partition.partitionIndex())
                                    .setErrorCode(REFUSED.code())
                                    .setLowWatermark(-1));
        }
        return result;
    }

    Exchange endOffsets(Access access) {
        var body = (OffsetForLeaderEpochRequestData) access.exchange().request().body();
        if (access.cluster(AclOperation.CLUSTER_ACTION)) {
            return access.exchange();
        }
        var refused =
                refuse(
                        body.topics(),
                        topic -> access.topic(AclOperation.DESCRIBE, topic.topic()),
                        TopicGuards::refusal);
        return access.completing(
                OffsetForLeaderEpochResponseData.class,
                response -> refused.forEach(response.topics()::add));
    }

    private static OffsetForLeaderTopicResult refusal(OffsetForLeaderTopic topic) {
        var result = new OffsetForLeaderTopicResult().setTopic(topic.topic());
        for (var partition : topic.partitions()) {
            result.partitions()
                    .add(
                            new EpochEndOffset()
                                    .setPartition(partition.partition())
                                    .setErrorCode(REFUSED.code()));
        }
        return result;
    }

    Exchange producers(Access access) {
        var body = (DescribeProducersRequestData) access.exchange().request().body();
        var refused =
                refuse(
                        body.topics(),
                        topic -> access.topic(AclOperation.READ, topic.name()),
                        TopicGuards::refusal);
        return access.appending(
                DescribeProducersResponseData.class,
                refused,
                DescribeProducersResponseData::topics);
    }

    private static DescribeProducersResponseData.TopicResponse refusal(
            DescribeProducersRequestData.TopicRequest topic) {
        var result = new DescribeProducersResponseData.TopicResponse().setName(topic.name());
        for (int index : topic.partitionIndexes()) {
            result.partitions()
                    .add(
                            new DescribeProducersResponseData.PartitionResponse()
                                    .setPartitionIndex(index)
                                    .setErrorCode(REFUSED.code())
                                    .setErrorMessage(REFUSED.message()));
        }
        return result;
    }

    /// One topic that is refused keeps all others out of the transaction, too.
    Exchange addToTransaction(Access access) {
        var request = access.exchange().request();
        var body = (AddPartitionsToTxnRequestData) request.body();
        if (request.version() >= FIRST_BATCHED_TRANSACTIONS) {
            access.requireCluster(AclOperation.CLUSTER_ACTION);
            return access.exchange();
        }
        access.requireTransaction(AclOperation.WRITE, body.v3AndBelowTransactionalId());
        var refused = new HashSet<String>();
        for (var topic : body.v3AndBelowTopics()) {
            if (!access.topic(AclOperation.WRITE, topic.name())) {
                refused.add(topic.name());
            }
        }
        if (refused.isEmpty()) {
            return access.exchange();
        }
        var response = new AddPartitionsToTxnResponseData();
        for (var topic : body.v3AndBelowTopics()) {
            var error = refused.contains(topic.name()) ? REFUSED : Errors.OPERATION_NOT_ATTEMPTED;
            var result = new AddPartitionsToTxnTopicResult().setName(topic.name());
            for (int index : topic.partitions()) {
                result.resultsByPartition()
                        .add(
                                new AddPartitionsToTxnPartitionResult()
                                        .setPartitionIndex(index)
                                        .setPartitionErrorCode(error.code()));
            }
            response.resultsByTopicV3AndBelow().add(result);
        }
        access.exchange().reply(response);
        return null;
    }

    /// Takes out of a request the topics that the client may not touch.
    ///
    /// @param refusal what is answered instead
    /// @return an answer for each that was taken out, in their order
    private static <W, R> List<R> refuse(
            Collection<W> wanted, Predicate<W> mayTouch, Function<W, R> refusal) {
        return Access.refuse(
                wanted,
                each -> mayTouch.test(each) ? Errors.NONE : REFUSED,
                (each, _) -> refusal.apply(each));
    }

    /// Whether the client may do something with a topic. One whose id nobody knows is left to the
    /// handler, which says so.
    private boolean may(Access access, AclOperation operation, boolean byId, String name, Uuid id) {
        return (byId ? topics.find(TopicIds.fromWire(id)).map(Topic::name) : Optional.of(name))
                .map(known -> access.topic(operation, known))
                .orElse(true);
    }
}
