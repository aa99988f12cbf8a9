package dev.weir.broker.request;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.broker.BrokerConfig;
import dev.weir.broker.RawClient;
import dev.weir.broker.TestBroker;
import dev.weir.broker.error.ErrorCode;
import dev.weir.broker.partition.LogDirectory;
import dev.weir.broker.partition.LogDirectoryConfig;
import dev.weir.broker.partition.Partition;
import dev.weir.broker.partition.ReadLimit;
import dev.weir.broker.protocol.WireRequest;
import dev.weir.broker.record.BatchHeader;
import dev.weir.broker.storage.SimulatedFileSystem;
import dev.weir.broker.topic.MetadataImage;
import dev.weir.broker.topic.MetadataLog;
import dev.weir.broker.topic.NewTopic;
import dev.weir.broker.topic.Topics;

import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.message.ApiVersionsRequestData;
import org.apache.kafka.common.message.ProduceRequestData;
import org.apache.kafka.common.message.ProduceRequestData.PartitionProduceData;
import org.apache.kafka.common.message.ProduceRequestData.TopicProduceData;
import org.apache.kafka.common.message.ProduceRequestData.TopicProduceDataCollection;
import org.apache.kafka.common.message.ProduceResponseData;
import org.apache.kafka.common.message.ProduceResponseData.PartitionProduceResponse;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.SimpleRecord;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;

/// A produce request whose batches grow to more than an event loop should look at in one go is
/// served in several turns. Nobody else sees a difference, but for being served in between.
class ProduceTurnsTest {
    /// What a batch grows to; a few kilobytes on the wire.
    private static final int GROWN_BYTES = 12 << 20;

    /// Batches until a turn is over.
    private static final int A_TURN = (int) (ProduceHandler.TURN_BYTES / GROWN_BYTES) + 1;

    private LogDirectory logs;
    private MetadataLog metadata;
    private Topics topics;
    private List<Partition> partitions;

    @BeforeEach
    void start() {
        var disk = new SimulatedFileSystem(1);
        logs = LogDirectory.open(disk, Path.of("/log"), LogDirectoryConfig.DEFAULT, this::now);
        var image = new MetadataImage();
        metadata = MetadataLog.open(disk, Path.of("/meta/metadata.log"), image::apply);
        topics = new Topics(metadata, image, logs, 1, Map.of());
        partitions = topics.create(new NewTopic("t", 2, Map.of())).partitions();
    }

    @AfterEach
    void stop() {
        metadata.close();
        logs.close();
    }

    private Instant now() {
        return Instant.ofEpochMilli(1_000_000);
    }

    @Test
    void a_request_of_much_is_served_in_turns_and_answered_once() throws IOException {
        var batches = new ArrayList<ByteBuffer>();
        for (int i = 0; i < 3 * A_TURN; i++) {
            batches.add(grown(i));
        }
        var exchange = produce(batches, null);
        assertThat(appended()).isEqualTo(A_TURN);
        assertThat(exchange.isHeld()).as("following requests are held back").isTrue();
        batches.forEach(ProduceTurnsTest::wipe); // as when the frame's buffer is used for another
        for (int turn = 2; turn <= 3; turn++) {
            assertThat(exchange.response()).isNull();
            exchange.runNext();
            assertThat(appended()).isEqualTo((long) turn * A_TURN);
        }
        assertThat(exchange.hasMore()).isFalse();
        assertThat(answers(exchange))
                .allSatisfy(each -> assertThat(each.errorCode()).isEqualTo(ErrorCode.NONE))
                .extracting(PartitionProduceResponse::baseOffset)
                .containsExactlyElementsOf(offsets(batches.size()));
        assertThat(firstKeys(0)).containsExactlyElementsOf(every(2, 0, batches.size()));
        assertThat(firstKeys(1)).containsExactlyElementsOf(every(2, 1, batches.size()));
    }

    @Test
    void a_request_of_little_is_served_at_once() {
        var exchange = produce(List.of(grown(0), grown(1), grown(2)), null);
        assertThat(exchange.hasMore()).isFalse();
        assertThat(exchange.isHeld()).isFalse();
        assertThat(answers(exchange)).hasSize(3);
    }

    @Test
    void batches_that_are_refused_count_too() {
        var batches = new ArrayList<ByteBuffer>();
        for (int i = 0; i < 2 * A_TURN; i++) {
            var batch = grown(i);
            batch.putInt(23, 1).putInt(57, 2); // says it has two records
            BatchHeader.renumber(batch, 0, -1); // with a right checksum
            batches.add(batch);
        }
        var exchange = produce(batches, null);
        assertThat(exchange.response()).isNull();
        exchange.runNext();
        assertThat(answers(exchange))
                .hasSize(2 * A_TURN)
                .extracting(PartitionProduceResponse::errorCode)
                .containsOnly(ErrorCode.INVALID_RECORD);
        assertThat(appended()).isZero();
    }

    @Test
    void batches_that_are_compressed_again_count_for_more() {
        topics.create(new NewTopic("z", 1, Map.of("compression.type", "lz4")));
        var exchange = produce("z", 1, List.of(grown(0), grown(1), grown(2)), null);
        assertThat(exchange.response()).isNull();
        exchange.runNext();
        exchange.runNext();
        assertThat(exchange.hasMore()).isFalse();
        assertThat(answers(exchange))
                .extracting(PartitionProduceResponse::errorCode)
                .containsOnly(ErrorCode.NONE);
    }

    @Test
    void small_batches_are_turns_of_their_own_where_each_takes_long() {
        topics.create(
                new NewTopic(
                        "z",
                        1,
                        Map.of("compression.type", "zstd", "compression.zstd.level", "10")));
        var small = new ArrayList<ByteBuffer>();
        for (int i = 0; i < 3; i++) {
            small.add(TestBroker.bytes("small"));
        }
        var exchange = produce("z", 1, small, null);
        for (int turn = 2; turn <= 3; turn++) {
            assertThat(exchange.response()).isNull();
            exchange.runNext();
        }
        assertThat(answers(exchange)).hasSize(3);
    }

    @Test
    void what_the_coordinator_of_transactions_agreed_to_is_appended_in_turns_too() {
        var batches = new ArrayList<ByteBuffer>();
        for (int i = 0; i < A_TURN + 1; i++) {
            int producer = i; // each begins a transaction
            batches.add(
                    MemoryRecords.withTransactionalRecords(
                                    Compression.zstd().build(), producer, (short) 0, 0, record(i))
                            .buffer());
        }
        var exchange = produce(batches, "id");
        assertThat(appended()).isZero();
        exchange.runNext();
        assertThat(appended()).isEqualTo(A_TURN);
        assertThat(exchange.response()).isNull();
        exchange.runNext();
        assertThat(appended()).isEqualTo(A_TURN + 1);
        assertThat(answers(exchange))
                .extracting(PartitionProduceResponse::errorCode)
                .containsOnly(ErrorCode.NONE);
    }

    @Test
    void other_clients_of_the_event_loop_are_served_in_between(@TempDir Path directory)
            throws IOException {
        int loops = BrokerConfig.defaults(directory).requests().threads();
        int turns = 5;
        try (var broker = new TestBroker(directory);
                var other = broker.raw()) {
            broker.broker().topics().create(new NewTopic("t", 1, Map.of()));
            var batches = new ArrayList<ByteBuffer>();
            for (int i = 0; i < turns * A_TURN; i++) {
                batches.add(grown(i));
            }
            var body = request("t", 1, batches, null);
            int asked = other.send(ApiKeys.API_VERSIONS, 0, new ApiVersionsRequestData());
            other.receive(ApiKeys.API_VERSIONS, 0, asked);
            var busy = new ArrayList<RawClient>();
            try {
                for (int i = 0; i < loops; i++) { // one of them shares the other's event loop
                    var client = broker.raw();
                    busy.add(client);
                    client.send(ApiKeys.PRODUCE, 12, body);
                }
                var partition = broker.broker().partition("t", 0);
                long all = (long) loops * batches.size();
                long there = 0;
                int between = 0;
                while (there < all) {
                    other.call(ApiKeys.API_VERSIONS, 0, new ApiVersionsRequestData());
                    there = partition.logEndOffset();
                    between += there > 0 && there < all ? 1 : 0;
                }
                assertThat(between).as("answers in between").isGreaterThanOrEqualTo(turns - 3);
                for (var client : busy) {
                    var answer = (ProduceResponseData) client.receive(ApiKeys.PRODUCE, 12, 1);
                    assertThat(answer.responses().iterator().next().partitionResponses())
                            .hasSize(batches.size())
                            .extracting(PartitionProduceResponse::errorCode)
                            .containsOnly(ErrorCode.NONE);
                }
            } finally {
                for (var client : busy) {
                    client.close();
                }
            }
        }
    }

    private long appended() {
        return partitions.stream().mapToLong(Partition::logEndOffset).sum();
    }

    /// The keys of a partition's batches.
    private List<Integer> firstKeys(int partition) throws IOException {
        var keys = new ArrayList<Integer>();
        var bytes =
                partitions
                        .get(partition)
                        .read(0, Integer.MAX_VALUE, ReadLimit.LOG_END, true)
                        .slice()
                        .toBuffer();
        MemoryRecords.readableRecords(bytes)
                .records()
                .forEach(record -> keys.add(record.key().getInt()));
        return keys;
    }

    private static List<Integer> every(int step, int from, int below) {
        var numbers = new ArrayList<Integer>();
        for (int i = from; i < below; i += step) {
            numbers.add(i);
        }
        return numbers;
    }

    private static List<Long> offsets(int batches) {
        var offsets = new ArrayList<Long>();
        for (int i = 0; i < batches; i++) {
            offsets.add((long) i / 2);
        }
        return offsets;
    }

    private static ByteBuffer grown(int key) {
        return MemoryRecords.withRecords(Compression.zstd().build(), record(key)).buffer();
    }

    private static SimpleRecord record(int key) {
        return new SimpleRecord(
                1_000_000,
                ByteBuffer.allocate(4).putInt(0, key).array(),
                new byte[GROWN_BYTES - 64]);
    }

    private static void wipe(ByteBuffer batch) {
        for (int i = 0; i < batch.limit(); i++) {
            batch.put(i, (byte) 0xee);
        }
    }

    private ExchangeInTest produce(List<ByteBuffer> batches, String transactionalId) {
        return produce("t", 2, batches, transactionalId);
    }

    /// Sends batches, each to the next partition.
    private ExchangeInTest produce(
            String name, int count, List<ByteBuffer> batches, String transactionalId) {
        var body = request(name, count, batches, transactionalId);
        var exchange =
                new ExchangeInTest(
                        new WireRequest(ApiKeys.PRODUCE, (short) 12, 1, "c", body, false));
        new ProduceHandler(
                        topics,
                        (_, _, _, _, _) -> CompletableFuture.completedFuture(null),
                        new RequestMetrics())
                .handle(exchange);
        return exchange;
    }

    private static ProduceRequestData request(
            String name, int count, List<ByteBuffer> batches, String transactionalId) {
        var topic = new TopicProduceData().setName(name);
        for (int i = 0; i < batches.size(); i++) {
            topic.partitionData()
                    .add(
                            new PartitionProduceData()
                                    .setIndex(i % count)
                                    .setRecords(MemoryRecords.readableRecords(batches.get(i))));
        }
        return new ProduceRequestData()
                .setAcks((short) 1)
                .setTransactionalId(transactionalId)
                .setTopicData(new TopicProduceDataCollection(List.of(topic).iterator()));
    }

    private static List<PartitionProduceResponse> answers(ExchangeInTest exchange) {
        assertThat(exchange.response()).as("answer").isNotNull();
        return ((ProduceResponseData) exchange.response())
                .responses()
                .iterator()
                .next()
                .partitionResponses();
    }
}
