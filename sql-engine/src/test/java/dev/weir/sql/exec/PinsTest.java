package dev.weir.sql.exec;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.sql.io.MemoryTopicLog;
import dev.weir.sql.io.RecordBlock;
import dev.weir.sql.io.TopicPartition;

import org.junit.jupiter.api.Test;

import java.util.List;
import java.util.Map;

class PinsTest {
    private static final TopicPartition ORDERS = new TopicPartition("orders", 0);

    private final MemoryTopicLog log = new MemoryTopicLog();

    PinsTest() {
        log.createTopic("orders", 1, Map.of());
        RecordBlock records = new RecordBlock();
        for (int i = 0; i < 100; i++) {
            records.append(-1, i, null, new byte[] {1});
        }
        log.append(ORDERS, records);
        log.sync(List.of(ORDERS));
    }

    /// Where the log begins once everything not held was removed.
    private long startAfterTrim() {
        log.trim(ORDERS, 100);
        return log.startOffset(ORDERS);
    }

    @Test
    void a_query_may_read_again_what_an_earlier_one_has_passed() {
        Pins pins = new Pins(log);
        pins.hold(ORDERS, 50);
        pins.hold(ORDERS, 10);
        assertThat(startAfterTrim()).isEqualTo(10);
    }

    @Test
    void a_checkpoint_releases_what_lies_behind_it() {
        Pins pins = new Pins(log);
        pins.hold(ORDERS, 10);
        pins.release(Map.of(ORDERS, 40L), pins.now());
        assertThat(startAfterTrim()).isEqualTo(40);
    }

    @Test
    void a_checkpoint_does_not_release_what_was_held_while_it_was_written() {
        Pins pins = new Pins(log);
        pins.hold(ORDERS, 50);
        long then = pins.now();
        pins.hold(ORDERS, 10);
        pins.release(Map.of(ORDERS, 60L), then);
        assertThat(startAfterTrim()).isEqualTo(10);
    }

    @Test
    void a_partition_nobody_reads_any_more_is_released() {
        Pins pins = new Pins(log);
        pins.hold(ORDERS, 10);
        pins.release(Map.of(), pins.now());
        assertThat(startAfterTrim()).isEqualTo(100);
    }
}
