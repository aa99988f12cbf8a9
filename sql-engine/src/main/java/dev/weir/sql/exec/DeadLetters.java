package dev.weir.sql.exec;

import dev.weir.sql.io.RecordBlock;
import dev.weir.sql.io.TopicPartition;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Base64;
import java.util.Optional;

/// Writes what could not be decoded or computed to the topic `_weir_dead_letters`: one JSON object
/// a record.
///
/// ```json
/// {"query":"CSAS_big_1","topic":"orders","partition":0,"offset":17,"timestamp":1700000000000,
///  "error":"…","key":"k1","keyBase64":"azE=","value":"{\"id\":","valueBase64":"eyJpZCI6"}
/// ```
///
/// `query` is the relation's name when its record could not be decoded. `topic` to `timestamp`,
/// `key` and `value` are missing when the row is not a record's but was computed; then `row` shows
/// it. `key` and `value` are missing where the bytes are not UTF-8. Long ones are cut, and
/// `keyBytes` or `valueBytes` tells how long they were, so that a dead letter always fits into its
/// topic.
final class DeadLetters {
    static final String TOPIC = "_weir_dead_letters";

    /// Escaping may make six bytes of one, and Base64 adds a third.
    private static final int MOST_BYTES = 64 << 10;

    private static final TopicPartition PARTITION = new TopicPartition(TOPIC, 0);

    private DeadLetters() {}

    /// A record that could not be used.
    static void record(
            StepOutputs outputs,
            String writer,
            TopicPartition source,
            RecordBlock block,
            int record,
            String error) {
        StringBuilder json = begin(writer);
        field(json, "topic", source.topic());
        json.append(",\"partition\":").append(source.partition());
        json.append(",\"offset\":").append(block.offset(record));
        json.append(",\"timestamp\":").append(block.timestamp(record));
        field(json, "error", cut(error));
        bytes(json, "key", block.key(record));
        bytes(json, "value", block.value(record));
        end(outputs, writer, json, block.timestamp(record));
    }

    /// A computed row that could not be used.
    static void row(StepOutputs outputs, String writer, String row, long rowTime, String error) {
        StringBuilder json = begin(writer);
        field(json, "error", cut(error));
        field(json, "row", cut(row));
        end(outputs, writer, json, rowTime);
    }

    private static StringBuilder begin(String writer) {
        StringBuilder json = new StringBuilder(256).append("{\"query\":");
        quote(json, writer);
        return json;
    }

    private static void end(StepOutputs outputs, String writer, StringBuilder json, long time) {
        byte[] value = json.append('}').toString().getBytes(StandardCharsets.UTF_8);
        outputs.block(writer, PARTITION).append(-1, time, null, value);
    }

    private static String cut(String text) {
        if (text == null) {
            return "unknown";
        }
        return text.length() <= MOST_BYTES ? text : text.substring(0, MOST_BYTES) + "…";
    }

    private static void bytes(StringBuilder json, String name, byte[] bytes) {
        if (bytes == null) {
            return;
        }
        byte[] shown = bytes;
        if (bytes.length > MOST_BYTES) {
            shown = Arrays.copyOf(bytes, MOST_BYTES);
            json.append(",\"").append(name).append("Bytes\":").append(bytes.length);
        }
        text(shown).ifPresent(text -> field(json, name, text));
        field(json, name + "Base64", Base64.getEncoder().encodeToString(shown));
    }

    static Optional<String> text(byte[] bytes) {
        try {
            return Optional.of(
                    StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString());
        } catch (CharacterCodingException e) {
            return Optional.empty();
        }
    }

    private static void field(StringBuilder json, String name, String value) {
        json.append(',');
        quote(json, name);
        json.append(':');
        quote(json, value);
    }

    private static void quote(StringBuilder json, String text) {
        json.append('"');
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            switch (c) {
                case '"' -> json.append("\\\"");
                case '\\' -> json.append("\\\\");
                case '\n' -> json.append("\\n");
                case '\r' -> json.append("\\r");
                case '\t' -> json.append("\\t");
                default -> {
                    if (c < ' ' || Character.isSurrogate(c)) {
                        json.append("\\u%04x".formatted((int) c));
                    } else {
                        json.append(c);
                    }
                }
            }
        }
        json.append('"');
    }
}
