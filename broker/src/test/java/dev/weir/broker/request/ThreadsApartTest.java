package dev.weir.broker.request;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.broker.Broker;
import dev.weir.broker.BrokerConfig;
import dev.weir.broker.RawClient;
import dev.weir.broker.TestBroker;
import dev.weir.broker.storage.HeldSyncs;
import dev.weir.broker.storage.RealFileSystem;
import dev.weir.broker.topic.NewTopic;

import org.apache.kafka.common.message.CreateTopicsRequestData;
import org.apache.kafka.common.message.CreateTopicsRequestData.CreatableTopic;
import org.apache.kafka.common.message.CreateTopicsRequestData.CreatableTopicCollection;
import org.apache.kafka.common.message.CreateTopicsResponseData;
import org.apache.kafka.common.message.DeleteRecordsRequestData;
import org.apache.kafka.common.message.DeleteRecordsRequestData.DeleteRecordsPartition;
import org.apache.kafka.common.message.DeleteRecordsRequestData.DeleteRecordsTopic;
import org.apache.kafka.common.message.DeleteRecordsResponseData;
import org.apache.kafka.common.message.DeleteRecordsResponseData.DeleteRecordsPartitionResult;
import org.apache.kafka.common.message.InitProducerIdRequestData;
import org.apache.kafka.common.message.InitProducerIdResponseData;
import org.apache.kafka.common.message.MetadataRequestData;
import org.apache.kafka.common.message.MetadataRequestData.MetadataRequestTopic;
import org.apache.kafka.common.message.MetadataResponseData;
import org.apache.kafka.common.message.ProduceResponseData;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.Errors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/// A request that takes long holds up none of another kind, and none of its own but for topics.
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class ThreadsApartTest {
    @TempDir Path directory;

    private final HeldSyncs disk = new HeldSyncs(new RealFileSystem());
    private Broker broker;
    private RawClient slow;
    private RawClient quick;

    @BeforeEach
    void start() throws IOException {
        broker = Broker.start(BrokerConfig.defaults(directory), disk, Clock.systemUTC());
        slow = new RawClient(broker.address());
        quick = new RawClient(broker.address());
        for (var topic : List.of("held", "free")) {
            broker.topics().create(new NewTopic(topic, 1, Map.of()));
            var produced =
                    (ProduceResponseData)
                            quick.call(
                                    ApiKeys.PRODUCE,
                                    9,
                                    TestBroker.produce(topic, -1, TestBroker.batch("a", "b")));
            assertThat(
                            produced.responses()
                                    .iterator()
                                    .next()
                                    .partitionResponses()
                                    .getFirst()
                                    .errorCode())
                    .isZero();
        }
    }

    @AfterEach
    void stop() throws IOException {
        disk.release();
        slow.close();
        quick.close();
        broker.close();
    }

    @Test
    void a_deletion_of_records_that_hangs_holds_up_no_new_producer_topic_or_other_deletion()
            throws IOException {
        disk.hold(path -> path.getParent().endsWith("held-0"));
        int sent = slow.send(ApiKeys.DELETE_RECORDS, 2, deletion("held", 0));

        newProducer();
        var created =
                (CreateTopicsResponseData)
                        quick.call(ApiKeys.CREATE_TOPICS, 7, creation("another"));
        assertThat(created.topics().iterator().next().errorCode()).isZero();
        assertThat(deleted(quick.call(ApiKeys.DELETE_RECORDS, 2, deletion("free", 0))))
                .containsExactly(deletedBefore(0, 1));

        disk.release();
        assertThat(deleted(slow.receive(ApiKeys.DELETE_RECORDS, 2, sent)))
                .containsExactly(deletedBefore(0, 1));
    }

    @Test
    void a_new_producer_waits_for_the_disk_only_when_a_block_of_ids_is_used_up()
            throws IOException {
        var seen = new HashSet<Long>();
        seen.add(newProducer());
        disk.hold(path -> path.endsWith("metadata.log"));
        int sent = slow.send(ApiKeys.CREATE_TOPICS, 7, creation("another"));
        for (int i = 1; i < 1000; i++) {
            assertThat(seen.add(newProducer())).isTrue();
        }
        int next = quick.send(ApiKeys.INIT_PRODUCER_ID, 4, anonymous());
        disk.release();
        var response =
                (InitProducerIdResponseData) quick.receive(ApiKeys.INIT_PRODUCER_ID, 4, next);
        assertThat(response.errorCode()).isZero();
        assertThat(seen.add(response.producerId())).isTrue();
        slow.receive(ApiKeys.CREATE_TOPICS, 7, sent);
    }

    @Test
    void each_partition_of_a_deletion_of_records_has_its_own_answer_in_the_order_asked()
            throws IOException {
        broker.topics().create(new NewTopic("many", 100, Map.of()));
        var wanted = IntStream.range(0, 110).map(i -> 109 - i).toArray();
        var results = deleted(quick.call(ApiKeys.DELETE_RECORDS, 2, deletion("many", wanted)));
        assertThat(results)
                .containsExactlyElementsOf(
                        IntStream.of(wanted)
                                .mapToObj(i ->
                                        refused(
                                                i,
                                                i < 100
                                                        ? Errors.OFFSET_OUT_OF_RANGE
                                                        : Errors.UNKNOWN_TOPIC_OR_PARTITION))
                                .toList());
        assertThat(deleted(quick.call(ApiKeys.DELETE_RECORDS, 2, deletion("many")))).isEmpty();
    }

    @Test
    void the_log_of_metadata_cannot_be_created_as_a_topic() throws IOException {
        var created =
                (CreateTopicsResponseData)
                        quick.call(ApiKeys.CREATE_TOPICS, 7, creation("__cluster_metadata"));
        assertThat(created.topics().iterator().next().errorCode())
                .isEqualTo(Errors.INVALID_REQUEST.code());
        var metadata =
                (MetadataResponseData)
                        quick.call(
                                ApiKeys.METADATA,
                                12,
                                new MetadataRequestData()
                                        .setAllowAutoTopicCreation(true)
                                        .setTopics(
                                                List.of(
                                                        new MetadataRequestTopic()
                                                                .setName("__cluster_metadata"))));
        assertThat(metadata.topics().iterator().next().errorCode())
                .isEqualTo(Errors.UNKNOWN_TOPIC_OR_PARTITION.code());
        assertThat(broker.topics().find("__cluster_metadata")).isEmpty();
    }

    private long newProducer() throws IOException {
        var response =
                (InitProducerIdResponseData) quick.call(ApiKeys.INIT_PRODUCER_ID, 4, anonymous());
        assertThat(response.errorCode()).isZero();
        return response.producerId();
    }

    private static InitProducerIdRequestData anonymous() {
        return new InitProducerIdRequestData().setTransactionalId(null);
    }

    private static CreateTopicsRequestData creation(String topic) {
        return new CreateTopicsRequestData()
                .setTimeoutMs(60_000)
                .setTopics(
                        new CreatableTopicCollection(
                                List.of(
                                                new CreatableTopic()
                                                        .setName(topic)
                                                        .setNumPartitions(1)
                                                        .setReplicationFactor((short) 1))
                                        .iterator()));
    }

    private static DeleteRecordsRequestData deletion(String topic, int... partitions) {
        return new DeleteRecordsRequestData()
                .setTopics(
                        List.of(
                                new DeleteRecordsTopic()
                                        .setName(topic)
                                        .setPartitions(
                                                IntStream.of(partitions)
                                                        .mapToObj(i ->
                                                                new DeleteRecordsPartition()
                                                                        .setPartitionIndex(i)
                                                                        .setOffset(1))
                                                        .toList())));
    }

    private static List<DeleteRecordsPartitionResult> deleted(Object response) {
        return ((DeleteRecordsResponseData) response)
                .topics().stream().flatMap(topic -> topic.partitions().stream()).toList();
    }

    private static DeleteRecordsPartitionResult deletedBefore(int partition, long offset) {
        return new DeleteRecordsPartitionResult()
                .setPartitionIndex(partition)
                .setLowWatermark(offset);
    }

    private static DeleteRecordsPartitionResult refused(int partition, Errors error) {
        return new DeleteRecordsPartitionResult()
                .setPartitionIndex(partition)
                .setErrorCode(error.code())
                .setLowWatermark(-1);
    }
}
