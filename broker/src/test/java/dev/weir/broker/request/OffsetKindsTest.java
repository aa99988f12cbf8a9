package dev.weir.broker.request;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.broker.RawClient;
import dev.weir.broker.TestBroker;
import dev.weir.broker.partition.AppendOrigin;
import dev.weir.broker.record.RecordBatchWriter;
import dev.weir.broker.topic.NewTopic;

import org.apache.kafka.common.message.ListOffsetsRequestData;
import org.apache.kafka.common.message.ListOffsetsRequestData.ListOffsetsPartition;
import org.apache.kafka.common.message.ListOffsetsRequestData.ListOffsetsTopic;
import org.apache.kafka.common.message.ListOffsetsResponseData;
import org.apache.kafka.common.message.ListOffsetsResponseData.ListOffsetsPartitionResponse;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.requests.ListOffsetsRequest;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/// Kinds of offsets by the version of ListOffsets that asks, as `ReplicaManager` of Kafka 4.3.1
/// takes them.
class OffsetKindsTest {
    private static final long RECORD_TIMESTAMP = 1_700_000_000_000L;

    /// The first version in which a kind may be asked for.
    private static final Map<Long, Integer> FIRST_VERSIONS =
            Map.of(
                    ListOffsetsRequest.EARLIEST_TIMESTAMP, 1,
                    ListOffsetsRequest.LATEST_TIMESTAMP, 1,
                    ListOffsetsRequest.MAX_TIMESTAMP, 7,
                    ListOffsetsRequest.EARLIEST_LOCAL_TIMESTAMP, 8,
                    ListOffsetsRequest.LATEST_TIERED_TIMESTAMP, 9,
                    ListOffsetsRequest.EARLIEST_PENDING_UPLOAD_TIMESTAMP, 11);

    private static final Map<Long, Long> OFFSETS =
            Map.of(
                    ListOffsetsRequest.EARLIEST_TIMESTAMP, 0L,
                    ListOffsetsRequest.LATEST_TIMESTAMP, 1L,
                    ListOffsetsRequest.MAX_TIMESTAMP, 0L,
                    ListOffsetsRequest.EARLIEST_LOCAL_TIMESTAMP, 0L,
                    ListOffsetsRequest.LATEST_TIERED_TIMESTAMP, -1L,
                    ListOffsetsRequest.EARLIEST_PENDING_UPLOAD_TIMESTAMP, -1L);

    @TempDir Path directory;
    private TestBroker broker;
    private RawClient client;

    @BeforeEach
    void start_with_one_record() throws Exception {
        broker = new TestBroker(directory);
        client = broker.raw();
        broker.broker().topics().create(new NewTopic("t", 1, Map.of()));
        var writer = new RecordBatchWriter();
        writer.start(RECORD_TIMESTAMP);
        writer.append(RECORD_TIMESTAMP, null, new byte[1]);
        broker.broker().partition("t", 0).append(writer.finish(), AppendOrigin.ENGINE);
    }

    @AfterEach
    void stop() throws Exception {
        client.close();
        broker.close();
    }

    @Test
    void each_kind_is_answered_from_the_version_on_that_brought_it() throws Exception {
        for (int version = 1; version <= ApiKeys.LIST_OFFSETS.latestVersion(); version++) {
            for (var kind : FIRST_VERSIONS.keySet()) {
                var answer = ask(version, "t", kind);
                boolean known = version >= FIRST_VERSIONS.get(kind);
                assertThat(Errors.forCode(answer.errorCode()))
                        .as("version %s, kind %s", version, kind)
                        .isEqualTo(known ? Errors.NONE : Errors.UNSUPPORTED_VERSION);
                assertThat(answer.offset())
                        .as("version %s, kind %s", version, kind)
                        .isEqualTo(known ? OFFSETS.get(kind) : -1);
                boolean dated = known && kind == ListOffsetsRequest.MAX_TIMESTAMP;
                assertThat(answer.timestamp()).isEqualTo(dated ? RECORD_TIMESTAMP : -1);
            }
        }
    }

    @Test
    void times_are_answered_in_every_version_and_kinds_that_nobody_knows_in_none()
            throws Exception {
        for (int version = 1; version <= ApiKeys.LIST_OFFSETS.latestVersion(); version++) {
            assertThat(ask(version, "t", RECORD_TIMESTAMP).offset()).isZero();
            assertThat(ask(version, "t", RECORD_TIMESTAMP + 1).offset()).isEqualTo(-1);
            for (long kind : List.of(-7L, -8L, Integer.MIN_VALUE - 1L, -1L << 32, Long.MIN_VALUE)) {
                assertThat(Errors.forCode(ask(version, "t", kind).errorCode()))
                        .as("version %s, kind %s", version, kind)
                        .isEqualTo(Errors.UNSUPPORTED_VERSION);
            }
        }
    }

    @Test
    void a_kind_is_judged_before_its_partition_is_looked_for() throws Exception {
        assertThat(Errors.forCode(ask(6, "absent", -3).errorCode()))
                .isEqualTo(Errors.UNSUPPORTED_VERSION);
        assertThat(Errors.forCode(ask(7, "absent", -3).errorCode()))
                .isEqualTo(Errors.UNKNOWN_TOPIC_OR_PARTITION);
    }

    private ListOffsetsPartitionResponse ask(int version, String topic, long timestamp)
            throws Exception {
        var wanted =
                new ListOffsetsTopic()
                        .setName(topic)
                        .setPartitions(List.of(new ListOffsetsPartition().setTimestamp(timestamp)));
        var response =
                (ListOffsetsResponseData)
                        client.call(
                                ApiKeys.LIST_OFFSETS,
                                version,
                                new ListOffsetsRequestData().setTopics(List.of(wanted)));
        return response.topics().getFirst().partitions().getFirst();
    }
}
