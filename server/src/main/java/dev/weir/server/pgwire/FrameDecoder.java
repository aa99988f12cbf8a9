package dev.weir.server.pgwire;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.ByteToMessageDecoder;

import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Cuts the bytes of a connection into messages.
///
/// ```
/// before Startup:   length int32 (with itself)   code int32   rest
/// from then on:     type byte   length int32 (with itself, without the type)   rest
/// ```
final class FrameDecoder extends ByteToMessageDecoder {
    private static final int STARTUP_MAX_BYTES = 10_000;
    private static final int CANCEL_CODE = 80877102;
    private static final int SSL_CODE = 80877103;
    private static final int GSS_CODE = 80877104;

    private final int messageMaxBytes;
    private boolean started;
    private boolean broken;

    FrameDecoder(int messageMaxBytes) {
        this.messageMaxBytes = messageMaxBytes;
    }

    @Override
    protected void decode(ChannelHandlerContext context, ByteBuf in, List<Object> out) {
        if (broken) {
            in.skipBytes(in.readableBytes());
            return;
        }
        FrontendMessage message = started ? typed(in) : untyped(in);
        if (message != null) {
            if (message instanceof FrontendMessage.Broken) {
                broken = true;
                in.skipBytes(in.readableBytes());
            }
            out.add(message);
        }
    }

    private FrontendMessage untyped(ByteBuf in) {
        if (in.readableBytes() < 8) {
            return null;
        }
        int length = in.getInt(in.readerIndex());
        if (length < 8 || length > STARTUP_MAX_BYTES) {
            return new FrontendMessage.Broken("invalid length of startup packet");
        }
        if (in.readableBytes() < length) {
            return null;
        }
        ByteBuf frame = in.readSlice(length).skipBytes(4);
        int code = frame.readInt();
        return switch (code) {
            case SSL_CODE, GSS_CODE -> new FrontendMessage.EncryptionRequest();
            case CANCEL_CODE ->
                    length == 16
                            ? new FrontendMessage.CancelRequest(frame.readInt(), frame.readInt())
                            : new FrontendMessage.Broken("invalid length of cancel request");
            default -> startup(code, frame);
        };
    }

    private FrontendMessage startup(int protocol, ByteBuf frame) {
        Map<String, String> parameters = new LinkedHashMap<>();
        while (true) {
            Optional<String> name = text(frame);
            if (name.isPresent() && name.get().isEmpty()) {
                started = true;
                return new FrontendMessage.Startup(protocol, parameters);
            }
            Optional<String> value = name.flatMap(_ -> text(frame));
            if (value.isEmpty()) {
                return new FrontendMessage.Broken("invalid startup packet layout");
            }
            parameters.put(name.get(), value.get());
        }
    }

    private FrontendMessage typed(ByteBuf in) {
        if (in.readableBytes() < 5) {
            return null;
        }
        char type = (char) in.getUnsignedByte(in.readerIndex());
        int length = in.getInt(in.readerIndex() + 1);
        if ("QPBDEFHCSXdcfp".indexOf(type) < 0) {
            return new FrontendMessage.Broken("invalid frontend message type " + (int) type);
        }
        if (length < 4) {
            return new FrontendMessage.Broken("invalid message length " + length);
        }
        if (length > messageMaxBytes) {
            return new FrontendMessage.Broken(
                    "a message of "
                            + length
                            + " bytes is larger than postgres.message.max.bytes="
                            + messageMaxBytes);
        }
        if (in.readableBytes() < 1 + length) {
            return null;
        }
        ByteBuf body = in.readSlice(1 + length).skipBytes(5);
        return switch (type) {
            case 'Q' -> query(body);
            case 'S' -> new FrontendMessage.Sync();
            case 'X' -> new FrontendMessage.Terminate();
            case 'F' -> new FrontendMessage.FunctionCall();
            case 'd' -> new FrontendMessage.CopyData(ByteBufUtil.getBytes(body));
            case 'c' -> new FrontendMessage.CopyDone();
            case 'f' -> new FrontendMessage.CopyFail(text(body).orElse(""));
            case 'p' -> new FrontendMessage.Broken("a password was not asked for");
            default -> ExtendedMessages.read(type, body);
        };
    }

    private static FrontendMessage query(ByteBuf body) {
        int end = body.bytesBefore((byte) 0);
        if (end < 0) {
            return new FrontendMessage.Broken("a query does not end in a zero byte");
        }
        try {
            return new FrontendMessage.Query(
                    StandardCharsets.UTF_8
                            .newDecoder()
                            .decode(body.nioBuffer(body.readerIndex(), end))
                            .toString());
        } catch (CharacterCodingException _) {
            return new FrontendMessage.Undecodable(false);
        }
    }

    private static Optional<String> text(ByteBuf frame) {
        int length = frame.bytesBefore((byte) 0);
        if (length < 0) {
            return Optional.empty();
        }
        String text = frame.toString(frame.readerIndex(), length, StandardCharsets.UTF_8);
        frame.skipBytes(length + 1);
        return Optional.of(text);
    }
}
