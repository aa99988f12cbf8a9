package dev.weir.repl.topic;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;

/// How keys and values are shown: the forms that Kafka's own serializers write, and hexadecimal.
enum BytesFormat {
    STRING,
    INT,
    LONG,
    DOUBLE,
    HEX;

    /// Bytes of another length than the format's are shown in hexadecimal.
    byte[] text(byte[] bytes) {
        if (this == STRING) {
            return bytes;
        }
        ByteBuffer buffer = ByteBuffer.wrap(bytes);
        String text =
                switch (this) {
                    case INT -> bytes.length == 4 ? Integer.toString(buffer.getInt()) : hex(bytes);
                    case LONG -> bytes.length == 8 ? Long.toString(buffer.getLong()) : hex(bytes);
                    case DOUBLE ->
                            bytes.length == 8 ? Double.toString(buffer.getDouble()) : hex(bytes);
                    case STRING, HEX -> hex(bytes);
                };
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    private static String hex(byte[] bytes) {
        return HexFormat.of().formatHex(bytes);
    }
}
