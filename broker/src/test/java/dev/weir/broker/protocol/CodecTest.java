package dev.weir.broker.protocol;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.buffer.UnpooledByteBufAllocator;
import io.netty.channel.FileRegion;

import org.apache.kafka.common.message.ApiVersionsResponseData;
import org.apache.kafka.common.message.FetchResponseData;
import org.apache.kafka.common.message.MetadataRequestData;
import org.apache.kafka.common.message.ProduceRequestData;
import org.apache.kafka.common.message.RequestHeaderData;
import org.apache.kafka.common.message.ResponseHeaderData;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.ApiMessage;
import org.apache.kafka.common.protocol.ByteBufferAccessor;
import org.apache.kafka.common.protocol.ObjectSerializationCache;
import org.junit.jupiter.api.Test;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Random;

class CodecTest {
    private static final EnumSet<ApiKeys> APIS =
            EnumSet.of(
                    ApiKeys.PRODUCE,
                    ApiKeys.FETCH,
                    ApiKeys.METADATA,
                    ApiKeys.API_VERSIONS,
                    ApiKeys.CREATE_TOPICS,
                    ApiKeys.DELETE_TOPICS,
                    ApiKeys.LIST_OFFSETS,
                    ApiKeys.DESCRIBE_CONFIGS,
                    ApiKeys.INIT_PRODUCER_ID);
    private static final ServedApis SERVED = new ServedApis(APIS);

    @Test
    void a_request_of_every_version_is_read_as_it_was_written() throws Exception {
        for (var api : APIS) {
            for (short version : versions(api)) {
                var body = api.messageType.newRequest();
                var request = Codec.decode(frame(api, version, body), SERVED);
                assertThat(request.api()).isEqualTo(api);
                assertThat(request.version()).isEqualTo(version);
                assertThat(request.correlationId()).isEqualTo(77);
                assertThat(request.clientId()).isEqualTo("tester");
                assertThat(request.body()).isEqualTo(body);
            }
        }
    }

    @Test
    void a_request_of_every_version_can_be_answered_with_an_error() throws Exception {
        for (var api : APIS) {
            for (short version : versions(api)) {
                var body =
                        api == ApiKeys.PRODUCE
                                ? new ProduceRequestData().setAcks((short) 1)
                                : api.messageType.newRequest();
                var request = Codec.decode(frame(api, version, body), SERVED);
                var response = Codec.failure(request, (short) 56, "the disk is gone").orElseThrow();
                assertThat(response(request, response)).as("%s %d", api, version).isNotNull();
            }
        }
    }

    @Test
    void a_produce_request_without_acknowledgement_has_no_error_response() throws Exception {
        var body = new ProduceRequestData().setAcks((short) 0);
        var request = Codec.decode(frame(ApiKeys.PRODUCE, (short) 9, body), SERVED);
        assertThat(Codec.failure(request, (short) 56, "the disk is gone")).isEmpty();
    }

    @Test
    void api_versions_from_the_future_are_answered_in_version_0() throws Exception {
        var frame =
                frame(
                        ApiKeys.API_VERSIONS,
                        (short) 4,
                        ApiKeys.API_VERSIONS.messageType.newRequest());
        frame.putShort(2, (short) 9000);
        var request = Codec.decode(frame, SERVED);
        assertThat(request.tooNew()).isTrue();

        var sent = encode(request, SERVED.list().setErrorCode((short) 35));
        sent.getInt();
        assertThat(sent.getInt()).isEqualTo(77);
        var list = new ApiVersionsResponseData(new ByteBufferAccessor(sent), (short) 0);
        assertThat(list.errorCode()).isEqualTo((short) 35);
        assertThat(list.apiKeys()).hasSize(APIS.size());
        assertThat(list.apiKeys().find(ApiKeys.API_VERSIONS.id).maxVersion()).isEqualTo((short) 4);
    }

    @Test
    void produce_is_listed_from_version_0_but_served_from_3_on() {
        assertThat(SERVED.list().apiKeys().find(ApiKeys.PRODUCE.id).minVersion()).isZero();
        assertThat(SERVED.serves(ApiKeys.PRODUCE, (short) 2)).isFalse();
        assertThat(SERVED.serves(ApiKeys.PRODUCE, (short) 3)).isTrue();
    }

    @Test
    void what_is_not_served_is_refused() {
        assertRefused(frame(ApiKeys.JOIN_GROUP, (short) 2), "JoinGroup");
        assertRefused(frame(ApiKeys.FETCH, (short) 3), "version 3 of Fetch");
        assertRefused(frame(ApiKeys.FETCH, (short) 99), "version 99 of Fetch");
        var unknown = frame(ApiKeys.METADATA, (short) 4);
        unknown.putShort(0, (short) 12_345);
        assertRefused(unknown, "unknown api key 12345");
        assertRefused(ByteBuffer.allocate(3), "too short");
    }

    @Test
    void bytes_after_the_end_of_a_request_are_left_alone() throws MalformedRequestException {
        var whole = frame(ApiKeys.METADATA, (short) 4);
        var longer = ByteBuffer.allocate(whole.remaining() + 3).put(whole.duplicate()).rewind();
        var read = Codec.decode(longer, SERVED);
        assertThat(read.body()).isEqualTo(Codec.decode(whole, SERVED).body());
    }

    @Test
    void a_collection_that_claims_to_be_huge_allocates_nothing() {
        var bytes = ByteBuffer.allocate(90_000_000);
        bytes.putShort(ApiKeys.METADATA.id).putShort((short) 4).putInt(1).putShort((short) -1);
        bytes.putInt(80_000_000).rewind();
        assertRefused(bytes, "80000000");
    }

    @Test
    void random_and_damaged_requests_are_refused_or_read_but_never_fail_otherwise() {
        long seed = System.nanoTime();
        System.out.println("seed " + seed);
        var random = new Random(seed);
        for (int round = 0; round < 20_000; round++) {
            ByteBuffer frame;
            if (random.nextBoolean()) {
                var bytes = new byte[random.nextInt(64)];
                random.nextBytes(bytes);
                frame = ByteBuffer.wrap(bytes);
            } else {
                var api = List.copyOf(APIS).get(random.nextInt(APIS.size()));
                var versions = versions(api);
                frame = frame(api, versions.get(random.nextInt(versions.size())));
                for (int damage = random.nextInt(4); damage >= 0; damage--) {
                    frame.put(random.nextInt(frame.limit()), (byte) random.nextInt());
                }
                frame.limit(random.nextInt(frame.limit()) + 1);
            }
            try {
                assertThat(Codec.decode(frame, SERVED)).isNotNull();
            } catch (MalformedRequestException expected) {
                assertThat(expected).hasMessageMatching("(?s).+");
            }
        }
    }

    @Test
    void regions_are_sent_between_the_bytes_they_belong_to() throws Exception {
        var request = Codec.decode(frame(ApiKeys.FETCH, (short) 11), SERVED);
        var response = new FetchResponseData();
        var topic = new FetchResponseData.FetchableTopicResponse().setTopic("t");
        var contents = new ArrayList<byte[]>();
        for (int size : new int[] {5, Codec.COPY_BELOW, 70_000, 0, 900}) {
            var bytes = new byte[size];
            new Random(size).nextBytes(bytes);
            contents.add(bytes);
            topic.partitions()
                    .add(
                            new FetchResponseData.PartitionData()
                                    .setPartitionIndex(size)
                                    .setRecords(new Bytes(bytes)));
        }
        response.responses().add(topic);

        var read = (FetchResponseData) response(request, response);
        var partitions = read.responses().getFirst().partitions();
        for (int i = 0; i < contents.size(); i++) {
            var records =
                    (org.apache.kafka.common.record.internal.MemoryRecords)
                            partitions.get(i).records();
            var bytes = new byte[records.sizeInBytes()];
            records.buffer().get(bytes);
            assertThat(bytes).isEqualTo(contents.get(i));
        }
    }

    /// Stands for a region of a file, which goes into the test's buffer by way of [FakeFile].
    private record Bytes(byte[] bytes) implements RecordRegion {
        @Override
        public int sizeInBytes() {
            return bytes.length;
        }

        @Override
        public void copyTo(ByteBuf out) {
            assertThat(bytes.length).isLessThan(Codec.COPY_BELOW);
            out.writeBytes(bytes);
        }

        @Override
        public Optional<FileRegion> fileRegion() {
            return Optional.of(new FakeFile(bytes));
        }
    }

    private static final class FakeFile extends io.netty.channel.DefaultFileRegion {
        final byte[] bytes;

        FakeFile(byte[] bytes) {
            super(new java.io.File("none"), 0, bytes.length);
            this.bytes = bytes;
        }
    }

    private static ApiMessage response(WireRequest request, ApiMessage response) {
        var sent = encode(request, response);
        assertThat(sent.getInt()).isEqualTo(sent.remaining());
        var in = new ByteBufferAccessor(sent);
        var header =
                new ResponseHeaderData(in, request.api().responseHeaderVersion(request.version()));
        assertThat(header.correlationId()).isEqualTo(request.correlationId());
        var read = request.api().messageType.newResponse();
        read.read(in, request.version());
        assertThat(in.remaining()).isZero();
        return read;
    }

    private static ByteBuffer encode(WireRequest request, ApiMessage response) {
        var all = Unpooled.buffer();
        Codec.encode(
                request,
                response,
                UnpooledByteBufAllocator.DEFAULT,
                part -> {
                    if (part instanceof ByteBuf bytes) {
                        all.writeBytes(bytes);
                        bytes.release();
                    } else {
                        all.writeBytes(((FakeFile) part).bytes);
                    }
                });
        return all.nioBuffer();
    }

    private static List<Short> versions(ApiKeys api) {
        return api.allVersions().stream().filter(v -> SERVED.serves(api, v)).toList();
    }

    private static void assertRefused(ByteBuffer frame, String reason) {
        assertThatThrownBy(() -> Codec.decode(frame, SERVED))
                .isInstanceOf(MalformedRequestException.class)
                .hasMessageContaining(reason);
    }

    private static ByteBuffer frame(ApiKeys api, short version) {
        var body =
                api == ApiKeys.METADATA
                        ? new MetadataRequestData()
                                .setTopics(
                                        List.of(
                                                new MetadataRequestData.MetadataRequestTopic()
                                                        .setName("orders")))
                        : api.messageType.newRequest();
        return frame(api, api.isVersionSupported(version) ? version : api.latestVersion(), body)
                .putShort(2, version);
    }

    private static ByteBuffer frame(ApiKeys api, short version, ApiMessage body) {
        var header =
                new RequestHeaderData()
                        .setRequestApiKey(api.id)
                        .setRequestApiVersion(version)
                        .setCorrelationId(77)
                        .setClientId("tester");
        short headerVersion = api.requestHeaderVersion(version);
        var cache = new ObjectSerializationCache();
        int size = header.size(cache, headerVersion) + body.size(cache, version);
        var bytes = ByteBuffer.allocate(size);
        var out = new ByteBufferAccessor(bytes);
        header.write(out, cache, headerVersion);
        body.write(out, cache, version);
        return bytes.flip();
    }
}
