package dev.weir.broker.txn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weir.broker.RawClient;
import dev.weir.broker.TestBroker;
import dev.weir.broker.group.Groups;
import dev.weir.broker.partition.AppendOrigin;
import dev.weir.broker.partition.OwnProducers;
import dev.weir.broker.partition.Partition;
import dev.weir.broker.record.BatchHeader;
import dev.weir.broker.record.RecordBatchWriter;
import dev.weir.broker.topic.NewTopic;

import org.apache.kafka.clients.admin.AbortTransactionSpec;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.errors.ClusterAuthorizationException;
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
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.SimpleRecord;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// The server writes transactions of its own, for its queries. No client can end them, write into
/// them or shut their producer out, whatever it claims to be.
@Timeout(60)
class OwnTransactionsTest {
    @TempDir Path directory;
    private TestBroker broker;
    private RawClient client;
    private Partition partition;
    private long own;

    @BeforeEach
    void start() throws Exception {
        broker = new TestBroker(directory);
        broker.broker().topics().create(new NewTopic("t", 1, Map.of()));
        client = broker.raw();
        partition = broker.broker().partition("t", 0);
        own = broker.broker().producerIds().allocateOwn();
        write("half");
    }

    @AfterEach
    void stop() throws Exception {
        // Whatever was tried, the transaction goes on and is what the server makes of it.
        assertThat(partition.openTransactions())
                .singleElement()
                .satisfies(open -> {
                    assertThat(open.producerId()).isEqualTo(own);
                    assertThat(open.producerEpoch()).isZero();
                    assertThat(open.firstOffset()).isZero();
                });
        write("whole");
        partition.appendMarker(own, (short) 0, true, System.currentTimeMillis());
        partition.syncNow();
        assertThat(broker.readAll("t", 1, "isolation.level", "read_committed"))
                .extracting(ConsumerRecord::value)
                .containsExactly("half", "whole");
        client.close();
        broker.close();
    }

    private void write(String value) {
        var writer = new RecordBatchWriter();
        long nowMs = System.currentTimeMillis();
        writer.start(nowMs, own, (short) 0, BatchHeader.NO_SEQUENCE, true);
        var bytes = value.getBytes(StandardCharsets.UTF_8);
        writer.append(nowMs, null, 0, -1, bytes, 0, bytes.length);
        partition.append(writer.finish(), AppendOrigin.ENGINE);
        partition.syncNow();
    }

    private Errors produce(MemoryRecords batch, String transactionalId) throws Exception {
        var body = new ProduceRequestData();
        body.setAcks((short) -1).setTimeoutMs(10_000).setTransactionalId(transactionalId);
        var topic = new TopicProduceData().setName("t");
        topic.partitionData().add(new PartitionProduceData().setIndex(0).setRecords(batch));
        body.setTopicData(new TopicProduceDataCollection(List.of(topic).iterator()));
        var answer = (ProduceResponseData) client.call(ApiKeys.PRODUCE, 12, body);
        return Errors.forCode(
                answer.responses().iterator().next().partitionResponses().getFirst().errorCode());
    }

    private static SimpleRecord record() {
        return new SimpleRecord(new byte[] {1});
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, Short.MAX_VALUE})
    void a_client_cannot_write_under_an_id_of_the_server(int epoch) throws Exception {
        assertThat(
                        produce(
                                MemoryRecords.withIdempotentRecords(
                                        Compression.NONE, own, (short) epoch, 0, record()),
                                null))
                .isEqualTo(Errors.INVALID_PRODUCER_ID_MAPPING);
        assertThat(
                        produce(
                                MemoryRecords.withTransactionalRecords(
                                        Compression.NONE, own, (short) epoch, 0, record()),
                                "guess"))
                .isEqualTo(Errors.INVALID_PRODUCER_ID_MAPPING);
        assertThat(partition.logEndOffset()).isEqualTo(1);
    }

    @Test
    void an_operator_sees_the_transaction_and_cannot_abort_it() throws Exception {
        var at = new TopicPartition("t", 0);
        try (var admin = broker.admin()) {
            var seen =
                    admin.describeProducers(Set.of(at))
                            .partitionResult(at)
                            .get()
                            .activeProducers()
                            .getFirst();
            assertThat(seen.producerId()).isEqualTo(own);
            assertThat(seen.currentTransactionStartOffset()).hasValue(0);
            var abort =
                    new AbortTransactionSpec(
                            at,
                            seen.producerId(),
                            (short) seen.producerEpoch(),
                            seen.coordinatorEpoch().orElse(0));
            assertThatThrownBy(() -> admin.abortTransaction(abort).all().get())
                    .hasCauseInstanceOf(ClusterAuthorizationException.class);
        }
    }

    private Errors mark(int version, long producerId, int epoch, boolean commit, String topic)
            throws Exception {
        var marker =
                new WritableTxnMarker()
                        .setProducerId(producerId)
                        .setProducerEpoch((short) epoch)
                        .setTransactionResult(commit);
        marker.topics()
                .add(new WritableTxnMarkerTopic().setName(topic).setPartitionIndexes(List.of(0)));
        var body = new WriteTxnMarkersRequestData();
        body.markers().add(marker);
        var answer =
                (WriteTxnMarkersResponseData) client.call(ApiKeys.WRITE_TXN_MARKERS, version, body);
        return Errors.forCode(
                answer.markers()
                        .getFirst()
                        .topics()
                        .getFirst()
                        .partitions()
                        .getFirst()
                        .errorCode());
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2})
    void a_marker_of_a_client_is_refused(int version) throws Exception {
        for (int epoch : new int[] {0, 1, Short.MAX_VALUE}) {
            for (boolean commit : new boolean[] {true, false}) {
                assertThat(mark(version, own, epoch, commit, "t"))
                        .isEqualTo(Errors.CLUSTER_AUTHORIZATION_FAILED);
                assertThat(mark(version, own, epoch, commit, Groups.TOPIC))
                        .isEqualTo(Errors.CLUSTER_AUTHORIZATION_FAILED);
            }
        }
        assertThat(partition.logEndOffset()).isEqualTo(1);
    }

    @Test
    void markers_do_not_get_into_the_topics_of_the_server() throws Exception {
        broker.broker().topics().create(new NewTopic("_weir_journal", 1, Map.of()));
        assertThat(mark(1, 3, 0, true, "_weir_journal")).isEqualTo(Errors.INVALID_TOPIC_EXCEPTION);
        assertThat(mark(1, 3, 0, true, "__transaction_state"))
                .isEqualTo(Errors.INVALID_TOPIC_EXCEPTION);
        assertThat(broker.broker().partition("_weir_journal", 0).logEndOffset()).isZero();
    }

    @Test
    void a_client_that_claims_to_be_the_server_gets_an_id_of_its_own() throws Exception {
        var answer =
                (InitProducerIdResponseData)
                        client.call(
                                ApiKeys.INIT_PRODUCER_ID,
                                5,
                                new InitProducerIdRequestData()
                                        .setTransactionalId("guess")
                                        .setTransactionTimeoutMs(1000)
                                        .setProducerId(own)
                                        .setProducerEpoch((short) 0));
        assertThat(answer.errorCode()).isZero();
        assertThat(OwnProducers.include(answer.producerId())).isFalse();

        for (int version : new int[] {4, 5}) {
            var end =
                    (EndTxnResponseData)
                            client.call(
                                    ApiKeys.END_TXN,
                                    version,
                                    new EndTxnRequestData()
                                            .setTransactionalId("guess")
                                            .setProducerId(own)
                                            .setProducerEpoch((short) 0)
                                            .setCommitted(true));
            assertThat(Errors.forCode(end.errorCode()))
                    .isEqualTo(Errors.INVALID_PRODUCER_ID_MAPPING);
        }
        var topics = new AddPartitionsToTxnTopicCollection();
        topics.add(new AddPartitionsToTxnTopic().setName("t").setPartitions(List.of(0)));
        var added =
                (AddPartitionsToTxnResponseData)
                        client.call(
                                ApiKeys.ADD_PARTITIONS_TO_TXN,
                                3,
                                new AddPartitionsToTxnRequestData()
                                        .setV3AndBelowTransactionalId("guess")
                                        .setV3AndBelowProducerId(own)
                                        .setV3AndBelowProducerEpoch((short) 0)
                                        .setV3AndBelowTopics(topics));
        assertThat(
                        Errors.forCode(
                                added.resultsByTopicV3AndBelow()
                                        .iterator()
                                        .next()
                                        .resultsByPartition()
                                        .iterator()
                                        .next()
                                        .partitionErrorCode()))
                .isEqualTo(Errors.INVALID_PRODUCER_ID_MAPPING);
    }

    @Test
    void offsets_are_not_committed_under_an_id_of_the_server() throws Exception {
        var topic = new TxnOffsetCommitRequestTopic().setName("t");
        topic.partitions()
                .add(
                        new TxnOffsetCommitRequestPartition()
                                .setPartitionIndex(0)
                                .setCommittedOffset(1));
        for (int version : new int[] {3, 4, 5}) {
            var answer =
                    (TxnOffsetCommitResponseData)
                            client.call(
                                    ApiKeys.TXN_OFFSET_COMMIT,
                                    version,
                                    new TxnOffsetCommitRequestData()
                                            .setTransactionalId("guess")
                                            .setGroupId("g")
                                            .setProducerId(own)
                                            .setProducerEpoch((short) 0)
                                            .setTopics(List.of(topic)));
            assertThat(
                            Errors.forCode(
                                    answer.topics().getFirst().partitions().getFirst().errorCode()))
                    .isEqualTo(Errors.INVALID_PRODUCER_ID_MAPPING);
        }
    }

    @Test
    void ids_of_the_server_are_not_given_twice() {
        broker.restart();
        partition = broker.broker().partition("t", 0);
        long next = broker.broker().producerIds().allocateOwn();
        assertThat(next).isGreaterThan(own);
        assertThat(OwnProducers.include(broker.broker().producerIds().allocate())).isFalse();
    }
}
