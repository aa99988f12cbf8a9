package dev.weir.broker.record;

import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.record.internal.CompressionType;

/// How a topic stores batches (`compression.type`, and `compression.*.level` of KIP-390).
///
/// @param codec what every batch is to have, or null where each keeps what its producer gave it
/// @param level of the codec; without meaning where that has none (snappy, none)
public record StoredCompression(CompressionType codec, int level) {
    public static final StoredCompression AS_SENT = new StoredCompression(null, 0);

    /// Above this zstd makes tables for much larger inputs, which takes longer than to compress a
    /// batch.
    private static final int LAST_QUICK_ZSTD = 9;

    /// The codec of a batch that came with this one.
    public CompressionType codecOf(CompressionType sent) {
        return codec == null ? sent : codec;
    }

    /// Whether a batch takes long however small it is: up to a second, at the highest level.
    boolean isSlow() {
        return codec == CompressionType.ZSTD && level > LAST_QUICK_ZSTD;
    }

    /// What compresses a batch that came with this codec. One that keeps its codec although it must
    /// be written anew has the codec's usual level.
    Compression compressionOf(CompressionType sent) {
        if (codec == null) {
            return Compression.of(sent).build();
        }
        return switch (codec) {
            case NONE, SNAPPY -> Compression.of(codec).build();
            case GZIP -> Compression.gzip().level(level).build();
            case LZ4 -> Compression.lz4().level(level).build();
            case ZSTD -> Compression.zstd().level(level).build();
        };
    }
}
