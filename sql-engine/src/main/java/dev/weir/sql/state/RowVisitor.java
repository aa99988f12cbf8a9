package dev.weir.sql.state;

/// Told of each row of a scan. The arrays are valid during the call only.
@FunctionalInterface
public interface RowVisitor {
    /// @return false to end the scan
    boolean row(byte[] keys, int keyOffset, int keyLength, byte[] values, int offset, int length);
}
