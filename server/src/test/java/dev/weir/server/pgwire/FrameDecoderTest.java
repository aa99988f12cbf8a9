package dev.weir.server.pgwire;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.embedded.EmbeddedChannel;

import org.junit.jupiter.api.Test;

import java.nio.charset.StandardCharsets;
import java.util.Map;

class FrameDecoderTest {
    private final EmbeddedChannel channel = new EmbeddedChannel(new FrameDecoder(1000));

    @Test
    void a_startup_packet_carries_version_and_parameters() {
        send(startup("user", "weir", "database", "weir"));
        assertThat(next())
                .isEqualTo(
                        new FrontendMessage.Startup(
                                196608, Map.of("user", "weir", "database", "weir")));
    }

    @Test
    void encryption_is_asked_for_before_the_startup() {
        send(Unpooled.buffer().writeInt(8).writeInt(80877103));
        send(Unpooled.buffer().writeInt(8).writeInt(80877104));
        send(startup("user", "weir"));
        assertThat(next()).isEqualTo(new FrontendMessage.EncryptionRequest());
        assertThat(next()).isEqualTo(new FrontendMessage.EncryptionRequest());
        assertThat(next()).isInstanceOf(FrontendMessage.Startup.class);
    }

    @Test
    void messages_may_arrive_byte_by_byte() {
        ByteBuf all = Unpooled.wrappedBuffer(startup("user", "weir"), query("SELECT 'é'"), sync());
        while (all.isReadable()) {
            send(Unpooled.buffer().writeByte(all.readByte()));
        }
        assertThat(next()).isInstanceOf(FrontendMessage.Startup.class);
        assertThat(next()).isEqualTo(new FrontendMessage.Query("SELECT 'é'"));
        assertThat(next()).isEqualTo(new FrontendMessage.Sync());
        assertThat(next()).isNull();
    }

    @Test
    void a_cancel_request_names_process_and_secret() {
        send(Unpooled.buffer().writeInt(16).writeInt(80877102).writeInt(7).writeInt(-5));
        assertThat(next()).isEqualTo(new FrontendMessage.CancelRequest(7, -5));
    }

    @Test
    void bytes_of_another_protocol_are_broken_and_nothing_after_them_is_read() {
        send(Unpooled.copiedBuffer("GET / HTTP/1.1\r\n\r\n", StandardCharsets.US_ASCII));
        assertThat(next())
                .isEqualTo(new FrontendMessage.Broken("invalid length of startup packet"));
        send(startup("user", "weir"));
        assertThat(next()).isNull();
    }

    @Test
    void an_oversized_message_is_broken_before_its_body_arrives() {
        send(startup("user", "weir"));
        next();
        send(Unpooled.buffer().writeByte('Q').writeInt(1001));
        assertThat(next())
                .isEqualTo(
                        new FrontendMessage.Broken(
                                "a message of 1001 bytes is larger than"
                                        + " postgres.message.max.bytes=1000"));
    }

    @Test
    void unknown_types_and_impossible_lengths_are_broken() {
        send(startup("user", "weir"));
        next();
        send(Unpooled.buffer().writeByte('!').writeInt(4));
        assertThat(next())
                .isEqualTo(new FrontendMessage.Broken("invalid frontend message type 33"));

        var other = new EmbeddedChannel(new FrameDecoder(1000));
        other.writeInbound(startup("user", "weir"));
        other.readInbound();
        other.writeInbound(Unpooled.buffer().writeByte('Q').writeInt(-1));
        FrontendMessage message = other.readInbound();
        assertThat(message).isEqualTo(new FrontendMessage.Broken("invalid message length -1"));
    }

    @Test
    void text_that_is_not_utf_8_spoils_only_its_query() {
        send(startup("user", "weir"));
        next();
        send(
                Unpooled.buffer()
                        .writeByte('Q')
                        .writeInt(7)
                        .writeByte(0xc3)
                        .writeByte('(')
                        .writeByte(0));
        send(sync());
        assertThat(next()).isEqualTo(new FrontendMessage.Undecodable(false));
        assertThat(next()).isEqualTo(new FrontendMessage.Sync());
    }

    private void send(ByteBuf bytes) {
        channel.writeInbound(bytes);
    }

    private FrontendMessage next() {
        return channel.readInbound();
    }

    private static ByteBuf startup(String... parameters) {
        ByteBuf body = Unpooled.buffer().writeInt(196608);
        for (String text : parameters) {
            body.writeCharSequence(text, StandardCharsets.UTF_8);
            body.writeByte(0);
        }
        body.writeByte(0);
        return Unpooled.buffer().writeInt(4 + body.readableBytes()).writeBytes(body);
    }

    private static ByteBuf query(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        return Unpooled.buffer()
                .writeByte('Q')
                .writeInt(4 + bytes.length + 1)
                .writeBytes(bytes)
                .writeByte(0);
    }

    private static ByteBuf sync() {
        return Unpooled.buffer().writeByte('S').writeInt(4);
    }
}
