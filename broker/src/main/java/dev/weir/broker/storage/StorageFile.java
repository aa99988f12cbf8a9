package dev.weir.broker.storage;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Path;
import java.util.List;

/// An open file read and written by position. Any thread may call; an interrupted caller neither
/// closes the file nor loses its interrupt.
public interface StorageFile extends AutoCloseable {
    /// The name it was opened by, or that [#rename] gave it since.
    Path path();

    /// Gives the file another name, in the place of a file that has it. Durable after a sync of the
    /// directory. To be used instead of [FileSystem#rename] for a file that stays open.
    void rename(Path to) throws IOException;

    /// Reads until the buffer is full or the file ends.
    ///
    /// @return bytes read, 0 at the end of the file
    int read(ByteBuffer target, long position) throws IOException;

    /// Writes all remaining bytes. After a failure any prefix of them may be in the file.
    void write(ByteBuffer source, long position) throws IOException;

    /// Writes all remaining bytes of several buffers one after the other, together where the
    /// platform can: one large write costs the operating system less than its parts do. One thread
    /// at a time. After a failure any prefix of them may be in the file.
    default void write(List<ByteBuffer> sources, long position) throws IOException {
        long at = position;
        for (ByteBuffer source : sources) {
            int count = source.remaining();
            write(source, at);
            at += count;
        }
    }

    long size() throws IOException;

    /// Cuts the file to at most this size.
    void truncate(long size) throws IOException;

    /// Makes the contents and size durable (fdatasync). The name is made durable by
    /// [FileSystem#syncDirectory].
    void sync() throws IOException;

    /// Copies bytes to a channel without passing through the heap where the platform can.
    ///
    /// @return bytes transferred, possibly fewer than asked
    long transferTo(long position, long count, WritableByteChannel target) throws IOException;

    /// The channel beneath, for zero-copy sends, or null when there is none. It must not be closed
    /// and should be asked for anew for each use.
    FileChannel channel();

    /// Closes the file; later calls fail. Closing twice does nothing.
    @Override
    void close();
}
