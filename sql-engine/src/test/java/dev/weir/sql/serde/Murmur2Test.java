package dev.weir.sql.serde;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.nio.charset.StandardCharsets;

/// Partitions are those of Kafka's clients. The expected figures come from `Utils.murmur2` of
/// kafka-clients 4.3.1.
final class Murmur2Test {
    @ParameterizedTest
    @CsvSource({
        "'', 275646681, 9",
        "a, -1563381124, 4",
        "ab, 316155434, 2",
        "abc, 479470107, 3",
        "abcd, -1323649548, 8",
        "abcde, 461995741, 1",
        "21, -973932308, 0",
        "foobar, -790332482, 6",
        "a-little-bit-long-string, -985981536, 8",
        "a-little-bit-longer-string, -1486304829, 11",
        "lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8, -58897971, 5",
        "日本語, 1431860170, 10"
    })
    void text_hashes_and_lands_where_kafka_puts_it(String key, int hash, int partitionOfTwelve) {
        byte[] bytes = ("xx" + key + "y").getBytes(StandardCharsets.UTF_8);
        assertThat(Murmur2.hash(bytes, 2, bytes.length - 3)).isEqualTo(hash);
        assertThat(Murmur2.partition(bytes, 2, bytes.length - 3, 12)).isEqualTo(partitionOfTwelve);
    }

    @Test
    void bytes_are_taken_unsigned() {
        byte[] bytes = {-1, -128, 127, 0, -7};
        assertThat(Murmur2.hash(bytes, 0, bytes.length)).isEqualTo(1140959541);
    }
}
