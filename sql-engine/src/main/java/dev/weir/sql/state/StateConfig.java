package dev.weir.sql.state;

/// Memory of a state store.
///
/// @param mapBytes most memory of the write-back maps; a step may exceed it by what it touches
/// @param rocksBytes RocksDB's block cache and memtables together
public record StateConfig(long mapBytes, long rocksBytes) {
    public StateConfig {
        if (mapBytes < 1 << 20) {
            throw new IllegalArgumentException(
                    "state memory must be at least 1 MiB, got " + mapBytes + " bytes");
        }
        if (rocksBytes < 8 << 20) {
            throw new IllegalArgumentException(
                    "RocksDB memory must be at least 8 MiB, got " + rocksBytes + " bytes");
        }
    }

    /// Divides the memory given to state: three quarters to the maps.
    public static StateConfig of(long totalBytes) {
        long rocks = Math.max(8L << 20, totalBytes / 4);
        return new StateConfig(Math.max(1L << 20, totalBytes - rocks), rocks);
    }
}
