package dev.weir.sql.codec;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.sql.batch.Batch;
import dev.weir.sql.batch.Column;
import dev.weir.sql.batch.Field;
import dev.weir.sql.batch.Primitive;
import dev.weir.sql.batch.Schema;
import dev.weir.sql.batch.SqlType;

import org.junit.jupiter.api.Test;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

/// Rows and keys survive their bytes, and keys sort as their values do.
final class CodecTest {
    private static final Schema FLAT =
            new Schema(
                    List.of(
                            new Field("b", Primitive.BOOLEAN),
                            new Field("i", Primitive.INT),
                            new Field("l", Primitive.BIGINT),
                            new Field("d", Primitive.DOUBLE),
                            new Field("s", Primitive.VARCHAR),
                            new Field("x", Primitive.BYTES),
                            new Field("ts", Primitive.TIMESTAMP),
                            new Field("day", Primitive.DATE),
                            new Field("n", new SqlType.Decimal(20, 4))));

    private static final SqlType NESTED =
            new SqlType.Struct(
                    List.of(
                            new Field("name", Primitive.VARCHAR),
                            new Field("tags", new SqlType.Array(Primitive.INT)),
                            new Field(
                                    "prices",
                                    new SqlType.MapOf(
                                            Primitive.VARCHAR, new SqlType.Decimal(10, 2))),
                            new Field("ratio", Primitive.DOUBLE),
                            new Field("raw", Primitive.BYTES)));

    private final Random random = new Random(20_240_817);

    @Test
    void rows_of_every_flat_type_come_back_as_they_were() {
        Batch in = randomRows(2_000);
        RowCodec codec = new RowCodec(FLAT);
        ByteSink sink = new ByteSink();
        int[] starts = new int[in.size() + 1];
        for (int row = 0; row < in.size(); row++) {
            codec.write(in, row, sink);
            starts[row + 1] = sink.size();
        }
        Batch out = Batch.of(FLAT);
        for (int row = 0; row < in.size(); row++) {
            int end = codec.read(sink.array(), starts[row], out);
            assertThat(end).isEqualTo(starts[row + 1]);
            out.endRow(1, 0);
        }
        for (int row = 0; row < in.size(); row++) {
            for (int c = 0; c < FLAT.size(); c++) {
                assertThat(value(out, c, row)).isEqualTo(value(in, c, row));
            }
        }
    }

    @Test
    void a_codec_of_some_columns_writes_only_those_in_its_order() {
        Batch in = randomRows(50);
        int[] picked = {4, 1};
        RowCodec codec = new RowCodec(FLAT, picked);
        Column[] into = {Column.of(FLAT.type(4)), Column.of(FLAT.type(1))};
        ByteSink sink = new ByteSink();
        for (int row = 0; row < in.size(); row++) {
            sink.clear();
            codec.write(in, row, sink);
            assertThat(codec.read(sink.array(), 0, into)).isEqualTo(sink.size());
            for (int i = 0; i < picked.length; i++) {
                assertThat(value(into[i], row)).isEqualTo(value(in, picked[i], row));
            }
        }
    }

    @Test
    void nested_values_survive_rows_and_keys() {
        Schema schema = new Schema(List.of(new Field("s", NESTED)));
        Batch in = Batch.of(schema);
        Map<Object, Object> prices = new LinkedHashMap<>();
        prices.put("tea", new BigDecimal("2.50"));
        prices.put("ink", null);
        List<Object> full = new ArrayList<>();
        full.add("a\0b");
        full.add(Arrays.asList(3L, null, -1L));
        full.add(prices);
        full.add(0.5);
        full.add(new byte[] {0, 1, -1});
        List<Object> sparse = Arrays.asList(null, List.of(), Map.of(), null, null);
        for (List<Object> value : Arrays.asList(full, sparse, null)) {
            in.objects(0).append(value);
            in.endRow(1, 0);
        }
        Batch rows = Batch.of(schema);
        Batch keys = Batch.of(schema);
        for (int row = 0; row < 3; row++) {
            ByteSink sink = new ByteSink();
            new RowCodec(schema).write(in, row, sink);
            assertThat(new RowCodec(schema).read(sink.array(), 0, rows)).isEqualTo(sink.size());
            sink.clear();
            KeyCodec keyCodec = new KeyCodec(schema, new int[] {0});
            keyCodec.write(in, row, sink);
            assertThat(keyCodec.read(sink.array(), 0, keys)).isEqualTo(sink.size());
            assertThat(rows.objects(0).get(row))
                    .usingRecursiveComparison()
                    .isEqualTo(in.objects(0).get(row));
            assertThat(keys.objects(0).get(row))
                    .usingRecursiveComparison()
                    .isEqualTo(in.objects(0).get(row));
        }
    }

    @Test
    void keys_sort_as_their_values_do_and_come_back() {
        Batch in = randomRows(400);
        for (int c = 0; c < FLAT.size(); c++) {
            KeyCodec codec = new KeyCodec(FLAT, new int[] {c});
            List<byte[]> keys = new ArrayList<>();
            Column back = Column.of(FLAT.type(c));
            for (int row = 0; row < in.size(); row++) {
                ByteSink sink = new ByteSink();
                codec.write(in, row, sink);
                keys.add(sink.toByteArray());
                assertThat(codec.read(sink.array(), 0, new Column[] {back})).isEqualTo(sink.size());
                assertThat(compare(value(back, row), value(in, c, row))).isZero();
            }
            for (int a = 0; a < in.size(); a++) {
                for (int b = 0; b < in.size(); b++) {
                    int expected = compare(value(in, c, a), value(in, c, b));
                    assertThat(Integer.signum(Arrays.compareUnsigned(keys.get(a), keys.get(b))))
                            .as(
                                    "%s against %s in column %s",
                                    value(in, c, a), value(in, c, b), FLAT.field(c).name())
                            .isEqualTo(Integer.signum(expected));
                }
            }
        }
    }

    @Test
    void the_first_column_of_a_key_decides_whatever_its_length() {
        Batch in = randomRows(300);
        int[] columns = {4, 8, 2};
        KeyCodec codec = new KeyCodec(FLAT, columns);
        List<byte[]> keys = new ArrayList<>();
        for (int row = 0; row < in.size(); row++) {
            ByteSink sink = new ByteSink();
            codec.write(in, row, sink);
            keys.add(sink.toByteArray());
        }
        for (int a = 0; a < in.size(); a++) {
            for (int b = 0; b < in.size(); b++) {
                int expected = 0;
                for (int c = 0; c < columns.length && expected == 0; c++) {
                    expected = compare(value(in, columns[c], a), value(in, columns[c], b));
                }
                assertThat(Integer.signum(Arrays.compareUnsigned(keys.get(a), keys.get(b))))
                        .isEqualTo(Integer.signum(expected));
            }
        }
    }

    @Test
    void equal_numbers_have_one_key() {
        Schema schema =
                new Schema(
                        List.of(
                                new Field("n", new SqlType.Decimal(30, 10)),
                                new Field("d", Primitive.DOUBLE)));
        Batch in = Batch.of(schema);
        String[] decimals = {"1.5", "1.50", "1.500000"};
        double[] zeros = {0.0, -0.0, 0.0};
        for (int row = 0; row < 3; row++) {
            in.objects(0).append(new BigDecimal(decimals[row]));
            in.doubles(1).append(zeros[row]);
            in.endRow(1, 0);
        }
        in.objects(0).append(new BigDecimal(BigInteger.valueOf(100), -2));
        in.doubles(1).append(Double.longBitsToDouble(0x7ff8000000000001L));
        in.endRow(1, 0);
        in.objects(0).append(new BigDecimal("10000"));
        in.doubles(1).append(Double.NaN);
        in.endRow(1, 0);
        KeyCodec codec = new KeyCodec(schema, new int[] {0, 1});
        byte[][] keys = new byte[5][];
        for (int row = 0; row < 5; row++) {
            ByteSink sink = new ByteSink();
            codec.write(in, row, sink);
            keys[row] = sink.toByteArray();
        }
        assertThat(keys[1]).isEqualTo(keys[0]);
        assertThat(keys[2]).isEqualTo(keys[0]);
        assertThat(keys[4]).isEqualTo(keys[3]);
        assertThat(keys[3]).isNotEqualTo(keys[0]);
    }

    private Batch randomRows(int count) {
        Batch batch = Batch.of(FLAT);
        for (int row = 0; row < count; row++) {
            for (int c = 0; c < FLAT.size(); c++) {
                if (random.nextInt(8) == 0) {
                    batch.column(c).appendNull();
                } else {
                    appendRandom(batch, c);
                }
            }
            batch.endRow(1, row);
        }
        return batch;
    }

    private void appendRandom(Batch batch, int c) {
        switch (FLAT.type(c)) {
            case Primitive.BOOLEAN -> batch.longs(c).append(random.nextInt(2));
            case Primitive.INT, Primitive.DATE, Primitive.TIME ->
                    batch.longs(c).append(randomLong() >> 32);
            case Primitive.BIGINT, Primitive.TIMESTAMP -> batch.longs(c).append(randomLong());
            case Primitive.DOUBLE -> batch.doubles(c).append(randomDouble());
            case SqlType.Decimal _ ->
                    batch.objects(c)
                            .append(
                                    new BigDecimal(
                                            BigInteger.valueOf(randomLong() >> random.nextInt(60)),
                                            4));
            default -> {
                byte[] bytes = new byte[random.nextInt(4)];
                for (int i = 0; i < bytes.length; i++) {
                    int alphabet = FLAT.type(c) == Primitive.VARCHAR ? 3 : 256;
                    bytes[i] = (byte) random.nextInt(alphabet);
                }
                batch.bytes(c).append(bytes, 0, bytes.length);
            }
        }
    }

    private long randomLong() {
        long[] corners = {0, 1, -1, Long.MAX_VALUE, Long.MIN_VALUE, 127, 128, -64, -65, 256};
        return random.nextInt(3) == 0
                ? corners[random.nextInt(corners.length)]
                : random.nextLong() >> random.nextInt(64);
    }

    private double randomDouble() {
        double[] corners = {
            0,
            -0.0,
            1,
            -1,
            Double.NaN,
            Double.POSITIVE_INFINITY,
            Double.NEGATIVE_INFINITY,
            Double.MIN_VALUE,
            -Double.MIN_VALUE,
            Double.MAX_VALUE
        };
        return random.nextInt(3) == 0
                ? corners[random.nextInt(corners.length)]
                : random.nextGaussian() * Math.pow(10, random.nextInt(20) - 10);
    }

    private static Object value(Batch batch, int column, int row) {
        return value(batch.column(column), row);
    }

    private static Object value(Column column, int row) {
        if (column.isNull(row)) {
            return null;
        }
        return switch (column) {
            case dev.weir.sql.batch.LongColumn longs -> longs.get(row);
            case dev.weir.sql.batch.DoubleColumn doubles -> doubles.get(row);
            case dev.weir.sql.batch.BytesColumn bytes -> bytes.bytes(row);
            case dev.weir.sql.batch.ObjectColumn objects -> objects.get(row);
        };
    }

    private static int compare(Object a, Object b) {
        if (a == null || b == null) {
            return a == b ? 0 : a == null ? -1 : 1;
        }
        return switch (a) {
            case Long x -> Long.compare(x, (Long) b);
            case Double x -> Double.compare(x + 0.0, (Double) b + 0.0);
            case byte[] x -> Arrays.compareUnsigned(x, (byte[]) b);
            case BigDecimal x -> x.compareTo((BigDecimal) b);
            default -> throw new IllegalStateException("unexpected " + a);
        };
    }
}
