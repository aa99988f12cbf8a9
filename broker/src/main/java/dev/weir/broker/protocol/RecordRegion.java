package dev.weir.broker.protocol;

import io.netty.buffer.ByteBuf;
import io.netty.channel.FileRegion;

import org.apache.kafka.common.record.internal.BaseRecords;
import org.apache.kafka.common.record.internal.RecordsSend;

import java.util.Optional;

/// Record batches of a response that lie somewhere else, usually in a file.
///
/// Small ones are copied into the response, large ones are sent from where they are, so that their
/// bytes never enter this process.
public interface RecordRegion extends BaseRecords {
    /// Appends the bytes to the buffer, which has room for them.
    ///
    /// @throws java.io.UncheckedIOException if they cannot be read
    void copyTo(ByteBuf out);

    /// The bytes as a region of a file that the operating system can send, or empty if there is no
    /// such file. The caller releases it.
    Optional<FileRegion> fileRegion();

    @Override
    default RecordsSend<? extends BaseRecords> toSend() {
        throw new UnsupportedOperationException("regions are written by the codec alone");
    }
}
