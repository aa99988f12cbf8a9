package dev.weir.server.pgwire;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

import java.math.BigDecimal;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalTime;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Random;

/// The expected texts are those PostgreSQL 15 prints.
class TextFormatTest {
    @Test
    void doubles_are_printed_as_postgresql_prints_float8() {
        assertThat(TextFormat.text(0.0)).isEqualTo("0");
        assertThat(TextFormat.text(-0.0)).isEqualTo("-0");
        assertThat(TextFormat.text(1.0)).isEqualTo("1");
        assertThat(TextFormat.text(0.1)).isEqualTo("0.1");
        assertThat(TextFormat.text(-12.5)).isEqualTo("-12.5");
        assertThat(TextFormat.text(100.0)).isEqualTo("100");
        assertThat(TextFormat.text(123456789012345.0)).isEqualTo("123456789012345");
        assertThat(TextFormat.text(1e15)).isEqualTo("1e+15");
        assertThat(TextFormat.text(1.5e300)).isEqualTo("1.5e+300");
        assertThat(TextFormat.text(0.0001)).isEqualTo("0.0001");
        assertThat(TextFormat.text(0.00001)).isEqualTo("1e-05");
        assertThat(TextFormat.text(Double.NaN)).isEqualTo("NaN");
        assertThat(TextFormat.text(Double.NEGATIVE_INFINITY)).isEqualTo("-Infinity");
    }

    @Test
    void every_double_reads_back_as_itself() {
        long seed = System.nanoTime();
        var random = new Random(seed);
        for (int i = 0; i < 10_000; i++) {
            double number = Double.longBitsToDouble(random.nextLong());
            if (Double.isFinite(number)) {
                assertThat(Double.parseDouble(TextFormat.text(number)))
                        .as("seed %d", seed)
                        .isEqualTo(number);
            }
        }
    }

    @Test
    void other_types_are_printed_as_postgresql_prints_them() {
        assertThat(TextFormat.text(true)).isEqualTo("t");
        assertThat(TextFormat.text(new BigDecimal("1E+3"))).isEqualTo("1000");
        assertThat(TextFormat.text(new BigDecimal("1.10"))).isEqualTo("1.10");
        assertThat(TextFormat.text(new byte[] {0, (byte) 0xff})).isEqualTo("\\x00ff");
        assertThat(TextFormat.text(LocalDate.of(2026, 1, 2))).isEqualTo("2026-01-02");
        assertThat(TextFormat.text(LocalTime.of(1, 2, 3))).isEqualTo("01:02:03");
        assertThat(TextFormat.text(Instant.ofEpochMilli(0))).isEqualTo("1970-01-01 00:00:00");
        assertThat(TextFormat.text(Instant.ofEpochMilli(1_767_225_600_120L)))
                .isEqualTo("2026-01-01 00:00:00.12");
    }

    @Test
    void nested_values_are_json() {
        var struct = new LinkedHashMap<String, Object>();
        struct.put("a", 1L);
        struct.put("b", Arrays.asList("x\"y", null, new BigDecimal("0.50")));
        assertThat(TextFormat.text(struct)).isEqualTo("{\"a\":1,\"b\":[\"x\\\"y\",null,0.50]}");
        assertThat(TextFormat.text(List.of())).isEqualTo("[]");
    }

    @Test
    void copy_escapes_what_would_break_a_line() {
        var line = new StringBuilder();
        TextFormat.appendCopyText(line, "a\tb\nc\\d\r", '\t');
        assertThat(line).hasToString("a\\tb\\nc\\\\d\\r");
    }
}
