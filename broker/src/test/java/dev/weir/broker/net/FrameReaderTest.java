package dev.weir.broker.net;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weir.broker.protocol.MalformedRequestException;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.buffer.Unpooled;

import org.junit.jupiter.api.Test;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Random;

class FrameReaderTest {
    private final ArrayDeque<ByteBuf> unread = new ArrayDeque<>();

    @Test
    void frames_come_out_whole_however_they_were_cut() throws Exception {
        long seed = System.nanoTime();
        System.out.println("seed " + seed);
        var random = new Random(seed);
        for (int round = 0; round < 50; round++) {
            var frames = new ArrayList<byte[]>();
            var stream = Unpooled.buffer();
            for (int i = 0; i < 20; i++) {
                // Large ones are produce requests: they start with api key 0.
                var bytes = new byte[random.nextInt(10) == 0 ? 3_000_000 : random.nextInt(300)];
                random.nextBytes(bytes);
                frames.add(bytes);
                stream.writeInt(bytes.length).writeBytes(bytes);
            }
            var reader = new FrameReader(4_000_000, PooledByteBufAllocator.DEFAULT);
            var read = new ArrayList<byte[]>();
            while (stream.isReadable()) {
                int count =
                        Math.min(
                                stream.readableBytes(),
                                1 + random.nextInt(1 << random.nextInt(18)));
                unread.add(stream.readBytes(count));
                ByteBuf frame;
                while ((frame = reader.next(unread)) != null) {
                    var bytes = new byte[frame.readableBytes()];
                    frame.readBytes(bytes);
                    frame.release();
                    read.add(bytes);
                }
            }
            assertThat(read).hasSameSizeAs(frames);
            for (int i = 0; i < frames.size(); i++) {
                assertThat(read.get(i)).isEqualTo(frames.get(i));
            }
            assertThat(unread).isEmpty();
        }
    }

    @Test
    void a_length_alone_allocates_little() throws Exception {
        var readers = new ArrayList<FrameReader>();
        long before = PooledByteBufAllocator.DEFAULT.metric().usedDirectMemory();
        for (int i = 0; i < 200; i++) {
            var reader = new FrameReader(1_000_000_000, PooledByteBufAllocator.DEFAULT);
            unread.add(Unpooled.buffer().writeInt(1_000_000_000).writeShort(0).writeInt(1));
            assertThat(reader.next(unread)).isNull();
            readers.add(reader);
        }
        long after = PooledByteBufAllocator.DEFAULT.metric().usedDirectMemory();
        // 64 KiB each, in chunks of 4 MiB of each thread's arena.
        assertThat(after - before).isLessThanOrEqualTo(200 * 64 * 1024 + 8 * 1024 * 1024);
        readers.forEach(FrameReader::release);
    }

    @Test
    void lengths_out_of_bounds_are_refused() {
        assertRefused(Unpooled.buffer().writeInt(-1), "frame of -1 bytes");
        assertRefused(Unpooled.buffer().writeInt(5_000_001), "not within 0..5000000");
        assertRefused(
                Unpooled.wrappedBuffer(
                        "GET / HTTP/1.1".getBytes(java.nio.charset.StandardCharsets.US_ASCII)),
                "looks like HTTP");
        assertRefused(Unpooled.buffer().writeInt(0x16030102), "looks like TLS");
    }

    @Test
    void only_produce_requests_may_be_large() {
        unread.add(
                Unpooled.buffer()
                        .writeInt(FrameReader.MAX_OTHER_BYTES + 1)
                        .writeShort(3)
                        .writeInt(1));
        var reader = new FrameReader(100_000_000, PooledByteBufAllocator.DEFAULT);
        assertThatThrownBy(() -> reader.next(unread))
                .isInstanceOf(MalformedRequestException.class)
                .hasMessageContaining("only produce requests");
        reader.release();
    }

    private void assertRefused(ByteBuf bytes, String reason) {
        unread.clear();
        unread.add(bytes);
        var reader = new FrameReader(5_000_000, PooledByteBufAllocator.DEFAULT);
        assertThatThrownBy(() -> reader.next(unread))
                .isInstanceOf(MalformedRequestException.class)
                .hasMessageContaining(reason);
    }
}
