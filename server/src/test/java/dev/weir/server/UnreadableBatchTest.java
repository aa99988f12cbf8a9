package dev.weir.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.broker.record.BatchHeader;
import dev.weir.broker.record.RecordBatchWriter;
import dev.weir.sql.exec.SqlSession;

import org.apache.kafka.common.message.ProduceRequestData;
import org.apache.kafka.common.message.ProduceRequestData.PartitionProduceData;
import org.apache.kafka.common.message.ProduceRequestData.TopicProduceData;
import org.apache.kafka.common.message.ProduceRequestData.TopicProduceDataCollection;
import org.apache.kafka.common.message.ProduceResponseData;
import org.apache.kafka.common.message.RequestHeaderData;
import org.apache.kafka.common.message.ResponseHeaderData;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.ByteBufferAccessor;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.protocol.ObjectSerializationCache;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

import java.io.DataInputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/// A batch with a right checksum whose records cannot be read, in a log that somebody else wrote,
/// fails the queries over its topic and no others. A client's is refused.
class UnreadableBatchTest {
    private static final short PRODUCE_VERSION = 9;

    @TempDir Path directory;
    private final SqlSession session = new SqlSession("test");

    @Test
    @Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
    void it_fails_what_reads_its_topic_and_nothing_else() throws Exception {
        WeirServer server = WeirServer.start(ServerConfig.onFreePorts(directory));
        try {
            for (String name : List.of("good", "bad")) {
                run(
                        server,
                        "CREATE STREAM "
                                + name
                                + " (v VARCHAR) WITH (KAFKA_TOPIC='"
                                + name
                                + "', VALUE_FORMAT='KAFKA', PARTITIONS=1)");
                run(
                        server,
                        "CREATE TABLE count_"
                                + name
                                + " AS SELECT v, COUNT(*) AS n FROM "
                                + name
                                + " GROUP BY v");
            }
            for (String name : List.of("good", "bad")) {
                assertThat(send(server, name, batch("x", false))).isEqualTo(Errors.NONE);
                await(server, name);
            }
            assertThat(send(server, "bad", batch("x", true))).isEqualTo(Errors.INVALID_RECORD);
        } finally {
            server.close();
        }
        putIntoLog("bad", batch("x", true));
        server = WeirServer.start(ServerConfig.onFreePorts(directory));
        try {
            while (!status(server, "bad").contains("FAILED")) {
                Thread.onSpinWait();
            }
        } finally {
            server.close();
        }
        server = WeirServer.start(ServerConfig.onFreePorts(directory));
        try {
            assertThat(status(server, "bad")).contains("FAILED", "the batch at offset 1 of bad-0");
            assertThat(send(server, "good", batch("y", false))).isEqualTo(Errors.NONE);
            while (!rows(server, "SELECT n FROM count_good WHERE v = 'y'").contains("[1]")) {
                Thread.onSpinWait();
            }
        } finally {
            server.close();
        }
    }

    private void await(WeirServer server, String name) {
        while (!rows(server, "SELECT n FROM count_" + name + " WHERE v = 'x'").contains("[1]")) {
            Thread.onSpinWait();
        }
    }

    /// The line of SHOW QUERIES of the query that writes a table.
    private String status(WeirServer server, String name) {
        return rows(server, "SHOW QUERIES").stream()
                .filter(row -> row.toLowerCase(Locale.ROOT).contains("count_" + name))
                .findFirst()
                .orElse("");
    }

    private void run(WeirServer server, String sql) {
        var _ = server.engine().execute(sql, session);
    }

    private List<String> rows(WeirServer server, String sql) {
        return server.engine().execute(sql, session).asRows().rows().stream()
                .map(Arrays::toString)
                .toList();
    }

    private static ByteBuffer batch(String text, boolean broken) {
        var writer = new RecordBatchWriter();
        writer.start(1, -1, (short) -1, -1, false);
        writer.append(1, null, text.getBytes(StandardCharsets.UTF_8));
        ByteBuffer batch = writer.finish();
        if (broken) {
            batch.put(batch.position() + BatchHeader.BYTES, (byte) 0x7f); // the record's length
            BatchHeader.renumber(batch, batch.position(), -1);
        }
        return batch;
    }

    /// Adds a second batch to the log of a stopped server, which then reads it whole.
    private void putIntoLog(String topic, ByteBuffer batch) throws IOException {
        Path partition = directory.resolve("log").resolve(topic + "-0");
        BatchHeader.assign(batch, batch.position(), 1, 0);
        try (var file =
                FileChannel.open(
                        partition.resolve("00000000000000000000.log"), StandardOpenOption.APPEND)) {
            file.write(batch);
        }
        Files.delete(partition.resolve("weir.state"));
    }

    private static Errors send(WeirServer server, String topic, ByteBuffer batch)
            throws IOException {
        var topics = new TopicProduceDataCollection();
        topics.add(
                new TopicProduceData()
                        .setName(topic)
                        .setPartitionData(
                                List.of(
                                        new PartitionProduceData()
                                                .setRecords(
                                                        MemoryRecords.readableRecords(batch)))));
        var body =
                new ProduceRequestData()
                        .setAcks((short) -1)
                        .setTimeoutMs(10_000)
                        .setTopicData(topics);
        var header =
                new RequestHeaderData()
                        .setRequestApiKey(ApiKeys.PRODUCE.id)
                        .setRequestApiVersion(PRODUCE_VERSION)
                        .setClientId("test");
        short headerVersion = ApiKeys.PRODUCE.requestHeaderVersion(PRODUCE_VERSION);
        var cache = new ObjectSerializationCache();
        int size = header.size(cache, headerVersion) + body.size(cache, PRODUCE_VERSION);
        ByteBuffer frame = ByteBuffer.allocate(4 + size).putInt(size);
        var out = new ByteBufferAccessor(frame);
        header.write(out, cache, headerVersion);
        body.write(out, cache, PRODUCE_VERSION);
        try (var socket =
                new Socket(InetAddress.getLoopbackAddress(), server.kafkaAddress().getPort())) {
            socket.getOutputStream().write(frame.array());
            var in = new DataInputStream(socket.getInputStream());
            byte[] response = new byte[in.readInt()];
            in.readFully(response);
            var answer = new ByteBufferAccessor(ByteBuffer.wrap(response));
            var _ =
                    new ResponseHeaderData(
                            answer, ApiKeys.PRODUCE.responseHeaderVersion(PRODUCE_VERSION));
            var produced = new ProduceResponseData(answer, PRODUCE_VERSION);
            return Errors.forCode(
                    produced.responses()
                            .iterator()
                            .next()
                            .partitionResponses()
                            .getFirst()
                            .errorCode());
        }
    }
}
