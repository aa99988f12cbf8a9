package dev.weir.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.broker.record.BatchHeader;
import dev.weir.broker.record.RecordBatchWriter;
import dev.weir.sql.exec.SqlSession;

import org.apache.kafka.common.message.ProduceRequestData;
import org.apache.kafka.common.message.ProduceRequestData.PartitionProduceData;
import org.apache.kafka.common.message.ProduceRequestData.TopicProduceData;
import org.apache.kafka.common.message.ProduceRequestData.TopicProduceDataCollection;
import org.apache.kafka.common.message.RequestHeaderData;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.ByteBufferAccessor;
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
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/// A batch with a right checksum whose records cannot be read, as any client can send it, fails the
/// queries over its topic and no others.
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
            send(server, "bad", batch("x", false));
            send(server, "bad", batch("x", true));
            send(server, "good", batch("x", false));
            await(server, "good");
            while (!status(server, "bad").contains("FAILED")) {
                Thread.onSpinWait();
            }
        } finally {
            server.close();
        }
        server = WeirServer.start(ServerConfig.onFreePorts(directory));
        try {
            assertThat(status(server, "bad")).contains("FAILED", "the batch at offset 1 of bad-0");
            send(server, "good", batch("y", false));
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

    private static void send(WeirServer server, String topic, ByteBuffer batch) throws IOException {
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
        }
    }
}
