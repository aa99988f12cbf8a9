package dev.weir.broker.request;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weir.broker.partition.ReadLimit;

import org.apache.kafka.common.message.FetchRequestData.FetchPartition;
import org.apache.kafka.common.message.FetchRequestData.FetchTopic;
import org.junit.jupiter.api.Test;

import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;

/// Who has to go when there is no room: Kafka's rules, on a clock that stands still.
class FetchSessionsTest {
    private static final long EVICTION_MS = 120_000;

    private long nowMs = 1_000_000;
    private final InstantSource clock = () -> Instant.ofEpochMilli(nowMs);

    @Test
    void ids_are_positive_and_differ() {
        var sessions = sessions(1000, 1000);
        var ids = IntStream.range(0, 1000).map(_ -> sessions.begin(targets(1))).distinct();
        assertThat(ids.filter(id -> id > 0).count()).isEqualTo(1000);
        assertThat(sessions.count()).isEqualTo(1000);
        assertThat(sessions.partitions()).isEqualTo(1000);
    }

    @Test
    void without_slots_there_are_no_sessions() {
        assertThat(sessions(0, 100).begin(targets(1))).isZero();
    }

    @Test
    void while_all_sessions_are_new_and_used_none_gives_way() {
        var sessions = sessions(2, 100);
        sessions.begin(targets(1));
        sessions.begin(targets(1));
        nowMs += EVICTION_MS;
        assertThat(sessions.begin(targets(50))).isZero();
        assertThat(sessions.count()).isEqualTo(2);
        assertThat(sessions.evictions()).isZero();
    }

    @Test
    void the_session_that_was_not_used_for_longest_gives_way_to_any() {
        var sessions = sessions(2, 100);
        var first = targets(9);
        int used = sessions.begin(first);
        var second = targets(9);
        int idle = sessions.begin(second);
        nowMs += EVICTION_MS / 2;
        use(sessions, used);
        nowMs += EVICTION_MS / 2 + 1;
        int small = sessions.begin(targets(1));
        assertThat(small).isPositive();
        assertThat(sessions.find(idle)).isNull();
        assertThat(second.isClosed()).isTrue();
        assertThat(sessions.find(used)).isNotNull();
        assertThat(first.isClosed()).isFalse();
        assertThat(sessions.evictions()).isEqualTo(1);
        assertThat(sessions.partitions()).isEqualTo(10);
    }

    @Test
    void an_older_session_gives_way_to_a_larger_one_the_smallest_first() {
        var sessions = sessions(3, 100);
        int small = sessions.begin(targets(2));
        int large = sessions.begin(targets(6));
        nowMs += EVICTION_MS / 2;
        int young = sessions.begin(targets(1));
        nowMs += EVICTION_MS / 2 + 1;
        for (int id : new int[] {small, large, young}) {
            use(sessions, id);
        }
        assertThat(sessions.begin(targets(2))).as("no larger than the smallest").isZero();
        assertThat(sessions.begin(targets(3))).isPositive();
        assertThat(sessions.find(small)).isNull();
        assertThat(sessions.begin(targets(6))).as("no larger than the next").isZero();
        assertThat(sessions.begin(targets(7))).isPositive();
        assertThat(sessions.find(large)).isNull();
        assertThat(sessions.find(young)).as("it is too new to be asked").isNotNull();
    }

    @Test
    void a_session_that_has_grown_is_as_safe_as_its_size() {
        var sessions = sessions(2, 100);
        int first = sessions.begin(targets(1));
        int second = sessions.begin(targets(4));
        nowMs += EVICTION_MS + 1;
        use(sessions, second);
        assertThat(sessions.use(sessions.find(first), 5)).isTrue();
        assertThat(sessions.partitions()).isEqualTo(9);
        assertThat(sessions.begin(targets(5))).isPositive();
        assertThat(sessions.find(first)).isNotNull();
        assertThat(sessions.find(second)).isNull();
    }

    @Test
    void the_partitions_of_all_sessions_are_bounded() {
        var sessions = sessions(100, 10);
        assertThat(sessions.begin(targets(11))).isZero();
        int first = sessions.begin(targets(6));
        int second = sessions.begin(targets(4));
        assertThat(sessions.begin(targets(1))).isZero();
        var grown = sessions.find(second);
        assertThat(sessions.use(grown, 5)).as("there is no room to grow").isFalse();
        assertThat(sessions.find(second)).isNull();
        assertThat(sessions.use(grown, 4)).as("it has ended").isFalse();
        assertThat(sessions.partitions()).isEqualTo(6);
        nowMs += EVICTION_MS + 1;
        assertThat(sessions.begin(targets(10))).isPositive();
        assertThat(sessions.find(first)).isNull();
        assertThat(sessions.partitions()).isEqualTo(10);
    }

    @Test
    void epochs_begin_again_at_one() {
        assertThat(FetchSession.after(1)).isEqualTo(2);
        assertThat(FetchSession.after(Integer.MAX_VALUE)).isEqualTo(1);
    }

    @Test
    void settings_that_make_no_sense_are_refused() {
        assertThatThrownBy(() -> FetchSessionsConfig.DEFAULT.withSlots(-1))
                .hasMessageContaining("max.incremental.fetch.session.cache.slots");
        assertThatThrownBy(() -> new FetchSessionsConfig(1, -1, 0))
                .isInstanceOf(IllegalArgumentException.class);
    }

    private FetchSessions sessions(int slots, int partitions) {
        return new FetchSessions(
                new FetchSessionsConfig(slots, partitions, EVICTION_MS), clock, new Random(7));
    }

    private static void use(FetchSessions sessions, int id) {
        var session = sessions.find(id);
        assertThat(sessions.use(session, session.targets().size())).isTrue();
    }

    private static FetchTargets targets(int size) {
        var targets = new FetchTargets(false, size);
        var topic = new FetchTopic().setTopic("t");
        for (int i = 0; i < size; i++) {
            topic.partitions().add(new FetchPartition().setPartition(i));
        }
        targets.update(List.of(topic), List.of(), ReadLimit.HIGH_WATERMARK, null);
        return targets;
    }
}
