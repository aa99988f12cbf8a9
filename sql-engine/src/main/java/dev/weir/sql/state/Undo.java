package dev.weir.sql.state;

/// Before-images: what keys held before a step, or before the first of several steps merged.
///
/// Images are written by every step and mostly dropped unread, so they are indexed only when
/// somebody looks for one.
final class Undo {
    final long step;
    final ByteMap images = new ByteMap();
    private int[] chunks = {};
    private int indexedChunks;
    private int indexedBytes;

    Undo(long step) {
        this.step = step;
    }

    /// Remembers an image of a key that has none yet.
    ///
    /// @param valueLength -1 when the key had no value
    void append(
            int hash,
            byte[] key,
            int keyOffset,
            int keyLength,
            byte[] value,
            int valueOffset,
            int valueLength) {
        int handle = images.append(hash, key, keyOffset, keyLength, Math.max(0, valueLength));
        if (valueLength >= 0) {
            images.setValue(handle, value, valueOffset, valueLength);
        }
    }

    /// The image of a key, or NONE.
    int find(int hash, byte[] key, int offset, int length) {
        index();
        return images.find(hash, key, offset, length);
    }

    private void index() {
        Arena arena = images.arena;
        // Nothing here is ever freed: chunks come in order, and only the last one grows.
        while (true) {
            if (indexedChunks == chunks.length) {
                chunks = arena.chunksByAge();
                if (indexedChunks == chunks.length) {
                    return;
                }
            }
            int chunk = chunks[indexedChunks];
            while (indexedBytes < arena.used(chunk)) {
                int handle = Arena.handle(chunk, indexedBytes);
                images.index(handle);
                indexedBytes += arena.size(handle);
            }
            if (chunk == arena.current()) {
                return;
            }
            indexedChunks++;
            indexedBytes = 0;
        }
    }

    /// Takes over the images of a later step for keys this one does not have.
    void merge(Undo later) {
        Arena arena = later.images.arena;
        for (int chunk : arena.chunksByAge()) {
            int end = arena.used(chunk);
            for (int at = 0; at < end; ) {
                int handle = Arena.handle(chunk, at);
                byte[] data = arena.chunk(handle);
                int key = Arena.offset(handle) + ByteMap.KEY;
                int keyLength = arena.keyLength(handle);
                if (find(arena.hash(handle), data, key, keyLength) == Arena.NONE) {
                    append(
                            arena.hash(handle),
                            data,
                            key,
                            keyLength,
                            data,
                            later.images.valueOffset(handle),
                            arena.valueLength(handle));
                }
                at += arena.size(handle);
            }
        }
    }
}
