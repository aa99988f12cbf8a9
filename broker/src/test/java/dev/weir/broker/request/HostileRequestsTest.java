package dev.weir.broker.request;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.broker.RawClient;
import dev.weir.broker.TestBroker;
import dev.weir.broker.partition.AppendOrigin;
import dev.weir.broker.topic.NewTopic;
import dev.weir.broker.topic.Topics;

import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.message.AlterConfigsRequestData;
import org.apache.kafka.common.message.AlterConfigsRequestData.AlterConfigsResource;
import org.apache.kafka.common.message.AlterConfigsRequestData.AlterConfigsResourceCollection;
import org.apache.kafka.common.message.AlterConfigsResponseData;
import org.apache.kafka.common.message.ConsumerGroupHeartbeatRequestData;
import org.apache.kafka.common.message.ConsumerGroupHeartbeatResponseData;
import org.apache.kafka.common.message.CreateAclsRequestData;
import org.apache.kafka.common.message.CreateAclsRequestData.AclCreation;
import org.apache.kafka.common.message.CreateAclsResponseData;
import org.apache.kafka.common.message.CreatePartitionsRequestData;
import org.apache.kafka.common.message.CreatePartitionsRequestData.CreatePartitionsTopic;
import org.apache.kafka.common.message.CreatePartitionsRequestData.CreatePartitionsTopicCollection;
import org.apache.kafka.common.message.CreatePartitionsResponseData;
import org.apache.kafka.common.message.CreateTopicsRequestData;
import org.apache.kafka.common.message.CreateTopicsRequestData.CreatableTopic;
import org.apache.kafka.common.message.CreateTopicsRequestData.CreatableTopicCollection;
import org.apache.kafka.common.message.CreateTopicsResponseData;
import org.apache.kafka.common.message.DeleteRecordsRequestData;
import org.apache.kafka.common.message.DeleteRecordsResponseData;
import org.apache.kafka.common.message.DescribeClientQuotasRequestData;
import org.apache.kafka.common.message.DescribeConfigsRequestData;
import org.apache.kafka.common.message.DescribeConfigsRequestData.DescribeConfigsResource;
import org.apache.kafka.common.message.DescribeConfigsResponseData;
import org.apache.kafka.common.message.DescribeGroupsRequestData;
import org.apache.kafka.common.message.DescribeGroupsResponseData;
import org.apache.kafka.common.message.JoinGroupRequestData;
import org.apache.kafka.common.message.JoinGroupRequestData.JoinGroupRequestProtocol;
import org.apache.kafka.common.message.JoinGroupRequestData.JoinGroupRequestProtocolCollection;
import org.apache.kafka.common.message.JoinGroupResponseData;
import org.apache.kafka.common.message.ListConfigResourcesRequestData;
import org.apache.kafka.common.message.ListConfigResourcesResponseData;
import org.apache.kafka.common.message.ListOffsetsRequestData;
import org.apache.kafka.common.message.ListOffsetsRequestData.ListOffsetsPartition;
import org.apache.kafka.common.message.ListOffsetsRequestData.ListOffsetsTopic;
import org.apache.kafka.common.message.ListOffsetsResponseData;
import org.apache.kafka.common.message.ListTransactionsRequestData;
import org.apache.kafka.common.message.ListTransactionsResponseData;
import org.apache.kafka.common.message.MetadataRequestData;
import org.apache.kafka.common.message.MetadataRequestData.MetadataRequestTopic;
import org.apache.kafka.common.message.MetadataResponseData;
import org.apache.kafka.common.message.OffsetFetchRequestData;
import org.apache.kafka.common.message.OffsetFetchRequestData.OffsetFetchRequestGroup;
import org.apache.kafka.common.message.OffsetFetchResponseData;
import org.apache.kafka.common.message.ProduceRequestData;
import org.apache.kafka.common.message.ProduceRequestData.PartitionProduceData;
import org.apache.kafka.common.message.ProduceRequestData.TopicProduceData;
import org.apache.kafka.common.message.ProduceRequestData.TopicProduceDataCollection;
import org.apache.kafka.common.message.ProduceResponseData;
import org.apache.kafka.common.message.WriteTxnMarkersRequestData;
import org.apache.kafka.common.message.WriteTxnMarkersRequestData.WritableTxnMarker;
import org.apache.kafka.common.message.WriteTxnMarkersRequestData.WritableTxnMarkerTopic;
import org.apache.kafka.common.message.WriteTxnMarkersResponseData;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.SimpleRecord;
import org.apache.kafka.common.utils.Crc32C;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;

/// Requests that no honest client sends. Most were found by the fuzz test.
class HostileRequestsTest {
    private static final int LONGEST = Short.MAX_VALUE;

    @TempDir Path directory;
    private TestBroker broker;
    private RawClient client;

    @BeforeEach
    void start() throws Exception {
        broker = new TestBroker(directory);
        var _ = broker.broker().topics().create(new NewTopic("t", 1, Map.of()));
        client = broker.raw();
    }

    @AfterEach
    void stop() throws Exception {
        client.close();
        broker.close();
    }

    @Test
    void a_text_that_could_not_be_written_back_closes_the_connection() throws Exception {
        var frame =
                RawClient.frame(
                        ApiKeys.DESCRIBE_GROUPS,
                        (short) 2,
                        1,
                        new DescribeGroupsRequestData().setGroups(List.of("g".repeat(LONGEST))));
        for (int i = frame.limit() - LONGEST; i < frame.limit(); i++) {
            frame.put(i, (byte) 0x80); // no UTF-8: each becomes a replacement character of three
        }
        client.sendBytes(frame);
        assertThat(client.isClosedByBroker()).isTrue();
    }

    @Test
    void a_long_regular_expression_is_refused_before_it_is_compiled() throws Exception {
        var listed =
                (ListTransactionsResponseData)
                        client.call(
                                ApiKeys.LIST_TRANSACTIONS,
                                2,
                                new ListTransactionsRequestData()
                                        .setTransactionalIdPattern("(".repeat(LONGEST)));
        assertThat(listed.errorCode()).isEqualTo(Errors.INVALID_REGULAR_EXPRESSION.code());
        var beat =
                (ConsumerGroupHeartbeatResponseData)
                        client.call(
                                ApiKeys.CONSUMER_GROUP_HEARTBEAT,
                                1,
                                new ConsumerGroupHeartbeatRequestData()
                                        .setGroupId("g")
                                        .setMemberId("m")
                                        .setRebalanceTimeoutMs(1000)
                                        .setTopicPartitions(List.of())
                                        .setSubscribedTopicRegex("x".repeat(LONGEST)));
        assertThat(beat.errorCode()).isEqualTo(Errors.INVALID_REGULAR_EXPRESSION.code());
    }

    @Test
    void a_message_that_quotes_a_long_name_is_cut() throws Exception {
        var response =
                (DescribeConfigsResponseData)
                        client.call(
                                ApiKeys.DESCRIBE_CONFIGS,
                                4,
                                new DescribeConfigsRequestData()
                                        .setResources(
                                                List.of(
                                                        resource(
                                                                ConfigResource.Type.TOPIC,
                                                                "x".repeat(LONGEST)))));
        var result = response.results().getFirst();
        assertThat(result.errorCode()).isEqualTo(Errors.UNKNOWN_TOPIC_OR_PARTITION.code());
        assertThat(result.errorMessage()).startsWith("topic \"xxx").hasSizeLessThan(3000);
    }

    @Test
    void a_group_whose_name_leaves_no_room_for_a_message_is_answered() throws Exception {
        var response =
                (DescribeGroupsResponseData)
                        client.call(
                                ApiKeys.DESCRIBE_GROUPS,
                                6,
                                new DescribeGroupsRequestData()
                                        .setGroups(List.of("x".repeat(LONGEST))));
        assertThat(response.groups().getFirst().errorCode())
                .isEqualTo(Errors.INVALID_REQUEST.code());
    }

    @Test
    void topics_with_the_longest_names_are_unknown() throws Exception {
        var response =
                (DeleteRecordsResponseData)
                        client.call(
                                ApiKeys.DELETE_RECORDS,
                                2,
                                new DeleteRecordsRequestData()
                                        .setTopics(
                                                List.of(
                                                        new DeleteRecordsRequestData
                                                                        .DeleteRecordsTopic()
                                                                .setName("x".repeat(LONGEST))
                                                                .setPartitions(
                                                                        List.of(
                                                                                new DeleteRecordsRequestData
                                                                                        .DeleteRecordsPartition())))));
        assertThat(response.topics().iterator().next().partitions().iterator().next().errorCode())
                .isEqualTo(Errors.UNKNOWN_TOPIC_OR_PARTITION.code());
    }

    @Test
    void wrong_acks_are_told_of_also_where_there_are_no_records() throws Exception {
        var topic =
                new TopicProduceData()
                        .setName("t")
                        .setPartitionData(List.of(new PartitionProduceData().setRecords(null)));
        var response =
                (ProduceResponseData)
                        client.call(
                                ApiKeys.PRODUCE,
                                9,
                                new ProduceRequestData()
                                        .setAcks((short) 128)
                                        .setTopicData(
                                                new TopicProduceDataCollection(
                                                        List.of(topic).iterator())));
        var partition = response.responses().iterator().next().partitionResponses().getFirst();
        assertThat(partition.errorCode()).isEqualTo(Errors.INVALID_REQUIRED_ACKS.code());
        assertThat(partition.errorMessage()).isEqualTo("acks must be -1, 0 or 1, not 128");
    }

    @Test
    void a_resource_whose_settings_are_changed_twice_in_a_request_is_refused_once()
            throws Exception {
        var twice =
                new AlterConfigsResourceCollection(List.of(alteration(), alteration()).iterator());
        var response =
                (AlterConfigsResponseData)
                        client.call(
                                ApiKeys.ALTER_CONFIGS,
                                2,
                                new AlterConfigsRequestData().setResources(twice));
        assertThat(response.responses()).hasSize(1);
        assertThat(response.responses().getFirst().errorCode())
                .isEqualTo(Errors.INVALID_REQUEST.code());
    }

    @Test
    void settings_asked_for_many_times_are_told_once() throws Exception {
        var response =
                (DescribeConfigsResponseData)
                        client.call(
                                ApiKeys.DESCRIBE_CONFIGS,
                                4,
                                new DescribeConfigsRequestData()
                                        .setResources(
                                                Collections.nCopies(
                                                        100_000,
                                                        resource(ConfigResource.Type.TOPIC, "t"))));
        assertThat(response.results()).hasSize(1);
        var listed =
                (ListConfigResourcesResponseData)
                        client.call(
                                ApiKeys.LIST_CONFIG_RESOURCES,
                                1,
                                new ListConfigResourcesRequestData()
                                        .setResourceTypes(
                                                Collections.nCopies(
                                                        100_000, ConfigResource.Type.TOPIC.id())));
        assertThat(listed.configResources()).hasSize(1);
    }

    @Test
    void markers_are_not_written_where_coordinators_keep_their_state() throws Exception {
        assertThat(marker("__transaction_state", 7)).isEqualTo(Errors.INVALID_TOPIC_EXCEPTION);
        assertThat(marker("t", -1)).isEqualTo(Errors.INVALID_PRODUCER_ID_MAPPING);
        assertThat(marker("__consumer_offsets", -1)).isEqualTo(Errors.INVALID_PRODUCER_ID_MAPPING);
        assertThat(broker.broker().partition("t", 0).logEndOffset()).isZero();
        assertThat(marker("t", 7)).isEqualTo(Errors.NONE);
    }

    @Test
    void a_member_whose_subscription_is_broken_does_not_hold_up_its_group() throws Exception {
        // Version 0 and a list of topics longer than what follows.
        var broken = ByteBuffer.allocate(7).putInt(2, 0x629c_5a39).array();
        var response = join(new JoinGroupRequestProtocol().setName("range").setMetadata(broken));
        assertThat(response.errorCode()).isEqualTo(Errors.INVALID_REQUEST.code());
    }

    @Test
    void a_protocol_named_twice_is_not_taken_for_one_of_two_members() throws Exception {
        var named = new JoinGroupRequestProtocol().setName("range");
        var response = join(named, named.duplicate());
        assertThat(response.errorCode()).isEqualTo(Errors.INCONSISTENT_GROUP_PROTOCOL.code());
    }

    private JoinGroupResponseData join(JoinGroupRequestProtocol... protocols) throws Exception {
        return (JoinGroupResponseData)
                client.call(
                        ApiKeys.JOIN_GROUP,
                        3,
                        new JoinGroupRequestData()
                                .setGroupId("g")
                                .setProtocolType("consumer")
                                .setSessionTimeoutMs(6000)
                                .setRebalanceTimeoutMs(100)
                                .setProtocols(
                                        new JoinGroupRequestProtocolCollection(
                                                List.of(protocols).iterator())));
    }

    @Test
    void an_access_rule_for_a_principal_of_any_length_is_refused() throws Exception {
        var response =
                (CreateAclsResponseData)
                        client.call(
                                ApiKeys.CREATE_ACLS,
                                3,
                                new CreateAclsRequestData()
                                        .setCreations(
                                                List.of(
                                                        new AclCreation()
                                                                .setResourceType((byte) 2)
                                                                .setResourceName("t")
                                                                .setResourcePatternType((byte) 3)
                                                                .setPrincipal("(".repeat(LONGEST))
                                                                .setHost("*")
                                                                .setOperation((byte) 3)
                                                                .setPermissionType((byte) 3))));
        assertThat(response.results().getFirst().errorCode())
                .isEqualTo(Errors.INVALID_REQUEST.code());
    }

    @Test
    void more_partitions_than_one_request_may_make_are_refused_as_a_whole() throws Exception {
        var topics = new CreatableTopicCollection();
        var wider = new CreatePartitionsTopicCollection();
        for (int i = 0; i < 3; i++) {
            topics.add(
                    new CreatableTopic()
                            .setName("many-" + i)
                            .setNumPartitions(5000)
                            .setReplicationFactor((short) 1));
            var name = "one-" + i;
            var _ = broker.broker().topics().create(new NewTopic(name, 1, Map.of()));
            wider.add(
                    new CreatePartitionsTopic().setName(name).setCount(5000).setAssignments(null));
        }
        var created =
                (CreateTopicsResponseData)
                        client.call(
                                ApiKeys.CREATE_TOPICS,
                                7,
                                new CreateTopicsRequestData().setTopics(topics));
        assertThat(created.topics())
                .hasSize(3)
                .allMatch(each -> each.errorCode() == Errors.POLICY_VIOLATION.code());
        var widened =
                (CreatePartitionsResponseData)
                        client.call(
                                ApiKeys.CREATE_PARTITIONS,
                                3,
                                new CreatePartitionsRequestData().setTopics(wider));
        assertThat(widened.results())
                .hasSize(3)
                .allMatch(each -> each.errorCode() == Errors.POLICY_VIOLATION.code());
        assertThat(broker.broker().topics().all()).hasSize(4);
    }

    @Test
    void asking_for_more_new_topics_than_can_be_made_at_once_makes_none() throws Exception {
        var names = new ArrayList<MetadataRequestTopic>();
        for (int i = 0; i <= Topics.MAX_NEW_PARTITIONS; i++) {
            names.add(new MetadataRequestTopic().setName("n" + i));
        }
        names.add(new MetadataRequestTopic().setName("t"));
        var response =
                (MetadataResponseData)
                        client.call(
                                ApiKeys.METADATA, 9, new MetadataRequestData().setTopics(names));
        assertThat(response.topics().find("n0").errorCode())
                .isEqualTo(Errors.POLICY_VIOLATION.code());
        assertThat(response.topics().find("t").errorCode()).isZero();
        assertThat(broker.broker().topics().all()).hasSize(1);
    }

    @Test
    void a_topic_asked_for_many_times_is_told_of_once() throws Exception {
        var response =
                (MetadataResponseData)
                        client.call(
                                ApiKeys.METADATA,
                                12,
                                new MetadataRequestData()
                                        .setTopics(
                                                Collections.nCopies(
                                                        100_000,
                                                        new MetadataRequestTopic().setName("t"))));
        assertThat(response.topics()).hasSize(1);
    }

    @Test
    void groups_asked_for_many_times_are_told_of_once() throws Exception {
        var described =
                (DescribeGroupsResponseData)
                        client.call(
                                ApiKeys.DESCRIBE_GROUPS,
                                6,
                                new DescribeGroupsRequestData()
                                        .setGroups(Collections.nCopies(1000, "g")));
        assertThat(described.groups()).hasSize(1);
        var group = new OffsetFetchRequestGroup().setGroupId("g").setTopics(null);
        var fetched =
                (OffsetFetchResponseData)
                        client.call(
                                ApiKeys.OFFSET_FETCH,
                                9,
                                new OffsetFetchRequestData()
                                        .setGroups(Collections.nCopies(1000, group)));
        assertThat(fetched.groups()).hasSize(1);
    }

    @Test
    void offsets_asked_for_by_nobody_in_an_epoch_are_those_of_no_member() throws Exception {
        var beat =
                (ConsumerGroupHeartbeatResponseData)
                        client.call(
                                ApiKeys.CONSUMER_GROUP_HEARTBEAT,
                                1,
                                new ConsumerGroupHeartbeatRequestData()
                                        .setGroupId("g")
                                        .setMemberId("member")
                                        .setRebalanceTimeoutMs(1000)
                                        .setTopicPartitions(List.of())
                                        .setSubscribedTopicNames(List.of("t")));
        assertThat(beat.errorCode()).isZero();
        var response =
                (OffsetFetchResponseData)
                        client.call(
                                ApiKeys.OFFSET_FETCH,
                                9,
                                new OffsetFetchRequestData()
                                        .setGroups(
                                                List.of(
                                                        new OffsetFetchRequestGroup()
                                                                .setGroupId("g")
                                                                .setMemberId(null)
                                                                .setMemberEpoch(0)
                                                                .setTopics(null))));
        assertThat(response.groups().getFirst().errorCode())
                .isEqualTo(Errors.UNKNOWN_MEMBER_ID.code());
    }

    @Test
    void records_that_snappy_calls_an_error_are_corrupt_for_who_looks_into_them() throws Exception {
        var batch =
                MemoryRecords.withRecords(
                                Compression.snappy().build(),
                                new SimpleRecord(1000, new byte[10], new byte[100]))
                        .buffer();
        int firstChunk = 61 + 16; // behind the batch's head and snappy's own
        batch.putInt(firstChunk, 0x8000_000c);
        batch.putInt(17, (int) Crc32C.compute(batch, 21, batch.limit() - 21));
        var partition = broker.broker().partition("t", 0);
        assertThat(partition.append(batch, AppendOrigin.ENGINE).firstOffset()).isZero();
        partition.syncNow(); // what is not durable is not found
        var topic =
                new ListOffsetsTopic()
                        .setName("t")
                        .setPartitions(List.of(new ListOffsetsPartition().setTimestamp(500)));
        var response =
                (ListOffsetsResponseData)
                        client.call(
                                ApiKeys.LIST_OFFSETS,
                                7,
                                new ListOffsetsRequestData().setTopics(List.of(topic)));
        assertThat(response.topics().getFirst().partitions().getFirst().errorCode())
                .isEqualTo(Errors.CORRUPT_MESSAGE.code());
    }

    @Test
    void tagged_fields_out_of_order_close_the_connection() throws Exception {
        var frame =
                RawClient.frame(
                        ApiKeys.DESCRIBE_CLIENT_QUOTAS,
                        (short) 1,
                        1,
                        new DescribeClientQuotasRequestData().setComponents(List.of()));
        // In place of no tagged fields at the end two of tag 40, empty.
        var longer = ByteBuffer.allocate(frame.limit() + 4).put(frame);
        longer.put(frame.limit() - 1, (byte) 2).put(new byte[] {40, 0, 40, 0}).flip();
        longer.putInt(0, longer.limit() - 4);
        client.sendBytes(longer);
        assertThat(client.isClosedByBroker()).isTrue();
    }

    private Errors marker(String topic, long producerId) throws Exception {
        var response =
                (WriteTxnMarkersResponseData)
                        client.call(
                                ApiKeys.WRITE_TXN_MARKERS,
                                1,
                                new WriteTxnMarkersRequestData()
                                        .setMarkers(
                                                List.of(
                                                        new WritableTxnMarker()
                                                                .setProducerId(producerId)
                                                                .setTopics(
                                                                        List.of(
                                                                                new WritableTxnMarkerTopic()
                                                                                        .setName(
                                                                                                topic)
                                                                                        .setPartitionIndexes(
                                                                                                List
                                                                                                        .of(
                                                                                                                0)))))));
        return Errors.forCode(
                response.markers()
                        .getFirst()
                        .topics()
                        .getFirst()
                        .partitions()
                        .getFirst()
                        .errorCode());
    }

    private static AlterConfigsResource alteration() {
        return new AlterConfigsResource()
                .setResourceType(ConfigResource.Type.TOPIC.id())
                .setResourceName("t");
    }

    private static DescribeConfigsResource resource(ConfigResource.Type type, String name) {
        return new DescribeConfigsResource()
                .setResourceType(type.id())
                .setResourceName(name)
                .setConfigurationKeys(null);
    }
}
