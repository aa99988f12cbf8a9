package dev.weir.sql.batch;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/// Text (UTF-8) and bytes in one arena: row i lies at `offsets[i]`, `lengths[i]` long.
public final class BytesColumn implements Column {
    private final NullMask nulls = new NullMask();
    private byte[] arena = new byte[256];
    private int[] offsets = new int[16];
    private int[] lengths = new int[16];
    private int used;
    private int size;

    public void append(byte[] source, int offset, int length) {
        reserve(length);
        System.arraycopy(source, offset, arena, used, length);
        commit(length);
    }

    public void append(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        append(bytes, 0, bytes.length);
    }

    /// Makes room for `length` more bytes in [#arena] at [#end]; a writer fills them, then
    /// [#commit]s.
    public void reserve(int length) {
        if (arena.length - used < length) {
            arena = Arrays.copyOf(arena, Math.max(arena.length * 2, Math.addExact(used, length)));
        }
    }

    /// Where the next value begins in [#arena].
    public int end() {
        return used;
    }

    /// Makes the `length` bytes written at [#end] the next row.
    public void commit(int length) {
        if (size == offsets.length) {
            offsets = Arrays.copyOf(offsets, size * 2);
            lengths = Arrays.copyOf(lengths, size * 2);
        }
        offsets[size] = used;
        lengths[size++] = length;
        used += length;
    }

    /// The bytes of all rows; valid until the next append.
    public byte[] arena() {
        return arena;
    }

    public int offset(int row) {
        return offsets[row];
    }

    public int length(int row) {
        return lengths[row];
    }

    public String string(int row) {
        return new String(arena, offsets[row], lengths[row], StandardCharsets.UTF_8);
    }

    public byte[] bytes(int row) {
        return Arrays.copyOfRange(arena, offsets[row], offsets[row] + lengths[row]);
    }

    @Override
    public int size() {
        return size;
    }

    @Override
    public boolean isNull(int row) {
        return nulls.isNull(row);
    }

    @Override
    public boolean hasNoNulls() {
        return nulls.none();
    }

    @Override
    public void appendNull() {
        nulls.setNull(size);
        commit(0);
    }

    @Override
    public void appendFrom(Column source, int row) {
        BytesColumn from = (BytesColumn) source;
        if (from.isNull(row)) {
            appendNull();
        } else {
            append(from.arena, from.offsets[row], from.lengths[row]);
        }
    }

    @Override
    public void appendFrom(Column source, int[] rows, int count) {
        BytesColumn from = (BytesColumn) source;
        int bytes = 0;
        for (int i = 0; i < count; i++) {
            bytes = Math.addExact(bytes, from.lengths[rows[i]]);
        }
        reserve(bytes);
        for (int i = 0; i < count; i++) {
            appendFrom(from, rows[i]);
        }
    }

    @Override
    public void clear() {
        used = 0;
        size = 0;
        nulls.clear();
    }
}
