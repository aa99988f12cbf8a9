package dev.weir.broker.record;

/// The numbers of records: zigzag first, so that small ones are short whatever their sign, then
/// seven bits a byte, the lowest first (`varint` and `varlong` of Kafka's protocol guide).
final class Varints {
    private Varints() {}

    /// Bytes that a number takes, 1 to 10.
    static int size(long value) {
        return (70 - Long.numberOfLeadingZeros(zigzag(value) | 1)) / 7;
    }

    /// Writes a number.
    ///
    /// @return where it ends
    static int put(byte[] bytes, int at, long value) {
        int end = at;
        long rest = zigzag(value);
        while ((rest & ~0x7fL) != 0) {
            bytes[end++] = (byte) (rest | 0x80);
            rest >>>= 7;
        }
        bytes[end++] = (byte) rest;
        return end;
    }

    private static long zigzag(long value) {
        return (value << 1) ^ (value >> 63);
    }
}
