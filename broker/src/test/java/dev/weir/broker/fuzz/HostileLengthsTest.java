package dev.weir.broker.fuzz;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.broker.TestBroker;

import org.apache.kafka.common.message.ApiVersionsRequestData;
import org.apache.kafka.common.message.ApiVersionsResponseData;
import org.apache.kafka.common.message.ApiVersionsResponseData.ApiVersion;
import org.apache.kafka.common.message.RequestHeaderData;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.ByteBufferAccessor;
import org.apache.kafka.common.protocol.ObjectSerializationCache;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.DataInputStream;
import java.io.IOException;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;

/// Requests whose every length claims all it may: bodies of one small piece over and over, which
/// read as counts of arrays in arrays, of texts and of bytes, whatever the API.
class HostileLengthsTest {
    private static final int BODY_BYTES = 256 << 10;
    private static final int CORRELATION_ID = 7;

    /// Some connections, and what each may take before anything came.
    private static final int CONNECTIONS = 100;

    private static final int FIRST_ALLOCATION = 64 << 10;
    private static final Random WHOLE = new Random(0);

    /// Lengths of two and four bytes, and variable ones of one to three, that a body of this size
    /// can just hold, or cannot; some behind an empty text.
    private static final List<String> PIECES =
            List.of(
                    "00",
                    "01",
                    "02",
                    "04",
                    "7f",
                    "ff",
                    "0001",
                    "ff01",
                    "0003ff",
                    "808010",
                    "818001",
                    "ffff0f",
                    "00000001",
                    "0000ffff",
                    "00010000",
                    "0001ff00",
                    "00020001",
                    "0003ffff",
                    "7fffffff");

    @TempDir Path directory;

    private final List<String> faults = new ArrayList<>();

    @Test
    void what_a_length_claims_costs_no_more_than_the_bytes_that_came() throws Exception {
        try (var log = new LogWatch();
                var broker = new TestBroker(directory)) {
            var listed = list(broker);
            var judge = new Judge(listed);
            var allocations = new Allocations();
            for (var served : listed.apiKeys()) {
                var api = ApiKeys.forId(served.apiKey());
                for (short version : oldestAndNewest(served)) {
                    for (var piece : PIECES) {
                        var frame = frame(api, version, HexFormat.of().parseHex(piece));
                        allocations.begin();
                        send(broker, judge, frame);
                        boolean broken = judge.judge(frame).due() == Judge.Due.CLOSE;
                        allocations.excess(frame.length, !broken).forEach(faults::add);
                        faults.addAll(log.surprises());
                        assertThat(faults).as("%s %d of %s", api, version, piece).isEmpty();
                    }
                }
            }
        }
    }

    /// A frame is gathered before it is read, and a produce request may be as large as it says.
    @Test
    void a_hundred_megabytes_that_never_come_take_no_room() throws Exception {
        // Answered when what follows in the same piece, the beginning of a produce request, was
        // looked at too.
        var bytes =
                HexFormat.of()
                        .parseHex(
                                "0000000a"
                                        + "00120000"
                                        + "00000007"
                                        + "ffff"
                                        + "06400000"
                                        + "0000");
        try (var broker = new TestBroker(directory)) {
            var address = broker.broker().address();
            var sockets = new ArrayList<Socket>();
            var allocations = new Allocations();
            var _ = list(broker);
            allocations.begin();
            for (int i = 0; i < CONNECTIONS; i++) {
                var socket = new Socket(address.getAddress(), address.getPort());
                sockets.add(socket);
                socket.getOutputStream().write(bytes);
                var answer = new DataInputStream(socket.getInputStream());
                answer.skipNBytes(answer.readInt());
            }
            long expected = (long) CONNECTIONS * FIRST_ALLOCATION;
            assertThat(allocations.excess(expected, false)).isEmpty();
            for (var socket : sockets) {
                socket.close();
            }
        }
    }

    private void send(TestBroker broker, Judge judge, byte[] frame) throws IOException {
        var stream =
                ByteBuffer.allocate(Integer.BYTES + frame.length).putInt(frame.length).put(frame);
        try (var conversation = new Conversation(broker.broker().address(), judge)) {
            conversation.say(stream.array(), WHOLE, _ -> {});
        } catch (Conversation.Fault e) {
            faults.add(e.getMessage());
        }
    }

    private static Set<Short> oldestAndNewest(ApiVersion served) {
        var api = ApiKeys.forId(served.apiKey());
        int oldest = Math.max(served.minVersion(), api.oldestVersion());
        var versions = new TreeSet<Short>();
        versions.add((short) oldest);
        versions.add(served.maxVersion());
        return versions;
    }

    private static byte[] frame(ApiKeys api, short version, byte[] piece) {
        var header =
                new RequestHeaderData()
                        .setRequestApiKey(api.id)
                        .setRequestApiVersion(version)
                        .setCorrelationId(CORRELATION_ID)
                        .setClientId("lengths");
        short headerVersion = api.requestHeaderVersion(version);
        var cache = new ObjectSerializationCache();
        var bytes = ByteBuffer.allocate(header.size(cache, headerVersion) + BODY_BYTES);
        header.write(new ByteBufferAccessor(bytes), cache, headerVersion);
        for (int i = 0; bytes.hasRemaining(); i++) {
            bytes.put(piece[i % piece.length]);
        }
        return bytes.array();
    }

    private static ApiVersionsResponseData list(TestBroker broker) throws IOException {
        try (var client = broker.raw()) {
            return (ApiVersionsResponseData)
                    client.call(
                            ApiKeys.API_VERSIONS,
                            4,
                            new ApiVersionsRequestData()
                                    .setClientSoftwareName("lengths")
                                    .setClientSoftwareVersion("1"));
        }
    }
}
