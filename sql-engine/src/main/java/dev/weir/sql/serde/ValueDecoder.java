package dev.weir.sql.serde;

import dev.weir.sql.batch.Column;

/// Takes columns out of the bytes of a key or a value. Belongs to one thread.
///
/// Two phases, so that a record whose value is bad leaves no trace of its key: [#parse] checks
/// everything and remembers, [#append] then cannot fail.
public interface ValueDecoder {
    /// Reads the bytes, which must stay as they are until the last [#append].
    ///
    /// @return false when they cannot be read; then [#error] says why
    boolean parse(byte[] data, int offset, int length);

    /// Appends the i-th wanted column of the bytes last parsed.
    void append(int column, Column into);

    /// Why the last [#parse] failed, with the position counted from the first byte.
    String error();

    /// Parses and appends one value, or NULL, to every column; or appends nothing and returns
    /// false.
    default boolean decode(byte[] data, int offset, int length, Column[] into) {
        if (!parse(data, offset, length)) {
            return false;
        }
        for (int i = 0; i < into.length; i++) {
            append(i, into[i]);
        }
        return true;
    }
}
