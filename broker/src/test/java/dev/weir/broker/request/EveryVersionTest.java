package dev.weir.broker.request;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.broker.RawClient;
import dev.weir.broker.TestBroker;
import dev.weir.broker.protocol.TopicIds;
import dev.weir.broker.topic.NewTopic;

import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.message.AddOffsetsToTxnRequestData;
import org.apache.kafka.common.message.AddPartitionsToTxnRequestData;
import org.apache.kafka.common.message.AlterClientQuotasRequestData;
import org.apache.kafka.common.message.AlterConfigsRequestData;
import org.apache.kafka.common.message.AlterReplicaLogDirsRequestData;
import org.apache.kafka.common.message.AlterUserScramCredentialsRequestData;
import org.apache.kafka.common.message.ApiVersionsRequestData;
import org.apache.kafka.common.message.ApiVersionsResponseData;
import org.apache.kafka.common.message.ConsumerGroupDescribeRequestData;
import org.apache.kafka.common.message.ConsumerGroupHeartbeatRequestData;
import org.apache.kafka.common.message.CreateAclsRequestData;
import org.apache.kafka.common.message.CreatePartitionsRequestData;
import org.apache.kafka.common.message.CreateTopicsRequestData;
import org.apache.kafka.common.message.DeleteAclsRequestData;
import org.apache.kafka.common.message.DeleteGroupsRequestData;
import org.apache.kafka.common.message.DeleteRecordsRequestData;
import org.apache.kafka.common.message.DeleteTopicsRequestData;
import org.apache.kafka.common.message.DescribeAclsRequestData;
import org.apache.kafka.common.message.DescribeClientQuotasRequestData;
import org.apache.kafka.common.message.DescribeClusterRequestData;
import org.apache.kafka.common.message.DescribeConfigsRequestData;
import org.apache.kafka.common.message.DescribeGroupsRequestData;
import org.apache.kafka.common.message.DescribeLogDirsRequestData;
import org.apache.kafka.common.message.DescribeProducersRequestData;
import org.apache.kafka.common.message.DescribeQuorumRequestData;
import org.apache.kafka.common.message.DescribeTopicPartitionsRequestData;
import org.apache.kafka.common.message.DescribeTopicPartitionsResponseData;
import org.apache.kafka.common.message.DescribeTransactionsRequestData;
import org.apache.kafka.common.message.DescribeUserScramCredentialsRequestData;
import org.apache.kafka.common.message.ElectLeadersRequestData;
import org.apache.kafka.common.message.EndTxnRequestData;
import org.apache.kafka.common.message.FetchRequestData;
import org.apache.kafka.common.message.FetchResponseData;
import org.apache.kafka.common.message.FindCoordinatorRequestData;
import org.apache.kafka.common.message.FindCoordinatorResponseData;
import org.apache.kafka.common.message.HeartbeatRequestData;
import org.apache.kafka.common.message.IncrementalAlterConfigsRequestData;
import org.apache.kafka.common.message.InitProducerIdRequestData;
import org.apache.kafka.common.message.InitProducerIdResponseData;
import org.apache.kafka.common.message.JoinGroupRequestData;
import org.apache.kafka.common.message.JoinGroupResponseData;
import org.apache.kafka.common.message.LeaveGroupRequestData;
import org.apache.kafka.common.message.ListConfigResourcesRequestData;
import org.apache.kafka.common.message.ListGroupsRequestData;
import org.apache.kafka.common.message.ListGroupsResponseData;
import org.apache.kafka.common.message.ListOffsetsRequestData;
import org.apache.kafka.common.message.ListOffsetsResponseData;
import org.apache.kafka.common.message.ListPartitionReassignmentsRequestData;
import org.apache.kafka.common.message.ListTransactionsRequestData;
import org.apache.kafka.common.message.MetadataRequestData;
import org.apache.kafka.common.message.MetadataResponseData;
import org.apache.kafka.common.message.OffsetCommitRequestData;
import org.apache.kafka.common.message.OffsetDeleteRequestData;
import org.apache.kafka.common.message.OffsetFetchRequestData;
import org.apache.kafka.common.message.OffsetFetchResponseData;
import org.apache.kafka.common.message.OffsetForLeaderEpochRequestData;
import org.apache.kafka.common.message.OffsetForLeaderEpochResponseData;
import org.apache.kafka.common.message.ProduceRequestData;
import org.apache.kafka.common.message.ProduceResponseData;
import org.apache.kafka.common.message.SyncGroupRequestData;
import org.apache.kafka.common.message.TxnOffsetCommitRequestData;
import org.apache.kafka.common.message.UpdateFeaturesRequestData;
import org.apache.kafka.common.message.WriteTxnMarkersRequestData;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.ApiMessage;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// Every API that is listed is called in every version that is listed, once so that it succeeds and
/// once so that it fails, and each response must be readable in its version. (The generated classes
/// refuse to write a field that a version lacks, which only such a walk finds.)
class EveryVersionTest {
    private static final short FIRST_WITH_MEMBER_ID_REQUIRED = 4;

    @TempDir Path directory;
    private TestBroker broker;
    private Uuid id;
    private int made;
    private String group = "";
    private String member = "";
    private int generation;
    private String transaction = "";
    private InitProducerIdResponseData owner = new InitProducerIdResponseData();

    @BeforeEach
    void start() {
        broker = new TestBroker(directory);
        id = TopicIds.toWire(broker.broker().topics().create(new NewTopic("t", 2, Map.of())).id());
    }

    @AfterEach
    void stop() {
        broker.close();
    }

    @Test
    void every_listed_version_of_every_listed_api_is_served() throws Exception {
        try (var client = broker.raw()) {
            var called = new HashMap<ApiKeys, Integer>();
            for (var listed : list(client).apiKeys()) {
                var api = ApiKeys.forId(listed.apiKey());
                short oldest = (short) Math.max(listed.minVersion(), api.oldestVersion());
                for (short version = oldest; version <= listed.maxVersion(); version++) {
                    prepare(client, api, version);
                    check(api, version, call(client, api, version, good(api, version)), true);
                    check(api, version, call(client, api, version, bad(api, version)), false);
                    called.merge(api, 1, Integer::sum);
                }
            }
            assertThat(called).hasSize(51);
            assertThat(called.get(ApiKeys.PRODUCE)).isEqualTo(11);
            assertThat(called.get(ApiKeys.FETCH)).isEqualTo(15);
            assertThat(called.get(ApiKeys.METADATA)).isEqualTo(14);
            assertThat(called.get(ApiKeys.OFFSET_FETCH)).isEqualTo(10);
        }
    }

    @Test
    void partitions_are_described_page_by_page() throws Exception {
        broker.broker().topics().create(new NewTopic("a", 3, Map.of()));
        broker.broker().topics().create(new NewTopic("z", 4, Map.of()));
        try (var client = broker.raw()) {
            var seen = new java.util.ArrayList<String>();
            DescribeTopicPartitionsRequestData.Cursor cursor = null;
            do {
                var response =
                        (DescribeTopicPartitionsResponseData)
                                client.call(
                                        ApiKeys.DESCRIBE_TOPIC_PARTITIONS,
                                        0,
                                        new DescribeTopicPartitionsRequestData()
                                                .setResponsePartitionLimit(2)
                                                .setCursor(cursor));
                for (var topic : response.topics()) {
                    topic.partitions().forEach(p -> seen.add(topic.name() + p.partitionIndex()));
                }
                var next = response.nextCursor();
                cursor =
                        next == null
                                ? null
                                : new DescribeTopicPartitionsRequestData.Cursor()
                                        .setTopicName(next.topicName())
                                        .setPartitionIndex(next.partitionIndex());
            } while (cursor != null);
            assertThat(seen).containsExactly("a0", "a1", "a2", "t0", "t1", "z0", "z1", "z2", "z3");
        }
    }

    private static ApiVersionsResponseData list(RawClient client) throws Exception {
        return (ApiVersionsResponseData)
                client.call(
                        ApiKeys.API_VERSIONS,
                        4,
                        new ApiVersionsRequestData()
                                .setClientSoftwareName("test")
                                .setClientSoftwareVersion("1"));
    }

    private static ApiMessage call(RawClient client, ApiKeys api, short version, ApiMessage body)
            throws Exception {
        try {
            return client.call(api, version, body);
        } catch (Exception e) {
            throw new AssertionError(api + " version " + version + ": " + body, e);
        }
    }

    private void check(ApiKeys api, short version, ApiMessage response, boolean good) {
        var text = api + " version " + version + ": " + response;
        switch (response) {
            case ProduceResponseData produce -> {
                var partition =
                        produce.responses().iterator().next().partitionResponses().getFirst();
                assertThat(partition.errorCode() == 0).as(text).isEqualTo(good);
                assertThat(partition.baseOffset() >= 0).as(text).isEqualTo(good);
            }
            case FetchResponseData fetch -> {
                var partition = fetch.responses().getFirst().partitions().getFirst();
                assertThat(partition.errorCode() == 0).as(text).isEqualTo(good);
                assertThat(partition.records().sizeInBytes() > 0).as(text).isEqualTo(good);
            }
            case MetadataResponseData metadata -> {
                var topic = metadata.topics().iterator().next();
                assertThat(topic.errorCode() == 0).as(text).isEqualTo(good);
                if (good && version >= 10) {
                    assertThat(topic.topicId()).as(text).isEqualTo(id);
                }
            }
            case ListOffsetsResponseData offsets -> {
                var partition = offsets.topics().getFirst().partitions().getFirst();
                assertThat(partition.errorCode() == 0).as(text).isEqualTo(good);
                assertThat(partition.offset() >= 0).as(text).isEqualTo(good);
            }
            case OffsetForLeaderEpochResponseData epochs -> {
                var partition = epochs.topics().iterator().next().partitions().getFirst();
                assertThat(partition.endOffset() >= 0).as(text).isEqualTo(good);
            }
            case OffsetFetchResponseData fetch when good -> {
                if (version < 8) {
                    var partition = fetch.topics().getFirst().partitions().getFirst();
                    assertThat(partition.committedOffset()).as(text).isEqualTo(1);
                } else {
                    for (var each : fetch.groups()) {
                        var partition = each.topics().getFirst().partitions().getFirst();
                        assertThat(partition.committedOffset()).as(text).isEqualTo(1);
                        assertThat(each.topics().getFirst().topicId())
                                .as(text)
                                .isEqualTo(version < 10 ? Uuid.ZERO_UUID : id);
                    }
                }
            }
            case ListGroupsResponseData groups -> {
                assertThat(groups.errorCode()).as(text).isZero();
                assertThat(groups.groups()).as(text).isNotEmpty();
            }
            case FindCoordinatorResponseData found -> {
                short code =
                        version < 4
                                ? found.errorCode()
                                : found.coordinators().getFirst().errorCode();
                int port = version < 4 ? found.port() : found.coordinators().getLast().port();
                boolean refused = !good && version > 0;
                assertThat(code != 0).as(text).isEqualTo(refused);
                assertThat(port)
                        .as(text)
                        .isEqualTo(refused ? -1 : broker.broker().address().getPort());
            }
            case InitProducerIdResponseData ids ->
                    assertThat(ids.errorCode() == 0).as(text).isEqualTo(good);
            default -> {
                // Members of a group without an instance id are given an id to come again with.
                boolean comesAgain =
                        api == ApiKeys.JOIN_GROUP && version == FIRST_WITH_MEMBER_ID_REQUIRED;
                // The words of the generated classes' toString.
                var codes =
                        java.util.regex.Pattern.compile("[eE]rrorCode=(-?\\d+)")
                                .matcher(response.toString())
                                .results()
                                .map(code -> code.group(1))
                                .toList();
                assertThat(codes).as(text).isNotEmpty();
                if (good && comesAgain) {
                    assertThat(codes).as(text).containsOnly("79");
                } else if (good && api == ApiKeys.ELECT_LEADERS) {
                    // There is nothing to elect.
                    assertThat(codes).as(text).contains("84");
                } else if (good) {
                    assertThat(codes).as(text).containsOnly("0");
                } else if (!cannotFail(api, version)
                        && api != ApiKeys.LIST_PARTITION_REASSIGNMENTS
                        && !(api == ApiKeys.API_VERSIONS && version < 3)
                        && !(api == ApiKeys.DESCRIBE_CLUSTER && version < 1)) {
                    assertThat(codes).as(text).anyMatch(code -> !code.equals("0"));
                }
            }
        }
    }

    /// Requests that older versions have no way to refuse, or answer with a state of the group.
    private static boolean cannotFail(ApiKeys api, short version) {
        return switch (api) {
            case LIST_GROUPS, DESCRIBE_LOG_DIRS -> true;
            case LIST_CONFIG_RESOURCES -> version == 0;
            case FIND_COORDINATOR -> version == 0;
            case DESCRIBE_GROUPS -> version < 6;
            case OFFSET_FETCH -> version < 10;
            case LIST_TRANSACTIONS -> version < 2;
            default -> false;
        };
    }

    /// Makes the group that a good request is about, and a member of it.
    private void prepare(RawClient client, ApiKeys api, short version) throws Exception {
        group = "group" + made++;
        member = "";
        generation = 0;
        switch (api) {
            case SYNC_GROUP, HEARTBEAT, LEAVE_GROUP -> {
                var joined =
                        (JoinGroupResponseData)
                                call(client, ApiKeys.JOIN_GROUP, (short) 9, join((short) 9));
                assertThat(joined.errorCode()).isZero();
                member = joined.memberId();
                generation = joined.generationId();
                if (api == ApiKeys.HEARTBEAT) {
                    call(
                            client,
                            ApiKeys.SYNC_GROUP,
                            (short) 5,
                            request(ApiKeys.SYNC_GROUP, (short) 5, "t", id, 0));
                }
            }
            case CONSUMER_GROUP_DESCRIBE ->
                    call(
                            client,
                            ApiKeys.CONSUMER_GROUP_HEARTBEAT,
                            (short) 1,
                            request(ApiKeys.CONSUMER_GROUP_HEARTBEAT, (short) 1, "t", id, 0));
            case DELETE_GROUPS,
                    DESCRIBE_GROUPS,
                    LIST_GROUPS,
                    OFFSET_COMMIT,
                    OFFSET_DELETE,
                    OFFSET_FETCH ->
                    call(
                            client,
                            ApiKeys.OFFSET_COMMIT,
                            (short) 10,
                            request(ApiKeys.OFFSET_COMMIT, (short) 10, "t", id, 0));
            case ADD_PARTITIONS_TO_TXN,
                    ADD_OFFSETS_TO_TXN,
                    END_TXN,
                    TXN_OFFSET_COMMIT,
                    WRITE_TXN_MARKERS,
                    DESCRIBE_TRANSACTIONS -> {
                transaction = "transaction" + made;
                owner =
                        (InitProducerIdResponseData)
                                call(
                                        client,
                                        ApiKeys.INIT_PRODUCER_ID,
                                        (short) 4,
                                        new InitProducerIdRequestData()
                                                .setTransactionalId(transaction)
                                                .setTransactionTimeoutMs(10_000));
                assertThat(owner.errorCode()).isZero();
                if (api == ApiKeys.END_TXN) {
                    open(client, ApiKeys.ADD_PARTITIONS_TO_TXN);
                } else if (api == ApiKeys.TXN_OFFSET_COMMIT) {
                    open(client, ApiKeys.ADD_OFFSETS_TO_TXN);
                }
            }
            default -> {}
        }
    }

    private void open(RawClient client, ApiKeys api) throws Exception {
        short version = 3;
        check(api, version, call(client, api, version, good(api, version)), true);
    }

    private JoinGroupRequestData join(short version) {
        var protocol =
                new JoinGroupRequestData.JoinGroupRequestProtocol()
                        .setName("range")
                        .setMetadata(new byte[] {1});
        var request =
                new JoinGroupRequestData()
                        .setGroupId(group)
                        .setSessionTimeoutMs(10_000)
                        .setRebalanceTimeoutMs(10_000)
                        .setProtocolType("consumer");
        request.protocols().add(protocol);
        return version < 5 ? request : request.setGroupInstanceId("instance");
    }

    private ApiMessage good(ApiKeys api, short version) {
        return request(api, version, "t", id, 0);
    }

    private ApiMessage bad(ApiKeys api, short version) {
        return switch (api) {
            case API_VERSIONS ->
                    version < 3
                            ? new ApiVersionsRequestData()
                            : new ApiVersionsRequestData().setClientSoftwareName("-");
            case INIT_PRODUCER_ID -> new InitProducerIdRequestData().setTransactionalId("x");
            case DESCRIBE_CLUSTER ->
                    version < 1
                            ? new DescribeClusterRequestData()
                            : new DescribeClusterRequestData().setEndpointType((byte) 2);
            case METADATA -> request(api, version, "not a name", Uuid.randomUuid(), 0);
            case FIND_COORDINATOR -> {
                var request = (FindCoordinatorRequestData) request(api, version, "t", id, 0);
                yield version == 0 ? request : request.setKeyType((byte) 2);
            }
            case JOIN_GROUP -> join(version).setMemberId("unknown");
            case SYNC_GROUP, HEARTBEAT, LEAVE_GROUP, CONSUMER_GROUP_HEARTBEAT -> {
                member = "unknown";
                generation = 99;
                yield request(api, version, "t", id, 0);
            }
            case DESCRIBE_GROUPS, DELETE_GROUPS, CONSUMER_GROUP_DESCRIBE -> {
                group = "missing";
                yield request(api, version, "t", id, 0);
            }
            case CREATE_TOPICS -> {
                var request = (CreateTopicsRequestData) request(api, version, "t", id, 0);
                request.topics().iterator().next().setReplicationFactor((short) 5);
                yield request;
            }
            default -> request(api, version, "missing", Uuid.randomUuid(), 9);
        };
    }

    private ApiMessage request(ApiKeys api, short version, String name, Uuid topicId, int index) {
        return switch (api) {
            case PRODUCE -> {
                var topic =
                        new ProduceRequestData.TopicProduceData()
                                .setPartitionData(
                                        List.of(
                                                new ProduceRequestData.PartitionProduceData()
                                                        .setIndex(index)
                                                        .setRecords(TestBroker.batch("r"))));
                if (version >= 13) {
                    topic.setTopicId(topicId);
                } else {
                    topic.setName(name);
                }
                var request = new ProduceRequestData().setAcks((short) -1).setTimeoutMs(10_000);
                request.topicData().add(topic);
                yield request;
            }
            case FETCH -> {
                var topic =
                        new FetchRequestData.FetchTopic()
                                .setPartitions(
                                        List.of(
                                                new FetchRequestData.FetchPartition()
                                                        .setPartition(index)
                                                        .setPartitionMaxBytes(1000)));
                if (version >= 13) {
                    topic.setTopicId(topicId);
                } else {
                    topic.setTopic(name);
                }
                yield new FetchRequestData()
                        .setMaxWaitMs(1000)
                        .setMinBytes(1)
                        .setMaxBytes(1000)
                        .setIsolationLevel((byte) (version % 2))
                        .setTopics(List.of(topic));
            }
            case METADATA -> {
                var topic = new MetadataRequestData.MetadataRequestTopic().setName(name);
                if (version >= 12) {
                    topic.setName(null).setTopicId(topicId);
                }
                var request = new MetadataRequestData().setTopics(List.of(topic));
                if (version >= 8) {
                    request.setIncludeTopicAuthorizedOperations(true);
                }
                if (version >= 8 && version <= 10) {
                    request.setIncludeClusterAuthorizedOperations(true);
                }
                yield request;
            }
            case LIST_OFFSETS ->
                    new ListOffsetsRequestData()
                            .setTopics(
                                    List.of(
                                            new ListOffsetsRequestData.ListOffsetsTopic()
                                                    .setName(name)
                                                    .setPartitions(
                                                            List.of(
                                                                    new ListOffsetsRequestData
                                                                                    .ListOffsetsPartition()
                                                                            .setPartitionIndex(
                                                                                    index)
                                                                            .setTimestamp(
                                                                                    version % 2 == 0
                                                                                            ? -1
                                                                                            : -2)))));
            case OFFSET_FOR_LEADER_EPOCH -> {
                var request = new OffsetForLeaderEpochRequestData();
                if (version >= 3) {
                    request.setReplicaId(-1);
                }
                request.topics()
                        .add(
                                new OffsetForLeaderEpochRequestData.OffsetForLeaderTopic()
                                        .setTopic(name)
                                        .setPartitions(
                                                List.of(
                                                        new OffsetForLeaderEpochRequestData
                                                                        .OffsetForLeaderPartition()
                                                                .setPartition(index)
                                                                .setLeaderEpoch(0))));
                yield request;
            }
            case INIT_PRODUCER_ID -> new InitProducerIdRequestData().setTransactionalId(null);
            case API_VERSIONS ->
                    version < 3
                            ? new ApiVersionsRequestData()
                            : new ApiVersionsRequestData()
                                    .setClientSoftwareName("a-b.c")
                                    .setClientSoftwareVersion("1.2");
            case CREATE_TOPICS -> {
                var topic =
                        new CreateTopicsRequestData.CreatableTopic()
                                .setName("new" + made++)
                                .setNumPartitions(1)
                                .setReplicationFactor((short) 1);
                var request = new CreateTopicsRequestData();
                request.topics().add(topic);
                yield request;
            }
            case DELETE_TOPICS -> {
                var doomed = name;
                if (name.equals("t")) {
                    doomed = "doomed" + made++;
                    broker.broker().topics().create(new NewTopic(doomed));
                }
                yield version < 6
                        ? new DeleteTopicsRequestData().setTopicNames(List.of(doomed))
                        : new DeleteTopicsRequestData()
                                .setTopics(
                                        List.of(
                                                new DeleteTopicsRequestData.DeleteTopicState()
                                                        .setName(doomed)));
            }
            case CREATE_PARTITIONS -> {
                var topic =
                        new CreatePartitionsRequestData.CreatePartitionsTopic()
                                .setName(name)
                                .setAssignments(null)
                                .setCount(3 + version);
                var request = new CreatePartitionsRequestData();
                request.topics().add(topic);
                yield request;
            }
            case DELETE_RECORDS ->
                    new DeleteRecordsRequestData()
                            .setTopics(
                                    List.of(
                                            new DeleteRecordsRequestData.DeleteRecordsTopic()
                                                    .setName(name)
                                                    .setPartitions(
                                                            List.of(
                                                                    new DeleteRecordsRequestData
                                                                                    .DeleteRecordsPartition()
                                                                            .setPartitionIndex(
                                                                                    index)))));
            case DESCRIBE_CONFIGS ->
                    new DescribeConfigsRequestData()
                            .setResources(
                                    List.of(
                                            new DescribeConfigsRequestData.DescribeConfigsResource()
                                                    .setResourceType((byte) 2)
                                                    .setResourceName(name)
                                                    .setConfigurationKeys(null)))
                            .setIncludeSynonyms(true)
                            .setIncludeDocumentation(version >= 3);
            case ALTER_CONFIGS -> {
                var resource =
                        new AlterConfigsRequestData.AlterConfigsResource()
                                .setResourceType((byte) 2)
                                .setResourceName(name);
                resource.configs()
                        .add(
                                new AlterConfigsRequestData.AlterableConfig()
                                        .setName("retention.ms")
                                        .setValue("100000"));
                var request = new AlterConfigsRequestData();
                request.resources().add(resource);
                yield request;
            }
            case INCREMENTAL_ALTER_CONFIGS -> {
                var resource =
                        new IncrementalAlterConfigsRequestData.AlterConfigsResource()
                                .setResourceType((byte) 2)
                                .setResourceName(name);
                resource.configs()
                        .add(
                                new IncrementalAlterConfigsRequestData.AlterableConfig()
                                        .setName("retention.ms")
                                        .setValue("200000"));
                var request = new IncrementalAlterConfigsRequestData();
                request.resources().add(resource);
                yield request;
            }
            case DESCRIBE_CLUSTER ->
                    new DescribeClusterRequestData().setIncludeClusterAuthorizedOperations(true);
            case DESCRIBE_TOPIC_PARTITIONS ->
                    new DescribeTopicPartitionsRequestData()
                            .setTopics(
                                    List.of(
                                            new DescribeTopicPartitionsRequestData.TopicRequest()
                                                    .setName(name)));
            case FIND_COORDINATOR ->
                    version < 4
                            ? new FindCoordinatorRequestData().setKey(group)
                            : new FindCoordinatorRequestData()
                                    .setCoordinatorKeys(List.of(group, "another"));
            case JOIN_GROUP -> join(version);
            case SYNC_GROUP -> {
                var request =
                        new SyncGroupRequestData()
                                .setGroupId(group)
                                .setMemberId(member)
                                .setGenerationId(generation)
                                .setAssignments(
                                        List.of(
                                                new SyncGroupRequestData
                                                                .SyncGroupRequestAssignment()
                                                        .setMemberId(member)
                                                        .setAssignment(new byte[] {2})));
                yield version < 5
                        ? request
                        : request.setProtocolType("consumer").setProtocolName("range");
            }
            case HEARTBEAT ->
                    new HeartbeatRequestData()
                            .setGroupId(group)
                            .setMemberId(member)
                            .setGenerationId(generation);
            case LEAVE_GROUP ->
                    version < 3
                            ? new LeaveGroupRequestData().setGroupId(group).setMemberId(member)
                            : new LeaveGroupRequestData()
                                    .setGroupId(group)
                                    .setMembers(
                                            List.of(
                                                    new LeaveGroupRequestData.MemberIdentity()
                                                            .setMemberId(member)));
            case CONSUMER_GROUP_HEARTBEAT -> {
                var request =
                        new ConsumerGroupHeartbeatRequestData()
                                .setGroupId(group)
                                .setRebalanceTimeoutMs(10_000)
                                .setSubscribedTopicNames(List.of(name))
                                .setTopicPartitions(List.of());
                if (member.equals("unknown")) {
                    request.setMemberId(member).setMemberEpoch(generation);
                } else if (version >= 1) {
                    request.setMemberId(Uuid.randomUuid().toString());
                }
                yield request;
            }
            case CONSUMER_GROUP_DESCRIBE ->
                    new ConsumerGroupDescribeRequestData()
                            .setGroupIds(List.of(group))
                            .setIncludeAuthorizedOperations(true);
            case LIST_GROUPS -> {
                var request = new ListGroupsRequestData();
                if (version >= 4) {
                    request.setStatesFilter(List.of("Empty"));
                }
                yield version < 5 ? request : request.setTypesFilter(List.of("classic"));
            }
            case DESCRIBE_GROUPS -> {
                var request = new DescribeGroupsRequestData().setGroups(List.of(group));
                yield version < 3 ? request : request.setIncludeAuthorizedOperations(true);
            }
            case DELETE_GROUPS -> new DeleteGroupsRequestData().setGroupsNames(List.of(group));
            case OFFSET_COMMIT -> {
                var topic =
                        new OffsetCommitRequestData.OffsetCommitRequestTopic()
                                .setPartitions(
                                        List.of(
                                                new OffsetCommitRequestData
                                                                .OffsetCommitRequestPartition()
                                                        .setPartitionIndex(index)
                                                        .setCommittedOffset(1)));
                yield new OffsetCommitRequestData()
                        .setGroupId(group)
                        .setTopics(
                                List.of(
                                        version < 10
                                                ? topic.setName(name)
                                                : topic.setTopicId(topicId)));
            }
            case OFFSET_FETCH -> {
                if (version < 8) {
                    yield new OffsetFetchRequestData()
                            .setGroupId(group)
                            .setRequireStable(version == 7)
                            .setTopics(
                                    List.of(
                                            new OffsetFetchRequestData.OffsetFetchRequestTopic()
                                                    .setName(name)
                                                    .setPartitionIndexes(List.of(index))));
                }
                var topic =
                        new OffsetFetchRequestData.OffsetFetchRequestTopics()
                                .setPartitionIndexes(List.of(index));
                yield new OffsetFetchRequestData()
                        .setGroups(
                                List.of(
                                        new OffsetFetchRequestData.OffsetFetchRequestGroup()
                                                .setGroupId(group)
                                                .setTopics(
                                                        List.of(
                                                                version < 10
                                                                        ? topic.setName(name)
                                                                        : topic.setTopicId(
                                                                                topicId))),
                                        new OffsetFetchRequestData.OffsetFetchRequestGroup()
                                                .setGroupId(group)
                                                .setTopics(null)));
            }
            case OFFSET_DELETE -> {
                var topics = new OffsetDeleteRequestData.OffsetDeleteRequestTopicCollection();
                topics.add(
                        new OffsetDeleteRequestData.OffsetDeleteRequestTopic()
                                .setName(name)
                                .setPartitions(
                                        List.of(
                                                new OffsetDeleteRequestData
                                                                .OffsetDeleteRequestPartition()
                                                        .setPartitionIndex(index))));
                yield new OffsetDeleteRequestData().setGroupId(group).setTopics(topics);
            }
            case LIST_PARTITION_REASSIGNMENTS -> new ListPartitionReassignmentsRequestData();
            case ADD_PARTITIONS_TO_TXN -> {
                var topic =
                        new AddPartitionsToTxnRequestData.AddPartitionsToTxnTopic()
                                .setName(name)
                                .setPartitions(List.of(index));
                var topics = new AddPartitionsToTxnRequestData.AddPartitionsToTxnTopicCollection();
                topics.add(topic);
                yield version < 4
                        ? new AddPartitionsToTxnRequestData()
                                .setV3AndBelowTransactionalId(transaction)
                                .setV3AndBelowProducerId(owner.producerId())
                                .setV3AndBelowProducerEpoch(owner.producerEpoch())
                                .setV3AndBelowTopics(topics)
                        : new AddPartitionsToTxnRequestData()
                                .setTransactions(
                                        new AddPartitionsToTxnRequestData
                                                .AddPartitionsToTxnTransactionCollection(
                                                List.of(
                                                                new AddPartitionsToTxnRequestData
                                                                                .AddPartitionsToTxnTransaction()
                                                                        .setTransactionalId(
                                                                                transaction)
                                                                        .setProducerId(
                                                                                owner.producerId())
                                                                        .setProducerEpoch(
                                                                                owner
                                                                                        .producerEpoch())
                                                                        .setTopics(topics))
                                                        .iterator()));
            }
            case ADD_OFFSETS_TO_TXN ->
                    new AddOffsetsToTxnRequestData()
                            .setTransactionalId(transaction)
                            .setProducerId(owner.producerId() + index)
                            .setProducerEpoch(owner.producerEpoch())
                            .setGroupId(group);
            case END_TXN ->
                    new EndTxnRequestData()
                            .setTransactionalId(transaction)
                            .setProducerId(owner.producerId() + index)
                            .setProducerEpoch(owner.producerEpoch())
                            .setCommitted(true);
            case TXN_OFFSET_COMMIT ->
                    new TxnOffsetCommitRequestData()
                            .setTransactionalId(transaction)
                            .setProducerId(owner.producerId())
                            .setProducerEpoch(owner.producerEpoch())
                            .setGroupId(group)
                            .setTopics(
                                    List.of(
                                            new TxnOffsetCommitRequestData
                                                            .TxnOffsetCommitRequestTopic()
                                                    .setName(name)
                                                    .setPartitions(
                                                            List.of(
                                                                    new TxnOffsetCommitRequestData
                                                                                    .TxnOffsetCommitRequestPartition()
                                                                            .setPartitionIndex(
                                                                                    index)
                                                                            .setCommittedOffset(
                                                                                    1)))));
            case WRITE_TXN_MARKERS ->
                    new WriteTxnMarkersRequestData()
                            .setMarkers(
                                    List.of(
                                            new WriteTxnMarkersRequestData.WritableTxnMarker()
                                                    .setProducerId(owner.producerId())
                                                    .setProducerEpoch(owner.producerEpoch())
                                                    .setTopics(
                                                            List.of(
                                                                    new WriteTxnMarkersRequestData
                                                                                    .WritableTxnMarkerTopic()
                                                                            .setName(name)
                                                                            .setPartitionIndexes(
                                                                                    List.of(
                                                                                            index))))));
            case DESCRIBE_PRODUCERS ->
                    new DescribeProducersRequestData()
                            .setTopics(
                                    List.of(
                                            new DescribeProducersRequestData.TopicRequest()
                                                    .setName(name)
                                                    .setPartitionIndexes(List.of(index))));
            case DESCRIBE_TRANSACTIONS ->
                    new DescribeTransactionsRequestData()
                            .setTransactionalIds(
                                    List.of(name.equals("t") ? transaction : "nobody"));
            case LIST_TRANSACTIONS -> {
                var request = new ListTransactionsRequestData();
                if (version >= 2 && !name.equals("t")) {
                    request.setTransactionalIdPattern("[");
                }
                yield request;
            }
            case UPDATE_FEATURES -> {
                var request = new UpdateFeaturesRequestData();
                request.featureUpdates()
                        .add(
                                new UpdateFeaturesRequestData.FeatureUpdateKey()
                                        .setFeature(name.equals("t") ? "group.version" : name)
                                        .setMaxVersionLevel((short) 1));
                yield request;
            }
            case DESCRIBE_QUORUM ->
                    new DescribeQuorumRequestData()
                            .setTopics(
                                    List.of(
                                            new DescribeQuorumRequestData.TopicData()
                                                    .setTopicName(
                                                            name.equals("t")
                                                                    ? "__cluster_metadata"
                                                                    : name)
                                                    .setPartitions(
                                                            List.of(
                                                                    new DescribeQuorumRequestData
                                                                                    .PartitionData()
                                                                            .setPartitionIndex(
                                                                                    index)))));
            case ELECT_LEADERS -> {
                var partitions = new ElectLeadersRequestData.TopicPartitionsCollection();
                partitions.add(
                        new ElectLeadersRequestData.TopicPartitions()
                                .setTopic(name)
                                .setPartitions(List.of(index)));
                yield new ElectLeadersRequestData().setTopicPartitions(partitions);
            }
            case DESCRIBE_LOG_DIRS -> new DescribeLogDirsRequestData().setTopics(null);
            case ALTER_REPLICA_LOG_DIRS -> {
                var moved =
                        new AlterReplicaLogDirsRequestData.AlterReplicaLogDir()
                                .setPath(directory.resolve("log").toString());
                moved.topics()
                        .add(
                                new AlterReplicaLogDirsRequestData.AlterReplicaLogDirTopic()
                                        .setName(name)
                                        .setPartitions(List.of(index)));
                var request = new AlterReplicaLogDirsRequestData();
                request.dirs().add(moved);
                yield request;
            }
            case LIST_CONFIG_RESOURCES ->
                    version == 0
                            ? new ListConfigResourcesRequestData()
                            : new ListConfigResourcesRequestData()
                                    .setResourceTypes(
                                            List.of(name.equals("t") ? (byte) 2 : (byte) 99));
            case DESCRIBE_CLIENT_QUOTAS ->
                    new DescribeClientQuotasRequestData()
                            .setComponents(
                                    List.of(
                                            new DescribeClientQuotasRequestData.ComponentData()
                                                    .setEntityType(name.equals("t") ? "user" : name)
                                                    .setMatchType((byte) 2)
                                                    .setMatch(null)));
            case ALTER_CLIENT_QUOTAS ->
                    new AlterClientQuotasRequestData()
                            .setEntries(
                                    List.of(
                                            new AlterClientQuotasRequestData.EntryData()
                                                    .setEntity(
                                                            List.of(
                                                                    new AlterClientQuotasRequestData
                                                                                    .EntityData()
                                                                            .setEntityType(
                                                                                    name.equals("t")
                                                                                            ? "user"
                                                                                            : name)
                                                                            .setEntityName("u")))
                                                    .setOps(
                                                            List.of(
                                                                    new AlterClientQuotasRequestData
                                                                                    .OpData()
                                                                            .setKey(
                                                                                    "producer_byte_rate")
                                                                            .setValue(1e9)))));
            case DESCRIBE_USER_SCRAM_CREDENTIALS ->
                    name.equals("t")
                            ? new DescribeUserScramCredentialsRequestData().setUsers(null)
                            : new DescribeUserScramCredentialsRequestData()
                                    .setUsers(
                                            List.of(
                                                    new DescribeUserScramCredentialsRequestData
                                                                    .UserName()
                                                            .setName("nobody")));
            case ALTER_USER_SCRAM_CREDENTIALS ->
                    new AlterUserScramCredentialsRequestData()
                            .setUpsertions(
                                    List.of(
                                            new AlterUserScramCredentialsRequestData
                                                            .ScramCredentialUpsertion()
                                                    .setName(name)
                                                    .setMechanism((byte) (1 + index))
                                                    .setIterations(4096)
                                                    .setSalt(new byte[] {1})
                                                    .setSaltedPassword(new byte[] {2})));
            case CREATE_ACLS ->
                    new CreateAclsRequestData()
                            .setCreations(
                                    List.of(
                                            new CreateAclsRequestData.AclCreation()
                                                    .setResourceType((byte) 2)
                                                    .setResourceName(name)
                                                    .setPrincipal(
                                                            name.equals("t") ? "User:a" : "nobody")
                                                    .setHost("*")
                                                    .setOperation((byte) 3)
                                                    .setPermissionType((byte) 3)));
            case DESCRIBE_ACLS ->
                    new DescribeAclsRequestData()
                            .setResourceTypeFilter((byte) 1)
                            .setPatternTypeFilter((byte) (name.equals("t") ? 1 : 0))
                            .setResourceNameFilter(null)
                            .setPrincipalFilter(null)
                            .setHostFilter(null)
                            .setOperation((byte) 1)
                            .setPermissionType((byte) 1);
            case DELETE_ACLS ->
                    new DeleteAclsRequestData()
                            .setFilters(
                                    List.of(
                                            new DeleteAclsRequestData.DeleteAclsFilter()
                                                    .setResourceTypeFilter((byte) 1)
                                                    .setPatternTypeFilter(
                                                            (byte) (name.equals("t") ? 1 : 0))
                                                    .setResourceNameFilter(null)
                                                    .setPrincipalFilter(null)
                                                    .setHostFilter(null)
                                                    .setOperation((byte) 1)
                                                    .setPermissionType((byte) 1)));
            default -> throw new IllegalStateException("no request made for " + api);
        };
    }
}
