package dev.weir.broker.storage;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;

/// A run of bytes of a file, to be sent or copied. The file stays readable for a minute after its
/// segment was deleted, so a slice should be used soon.
///
/// @param file null when `length` is 0
public record FileSlice(StorageFile file, long position, int length) {
    public static final FileSlice EMPTY = new FileSlice(null, 0, 0);

    /// Copies the whole slice into the buffer at its position, which moves past it.
    public void readInto(ByteBuffer target) throws IOException {
        if (length == 0) {
            return;
        }
        ByteBuffer window = target.slice(target.position(), length);
        int read = file.read(window, position);
        if (read != length) {
            throw new EOFException("read " + read + " of " + length + " bytes of " + file.path());
        }
        target.position(target.position() + length);
    }

    /// The bytes as a heap buffer ready to be read.
    public ByteBuffer toBuffer() throws IOException {
        ByteBuffer copy = ByteBuffer.allocate(length);
        readInto(copy);
        return copy.flip();
    }
}
