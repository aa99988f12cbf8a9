package dev.weir.broker.log;

import dev.weir.broker.error.BrokerException;
import dev.weir.broker.error.ErrorCode;
import dev.weir.broker.record.BatchHeader;
import dev.weir.broker.storage.StorageFile;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;

/// Steps from batch head to batch head of a segment without reading what lies between, unless the
/// batches are small. For looking things up: CRCs are not checked.
final class HeaderScanner {
    private static final int CHUNK_BYTES = 4096;

    private final StorageFile file;
    private final int limit;
    private final ByteBuffer chunk = ByteBuffer.allocate(CHUNK_BYTES);
    private int chunkStart;
    private int position;
    private int size;

    /// @param from file position of a batch
    /// @param limit where to stop
    HeaderScanner(StorageFile file, int from, int limit) {
        this.file = file;
        this.limit = limit;
        this.position = from;
        chunk.limit(0);
    }

    /// Whether there may be a batch where the scanner begins.
    boolean isAtBatch() throws IOException {
        load();
        return isSound();
    }

    /// Moves to the next batch; false at the limit.
    boolean next() throws IOException {
        position += size;
        size = 0;
        if (position >= limit) {
            return false;
        }
        load();
        if (!isSound()) {
            throw new BrokerException(
                    ErrorCode.CORRUPT_MESSAGE,
                    "no record batch at position " + position + " of " + file.path());
        }
        size = BatchHeader.sizeInBytes(chunk, at());
        return true;
    }

    private void load() throws IOException {
        if (position < chunkStart || position + BatchHeader.BYTES > chunkStart + chunk.limit()) {
            chunkStart = position;
            chunk.clear().limit(Math.min(CHUNK_BYTES, limit - position));
            file.read(chunk, position);
            chunk.flip();
        }
    }

    private boolean isSound() {
        return chunkStart + chunk.limit() - position >= BatchHeader.BYTES
                && BatchHeader.magic(chunk, at()) == BatchHeader.MAGIC
                && BatchHeader.sizeInBytes(chunk, at()) >= BatchHeader.BYTES
                && BatchHeader.sizeInBytes(chunk, at()) <= limit - position;
    }

    /// The file it scans.
    Path path() {
        return file.path();
    }

    int position() {
        return position;
    }

    int sizeInBytes() {
        return size;
    }

    long baseOffset() {
        return BatchHeader.baseOffset(chunk, at());
    }

    long lastOffset() {
        return BatchHeader.lastOffset(chunk, at());
    }

    long maxTimestamp() {
        return BatchHeader.maxTimestamp(chunk, at());
    }

    /// How many records it has, by its head.
    int records() {
        return BatchHeader.recordCount(chunk, at());
    }

    int leaderEpoch() {
        return BatchHeader.leaderEpoch(chunk, at());
    }

    private int at() {
        return position - chunkStart;
    }
}
