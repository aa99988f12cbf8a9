package dev.weir.sql.serde;

import dev.weir.sql.batch.BytesColumn;
import dev.weir.sql.batch.Column;
import dev.weir.sql.batch.DoubleColumn;
import dev.weir.sql.batch.LongColumn;
import dev.weir.sql.batch.Primitive;
import dev.weir.sql.batch.SqlType;
import dev.weir.sql.error.SqlException;
import dev.weir.sql.error.SqlState;

import java.nio.ByteBuffer;

/// One column as Kafka's own serializers write it: INT in 4 bytes, BIGINT and DOUBLE in 8, all
/// big-endian; VARCHAR as UTF-8; BYTES as they are. No bytes at all are a NULL number.
final class KafkaDecoder implements ValueDecoder {
    private final Primitive type;
    private byte[] data;
    private int offset;
    private int length;
    private String error;

    KafkaDecoder(SqlType type) {
        this.type = supported(type);
    }

    /// The type, if the format has it.
    static Primitive supported(SqlType type) {
        return switch (type) {
            case Primitive.INT,
                    Primitive.BIGINT,
                    Primitive.DOUBLE,
                    Primitive.VARCHAR,
                    Primitive.BYTES ->
                    (Primitive) type;
            default ->
                    throw new SqlException(
                            SqlState.FEATURE_NOT_SUPPORTED,
                            null,
                            "the KAFKA format has no type " + type.sql(),
                            "It has INT, BIGINT, DOUBLE, VARCHAR and BYTES. Use the format JSON.");
        };
    }

    @Override
    public boolean parse(byte[] bytes, int from, int count) {
        data = bytes;
        offset = from;
        length = count;
        int size =
                switch (type) {
                    case INT -> 4;
                    case BIGINT, DOUBLE -> 8;
                    default -> count;
                };
        if (count != size && count != 0) {
            error = type + " in KAFKA format needs " + size + " bytes, got " + count;
            return false;
        }
        if (type == Primitive.VARCHAR) {
            int invalid = Utf8.firstInvalid(bytes, from, count);
            if (invalid >= 0) {
                error = "invalid UTF-8 at byte " + (invalid - from);
                return false;
            }
        }
        return true;
    }

    @Override
    public void append(int column, Column into) {
        if (length == 0 && type != Primitive.VARCHAR && type != Primitive.BYTES) {
            into.appendNull();
            return;
        }
        switch (type) {
            case INT -> ((LongColumn) into).append(ByteBuffer.wrap(data).getInt(offset));
            case BIGINT -> ((LongColumn) into).append(ByteBuffer.wrap(data).getLong(offset));
            case DOUBLE -> ((DoubleColumn) into).append(ByteBuffer.wrap(data).getDouble(offset));
            default -> ((BytesColumn) into).append(data, offset, length);
        }
    }

    @Override
    public String error() {
        return error;
    }
}
