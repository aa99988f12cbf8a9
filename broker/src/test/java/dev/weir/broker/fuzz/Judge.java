package dev.weir.broker.fuzz;

import org.apache.kafka.common.message.ApiVersionsResponseData;
import org.apache.kafka.common.message.ProduceRequestData;
import org.apache.kafka.common.message.RequestHeaderData;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.ApiMessage;
import org.apache.kafka.common.protocol.ByteBufferAccessor;
import org.apache.kafka.common.protocol.types.RawTaggedField;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// Says what a frame deserves, by Kafka's own generated classes and by what the broker lists.
final class Judge {
    /// APIs whose answers may wait for others, for as long as the client says.
    private static final Set<ApiKeys> PATIENT =
            Set.of(ApiKeys.FETCH, ApiKeys.JOIN_GROUP, ApiKeys.SYNC_GROUP, ApiKeys.PRODUCE);

    private static final int MIN_HEADER = 8;
    private static final int SHOWN_BYTES = 4096;
    private static final int SHOWN_CHARACTERS = 2000;

    private final Map<ApiKeys, ApiVersionsResponseData.ApiVersion> served = new HashMap<>();

    /// What must become of a frame.
    enum Due {
        /// A response.
        ANSWER,
        /// A response, unless it waits for something.
        ANSWER_IN_TIME,
        /// Nothing at all, or the end of the connection: nobody asked for an answer.
        SILENCE,
        /// The end of the connection.
        CLOSE
    }

    /// @param api null where the frame does not say
    record Verdict(Due due, ApiKeys api, short version, int correlationId) {}

    Judge(ApiVersionsResponseData listed) {
        for (var each : listed.apiKeys()) {
            served.put(ApiKeys.forId(each.apiKey()), each);
        }
    }

    Verdict judge(byte[] frame) {
        var bytes = ByteBuffer.wrap(frame);
        if (frame.length < MIN_HEADER || !ApiKeys.hasId(bytes.getShort(0))) {
            return new Verdict(Due.CLOSE, null, (short) 0, 0);
        }
        var api = ApiKeys.forId(bytes.getShort(0));
        short version = bytes.getShort(2);
        int correlationId = bytes.getInt(4);
        return new Verdict(due(api, version, frame), api, version, correlationId);
    }

    private Due due(ApiKeys api, short version, byte[] frame) {
        boolean known = isServed(api, version);
        if (!known && api != ApiKeys.API_VERSIONS) {
            return Due.CLOSE;
        }
        try {
            var in = new Reader(ByteBuffer.wrap(frame));
            var _ = new RequestHeaderData(in, api.requestHeaderVersion(version));
            if (!known) {
                return Due.ANSWER;
            }
            var body = body(api, version, in);
            if (in.grew || in.disordered) {
                return Due.CLOSE;
            }
            if (body instanceof ProduceRequestData produce && produce.acks() == 0) {
                return Due.SILENCE;
            }
            return PATIENT.contains(api) ? Due.ANSWER_IN_TIME : Due.ANSWER;
        } catch (RuntimeException e) {
            return Due.CLOSE;
        }
    }

    /// Notes texts that are no UTF-8 and too long for a response to repeat, and tags out of order.
    private static final class Reader extends ByteBufferAccessor {
        boolean grew;
        boolean disordered;

        Reader(ByteBuffer bytes) {
            super(bytes);
        }

        @Override
        public List<RawTaggedField> readUnknownTaggedField(
                List<RawTaggedField> unknowns, int tag, int size) {
            disordered |=
                    unknowns != null && !unknowns.isEmpty() && unknowns.getLast().tag() >= tag;
            return super.readUnknownTaggedField(unknowns, tag, size);
        }

        @Override
        public String readString(int length) {
            var text = super.readString(length);
            grew |= text.getBytes(StandardCharsets.UTF_8).length > Short.MAX_VALUE;
            return text;
        }
    }

    private boolean isServed(ApiKeys api, short version) {
        var range = served.get(api);
        return range != null
                && version >= Math.max(api.oldestVersion(), range.minVersion())
                && version <= range.maxVersion();
    }

    private static ApiMessage body(ApiKeys api, short version, ByteBufferAccessor in) {
        var body = api.messageType.newRequest();
        body.read(in, version);
        return body;
    }

    private static String shortened(String text) {
        return text.length() <= SHOWN_CHARACTERS
                ? text
                : text.substring(0, SHOWN_CHARACTERS) + "… " + text.length() + " characters";
    }

    /// A frame for people: what it says if it can be read, and its bytes.
    String show(byte[] frame) {
        var verdict = judge(frame);
        var text = new StringBuilder().append(verdict);
        try {
            var in = new ByteBufferAccessor(ByteBuffer.wrap(frame));
            var header =
                    new RequestHeaderData(in, verdict.api.requestHeaderVersion(verdict.version));
            text.append("\n  ").append(shortened(header.toString()));
            text.append("\n  ")
                    .append(shortened(body(verdict.api, verdict.version, in).toString()));
        } catch (RuntimeException e) {
            text.append("\n  cannot be read: ").append(e);
        }
        int shown = Math.min(frame.length, SHOWN_BYTES);
        text.append("\n  ").append(HexFormat.of().formatHex(frame, 0, shown));
        if (shown < frame.length) {
            text.append("… ").append(frame.length).append(" bytes");
        }
        return text.toString();
    }
}
