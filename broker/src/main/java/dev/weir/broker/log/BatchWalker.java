package dev.weir.broker.log;

import dev.weir.broker.record.BatchHeader;
import dev.weir.broker.storage.StorageFile;

import java.io.IOException;
import java.nio.ByteBuffer;

/// Reads the batches of a segment whole and in order and checks each, for recovery, first reads and
/// compaction.
final class BatchWalker {
    private static final int CHUNK_BYTES = 1 << 20;

    private final StorageFile file;
    private final int limit;
    private ByteBuffer chunk = ByteBuffer.allocate(CHUNK_BYTES).limit(0);
    private int chunkStart;
    private int position;
    private int size;

    BatchWalker(StorageFile file, int from, int limit) {
        this.file = file;
        this.limit = limit;
        this.position = from;
        this.chunkStart = from;
    }

    /// Moves to the next batch; false at the limit and where no intact batch lies.
    boolean next() throws IOException {
        position += size;
        size = 0;
        if (limit - position < BatchHeader.BYTES || !fill(BatchHeader.BYTES)) {
            return false;
        }
        int length = BatchHeader.sizeInBytes(chunk, at());
        if (length < BatchHeader.BYTES || length > limit - position || !fill(length)) {
            return false;
        }
        if (!BatchHeader.isIntact(chunk, at(), at() + length)) {
            return false;
        }
        size = length;
        return true;
    }

    /// The buffer that holds the batch, at index [#at].
    ByteBuffer buffer() {
        return chunk;
    }

    int at() {
        return position - chunkStart;
    }

    /// File position of the batch, or of where the walk stopped.
    int position() {
        return position;
    }

    int sizeInBytes() {
        return size;
    }

    /// Whether the batch behind this one was read along with it.
    boolean hasReadNext() {
        int left = chunk.limit() - at() - size;
        return left >= BatchHeader.BYTES && BatchHeader.sizeInBytes(chunk, at() + size) <= left;
    }

    private boolean fill(int needed) throws IOException {
        if (position + needed <= chunkStart + chunk.limit()) {
            return true;
        }
        if (chunk.capacity() < needed) {
            chunk = ByteBuffer.allocate(needed);
        }
        chunkStart = position;
        chunk.clear().limit(Math.min(chunk.capacity(), limit - position));
        file.read(chunk, position);
        chunk.flip();
        return chunk.limit() >= needed;
    }
}
