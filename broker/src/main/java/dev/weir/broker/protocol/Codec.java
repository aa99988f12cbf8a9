package dev.weir.broker.protocol;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;

import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.message.ApiVersionsRequestData;
import org.apache.kafka.common.message.CreateAclsRequestData;
import org.apache.kafka.common.message.CreateAclsResponseData;
import org.apache.kafka.common.message.CreateAclsResponseData.AclCreationResult;
import org.apache.kafka.common.message.DeleteAclsRequestData;
import org.apache.kafka.common.message.DeleteAclsResponseData;
import org.apache.kafka.common.message.DeleteAclsResponseData.DeleteAclsFilterResult;
import org.apache.kafka.common.message.DescribeAclsRequestData;
import org.apache.kafka.common.message.DescribeAclsResponseData;
import org.apache.kafka.common.message.ProduceRequestData;
import org.apache.kafka.common.message.ProduceResponseData;
import org.apache.kafka.common.message.ProduceResponseData.PartitionProduceResponse;
import org.apache.kafka.common.message.ProduceResponseData.TopicProduceResponse;
import org.apache.kafka.common.message.RequestHeaderData;
import org.apache.kafka.common.message.ResponseHeaderData;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.ApiMessage;
import org.apache.kafka.common.protocol.ByteBufferAccessor;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.protocol.MessageSizeAccumulator;
import org.apache.kafka.common.protocol.ObjectSerializationCache;
import org.apache.kafka.common.protocol.types.RawTaggedField;
import org.apache.kafka.common.requests.AbstractRequest;
import org.apache.kafka.common.utils.Utils;

import java.nio.ByteBuffer;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/// Reads requests and writes responses.
///
/// A frame on the wire is a four-byte length, a header (`api key, version, correlation id, client
/// id`, with tagged fields in flexible versions) and the body.
public final class Codec {
    /// Regions below this size are cheaper to copy beside the rest of the response than to send
    /// with a system call of their own.
    static final int COPY_BELOW = 16 * 1024;

    /// The most elements a collection in a request can have.
    private static final int MAX_COLLECTION = 1 << 20;

    private static final int MIN_HEADER = 8;

    /// The most bytes a text can have.
    private static final int MAX_STRING = Short.MAX_VALUE;

    /// What a byte becomes that is not UTF-8.
    private static final int REPLACEMENT_BYTES = 3;

    private static final String TOO_LONG =
            "a name in the request is too long to be told about in the response";

    private Codec() {}

    /// Reads one request.
    ///
    /// @param frame exactly one frame without its length; slices of it are kept by the result if it
    ///   is a produce request
    /// @param apis what is served
    /// @throws MalformedRequestException if it is not a request of a served API and version
    public static WireRequest decode(ByteBuffer frame, ServedApis apis)
            throws MalformedRequestException {
        if (frame.remaining() < MIN_HEADER) {
            throw new MalformedRequestException(
                    "frame of " + frame.remaining() + " bytes is too short for a request header");
        }
        short key = frame.getShort(frame.position());
        short version = frame.getShort(frame.position() + 2);
        if (!ApiKeys.hasId(key)) {
            throw new MalformedRequestException("unknown api key " + key);
        }
        var api = ApiKeys.forId(key);
        boolean tooNew = false;
        if (!apis.serves(api, version)) {
            if (api != ApiKeys.API_VERSIONS) {
                throw new MalformedRequestException(
                        "version "
                                + version
                                + " of "
                                + api.name
                                + " (api key "
                                + key
                                + ") is not served");
            }
            tooNew = true;
        }
        try {
            var in = new BoundedReadable(frame);
            var header = new RequestHeaderData(in, api.requestHeaderVersion(version));
            var clientId = header.clientId() == null ? "" : header.clientId();
            if (tooNew) {
                return new WireRequest(
                        api,
                        version,
                        header.correlationId(),
                        clientId,
                        new ApiVersionsRequestData(),
                        true);
            }
            ApiMessage body = api.messageType.newRequest();
            in.keyed = new KeyedCollections(api, version);
            body.read(in, version);
            // What follows the end is left alone, as by Apache Kafka: librdkafka 2.15 sends three
            // bytes too many in its first Metadata request.
            return new WireRequest(api, version, header.correlationId(), clientId, body, false);
        } catch (RuntimeException e) {
            throw new MalformedRequestException(
                    "broken " + api.name + " request of version " + version + ": " + e.getMessage(),
                    e);
        }
    }

    /// Writes the response to a request, length first, as one or more messages for the channel.
    ///
    /// @param out takes the messages in order and owns them
    public static void encode(
            WireRequest request,
            ApiMessage response,
            ByteBufAllocator allocator,
            Consumer<Object> out) {
        Sized sized;
        try {
            sized = Sized.of(request, response);
        } catch (RuntimeException e) {
            if (!isTooLong(e)) {
                throw e;
            }
            var failure = failure(request, Errors.INVALID_REQUEST.code(), TOO_LONG);
            sized = Sized.of(request, failure.orElseThrow(() -> e));
        }
        int excludingZeroCopy = sized.size.sizeExcludingZeroCopy();
        int total = sized.size.totalSize();
        int copied = Math.min(total - excludingZeroCopy, COPY_BELOW);

        var parts = new Parts(allocator, 4 + excludingZeroCopy + copied, out);
        try {
            parts.buffer.writeInt(total);
            var writable = new ByteBufWritable(parts.buffer, parts::add);
            sized.header.write(writable, sized.cache, sized.headerVersion);
            sized.response.write(writable, sized.cache, sized.version);
            parts.finish();
        } finally {
            parts.buffer.release();
        }
    }

    /// A response ready to be written.
    private record Sized(
            ResponseHeaderData header,
            short headerVersion,
            ApiMessage response,
            short version,
            ObjectSerializationCache cache,
            MessageSizeAccumulator size) {

        static Sized of(WireRequest request, ApiMessage response) {
            short version = request.tooNew() ? 0 : request.version();
            short headerVersion = request.api().responseHeaderVersion(version);
            var header = new ResponseHeaderData().setCorrelationId(request.correlationId());
            var cache = new ObjectSerializationCache();
            var size = new MessageSizeAccumulator();
            header.addSize(size, cache, headerVersion);
            response.addSize(size, cache, version);
            return new Sized(header, headerVersion, response, version, cache, size);
        }
    }

    /// The response of the request's own kind that says it failed as a whole.
    ///
    /// @param errorCode one of Kafka's codes
    /// @param message for people, or null for the usual text of the code
    /// @return empty for a request whose client waits for no response
    public static Optional<ApiMessage> failure(
            WireRequest request, short errorCode, String message) {
        // The first are made by hand: of produce requests the records are not to be copied, nor
        // need
        // there be any; Kafka's classes of the others refuse to exist for a request that is wrong.
        return switch (request.body()) {
            case ProduceRequestData produce when produce.acks() == 0 -> Optional.empty();
            case ProduceRequestData produce -> Optional.of(failure(produce, errorCode, message));
            case CreateAclsRequestData creation ->
                    Optional.of(failure(creation, errorCode, message));
            case DeleteAclsRequestData deletion ->
                    Optional.of(failure(deletion, errorCode, message));
            case DescribeAclsRequestData _ ->
                    Optional.of(
                            new DescribeAclsResponseData()
                                    .setErrorCode(errorCode)
                                    .setErrorMessage(message));
            default -> usualFailure(request, errorCode, message);
        };
    }

    private static Optional<ApiMessage> usualFailure(
            WireRequest request, short errorCode, String message) {
        // The shapes of error responses are known to Kafka's request classes, which want to read
        // the request themselves.
        var cache = new ObjectSerializationCache();
        var bytes = ByteBuffer.allocate(request.body().size(cache, request.version()));
        request.body().write(new ByteBufferAccessor(bytes), cache, request.version());
        bytes.flip();
        var error = Errors.forCode(errorCode);
        var parsed =
                AbstractRequest.parseRequest(
                        request.api(), request.version(), new ByteBufferAccessor(bytes));
        var response =
                parsed.request.getErrorResponse(
                        0, message == null ? error.exception() : error.exception(message));
        return response == null ? Optional.empty() : Optional.of(response.data());
    }

    private static CreateAclsResponseData failure(
            CreateAclsRequestData request, short errorCode, String message) {
        var response = new CreateAclsResponseData();
        for (var _ : request.creations()) {
            response.results()
                    .add(new AclCreationResult().setErrorCode(errorCode).setErrorMessage(message));
        }
        return response;
    }

    private static DeleteAclsResponseData failure(
            DeleteAclsRequestData request, short errorCode, String message) {
        var response = new DeleteAclsResponseData();
        for (var _ : request.filters()) {
            response.filterResults()
                    .add(
                            new DeleteAclsFilterResult()
                                    .setErrorCode(errorCode)
                                    .setErrorMessage(message));
        }
        return response;
    }

    private static ProduceResponseData failure(
            ProduceRequestData request, short errorCode, String message) {
        var response = new ProduceResponseData();
        for (var topic : request.topicData()) {
            var failed =
                    new TopicProduceResponse().setName(topic.name()).setTopicId(topic.topicId());
            for (var partition : topic.partitionData()) {
                failed.partitionResponses()
                        .add(
                                new PartitionProduceResponse()
                                        .setIndex(partition.index())
                                        .setErrorCode(errorCode)
                                        .setErrorMessage(message)
                                        .setBaseOffset(-1));
            }
            response.responses().add(failed);
        }
        return response;
    }

    /// Whether a response has a text longer than a field can hold: it quotes one of the request
    /// that only just fitted.
    private static boolean isTooLong(RuntimeException e) {
        // All that the generated classes say of it.
        return e.getMessage() != null && e.getMessage().endsWith("too long to be serialized");
    }

    /// Claims to hold fewer bytes than it may, because the generated classes allocate collections
    /// of any length that does not exceed the bytes left, before reading an element. Refuses texts
    /// that could not be written back: what is not UTF-8 grows to three times its size.
    private static final class BoundedReadable extends ByteBufferAccessor {
        private KeyedCollections keyed = new KeyedCollections(ApiKeys.API_VERSIONS, (short) 0);
        private int lastNumber;

        BoundedReadable(ByteBuffer bytes) {
            super(bytes);
        }

        /// Asked by the generated classes when they have read the length of an array.
        @Override
        public int remaining() {
            int bound = Math.min(super.remaining(), MAX_COLLECTION);
            if (lastNumber > 0 && lastNumber <= bound) {
                keyed.array(lastNumber);
            }
            return bound;
        }

        @Override
        public int readInt() {
            lastNumber = super.readInt();
            return lastNumber;
        }

        @Override
        public int readUnsignedVarint() {
            int number = super.readUnsignedVarint();
            lastNumber = number - 1; // compact arrays count from one, with zero for null
            return number;
        }

        @Override
        public Uuid readUuid() {
            var id = super.readUuid();
            keyed.key(id.hashCode());
            return id;
        }

        @Override
        public List<RawTaggedField> readUnknownTaggedField(
                List<RawTaggedField> unknowns, int tag, int size) {
            if (unknowns != null && !unknowns.isEmpty() && unknowns.getLast().tag() >= tag) {
                throw new IllegalArgumentException("tagged field " + tag + " is out of order");
            }
            return super.readUnknownTaggedField(unknowns, tag, size);
        }

        @Override
        public String readString(int length) {
            var text = super.readString(length);
            if (length > MAX_STRING / REPLACEMENT_BYTES && Utils.utf8Length(text) > MAX_STRING) {
                throw new IllegalArgumentException(
                        "a text of " + length + " bytes that are not UTF-8");
            }
            keyed.name(text);
            return text;
        }
    }

    /// A response being cut into buffers and file regions.
    private static final class Parts {
        final ByteBuf buffer;
        private final Consumer<Object> out;
        private int sent;

        Parts(ByteBufAllocator allocator, int capacity, Consumer<Object> out) {
            this.buffer = allocator.directBuffer(capacity);
            this.out = out;
        }

        void add(RecordRegion region) {
            int size = region.sizeInBytes();
            var file = size < COPY_BELOW ? null : region.fileRegion().orElse(null);
            if (file == null) {
                buffer.ensureWritable(size);
                region.copyTo(buffer);
                return;
            }
            flush();
            out.accept(file);
        }

        void finish() {
            flush();
        }

        private void flush() {
            int end = buffer.writerIndex();
            if (end > sent) {
                out.accept(buffer.retainedSlice(sent, end - sent));
                sent = end;
            }
        }
    }
}
