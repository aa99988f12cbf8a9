package dev.weir.sql.state;

/// Before-images: what keys held before a step, or before the first of several steps merged.
final class Undo {
    final long step;
    final ByteMap images = new ByteMap();

    Undo(long step) {
        this.step = step;
    }

    /// Takes over the images of a later step for keys this one does not have.
    void merge(Undo later) {
        Arena arena = later.images.arena;
        for (int chunk : arena.chunksByAge()) {
            int end = arena.used(chunk);
            for (int at = 0; at < end; ) {
                int handle = Arena.handle(chunk, at);
                add(
                        arena.hash(handle),
                        arena.chunk(handle),
                        Arena.offset(handle) + ByteMap.KEY,
                        arena.keyLength(handle),
                        arena.chunk(handle),
                        later.images.valueOffset(handle),
                        arena.valueLength(handle));
                at += arena.size(handle);
            }
        }
    }

    /// Remembers an image unless there is one of that key already.
    ///
    /// @param valueLength -1 when the key had no value
    void add(
            int hash,
            byte[] key,
            int keyOffset,
            int keyLength,
            byte[] value,
            int valueOffset,
            int valueLength) {
        if (images.find(hash, key, keyOffset, keyLength) != Arena.NONE) {
            return;
        }
        int handle = images.insert(hash, key, keyOffset, keyLength, Math.max(0, valueLength));
        if (valueLength >= 0) {
            images.setValue(handle, value, valueOffset, valueLength);
        }
    }
}
