package dev.weir.broker.request;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weir.broker.coordinator.LogWriter;
import dev.weir.broker.coordinator.TransactionCheck;
import dev.weir.broker.partition.AppendOrigin;
import dev.weir.broker.partition.LogDirectory;
import dev.weir.broker.partition.LogDirectoryConfig;
import dev.weir.broker.partition.Partition;
import dev.weir.broker.protocol.WireRequest;
import dev.weir.broker.storage.SimulatedFileSystem;
import dev.weir.broker.topic.MetadataImage;
import dev.weir.broker.topic.MetadataLog;
import dev.weir.broker.topic.NewTopic;
import dev.weir.broker.topic.Topics;

import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.errors.InvalidTxnStateException;
import org.apache.kafka.common.message.ProduceRequestData;
import org.apache.kafka.common.message.ProduceRequestData.PartitionProduceData;
import org.apache.kafka.common.message.ProduceRequestData.TopicProduceData;
import org.apache.kafka.common.message.ProduceRequestData.TopicProduceDataCollection;
import org.apache.kafka.common.message.ProduceResponseData;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.SimpleRecord;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;

/// The marker of a transaction reaches a partition while the coordinator is asked about the first
/// records of the next one, as it does when markers had to wait.
class LateMarkerTest {
    private static final long PRODUCER = 7;
    private static final short BEFORE = 3;
    private static final TopicPartition AT = new TopicPartition("t", 0);

    /// The first version of Produce whose client adds partitions by writing, and the last before.
    private static final short ADDING = 12;

    private static final short VERIFYING = 11;

    private LogDirectory logs;
    private MetadataLog metadata;
    private Topics topics;
    private Partition partition;

    @BeforeEach
    void start() {
        var disk = new SimulatedFileSystem(1);
        logs = LogDirectory.open(disk, Path.of("/log"), LogDirectoryConfig.DEFAULT, this::now);
        var image = new MetadataImage();
        metadata = MetadataLog.open(disk, Path.of("/meta/metadata.log"), image::apply);
        topics = new Topics(metadata, image, logs, 1, Map.of());
        partition = topics.create(new NewTopic(AT.topic(), 1, Map.of())).partitions().getFirst();
        partition.append(records(BEFORE, 0).buffer(), AppendOrigin.CLIENT, Partition.ADDED);
    }

    @AfterEach
    void stop() {
        metadata.close();
        logs.close();
    }

    private Instant now() {
        return Instant.ofEpochMilli(1_000_000);
    }

    private static MemoryRecords records(short epoch, int sequence) {
        return MemoryRecords.withTransactionalRecords(
                Compression.NONE, PRODUCER, epoch, sequence, new SimpleRecord(new byte[] {1}));
    }

    /// A coordinator that agrees when the marker of the transaction before is there.
    private TransactionCheck after(short markerEpoch) {
        return (_, _, _, _, _) -> {
            partition.appendMarker(PRODUCER, markerEpoch, true, 1_000_000);
            return CompletableFuture.completedFuture(null);
        };
    }

    private Errors produced(short version, short epoch, TransactionCheck check) {
        var topic = new TopicProduceData().setName(AT.topic());
        topic.partitionData()
                .add(
                        new PartitionProduceData()
                                .setRecords(records(epoch, epoch == BEFORE ? 1 : 0)));
        var body =
                new ProduceRequestData()
                        .setAcks((short) 1)
                        .setTransactionalId("id")
                        .setTopicData(new TopicProduceDataCollection(List.of(topic).iterator()));
        var exchange =
                new ExchangeInTest(new WireRequest(ApiKeys.PRODUCE, version, 1, "c", body, false));
        new ProduceHandler(topics, check, new RequestMetrics()).handle(exchange);
        while (exchange.hasMore()) {
            exchange.runNext();
        }
        var answer = (ProduceResponseData) exchange.response();
        return Errors.forCode(
                answer.responses().iterator().next().partitionResponses().getFirst().errorCode());
    }

    @Test
    void records_that_add_their_partition_are_taken() {
        short next = BEFORE + 1;
        assertThat(produced(ADDING, next, after(next))).isEqualTo(Errors.NONE);
        assertThat(partition.openTransactions()).hasSize(1);
    }

    @Test
    void records_that_add_their_partition_are_refused_if_their_own_transaction_was_ended() {
        short next = BEFORE + 1;
        partition.appendMarker(PRODUCER, next, true, 1_000_000);
        assertThat(produced(ADDING, next, after((short) (next + 1))))
                .isEqualTo(Errors.INVALID_PRODUCER_EPOCH);
        assertThat(partition.openTransactions()).isEmpty();
    }

    /// Without a bump of the epoch nobody could tell whether they belong to what has just ended.
    @Test
    void records_of_older_clients_are_refused() {
        partition.appendMarker(PRODUCER, BEFORE, true, 1_000_000);
        assertThat(produced(VERIFYING, BEFORE, after(BEFORE))).isEqualTo(Errors.INVALID_TXN_STATE);
        assertThat(partition.openTransactions()).isEmpty();
    }

    @Test
    void offsets_that_add_their_partition_are_taken_and_those_of_older_clients_refused() {
        short next = BEFORE + 1;
        commit(next, 5, after(next));
        assertThat(partition.openTransactions()).hasSize(1);
        partition.appendMarker(PRODUCER, next, true, 1_000_000);
        assertThatThrownBy(() -> commit(next, 4, after(next)))
                .isInstanceOf(InvalidTxnStateException.class);
        assertThat(partition.openTransactions()).isEmpty();
    }

    /// What a coordinator does with a TxnOffsetCommit request of this version.
    private void commit(short epoch, int version, TransactionCheck check) {
        var writer = new LogWriter(List.of(partition), () -> {}, check);
        var guard =
                writer.maybeStartTransactionVerification(AT, "id", PRODUCER, epoch, version).join();
        writer.append(AT, guard, records(epoch, 0), (short) 2);
    }
}
