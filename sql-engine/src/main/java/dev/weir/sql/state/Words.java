package dev.weir.sql.state;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/// Integers within byte arrays, and the hash of keys.
final class Words {
    private static final VarHandle LONG =
            MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle INT =
            MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
    private static final long K1 = 0x9E3779B97F4A7C15L;
    private static final long K2 = 0xD6E8FEB86659FD93L;

    private Words() {}

    static long getLong(byte[] data, int at) {
        return (long) LONG.get(data, at);
    }

    static void setLong(byte[] data, int at, long value) {
        LONG.set(data, at, value);
    }

    static int getInt(byte[] data, int at) {
        return (int) INT.get(data, at);
    }

    static void setInt(byte[] data, int at, int value) {
        INT.set(data, at, value);
    }

    /// The length rounded up to whole words.
    static int pad(int length) {
        return (length + 7) & ~7;
    }

    /// The hash of a key. Its top byte is the shard, which is written to disk: never change this
    /// function without a new state format.
    static int hash(byte[] data, int offset, int length) {
        long h = length * K1;
        if (length >= 8) {
            int last = offset + length - 8;
            for (int at = offset; at < last; at += 8) {
                h = (h ^ getLong(data, at)) * K2;
                h ^= h >>> 32;
            }
            // The last word overlaps the one before, which saves a loop over single bytes.
            h = (h ^ getLong(data, last)) * K2;
        } else {
            long word = 0;
            for (int i = 0; i < length; i++) {
                word = word << 8 | (data[offset + i] & 0xFF);
            }
            h = (h ^ word) * K2;
        }
        h ^= h >>> 32;
        h *= K2;
        return (int) (h ^ h >>> 32);
    }

    static int shard(int hash) {
        return hash >>> 24;
    }

    static boolean equal(byte[] a, int aOffset, byte[] b, int bOffset, int length) {
        if (length < 8) {
            for (int i = 0; i < length; i++) {
                if (a[aOffset + i] != b[bOffset + i]) {
                    return false;
                }
            }
            return true;
        }
        int last = length - 8;
        for (int i = 0; i < last; i += 8) {
            if (getLong(a, aOffset + i) != getLong(b, bOffset + i)) {
                return false;
            }
        }
        return getLong(a, aOffset + last) == getLong(b, bOffset + last);
    }
}
