package dev.weir.sql.codec;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;

/// A growable array of bytes to write to. Reused: [#clear] keeps the memory.
public final class ByteSink {
    private static final VarHandle LONG =
            MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.BIG_ENDIAN);
    private static final VarHandle INT =
            MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.BIG_ENDIAN);

    private byte[] array;
    private int size;

    public ByteSink() {
        this(256);
    }

    public ByteSink(int capacity) {
        array = new byte[Math.max(16, capacity)];
    }

    /// The bytes written so far are the first [#size] of this array; valid until the next write.
    public byte[] array() {
        return array;
    }

    public int size() {
        return size;
    }

    public void clear() {
        size = 0;
    }

    /// Takes back everything written after the first `length` bytes.
    public void truncate(int length) {
        if (length < 0 || length > size) {
            throw new IllegalArgumentException("cannot truncate " + size + " bytes to " + length);
        }
        size = length;
    }

    /// Makes room for `count` more bytes in [#array] at [#size]; a writer fills them, then
    /// [#advance]s.
    public void reserve(int count) {
        if (array.length - size < count) {
            array = Arrays.copyOf(array, Math.max(array.length * 2, Math.addExact(size, count)));
        }
    }

    /// Counts bytes written directly into [#array].
    public void advance(int count) {
        size += count;
    }

    public void put(int oneByte) {
        if (size == array.length) {
            reserve(1);
        }
        array[size++] = (byte) oneByte;
    }

    public void put(byte[] source, int offset, int length) {
        reserve(length);
        System.arraycopy(source, offset, array, size, length);
        size += length;
    }

    public void put(byte[] source) {
        put(source, 0, source.length);
    }

    /// Four bytes, big-endian.
    public void putInt(int value) {
        reserve(4);
        INT.set(array, size, value);
        size += 4;
    }

    /// Eight bytes, big-endian.
    public void putLong(long value) {
        reserve(8);
        LONG.set(array, size, value);
        size += 8;
    }

    /// One to ten bytes, seven bits each, lowest first; the value is taken as unsigned.
    public void putVarLong(long value) {
        reserve(10);
        long rest = value;
        int at = size;
        while ((rest & ~0x7FL) != 0) {
            array[at++] = (byte) (rest | 0x80);
            rest >>>= 7;
        }
        array[at++] = (byte) rest;
        size = at;
    }

    /// ASCII text, one byte a character.
    public void putAscii(String text) {
        int length = text.length();
        reserve(length);
        for (int i = 0; i < length; i++) {
            array[size + i] = (byte) text.charAt(i);
        }
        size += length;
    }

    public byte[] toByteArray() {
        return Arrays.copyOf(array, size);
    }

    static long longAt(byte[] data, int offset) {
        return (long) LONG.get(data, offset);
    }

    static int intAt(byte[] data, int offset) {
        return (int) INT.get(data, offset);
    }
}
