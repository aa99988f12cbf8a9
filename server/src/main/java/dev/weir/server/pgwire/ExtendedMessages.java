package dev.weir.server.pgwire;

import io.netty.buffer.ByteBuf;

import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/// Reads the bodies of the extended protocol's messages. What does not add up becomes a
/// [FrontendMessage.Malformed], as the frame around it is whole.
///
/// ```
/// P  name\0 text\0 int16 n, n x int32 oid
/// B  portal\0 statement\0 int16 n, n x int16 format   int16 m, m x (int32 length, bytes)
///    int16 k, k x int16 format
/// D  byte 'S' or 'P', name\0        C  the same
/// E  portal\0 int32 rows            H  empty
/// ```
final class ExtendedMessages {
    private static final int NULL = -1;

    private ExtendedMessages() {}

    /// @param body all of the message's body and nothing else
    static FrontendMessage read(char type, ByteBuf body) {
        try {
            FrontendMessage message =
                    switch (type) {
                        case 'P' ->
                                new FrontendMessage.Parse(
                                        text(body), text(body), integers(body, count(body), 4));
                        case 'B' -> bind(body);
                        case 'D' -> new FrontendMessage.Describe(target(body), text(body));
                        case 'E' -> new FrontendMessage.Execute(text(body), body.readInt());
                        case 'C' -> new FrontendMessage.Close(target(body), text(body));
                        default -> new FrontendMessage.Flush();
                    };
            return body.isReadable()
                    ? new FrontendMessage.Malformed("invalid message format")
                    : message;
        } catch (IndexOutOfBoundsException _) {
            return new FrontendMessage.Malformed("insufficient data left in message");
        } catch (MalformedException e) {
            return new FrontendMessage.Malformed(e.getMessage());
        } catch (CharacterCodingException _) {
            return new FrontendMessage.Undecodable(true);
        }
    }

    private static final class MalformedException extends Exception {
        private static final long serialVersionUID = 1;

        MalformedException(String message) {
            super(message);
        }
    }

    private static FrontendMessage bind(ByteBuf body)
            throws MalformedException, CharacterCodingException {
        String portal = text(body);
        String statement = text(body);
        List<Integer> parameterFormats = integers(body, count(body), 2);
        int values = count(body);
        List<byte[]> parameters = new ArrayList<>(Math.min(values, body.readableBytes()));
        for (int i = 0; i < values; i++) {
            int length = body.readInt();
            if (length < NULL) {
                throw new MalformedException("invalid length " + length + " of a parameter");
            }
            if (length == NULL) {
                parameters.add(null);
            } else {
                if (length > body.readableBytes()) {
                    throw new MalformedException("insufficient data left in message");
                }
                byte[] value = new byte[length];
                body.readBytes(value);
                parameters.add(value);
            }
        }
        return new FrontendMessage.Bind(
                portal, statement, parameterFormats, parameters, integers(body, count(body), 2));
    }

    /// @param bytes of each, 2 or 4
    private static List<Integer> integers(ByteBuf body, int count, int bytes)
            throws MalformedException {
        if ((long) count * bytes > body.readableBytes()) {
            throw new MalformedException("insufficient data left in message");
        }
        List<Integer> integers = new ArrayList<>(count);
        for (int i = 0; i < count; i++) {
            integers.add(bytes == 2 ? body.readShort() : body.readInt());
        }
        return integers;
    }

    private static int count(ByteBuf body) {
        return body.readUnsignedShort();
    }

    private static FrontendMessage.Target target(ByteBuf body) throws MalformedException {
        byte target = body.readByte();
        return switch (target) {
            case 'S' -> FrontendMessage.Target.STATEMENT;
            case 'P' -> FrontendMessage.Target.PORTAL;
            default -> throw new MalformedException("invalid message subtype " + target);
        };
    }

    private static String text(ByteBuf body) throws MalformedException, CharacterCodingException {
        int length = body.bytesBefore((byte) 0);
        if (length < 0) {
            throw new MalformedException("invalid string in message");
        }
        String text =
                StandardCharsets.UTF_8
                        .newDecoder()
                        .decode(body.nioBuffer(body.readerIndex(), length))
                        .toString();
        body.skipBytes(length + 1);
        return text;
    }
}
