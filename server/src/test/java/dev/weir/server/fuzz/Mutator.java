package dev.weir.server.fuzz;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

/// Breaks bytes: bits turned over, pieces cut, doubled or spliced from elsewhere, lengths that lie,
/// words that mean something in a wrong place.
final class Mutator {
    private static final int[] LENGTHS = {
        -1, 0, 1, 3, 4, 5, 0x7fff, 0xffff, 0x7fff_ffff, 0x8000_0000, 0x0010_0000, 0x00ff_ffff
    };

    private final Random random;
    private final List<byte[]> corpus;
    private final List<String> words;

    /// @param corpus other bytes to take pieces of
    /// @param words texts that the protocol, or what it carries, has a meaning for
    Mutator(Random random, List<byte[]> corpus, List<String> words) {
        this.random = random;
        this.corpus = corpus;
        this.words = words;
    }

    /// A changed copy.
    byte[] mutate(byte[] bytes) {
        var changed = bytes;
        for (int times = 1 + random.nextInt(3); times > 0; times--) {
            changed = once(changed);
        }
        return changed;
    }

    private byte[] once(byte[] bytes) {
        int at = random.nextInt(bytes.length + 1);
        return switch (random.nextInt(9)) {
            case 0, 1 -> {
                var copy = bytes.clone();
                if (at < copy.length) {
                    copy[at] ^= (byte) (1 << random.nextInt(8));
                }
                yield copy;
            }
            case 2 -> {
                var more = new byte[1 + random.nextInt(9)];
                random.nextBytes(more);
                yield splice(bytes, at, more, at);
            }
            case 3 -> {
                int end = Math.min(bytes.length, at + 1 + random.nextInt(16));
                yield splice(bytes, at, new byte[0], end);
            }
            case 4 -> {
                int end = Math.min(bytes.length, at + 1 + random.nextInt(64));
                var piece = Arrays.copyOfRange(bytes, at, end);
                yield splice(bytes, at, repeated(piece), at);
            }
            case 5 -> {
                var other = corpus.get(random.nextInt(corpus.size()));
                int from = random.nextInt(other.length + 1);
                int to = Math.min(other.length, from + random.nextInt(64));
                yield splice(bytes, at, Arrays.copyOfRange(other, from, to), at);
            }
            case 6 -> {
                var word = word();
                int end = random.nextBoolean() ? at : Math.min(bytes.length, at + word.length);
                yield splice(bytes, at, word, end);
            }
            case 7 -> {
                var word = word();
                int start = wordStart(bytes, at);
                yield splice(bytes, start, word, wordEnd(bytes, start));
            }
            default -> {
                var length = ByteBuffer.allocate(Integer.BYTES);
                length.putInt(LENGTHS[random.nextInt(LENGTHS.length)]);
                int width = random.nextBoolean() ? Integer.BYTES : Short.BYTES;
                var piece =
                        Arrays.copyOfRange(length.array(), Integer.BYTES - width, Integer.BYTES);
                yield splice(bytes, at, piece, Math.min(bytes.length, at + width));
            }
        };
    }

    /// Mostly twice, seldom very often.
    private byte[] repeated(byte[] piece) {
        int times = random.nextInt(20) == 0 ? 1 + random.nextInt(300) : 1;
        var all = new ByteArrayOutputStream();
        for (int i = 0; i < times; i++) {
            all.writeBytes(piece);
        }
        return all.toByteArray();
    }

    private byte[] word() {
        return words.get(random.nextInt(words.size())).getBytes(StandardCharsets.UTF_8);
    }

    private static int wordStart(byte[] bytes, int at) {
        int start = at;
        while (start > 0 && isWord(bytes[start - 1])) {
            start--;
        }
        return start;
    }

    private static int wordEnd(byte[] bytes, int start) {
        int end = start;
        while (end < bytes.length && isWord(bytes[end])) {
            end++;
        }
        return end;
    }

    private static boolean isWord(byte b) {
        return b == '_' || Character.isLetterOrDigit(b);
    }

    private static byte[] splice(byte[] bytes, int end, byte[] middle, int from) {
        var all = new ByteArrayOutputStream();
        all.write(bytes, 0, end);
        all.writeBytes(middle);
        all.write(bytes, from, bytes.length - from);
        return all.toByteArray();
    }
}
