package dev.weir.broker.fuzz;

import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;

import java.util.Arrays;
import java.util.List;
import java.util.Random;

/// Breaks bytes: bits turned over, pieces cut, doubled, spliced from elsewhere or overwritten with
/// lengths that lie.
final class Mutator {
    private static final int HEAD = 8;
    private static final int[] LENGTHS = {
        -1, 0, 1, 0x7fff, 0x7fff_ffff, 0x8000_0000, 0x0010_0000, 0x0500_0000, 0x00ff_ffff
    };

    private final Random random;

    Mutator(Random random) {
        this.random = random;
    }

    /// A changed copy of a frame.
    ///
    /// @param earlier other frames to take pieces of
    byte[] mutate(byte[] frame, List<byte[]> earlier) {
        var bytes = frame;
        for (int times = 1 + random.nextInt(3); times > 0; times--) {
            bytes = once(bytes, earlier);
        }
        return bytes;
    }

    private byte[] once(byte[] frame, List<byte[]> earlier) {
        if (frame.length <= HEAD) {
            return Arrays.copyOf(frame, random.nextInt(HEAD + 1));
        }
        // The head decides which API it is, so it is left alone most of the time.
        int first = random.nextInt(10) == 0 ? 0 : HEAD;
        int at = first + random.nextInt(frame.length - first);
        var copy = frame.clone();
        switch (random.nextInt(9)) {
            case 0, 1 -> copy[at] ^= (byte) (1 << random.nextInt(8));
            case 2 -> copy[at] = (byte) random.nextInt();
            case 3 -> {
                return Arrays.copyOf(frame, at);
            }
            case 4 -> {
                var more = new byte[1 + random.nextInt(9)];
                random.nextBytes(more);
                return splice(frame, at, more, at);
            }
            case 5 -> {
                int end = Math.min(frame.length, at + 1 + random.nextInt(16));
                return splice(frame, at, new byte[0], end);
            }
            case 6 -> {
                int end = Math.min(frame.length, at + 1 + random.nextInt(64));
                return splice(frame, at, Arrays.copyOfRange(frame, at, end), at);
            }
            case 7 -> {
                var other = earlier.isEmpty() ? frame : earlier.get(random.nextInt(earlier.size()));
                int from = random.nextInt(other.length + 1);
                int to = Math.min(other.length, from + random.nextInt(64));
                return splice(frame, at, Arrays.copyOfRange(other, from, to), at);
            }
            default -> {
                int length = LENGTHS[random.nextInt(LENGTHS.length)];
                for (int i = 0; i < Integer.BYTES && at + i < copy.length; i++) {
                    copy[at + i] = (byte) (length >>> (24 - 8 * i));
                }
            }
        }
        return copy;
    }

    private static byte[] splice(byte[] frame, int end, byte[] middle, int from) {
        return ByteBufUtil.getBytes(
                Unpooled.buffer()
                        .writeBytes(frame, 0, end)
                        .writeBytes(middle)
                        .writeBytes(frame, from, frame.length - from));
    }
}
