package dev.weir.sql.operator;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/// Numbers within state values, big-endian as [dev.weir.sql.codec.ByteSink] writes them.
final class Slots {
    private static final VarHandle LONG =
            MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.BIG_ENDIAN);
    private static final VarHandle INT =
            MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.BIG_ENDIAN);

    private Slots() {}

    static long getLong(byte[] data, int at) {
        return (long) LONG.get(data, at);
    }

    static void setLong(byte[] data, int at, long value) {
        LONG.set(data, at, value);
    }

    /// Adds a number to another.
    static void add(byte[] to, int toAt, byte[] from, int fromAt) {
        setLong(to, toAt, getLong(to, toAt) + getLong(from, fromAt));
    }

    static int getInt(byte[] data, int at) {
        return (int) INT.get(data, at);
    }

    static void setInt(byte[] data, int at, int value) {
        INT.set(data, at, value);
    }
}
