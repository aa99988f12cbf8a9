package dev.weir.sql.serde;

/// The hash by which Kafka's clients choose a record's partition: MurmurHash2 (32 bit), seeded as
/// Kafka's `Utils.murmur2`. Equal keys land in equal partitions whoever writes them.
public final class Murmur2 {
    private static final int SEED = 0x9747b28c;
    private static final int M = 0x5bd1e995;
    private static final int R = 24;

    private Murmur2() {}

    /// The partition of a key that is not null.
    public static int partition(byte[] key, int offset, int length, int partitions) {
        return (hash(key, offset, length) & 0x7fffffff) % partitions;
    }

    /// The hash of some bytes.
    public static int hash(byte[] data, int offset, int length) {
        int h = SEED ^ length;
        int words = length >>> 2;
        for (int i = 0; i < words; i++) {
            int at = offset + (i << 2);
            int k =
                    (data[at] & 0xff)
                            | (data[at + 1] & 0xff) << 8
                            | (data[at + 2] & 0xff) << 16
                            | (data[at + 3] & 0xff) << 24;
            k *= M;
            k ^= k >>> R;
            k *= M;
            h = h * M ^ k;
        }
        int tail = offset + (words << 2);
        int rest = length & 3;
        if (rest != 0) {
            if (rest == 3) {
                h ^= (data[tail + 2] & 0xff) << 16;
            }
            if (rest >= 2) {
                h ^= (data[tail + 1] & 0xff) << 8;
            }
            h = (h ^ (data[tail] & 0xff)) * M;
        }
        h ^= h >>> 13;
        h *= M;
        return h ^ (h >>> 15);
    }
}
