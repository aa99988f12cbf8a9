package dev.weir.broker.fuzz;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.broker.RawClient;
import dev.weir.broker.TestBroker;
import dev.weir.broker.record.RecordBatchReader;
import dev.weir.broker.topic.NewTopic;

import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.message.AddPartitionsToTxnRequestData;
import org.apache.kafka.common.message.AddPartitionsToTxnRequestData.AddPartitionsToTxnTopic;
import org.apache.kafka.common.message.AddPartitionsToTxnRequestData.AddPartitionsToTxnTopicCollection;
import org.apache.kafka.common.message.AlterClientQuotasRequestData;
import org.apache.kafka.common.message.AlterClientQuotasResponseData;
import org.apache.kafka.common.message.AlterUserScramCredentialsRequestData;
import org.apache.kafka.common.message.AlterUserScramCredentialsRequestData.ScramCredentialUpsertion;
import org.apache.kafka.common.message.AlterUserScramCredentialsResponseData;
import org.apache.kafka.common.message.ConsumerGroupHeartbeatRequestData;
import org.apache.kafka.common.message.ConsumerGroupHeartbeatResponseData;
import org.apache.kafka.common.message.IncrementalAlterConfigsRequestData;
import org.apache.kafka.common.message.IncrementalAlterConfigsRequestData.AlterConfigsResource;
import org.apache.kafka.common.message.IncrementalAlterConfigsRequestData.AlterConfigsResourceCollection;
import org.apache.kafka.common.message.IncrementalAlterConfigsRequestData.AlterableConfig;
import org.apache.kafka.common.message.IncrementalAlterConfigsRequestData.AlterableConfigCollection;
import org.apache.kafka.common.message.IncrementalAlterConfigsResponseData;
import org.apache.kafka.common.message.JoinGroupRequestData;
import org.apache.kafka.common.message.JoinGroupRequestData.JoinGroupRequestProtocol;
import org.apache.kafka.common.message.JoinGroupRequestData.JoinGroupRequestProtocolCollection;
import org.apache.kafka.common.message.JoinGroupResponseData;
import org.apache.kafka.common.message.OffsetCommitRequestData;
import org.apache.kafka.common.message.OffsetCommitRequestData.OffsetCommitRequestPartition;
import org.apache.kafka.common.message.OffsetCommitRequestData.OffsetCommitRequestTopic;
import org.apache.kafka.common.message.OffsetCommitResponseData;
import org.apache.kafka.common.message.ProduceRequestData;
import org.apache.kafka.common.message.ProduceRequestData.PartitionProduceData;
import org.apache.kafka.common.message.ProduceRequestData.TopicProduceData;
import org.apache.kafka.common.message.ProduceRequestData.TopicProduceDataCollection;
import org.apache.kafka.common.message.ProduceResponseData;
import org.apache.kafka.common.message.SyncGroupRequestData;
import org.apache.kafka.common.message.SyncGroupRequestData.SyncGroupRequestAssignment;
import org.apache.kafka.common.message.SyncGroupResponseData;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.ApiMessage;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.SimpleRecord;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/// Requests of a permitted size that ask for too much of something. Each is answered with an error
/// of its own, and nothing about it reaches the log as one of the broker's.
class HostileSizesTest {
    private static final int LONGEST = Short.MAX_VALUE;
    private static final int PARTITIONS = 300;
    private static final int MEGABYTES = 3 << 20;

    @TempDir Path directory;
    private TestBroker broker;
    private RawClient client;
    private LogWatch log;

    @BeforeEach
    void start() throws Exception {
        log = new LogWatch();
        broker = new TestBroker(directory);
        var _ = broker.broker().topics().create(new NewTopic("t", PARTITIONS, Map.of()));
        client = broker.raw();
    }

    @AfterEach
    void stop() throws Exception {
        client.close();
        broker.close();
        var surprises = log.surprises();
        log.close();
        assertThat(surprises).isEmpty();
    }

    @Test
    void a_batch_that_grows_without_measure_is_too_large() throws Exception {
        assertThat(produce("t", 1 << 20)).isEqualTo(Errors.NONE);
        assertThat(produce("t", RecordBatchReader.DEFAULT_MAX_UNCOMPRESSED_BYTES))
                .isEqualTo(Errors.MESSAGE_TOO_LARGE);
    }

    private Errors produce(String topic, int valueBytes) throws Exception {
        var records =
                MemoryRecords.withRecords(
                        Compression.zstd().build(),
                        new SimpleRecord(1, new byte[1], new byte[valueBytes]));
        var data =
                new TopicProduceData()
                        .setName(topic)
                        .setPartitionData(List.of(new PartitionProduceData().setRecords(records)));
        var response =
                (ProduceResponseData)
                        call(
                                ApiKeys.PRODUCE,
                                9,
                                new ProduceRequestData()
                                        .setAcks((short) -1)
                                        .setTimeoutMs(10_000)
                                        .setTopicData(
                                                new TopicProduceDataCollection(
                                                        List.of(data).iterator())));
        return Errors.forCode(
                response.responses().iterator().next().partitionResponses().getFirst().errorCode());
    }

    @Test
    void a_member_with_megabytes_of_metadata_is_refused() throws Exception {
        assertThat(join("g", MEGABYTES).errorCode()).isEqualTo(Errors.MESSAGE_TOO_LARGE.code());
    }

    @Test
    void an_assignment_of_megabytes_is_refused() throws Exception {
        var joined = join("g", 10);
        assertThat(joined.errorCode()).isZero();
        var response =
                (SyncGroupResponseData)
                        call(
                                ApiKeys.SYNC_GROUP,
                                4,
                                new SyncGroupRequestData()
                                        .setGroupId("g")
                                        .setGenerationId(joined.generationId())
                                        .setMemberId(joined.memberId())
                                        .setAssignments(
                                                List.of(
                                                        new SyncGroupRequestAssignment()
                                                                .setMemberId(joined.memberId())
                                                                .setAssignment(
                                                                        new byte[MEGABYTES]))));
        assertThat(response.errorCode()).isEqualTo(Errors.MESSAGE_TOO_LARGE.code());
    }

    private JoinGroupResponseData join(String group, int bytes) throws Exception {
        var protocol = new JoinGroupRequestProtocol().setName("range").setMetadata(new byte[bytes]);
        return (JoinGroupResponseData)
                call(
                        ApiKeys.JOIN_GROUP,
                        3,
                        new JoinGroupRequestData()
                                .setGroupId(group)
                                .setProtocolType("other")
                                .setSessionTimeoutMs(6000)
                                .setRebalanceTimeoutMs(100)
                                .setProtocols(
                                        new JoinGroupRequestProtocolCollection(
                                                List.of(protocol).iterator())));
    }

    @Test
    void more_notes_on_offsets_than_fit_are_refused() throws Exception {
        var one = commit(1, LONGEST);
        assertThat(one).containsOnly(Errors.OFFSET_METADATA_TOO_LARGE);
        assertThat(commit(PARTITIONS, 4096)).containsOnly(Errors.NONE);
    }

    private List<Errors> commit(int partitions, int metadata) throws Exception {
        var committed = new ArrayList<OffsetCommitRequestPartition>();
        for (int i = 0; i < partitions; i++) {
            committed.add(
                    new OffsetCommitRequestPartition()
                            .setPartitionIndex(i)
                            .setCommittedMetadata("m".repeat(metadata)));
        }
        var response =
                (OffsetCommitResponseData)
                        call(
                                ApiKeys.OFFSET_COMMIT,
                                8,
                                new OffsetCommitRequestData()
                                        .setGroupId("g")
                                        .setTopics(
                                                List.of(
                                                        new OffsetCommitRequestTopic()
                                                                .setName("t")
                                                                .setPartitions(committed))));
        return response.topics().getFirst().partitions().stream()
                .map(each -> Errors.forCode(each.errorCode()))
                .toList();
    }

    @Test
    void a_subscription_to_very_many_topics_is_refused() throws Exception {
        var names = new ArrayList<String>();
        for (int i = 0; i < 100_000; i++) {
            names.add("no-such-topic-" + i);
        }
        var response =
                (ConsumerGroupHeartbeatResponseData)
                        call(
                                ApiKeys.CONSUMER_GROUP_HEARTBEAT,
                                1,
                                new ConsumerGroupHeartbeatRequestData()
                                        .setGroupId("g")
                                        .setMemberId("member")
                                        .setRebalanceTimeoutMs(1000)
                                        .setTopicPartitions(List.of())
                                        .setSubscribedTopicNames(names));
        assertThat(response.errorCode()).isEqualTo(Errors.MESSAGE_TOO_LARGE.code());
    }

    @Test
    void very_many_partitions_in_a_transaction_close_the_connection() throws Exception {
        var indexes = new ArrayList<Integer>();
        for (int i = 0; i < 1_000_000; i++) {
            indexes.add(i);
        }
        var topic = new AddPartitionsToTxnTopic().setName("t").setPartitions(indexes);
        var _ =
                client.send(
                        ApiKeys.ADD_PARTITIONS_TO_TXN,
                        3,
                        new AddPartitionsToTxnRequestData()
                                .setV3AndBelowTransactionalId("x")
                                .setV3AndBelowTopics(
                                        new AddPartitionsToTxnTopicCollection(
                                                List.of(topic).iterator())));
        assertThat(client.isClosedByBroker()).isTrue();
    }

    @Test
    void salts_and_names_longer_than_the_metadata_log_can_hold_are_refused() throws Exception {
        var credential =
                new ScramCredentialUpsertion()
                        .setName("alice")
                        .setMechanism((byte) 1)
                        .setIterations(4096)
                        .setSalt(new byte[MEGABYTES])
                        .setSaltedPassword(new byte[32]);
        var altered =
                (AlterUserScramCredentialsResponseData)
                        call(
                                ApiKeys.ALTER_USER_SCRAM_CREDENTIALS,
                                0,
                                new AlterUserScramCredentialsRequestData()
                                        .setUpsertions(List.of(credential)));
        assertThat(altered.results().getFirst().errorCode())
                .isEqualTo(Errors.UNACCEPTABLE_CREDENTIAL.code());
        // Three bytes each where a text is kept, which makes them more than were sent.
        var name = "\0".repeat(LONGEST);
        var quota =
                new AlterClientQuotasRequestData.EntryData()
                        .setEntity(
                                List.of(
                                        new AlterClientQuotasRequestData.EntityData()
                                                .setEntityType("user")
                                                .setEntityName(name)))
                        .setOps(
                                List.of(
                                        new AlterClientQuotasRequestData.OpData()
                                                .setKey("producer_byte_rate")
                                                .setValue(1e9)));
        var limited =
                (AlterClientQuotasResponseData)
                        call(
                                ApiKeys.ALTER_CLIENT_QUOTAS,
                                1,
                                new AlterClientQuotasRequestData().setEntries(List.of(quota)));
        assertThat(limited.entries().getFirst().errorCode()).isZero();
    }

    @Test
    void a_list_in_settings_does_not_grow_without_end() throws Exception {
        short last = 0;
        for (int i = 0; i < 4; i++) {
            var addition =
                    new AlterableConfig()
                            .setName("match")
                            .setConfigOperation((byte) 2)
                            .setValue("client_id=" + i + "x".repeat(30_000));
            var resource =
                    new AlterConfigsResource()
                            .setResourceType((byte) 16)
                            .setResourceName("s")
                            .setConfigs(
                                    new AlterableConfigCollection(List.of(addition).iterator()));
            var response =
                    (IncrementalAlterConfigsResponseData)
                            call(
                                    ApiKeys.INCREMENTAL_ALTER_CONFIGS,
                                    1,
                                    new IncrementalAlterConfigsRequestData()
                                            .setResources(
                                                    new AlterConfigsResourceCollection(
                                                            List.of(resource).iterator())));
            last = response.responses().getFirst().errorCode();
        }
        assertThat(last).isEqualTo(Errors.INVALID_CONFIG.code());
    }

    private ApiMessage call(ApiKeys api, int version, ApiMessage body) throws Exception {
        return client.call(api, version, body);
    }
}
