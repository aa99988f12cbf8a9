package dev.weir.broker.fuzz;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;

import org.apache.kafka.clients.consumer.ConsumerPartitionAssignor.Subscription;
import org.apache.kafka.clients.consumer.internals.ConsumerProtocol;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.types.CompactArrayOf;
import org.apache.kafka.common.protocol.types.NullableSchema;
import org.apache.kafka.common.protocol.types.Schema;
import org.apache.kafka.common.protocol.types.TaggedFields;
import org.apache.kafka.common.protocol.types.Type;

import java.util.List;
import java.util.Map;
import java.util.Random;

/// Writes requests of any API and version, field by field as Kafka's schema of it says, with values
/// of a [Vocabulary]. Some lie about lengths and counts or have nulls where none may be.
final class RequestGenerator {
    private static final int[] LIES = {
        -1,
        -2,
        0,
        1,
        255,
        0x7fff,
        0x10000,
        1 << 20,
        (1 << 20) + 1,
        1 << 28,
        Integer.MAX_VALUE,
        Integer.MIN_VALUE,
    };
    private static final int FIRST_FLEXIBLE_HEADER = 2;

    /// Beyond this a request grows no more.
    private static final int ENOUGH_BYTES = 64 * 1024;

    private final Vocabulary words;

    private Random random;
    private ByteBuf out;
    private boolean lying;
    private Vocabulary.Producer producer;

    RequestGenerator(Vocabulary words) {
        this.words = words;
    }

    /// A frame without its length.
    ///
    /// @param honest whether all of it must be well formed
    byte[] frame(Random choices, ApiKeys api, short version, int correlationId, boolean honest) {
        random = choices;
        out = Unpooled.buffer();
        lying = !honest && random.nextInt(3) == 0;
        producer = words.producer(random);
        short headerVersion = api.requestHeaderVersion(version);
        out.writeShort(api.id).writeShort(version).writeInt(correlationId);
        var clientId =
                random.nextInt(4) == 0
                        ? words.string(random, "client")
                        : "fuzz".getBytes(java.nio.charset.StandardCharsets.UTF_8);
        out.writeShort(clientId.length).writeBytes(clientId);
        if (headerVersion >= FIRST_FLEXIBLE_HEADER) {
            tagged(Map.of());
        }
        fields(api.messageType.requestSchemas()[version]);
        return ByteBufUtil.getBytes(out);
    }

    private void fields(Schema schema) {
        for (var field : schema.fields()) {
            value(field.def.name, field.def.type);
        }
    }

    private void value(String name, Type type) {
        if (type instanceof NullableSchema schema) {
            if (random.nextInt(3) == 0) {
                out.writeByte(-1);
            } else {
                out.writeByte(1);
                fields(schema);
            }
        } else if (type instanceof Schema schema) {
            fields(schema);
        } else if (type instanceof TaggedFields tags) {
            tagged(tags.fields());
        } else if (type.isArray()) {
            array(name, type);
        } else if (isString(type)) {
            string(name, type);
        } else if (isBytes(type)) {
            bytes(name, type);
        } else if (isRecords(type)) {
            sized(new BatchGenerator(random, producer).records(), isCompact(type), true);
        } else {
            scalar(name, type);
        }
    }

    private void scalar(String name, Type type) {
        if (type == Type.BOOLEAN) {
            // Written as 0 or 1, read as anything else.
            out.writeByte(random.nextInt(16) == 0 ? random.nextInt() : random.nextInt(2));
        } else if (type == Type.INT8) {
            out.writeByte(words.int8(random));
        } else if (type == Type.INT16 || type == Type.UINT16) {
            out.writeShort(
                    switch (name) {
                        case "producer_epoch" -> producer.epoch();
                        case "replication_factor" -> random.nextInt(8) == 0 ? 3 : 1;
                        case "acks" ->
                                random.nextInt(8) == 0
                                        ? words.int16(random)
                                        : random.nextInt(2) * 2 - 1;
                        default -> words.int16(random);
                    });
        } else if (type == Type.INT32 || type == Type.UNSIGNED_INT32) {
            out.writeInt(words.int32(random, name));
        } else if (type == Type.INT64) {
            out.writeLong(name.equals("producer_id") ? producer.id() : words.int64(random));
        } else if (type == Type.UUID) {
            var id = words.uuid(random);
            out.writeLong(id.getMostSignificantBits()).writeLong(id.getLeastSignificantBits());
        } else if (type == Type.FLOAT64) {
            out.writeDouble(words.float64(random));
        } else {
            throw new IllegalStateException("field " + name + " of unforeseen type " + type);
        }
    }

    private void string(String name, Type type) {
        boolean nullable = type == Type.NULLABLE_STRING || type == Type.COMPACT_NULLABLE_STRING;
        if ((nullable && random.nextInt(5) == 0) || lies()) {
            length(-1, isCompact(type), Short.BYTES);
            return;
        }
        var text = words.string(random, name);
        length(lies() ? lie() : text.length, isCompact(type), Short.BYTES);
        out.writeBytes(text);
    }

    private void bytes(String name, Type type) {
        boolean nullable = type == Type.NULLABLE_BYTES || type == Type.COMPACT_NULLABLE_BYTES;
        if ((nullable && random.nextInt(5) == 0) || lies()) {
            length(-1, isCompact(type), Integer.BYTES);
            return;
        }
        byte[] content;
        if (name.equals("metadata") && random.nextBoolean()) {
            var subscription =
                    ConsumerProtocol.serializeSubscription(
                            new Subscription(List.of("orders", "nowhere")));
            content = new byte[subscription.remaining()];
            subscription.get(content);
        } else {
            content = new byte[random.nextInt(8) == 0 ? random.nextInt(5000) : random.nextInt(20)];
            random.nextBytes(content);
        }
        sized(content, isCompact(type), nullable);
    }

    private void sized(byte[] content, boolean compact, boolean nullable) {
        if (nullable && random.nextInt(30) == 0) {
            length(-1, compact, Integer.BYTES);
            return;
        }
        length(lies() ? lie() : content.length, compact, Integer.BYTES);
        out.writeBytes(content);
    }

    private void array(String name, Type type) {
        boolean compact = type instanceof CompactArrayOf;
        if ((type.isNullable() && random.nextInt(5) == 0) || lies()) {
            length(-1, compact, Integer.BYTES);
            return;
        }
        int count = 0;
        if (out.readableBytes() < ENOUGH_BYTES) {
            count = random.nextInt(12) == 0 ? random.nextInt(40) : random.nextInt(4);
        }
        length(lies() ? lie() : count, compact, Integer.BYTES);
        var element = type.arrayElementType().orElseThrow();
        for (int i = 0; i < count; i++) {
            value(name, element);
        }
    }

    /// Known tags, each with its size, between unknown ones; in order, as they must be.
    private void tagged(Map<Integer, ?> known) {
        var chosen = new java.util.TreeMap<Integer, byte[]>();
        for (var each : known.entrySet()) {
            if (random.nextInt(3) == 0) {
                var field = (org.apache.kafka.common.protocol.types.Field) each.getValue();
                var whole = out;
                out = Unpooled.buffer();
                value(field.name, field.type);
                chosen.put(each.getKey(), ByteBufUtil.getBytes(out));
                out = whole;
            }
        }
        if (random.nextInt(12) == 0) {
            var unknown = new byte[random.nextInt(20)];
            random.nextBytes(unknown);
            chosen.put(100 + random.nextInt(1 << 20), unknown);
        }
        varint(lies() ? lie() : chosen.size());
        for (var each : chosen.entrySet()) {
            varint(each.getKey());
            varint(lies() ? lie() : each.getValue().length);
            out.writeBytes(each.getValue());
        }
    }

    /// @param width bytes of a length that is not compact
    private void length(int value, boolean compact, int width) {
        if (compact) {
            varint(value + 1);
        } else if (width == Short.BYTES) {
            out.writeShort(value);
        } else {
            out.writeInt(value);
        }
    }

    private void varint(int value) {
        int rest = value;
        while ((rest & ~0x7f) != 0) {
            out.writeByte((rest & 0x7f) | 0x80);
            rest >>>= 7;
        }
        if (lying && random.nextInt(64) == 0) {
            // Longer than it need be, and sometimes than it may be.
            out.writeByte(rest | 0x80);
            for (int more = random.nextInt(8); more > 0; more--) {
                out.writeByte(0x80);
            }
            out.writeByte(0);
        } else {
            out.writeByte(rest);
        }
    }

    private boolean lies() {
        return lying && random.nextInt(24) == 0;
    }

    private int lie() {
        return random.nextInt(4) == 0 ? random.nextInt() : LIES[random.nextInt(LIES.length)];
    }

    private static boolean isString(Type type) {
        return type == Type.STRING
                || type == Type.NULLABLE_STRING
                || type == Type.COMPACT_STRING
                || type == Type.COMPACT_NULLABLE_STRING;
    }

    private static boolean isBytes(Type type) {
        return type == Type.BYTES
                || type == Type.NULLABLE_BYTES
                || type == Type.COMPACT_BYTES
                || type == Type.COMPACT_NULLABLE_BYTES;
    }

    private static boolean isRecords(Type type) {
        return type == Type.RECORDS
                || type == Type.NULLABLE_RECORDS
                || type == Type.COMPACT_RECORDS
                || type == Type.COMPACT_NULLABLE_RECORDS;
    }

    private static boolean isCompact(Type type) {
        return type == Type.COMPACT_STRING
                || type == Type.COMPACT_NULLABLE_STRING
                || type == Type.COMPACT_BYTES
                || type == Type.COMPACT_NULLABLE_BYTES
                || type == Type.COMPACT_RECORDS
                || type == Type.COMPACT_NULLABLE_RECORDS;
    }
}
