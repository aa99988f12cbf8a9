package dev.weir.broker;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.broker.group.GroupView;
import dev.weir.broker.metric.Metric;
import dev.weir.broker.metric.MetricVisitor;

import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.Test;

import java.util.ArrayList;
import java.util.List;

/// How many series groups make.
class GroupMetricsTest {
    @Test
    void lags_are_bounded_over_all_groups_and_those_left_out_are_counted() {
        var samples = new Samples();
        var groups = List.of(reader("a", "t1", "t2", "t3"), reader("b"), reader("c", "t1", "t2"));
        GroupMetrics.reportLags(samples, groups, 4);
        assertThat(samples.lines)
                .containsExactly(
                        "weir_group_lag_records{group=\"a\",topic=\"t1\"} 14",
                        "weir_group_lag_records{group=\"a\",topic=\"t2\"} 14",
                        "weir_group_lag_records{group=\"a\",topic=\"t3\"} 14",
                        "weir_group_lag_records{group=\"c\",topic=\"t1\"} 14",
                        "weir_metrics_group_lags_left_out{} 1");
    }

    @Test
    void nothing_is_left_out_while_there_is_room() {
        var samples = new Samples();
        GroupMetrics.reportLags(samples, List.of(reader("a", "t1")), 1);
        assertThat(samples.lines)
                .containsExactly(
                        "weir_group_lag_records{group=\"a\",topic=\"t1\"} 14",
                        "weir_metrics_group_lags_left_out{} 0");
    }

    /// A group that is 7 records behind in each of two partitions.
    private static GroupView reader(String name, String... topics) {
        var positions = new ArrayList<GroupView.Position>();
        for (var topic : topics) {
            for (int partition = 0; partition < 2; partition++) {
                positions.add(
                        new GroupView.Position(new TopicPartition(topic, partition), 3, 10, null));
            }
        }
        return new GroupView(name, "Classic", "consumer", "Empty", List.of(), positions);
    }

    private static final class Samples implements MetricVisitor {
        final List<String> lines = new ArrayList<>();
        private Metric metric;

        @Override
        public void metric(Metric next) {
            metric = next;
        }

        @Override
        public void sample(String suffix, String labels, double value) {
            lines.add(metric.name() + suffix + "{" + labels + "} " + Math.round(value));
        }
    }
}
