package dev.weir.broker.request;

import dev.weir.broker.partition.Traffic;
import dev.weir.broker.protocol.RecordRegion;
import dev.weir.broker.storage.FileSlice;

import io.netty.buffer.ByteBuf;
import io.netty.channel.DefaultFileRegion;
import io.netty.channel.FileRegion;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.util.Optional;

/// Batches lying in a segment file.
///
/// @param traffic told when they are sent
record SliceRegion(FileSlice slice, Traffic traffic) implements RecordRegion {
    @Override
    public int sizeInBytes() {
        return slice.length();
    }

    @Override
    public void copyTo(ByteBuf out) {
        try {
            slice.readInto(out.nioBuffer(out.writerIndex(), slice.length()));
            out.writerIndex(out.writerIndex() + slice.length());
            traffic.fetched(slice.length());
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read " + slice.file().path(), e);
        }
    }

    @Override
    public Optional<FileRegion> fileRegion() {
        var channel = slice.file().channel();
        if (channel == null) {
            return Optional.empty();
        }
        traffic.fetched(slice.length());
        return Optional.of(new SharedFile(channel, slice.position(), slice.length()));
    }

    /// A region whose file belongs to the log and stays open when the region was sent.
    private static final class SharedFile extends DefaultFileRegion {
        SharedFile(FileChannel channel, long position, long length) {
            super(channel, position, length);
        }

        @Override
        protected void deallocate() {
            // The log closes its own files.
        }
    }
}
