package dev.weir.server.fuzz;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/// What goes over a connection of PostgreSQL's protocol, cut into messages and put together again.
///
/// ```
/// from the client, first:    length int32 (with itself)   code int32   rest
/// then, and from the server: type byte   length int32 (with itself, without the type)   rest
/// ```
final class PostgresMessages {
    private static final int PROTOCOL_3 = 3 << 16;
    private static final String FROM_SERVER = "RSKZTDCEINnt123sGHWdcvAV";

    private PostgresMessages() {}

    /// One message with its length.
    ///
    /// @param lengthAt where its length stands: 0 before the connection has started, else 1
    record Message(byte[] bytes, int lengthAt) {
        byte[] body() {
            return Arrays.copyOfRange(bytes, lengthAt + Integer.BYTES, bytes.length);
        }

        /// Another body behind the same type, with its right length.
        Message withBody(byte[] body) {
            var changed = ByteBuffer.allocate(lengthAt + Integer.BYTES + body.length);
            changed.put(bytes, 0, lengthAt).putInt(Integer.BYTES + body.length).put(body);
            return new Message(changed.array(), lengthAt);
        }
    }

    /// What a client sent, to its last whole message.
    static List<Message> cut(byte[] recording) {
        var messages = new ArrayList<Message>();
        var in = ByteBuffer.wrap(recording);
        boolean started = false;
        while (in.remaining() > Integer.BYTES) {
            int lengthAt = started ? 1 : 0;
            int size = lengthAt + in.getInt(in.position() + lengthAt);
            started = started || in.getInt(in.position() + Integer.BYTES) == PROTOCOL_3;
            var bytes = new byte[size];
            in.get(bytes);
            messages.add(new Message(bytes, lengthAt));
        }
        return messages;
    }

    static byte[] join(List<Message> messages) {
        var all = new ByteArrayOutputStream();
        messages.forEach(message -> all.writeBytes(message.bytes()));
        return all.toByteArray();
    }

    /// A message as a client would write it.
    static Message message(char type, String body) {
        return new Message(new byte[] {(byte) type, 0, 0, 0, 0}, 1)
                .withBody(body.getBytes(StandardCharsets.UTF_8));
    }

    /// The first thing wrong with what a server answered: what is no message, or tells of an error
    /// of its own.
    static Optional<String> fault(byte[] reply) {
        var in = ByteBuffer.wrap(reply);
        while (in.hasRemaining() && in.get(in.position()) == 'N' && isNoNotice(in)) {
            in.get(); // encryption was declined
        }
        while (in.remaining() > Integer.BYTES) {
            char type = (char) in.get();
            int length = in.getInt() - Integer.BYTES;
            if (FROM_SERVER.indexOf(type) < 0 || length < 0) {
                return Optional.of("message " + (int) type + " of " + length + " bytes");
            }
            if (length > in.remaining()) {
                return Optional.empty(); // cut off with the connection
            }
            var body = new byte[length];
            in.get(body);
            if (type == 'E') {
                var text = new String(body, StandardCharsets.UTF_8);
                if (text.contains("\0CXX")) {
                    return Optional.of(text.replace('\0', ' '));
                }
            }
        }
        return Optional.empty();
    }

    /// A notice has a length, of which the first byte is zero.
    private static boolean isNoNotice(ByteBuffer in) {
        return in.remaining() < 2 || in.get(in.position() + 1) != 0;
    }
}
