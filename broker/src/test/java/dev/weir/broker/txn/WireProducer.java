package dev.weir.broker.txn;

import dev.weir.broker.RawClient;

import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.message.AddOffsetsToTxnRequestData;
import org.apache.kafka.common.message.AddOffsetsToTxnResponseData;
import org.apache.kafka.common.message.AddPartitionsToTxnRequestData;
import org.apache.kafka.common.message.AddPartitionsToTxnRequestData.AddPartitionsToTxnTopic;
import org.apache.kafka.common.message.AddPartitionsToTxnRequestData.AddPartitionsToTxnTopicCollection;
import org.apache.kafka.common.message.AddPartitionsToTxnResponseData;
import org.apache.kafka.common.message.EndTxnRequestData;
import org.apache.kafka.common.message.EndTxnResponseData;
import org.apache.kafka.common.message.InitProducerIdRequestData;
import org.apache.kafka.common.message.InitProducerIdResponseData;
import org.apache.kafka.common.message.ProduceRequestData;
import org.apache.kafka.common.message.ProduceRequestData.PartitionProduceData;
import org.apache.kafka.common.message.ProduceRequestData.TopicProduceData;
import org.apache.kafka.common.message.ProduceRequestData.TopicProduceDataCollection;
import org.apache.kafka.common.message.ProduceResponseData;
import org.apache.kafka.common.message.TxnOffsetCommitRequestData;
import org.apache.kafka.common.message.TxnOffsetCommitRequestData.TxnOffsetCommitRequestPartition;
import org.apache.kafka.common.message.TxnOffsetCommitRequestData.TxnOffsetCommitRequestTopic;
import org.apache.kafka.common.message.TxnOffsetCommitResponseData;
import org.apache.kafka.common.message.WriteTxnMarkersRequestData;
import org.apache.kafka.common.message.WriteTxnMarkersRequestData.WritableTxnMarker;
import org.apache.kafka.common.message.WriteTxnMarkersRequestData.WritableTxnMarkerTopic;
import org.apache.kafka.common.message.WriteTxnMarkersResponseData;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.ApiMessage;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.SimpleRecord;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.function.Function;

/// The requests of transactional producers, in the versions of clients before and since transaction
/// version 2, and what their answers say.
final class WireProducer {
    private WireProducer() {}

    /// What a client does in a transaction, and the latest versions of its requests.
    enum Style {
        /// Adds partitions before it writes; keeps its epoch.
        OLD(4, 4, 11, 4),
        /// Adds by writing; gets a new epoch with each end (KIP-890).
        BUMPING(5, 5, 12, 5);

        final int init;
        final int end;
        final int produce;
        final int offsets;

        Style(int init, int end, int produce, int offsets) {
            this.init = init;
            this.end = end;
            this.produce = produce;
            this.offsets = offsets;
        }
    }

    /// What was answered.
    ///
    /// @param producer who the client is from now on, if the answer says so
    /// @param offset of the record, -1 if there is none
    record Answer(Errors error, ProducerIdentity producer, long offset) {
        Answer(Errors error) {
            this(error, ProducerIdentity.NONE, -1);
        }
    }

    /// A request and how to read its answer.
    record Call(ApiKeys api, int version, ApiMessage body, Function<ApiMessage, Answer> reader) {
        Answer on(RawClient client) throws IOException {
            return reader.apply(client.call(api, version, body));
        }
    }

    static Call init(int version, String id, int timeoutMs, ProducerIdentity expected) {
        var body =
                new InitProducerIdRequestData()
                        .setTransactionalId(id)
                        .setTransactionTimeoutMs(timeoutMs);
        if (version >= 3) {
            body.setProducerId(expected.producerId()).setProducerEpoch(expected.epoch());
        }
        return new Call(
                ApiKeys.INIT_PRODUCER_ID,
                version,
                body,
                message -> {
                    var answer = (InitProducerIdResponseData) message;
                    return new Answer(
                            Errors.forCode(answer.errorCode()),
                            new ProducerIdentity(answer.producerId(), answer.producerEpoch()),
                            -1);
                });
    }

    static Call add(int version, String id, ProducerIdentity producer, TopicPartition at) {
        var topics = new AddPartitionsToTxnTopicCollection();
        topics.add(
                new AddPartitionsToTxnTopic()
                        .setName(at.topic())
                        .setPartitions(List.of(at.partition())));
        return new Call(
                ApiKeys.ADD_PARTITIONS_TO_TXN,
                version,
                new AddPartitionsToTxnRequestData()
                        .setV3AndBelowTransactionalId(id)
                        .setV3AndBelowProducerId(producer.producerId())
                        .setV3AndBelowProducerEpoch(producer.epoch())
                        .setV3AndBelowTopics(topics),
                message ->
                        new Answer(
                                Errors.forCode(
                                        ((AddPartitionsToTxnResponseData) message)
                                                .resultsByTopicV3AndBelow()
                                                .iterator()
                                                .next()
                                                .resultsByPartition()
                                                .iterator()
                                                .next()
                                                .partitionErrorCode())));
    }

    /// One record in a transaction, or outside of one if there is no transactional id.
    static Call produce(
            int version,
            String id,
            ProducerIdentity producer,
            TopicPartition at,
            int sequence,
            String value) {
        var stored = new SimpleRecord(value.getBytes(StandardCharsets.UTF_8));
        var batch =
                id == null
                        ? MemoryRecords.withIdempotentRecords(
                                Compression.NONE,
                                producer.producerId(),
                                producer.epoch(),
                                sequence,
                                stored)
                        : MemoryRecords.withTransactionalRecords(
                                Compression.NONE,
                                producer.producerId(),
                                producer.epoch(),
                                sequence,
                                stored);
        var body = new ProduceRequestData();
        body.setAcks((short) -1).setTimeoutMs(60_000).setTransactionalId(id);
        var topic = new TopicProduceData().setName(at.topic());
        topic.partitionData()
                .add(new PartitionProduceData().setIndex(at.partition()).setRecords(batch));
        body.setTopicData(new TopicProduceDataCollection(List.of(topic).iterator()));
        return new Call(
                ApiKeys.PRODUCE,
                version,
                body,
                message -> {
                    var answer =
                            ((ProduceResponseData) message)
                                    .responses()
                                    .iterator()
                                    .next()
                                    .partitionResponses()
                                    .getFirst();
                    return new Answer(
                            Errors.forCode(answer.errorCode()),
                            ProducerIdentity.NONE,
                            answer.baseOffset());
                });
    }

    static Call end(int version, String id, ProducerIdentity producer, boolean commit) {
        return new Call(
                ApiKeys.END_TXN,
                version,
                new EndTxnRequestData()
                        .setTransactionalId(id)
                        .setProducerId(producer.producerId())
                        .setProducerEpoch(producer.epoch())
                        .setCommitted(commit),
                message -> {
                    var answer = (EndTxnResponseData) message;
                    return new Answer(
                            Errors.forCode(answer.errorCode()),
                            new ProducerIdentity(answer.producerId(), answer.producerEpoch()),
                            -1);
                });
    }

    /// A marker as a coordinator on another broker would send it. Its transaction version is told
    /// from version 2 of the request on; before it is 0.
    static Call mark(
            int version,
            ProducerIdentity producer,
            TopicPartition at,
            boolean commit,
            int coordinatorEpoch,
            int transactionVersion) {
        var marker =
                new WritableTxnMarker()
                        .setProducerId(producer.producerId())
                        .setProducerEpoch(producer.epoch())
                        .setTransactionResult(commit)
                        .setCoordinatorEpoch(coordinatorEpoch)
                        .setTransactionVersion((byte) transactionVersion);
        marker.topics()
                .add(
                        new WritableTxnMarkerTopic()
                                .setName(at.topic())
                                .setPartitionIndexes(List.of(at.partition())));
        var body = new WriteTxnMarkersRequestData();
        body.markers().add(marker);
        return new Call(
                ApiKeys.WRITE_TXN_MARKERS,
                version,
                body,
                message ->
                        new Answer(
                                Errors.forCode(
                                        ((WriteTxnMarkersResponseData) message)
                                                .markers()
                                                .getFirst()
                                                .topics()
                                                .getFirst()
                                                .partitions()
                                                .getFirst()
                                                .errorCode())));
    }

    static Call addOffsets(int version, String id, ProducerIdentity producer, String group) {
        return new Call(
                ApiKeys.ADD_OFFSETS_TO_TXN,
                version,
                new AddOffsetsToTxnRequestData()
                        .setTransactionalId(id)
                        .setProducerId(producer.producerId())
                        .setProducerEpoch(producer.epoch())
                        .setGroupId(group),
                message ->
                        new Answer(
                                Errors.forCode(
                                        ((AddOffsetsToTxnResponseData) message).errorCode())));
    }

    /// A member of a group as a consumer knows it.
    ///
    /// @param instanceId of a static member, else null
    /// @param generation of a classic group, or the member's epoch
    record Member(String id, String instanceId, int generation) {
        /// Who is in no group, or does not say so.
        static final Member NONE = new Member("", null, -1);
    }

    static Call commitOffset(
            int version,
            String id,
            ProducerIdentity producer,
            String group,
            TopicPartition at,
            long offset) {
        return commitOffset(version, id, producer, group, Member.NONE, at, offset);
    }

    /// Offsets of a member, which requests tell from version 3 on.
    static Call commitOffset(
            int version,
            String id,
            ProducerIdentity producer,
            String group,
            Member member,
            TopicPartition at,
            long offset) {
        var topic = new TxnOffsetCommitRequestTopic().setName(at.topic());
        topic.partitions()
                .add(
                        new TxnOffsetCommitRequestPartition()
                                .setPartitionIndex(at.partition())
                                .setCommittedOffset(offset));
        return new Call(
                ApiKeys.TXN_OFFSET_COMMIT,
                version,
                new TxnOffsetCommitRequestData()
                        .setTransactionalId(id)
                        .setGroupId(group)
                        .setProducerId(producer.producerId())
                        .setProducerEpoch(producer.epoch())
                        .setMemberId(member.id())
                        .setGroupInstanceId(member.instanceId())
                        .setGenerationId(member.generation())
                        .setTopics(List.of(topic)),
                message ->
                        new Answer(
                                Errors.forCode(
                                        ((TxnOffsetCommitResponseData) message)
                                                .topics()
                                                .getFirst()
                                                .partitions()
                                                .getFirst()
                                                .errorCode())));
    }
}
