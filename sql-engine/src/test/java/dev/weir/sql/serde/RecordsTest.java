package dev.weir.sql.serde;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weir.sql.batch.Batch;
import dev.weir.sql.batch.Column;
import dev.weir.sql.batch.Field;
import dev.weir.sql.batch.Primitive;
import dev.weir.sql.batch.Schema;
import dev.weir.sql.batch.SqlType;
import dev.weir.sql.catalog.Format;
import dev.weir.sql.catalog.Relation;
import dev.weir.sql.catalog.RelationColumn;
import dev.weir.sql.catalog.ScanColumn;
import dev.weir.sql.catalog.WindowSpec;
import dev.weir.sql.codec.ByteSink;
import dev.weir.sql.error.SqlException;
import dev.weir.sql.io.RecordBlock;

import org.junit.jupiter.api.Test;

import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalTime;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.stream.IntStream;

/// Records become rows, and rows records, with their keys, windows and times.
final class RecordsTest {
    private static final SqlType ITEM =
            new SqlType.Struct(
                    List.of(
                            new Field("name", Primitive.VARCHAR),
                            new Field("price", new SqlType.Decimal(10, 2))));
    private static final List<RelationColumn> FLAT =
            List.of(
                    new RelationColumn("b", Primitive.BOOLEAN, false),
                    new RelationColumn("i", Primitive.INT, false),
                    new RelationColumn("l", Primitive.BIGINT, false),
                    new RelationColumn("d", Primitive.DOUBLE, false),
                    new RelationColumn("s \"x\"", Primitive.VARCHAR, false),
                    new RelationColumn("raw", Primitive.BYTES, false),
                    new RelationColumn("day", Primitive.DATE, false),
                    new RelationColumn("t", Primitive.TIME, false),
                    new RelationColumn("ts", Primitive.TIMESTAMP, false),
                    new RelationColumn("n", new SqlType.Decimal(20, 4), false));

    private final Random random = new Random(5);

    @Test
    void rows_of_every_type_survive_json() {
        List<RelationColumn> columns = new ArrayList<>();
        columns.add(new RelationColumn("k1", Primitive.VARCHAR, true));
        columns.add(new RelationColumn("k2", Primitive.BIGINT, true));
        columns.addAll(FLAT);
        columns.add(new RelationColumn("tags", new SqlType.Array(Primitive.VARCHAR), false));
        columns.add(new RelationColumn("m", new SqlType.MapOf(Primitive.VARCHAR, ITEM), false));
        survives(stream(columns, Format.JSON, Format.JSON), 500);
    }

    @Test
    void rows_of_flat_types_survive_delimited_text() {
        List<RelationColumn> columns = new ArrayList<>(FLAT);
        columns.addFirst(new RelationColumn("k", Primitive.INT, true));
        survives(stream(columns, Format.KAFKA, Format.DELIMITED), 500);
    }

    @Test
    void each_primitive_survives_kafkas_serializers() {
        for (Primitive type :
                List.of(
                        Primitive.INT,
                        Primitive.BIGINT,
                        Primitive.DOUBLE,
                        Primitive.BYTES,
                        Primitive.VARCHAR)) {
            List<RelationColumn> columns =
                    List.of(
                            new RelationColumn("k", type, true),
                            new RelationColumn("v", Primitive.BIGINT, false));
            survives(stream(columns, Format.KAFKA, Format.JSON), 100);
        }
    }

    @Test
    void a_windowed_key_ends_with_the_window_start() {
        Relation table = windowed();
        Batch rows = Batch.of(table.schema());
        rows.bytes(0).append("pen");
        rows.longs(1).append(-60_000);
        rows.longs(2).append(0);
        rows.longs(3).append(7);
        rows.endRow(1, 5);
        RecordEncoder encoder = Encoders.of(table);
        ByteSink key = new ByteSink();
        assertThat(encoder.encodeKey(rows, 0, key)).isTrue();
        assertThat(key.toByteArray())
                .isEqualTo(new byte[] {'p', 'e', 'n', -1, -1, -1, -1, -1, -1, 0x15, (byte) 0xA0});
        Column[] columns = {
            Column.of(Primitive.VARCHAR), Column.of(Primitive.BIGINT), Column.of(Primitive.BIGINT)
        };
        assertThat(encoder.decodeKey(key.array(), 0, key.size(), columns)).isTrue();
        assertThat(Values.storage(Primitive.VARCHAR, columns[0], 0)).isEqualTo("pen");
        assertThat(Values.storage(Primitive.BIGINT, columns[1], 0)).isEqualTo(-60_000L);
        assertThat(Values.storage(Primitive.BIGINT, columns[2], 0)).isEqualTo(0L);
        assertThat(encoder.decodeKey(key.array(), 0, 7, columns)).isFalse();

        RecordBlock block = new RecordBlock();
        block.append(3, 5, key.toByteArray(), json("{\"TOTAL\": 7}"));
        block.append(4, 6, key.toByteArray(), null);
        block.append(5, 6, null, json("{}"));
        RecordDecoder decoder = Decoders.of(table, all(table));
        Batch read = Batch.of(table.schema());
        assertThat(decoder.decode(block, 0, 0, read)).isTrue();
        assertThat(RowValues.read(read, 0)).containsExactly("pen", -60_000L, 0L, 7L);
        assertThat(decoder.tombstone(block, 1)).isTrue();
        assertThat(decoder.decode(block, 1, 0, read)).isTrue();
        assertThat(RowValues.read(read, 1)).containsExactly("pen", -60_000L, 0L, null);
        assertThat(read.weight(1)).isEqualTo(-1);
        assertThat(decoder.decode(block, 2, 0, read)).isFalse();
        assertThat(decoder.isSkipped()).isFalse();
        assertThat(decoder.error()).contains("no key");
        assertThat(read.physicalRows()).isEqualTo(2);
    }

    @Test
    void a_bad_value_leaves_nothing_of_its_key() {
        List<RelationColumn> columns =
                List.of(
                        new RelationColumn("k", Primitive.VARCHAR, true),
                        new RelationColumn("v", Primitive.BIGINT, false));
        Relation stream = stream(columns, Format.KAFKA, Format.JSON);
        RecordDecoder decoder = Decoders.of(stream, all(stream));
        RecordBlock block = new RecordBlock();
        block.append(0, 1, json("k"), json("{\"v\": \"x\"}"));
        block.append(1, 2, new byte[] {(byte) 0xC0}, json("{\"v\": 1}"));
        block.append(2, 3, json("k"), null);
        block.append(3, 4, null, json("{\"v\": 1}"));
        Batch into = Batch.of(stream.schema());
        assertThat(decoder.decode(block, 0, 0, into)).isFalse();
        assertThat(decoder.error()).startsWith("value: invalid JSON at byte 9: field \"v\"");
        assertThat(decoder.decode(block, 1, 0, into)).isFalse();
        assertThat(decoder.error()).startsWith("key: invalid UTF-8");
        assertThat(decoder.isSkipped()).isFalse();
        assertThat(decoder.decode(block, 2, 0, into)).isFalse();
        assertThat(decoder.isSkipped()).isTrue();
        assertThat(into.column(0).size()).isZero();
        assertThat(decoder.decode(block, 3, 0, into)).isTrue();
        assertThat(RowValues.read(into, 0)).containsExactly(null, 1L);
    }

    @Test
    void row_time_partition_and_offset_can_be_read() {
        List<RelationColumn> columns =
                List.of(
                        new RelationColumn("v", Primitive.BIGINT, false),
                        new RelationColumn("at", Primitive.VARCHAR, false));
        List<ScanColumn> scan =
                List.of(
                        new ScanColumn.RowTime(),
                        new ScanColumn.RowPartition(),
                        new ScanColumn.RowOffset(),
                        new ScanColumn.Value(0, List.of()));
        Schema schema =
                new Schema(
                        List.of(
                                new Field("ROWTIME", Primitive.BIGINT),
                                new Field("ROWPARTITION", Primitive.INT),
                                new Field("ROWOFFSET", Primitive.BIGINT),
                                new Field("v", Primitive.BIGINT)));
        RecordBlock block = new RecordBlock();
        block.append(41, 1_000, null, json("{\"v\": 1, \"at\": \"14.11.2023 22:13\"}"));
        block.append(42, 1_000, null, json("{\"v\": 2}"));

        Relation plain = stream(columns, Format.NONE, Format.JSON);
        Batch byRecord = Batch.of(schema);
        assertThat(Decoders.of(plain, scan).decode(block, 0, 3, byRecord)).isTrue();
        assertThat(RowValues.read(byRecord, 0)).containsExactly(1_000L, 3, 41L, 1L);
        assertThat(byRecord.rowTime(0)).isEqualTo(1_000);

        Relation timed =
                relation(
                        Relation.Kind.STREAM,
                        columns,
                        Format.NONE,
                        Format.JSON,
                        Optional.of("AT"),
                        Optional.of("dd.MM.yyyy HH:mm"),
                        Optional.empty());
        RecordDecoder decoder = Decoders.of(timed, scan);
        Batch byColumn = Batch.of(schema);
        assertThat(decoder.decode(block, 0, 3, byColumn)).isTrue();
        assertThat(byColumn.rowTime(0)).isEqualTo(1_699_999_980_000L);
        assertThat(byColumn.longs(0).get(0)).isEqualTo(1_699_999_980_000L);
        assertThat(decoder.decode(block, 1, 3, byColumn)).isFalse();
        assertThat(decoder.error()).contains("timestamp column \"AT\" is NULL");
    }

    @Test
    void json_is_written_as_ksqldb_writes_it() {
        List<RelationColumn> columns = new ArrayList<>(FLAT);
        columns.add(new RelationColumn("tags", new SqlType.Array(Primitive.TIMESTAMP), false));
        columns.add(new RelationColumn("item", ITEM, false));
        Relation stream = stream(columns, Format.NONE, Format.JSON);
        Batch rows = Batch.of(stream.schema());
        rows.longs(0).append(1);
        rows.longs(1).append(-5);
        rows.longs(2).append(Long.MIN_VALUE);
        rows.doubles(3).append(Double.NaN);
        rows.bytes(4).append("a\"b\\c\n\u0001 ünï and more text");
        rows.bytes(5).append(new byte[] {0, -1}, 0, 2);
        rows.longs(6).append(10);
        rows.longs(7).append(1_000);
        rows.longs(8).append(1_700_000_000_000L);
        rows.objects(9).append(new BigDecimal("1E+2"));
        rows.objects(10).append(Arrays.asList(5L, null));
        rows.objects(11).append(Arrays.asList("tea", new BigDecimal("2.50")));
        rows.endRow(1, 0);
        ByteSink out = new ByteSink();
        RecordEncoder encoder = Encoders.of(stream);
        assertThat(encoder.encodeKey(rows, 0, out)).isFalse();
        encoder.encodeValue(rows, 0, out);
        assertThat(new String(out.toByteArray(), StandardCharsets.UTF_8))
                .isEqualTo(
                        """
                        {"b":true,"i":-5,"l":-9223372036854775808,"d":"NaN",\
                        "s \\"x\\"":"a\\"b\\\\c\\n\\u0001 ünï and more text","raw":"AP8=",\
                        "day":10,"t":1000,"ts":1700000000000,"n":100,"tags":[5,null],\
                        "item":{"name":"tea","price":2.50}}\
                        """);
    }

    @Test
    void people_see_values_in_their_own_types() {
        Schema schema =
                new Schema(
                        List.of(
                                new Field("b", Primitive.BOOLEAN),
                                new Field("i", Primitive.INT),
                                new Field("day", Primitive.DATE),
                                new Field("t", Primitive.TIME),
                                new Field("ts", Primitive.TIMESTAMP),
                                new Field("item", ITEM)));
        Batch rows = Batch.of(schema);
        rows.longs(0).append(0);
        rows.longs(1).append(7);
        rows.longs(2).append(1);
        rows.longs(3).append(1_500);
        rows.longs(4).append(-1);
        rows.objects(5).append(Arrays.asList("tea", null));
        rows.endRow(1, 0);
        Map<String, Object> item = new LinkedHashMap<>();
        item.put("name", "tea");
        item.put("price", null);
        assertThat(RowValues.read(rows, 0))
                .containsExactly(
                        false,
                        7,
                        LocalDate.of(1970, 1, 2),
                        LocalTime.of(0, 0, 1, 500_000_000),
                        Instant.ofEpochMilli(-1),
                        item);
    }

    @Test
    void formats_refuse_what_they_cannot_hold() {
        List<RelationColumn> two =
                List.of(
                        new RelationColumn("a", Primitive.INT, true),
                        new RelationColumn("b", Primitive.INT, true));
        assertThatThrownBy(() -> Encoders.of(stream(two, Format.KAFKA, Format.JSON)))
                .isInstanceOf(SqlException.class)
                .hasMessageContaining("holds one column");
        List<RelationColumn> flag = List.of(new RelationColumn("a", Primitive.BOOLEAN, true));
        assertThatThrownBy(() -> Encoders.of(stream(flag, Format.KAFKA, Format.JSON)))
                .hasMessageContaining("no type BOOLEAN");
        List<RelationColumn> item = List.of(new RelationColumn("a", ITEM, false));
        assertThatThrownBy(() -> Encoders.of(stream(item, Format.NONE, Format.DELIMITED)))
                .hasMessageContaining("no type STRUCT");
    }

    @Test
    void delimited_text_must_have_all_its_fields() {
        List<RelationColumn> columns =
                List.of(
                        new RelationColumn("a", Primitive.VARCHAR, false),
                        new RelationColumn("b", Primitive.BIGINT, false));
        Relation stream = stream(columns, Format.NONE, Format.DELIMITED);
        RecordDecoder decoder = Decoders.of(stream, all(stream));
        Batch into = Batch.of(stream.schema());
        String[] good = {"x|1", "\"a|\"\"b\"\"\"|", "|2"};
        for (String text : good) {
            assertThat(decodes(decoder, text, into)).as(text).isTrue();
        }
        assertThat(RowValues.read(into, 1)).containsExactly("a|\"b\"", null);
        assertThat(RowValues.read(into, 2)).containsExactly(null, 2L);
        for (String text : List.of("x", "x,1", "x|1|2", "\"x|1", "\"x\"y|1", "x|1.5", "x|0x1")) {
            assertThat(decodes(decoder, text, into)).as(text).isFalse();
        }
        assertThat(into.physicalRows()).isEqualTo(3);
    }

    // Helpers

    private static boolean decodes(RecordDecoder decoder, String value, Batch into) {
        RecordBlock block = new RecordBlock();
        block.append(0, 0, null, json(value));
        return decoder.decode(block, 0, 0, into);
    }

    private void survives(Relation relation, int count) {
        Batch rows = Batch.of(relation.schema());
        RecordEncoder encoder = Encoders.of(relation);
        RecordBlock block = new RecordBlock();
        for (int row = 0; row < count; row++) {
            for (int c = 0; c < relation.columns().size(); c++) {
                RelationColumn column = relation.columns().get(c);
                boolean isNull = random.nextInt(6) == 0 && !column.key();
                Values.append(rows.column(c), isNull ? null : randomValue(column.type()));
            }
            rows.endRow(1, row);
            ByteSink key = new ByteSink();
            ByteSink value = new ByteSink();
            boolean keyed = encoder.encodeKey(rows, row, key);
            encoder.encodeValue(rows, row, value);
            block.append(row, row, keyed ? key.toByteArray() : null, value.toByteArray());
        }
        Batch read = Batch.of(relation.schema());
        RecordDecoder decoder = Decoders.of(relation, all(relation));
        for (int row = 0; row < count; row++) {
            assertThat(decoder.decode(block, row, 0, read)).as(decoder.error()).isTrue();
            for (int c = 0; c < relation.columns().size(); c++) {
                SqlType type = relation.columns().get(c).type();
                assertThat(Values.storage(type, read.column(c), row))
                        .usingRecursiveComparison()
                        .isEqualTo(Values.storage(type, rows.column(c), row));
            }
            assertThat(read.rowTime(row)).isEqualTo(row);
        }
    }

    private Object randomValue(SqlType type) {
        return switch (type) {
            case Primitive primitive ->
                    switch (primitive) {
                        case BOOLEAN -> (long) random.nextInt(2);
                        case INT, DATE -> (long) random.nextInt();
                        case BIGINT, TIMESTAMP -> random.nextLong() >> random.nextInt(64);
                        case TIME -> (long) random.nextInt(86_400_000);
                        case DOUBLE -> {
                            double value = Double.longBitsToDouble(random.nextLong());
                            yield Double.isNaN(value) ? Double.NaN : value;
                        }
                        case VARCHAR -> randomText();
                        case BYTES -> {
                            byte[] bytes = new byte[1 + random.nextInt(5)];
                            random.nextBytes(bytes);
                            yield bytes;
                        }
                    };
            case SqlType.Decimal(_, int scale) -> BigDecimal.valueOf(random.nextInt(), scale);
            case SqlType.Array(SqlType element) ->
                    Arrays.asList(randomValue(element), null, randomValue(element));
            case SqlType.MapOf(SqlType key, SqlType value) -> {
                Map<Object, Object> map = new LinkedHashMap<>();
                map.put(randomValue(key), randomValue(value));
                map.put("none", null);
                yield map;
            }
            case SqlType.Struct(List<Field> fields) ->
                    Arrays.asList(fields.stream().map(f -> randomValue(f.type())).toArray());
        };
    }

    private String randomText() {
        String[] pieces = {
            "a", "\"", "\\", "\n", ",", "é", "漢", "\uD83D\uDE00", "\u0001", "plain text"
        };
        StringBuilder text = new StringBuilder("x");
        for (int i = random.nextInt(6); i > 0; i--) {
            text.append(pieces[random.nextInt(pieces.length)]);
        }
        return text.toString();
    }

    private static byte[] json(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private static List<ScanColumn> all(Relation relation) {
        return IntStream.range(0, relation.columns().size())
                .mapToObj(i -> (ScanColumn) new ScanColumn.Value(i, List.of()))
                .toList();
    }

    private static Relation windowed() {
        return relation(
                Relation.Kind.TABLE,
                List.of(
                        new RelationColumn("k", Primitive.VARCHAR, true),
                        new RelationColumn(WindowSpec.START, Primitive.BIGINT, true),
                        new RelationColumn(WindowSpec.END, Primitive.BIGINT, true),
                        new RelationColumn("total", Primitive.BIGINT, false)),
                Format.KAFKA,
                Format.JSON,
                Optional.empty(),
                Optional.empty(),
                Optional.of(new WindowSpec(WindowSpec.Kind.TUMBLING, 60_000)));
    }

    private static Relation stream(List<RelationColumn> columns, Format key, Format value) {
        return relation(
                Relation.Kind.STREAM,
                columns,
                key,
                value,
                Optional.empty(),
                Optional.empty(),
                Optional.empty());
    }

    private static Relation relation(
            Relation.Kind kind,
            List<RelationColumn> columns,
            Format key,
            Format value,
            Optional<String> timestampColumn,
            Optional<String> timestampFormat,
            Optional<WindowSpec> window) {
        return new Relation(
                "r",
                kind,
                columns,
                "topic",
                4,
                key,
                value,
                ',',
                '|',
                timestampColumn,
                timestampFormat,
                true,
                window,
                Optional.empty(),
                "");
    }
}
