package dev.weir.broker.protocol;

import io.netty.buffer.ByteBuf;

import org.apache.kafka.common.protocol.Writable;
import org.apache.kafka.common.record.internal.BaseRecords;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.utils.ByteUtils;

import java.nio.ByteBuffer;
import java.util.function.Consumer;

/// Lets the generated classes write into a Netty buffer. Regions go to `regions`, in order, at the
/// point they belong to.
final class ByteBufWritable implements Writable {
    private final ByteBuf out;
    private final Consumer<RecordRegion> regions;

    ByteBufWritable(ByteBuf out, Consumer<RecordRegion> regions) {
        this.out = out;
        this.regions = regions;
    }

    @Override
    public void writeByte(byte value) {
        out.writeByte(value);
    }

    @Override
    public void writeShort(short value) {
        out.writeShort(value);
    }

    @Override
    public void writeInt(int value) {
        out.writeInt(value);
    }

    @Override
    public void writeLong(long value) {
        out.writeLong(value);
    }

    @Override
    public void writeDouble(double value) {
        out.writeDouble(value);
    }

    @Override
    public void writeByteArray(byte[] bytes) {
        out.writeBytes(bytes);
    }

    @Override
    public void writeUnsignedVarint(int value) {
        int rest = value;
        while ((rest & ~0x7f) != 0) {
            out.writeByte((rest & 0x7f) | 0x80);
            rest >>>= 7;
        }
        out.writeByte(rest);
    }

    @Override
    public void writeVarint(int value) {
        writeUnsignedVarint((value << 1) ^ (value >> 31));
    }

    @Override
    public void writeVarlong(long value) {
        var bytes = ByteBuffer.allocate(ByteUtils.sizeOfVarlong(value));
        ByteUtils.writeVarlong(value, bytes);
        out.writeBytes(bytes.flip());
    }

    @Override
    public void writeByteBuffer(ByteBuffer bytes) {
        out.writeBytes(bytes.duplicate());
    }

    @Override
    public void writeRecords(BaseRecords records) {
        if (records instanceof RecordRegion region) {
            regions.accept(region);
        } else if (records instanceof MemoryRecords memory) {
            out.writeBytes(memory.buffer());
        } else {
            throw new IllegalStateException("records of unexpected " + records.getClass());
        }
    }
}
