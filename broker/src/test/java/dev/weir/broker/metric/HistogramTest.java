package dev.weir.broker.metric;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;

class HistogramTest {
    @Test
    void a_bucket_counts_all_that_took_at_most_its_bound() {
        var histogram = new Histogram();
        histogram.record(TimeUnit.MICROSECONDS.toNanos(50));
        histogram.record(TimeUnit.MICROSECONDS.toNanos(51));
        histogram.record(TimeUnit.MILLISECONDS.toNanos(1));
        histogram.record(TimeUnit.SECONDS.toNanos(11));

        var samples = samples(histogram, "api=\"Fetch\"");
        assertThat(samples)
                .containsEntry("_bucket{api=\"Fetch\",le=\"5.0E-5\"}", 1.0)
                .containsEntry("_bucket{api=\"Fetch\",le=\"1.0E-4\"}", 2.0)
                .containsEntry("_bucket{api=\"Fetch\",le=\"5.0E-4\"}", 2.0)
                .containsEntry("_bucket{api=\"Fetch\",le=\"0.001\"}", 3.0)
                .containsEntry("_bucket{api=\"Fetch\",le=\"10.0\"}", 3.0)
                .containsEntry("_bucket{api=\"Fetch\",le=\"+Inf\"}", 4.0)
                .containsEntry("_count{api=\"Fetch\"}", 4.0)
                .containsEntry("_sum{api=\"Fetch\"}", 11.001101);
        assertThat(histogram.count()).isEqualTo(4);
    }

    @Test
    void a_warning_passes_once_in_its_interval_and_says_how_many_were_held() {
        var seldom = new Seldom(10, 100);
        assertThat(seldom.pass(100)).isZero();
        assertThat(seldom.pass(101)).isEqualTo(-1);
        assertThat(seldom.pass(109)).isEqualTo(-1);
        assertThat(seldom.pass(110)).isEqualTo(2);
        assertThat(seldom.pass(111)).isEqualTo(-1);
    }

    @Test
    void labels_escape_what_would_end_them() {
        assertThat(Labels.of("group", "a\"b\\c\nd")).isEqualTo("group=\"a\\\"b\\\\c\\nd\"");
    }

    private static Map<String, Double> samples(Histogram histogram, String labels) {
        var found = new TreeMap<String, Double>();
        histogram.report(
                new MetricVisitor() {
                    @Override
                    public void metric(Metric metric) {
                        throw new AssertionError("a histogram begins no metric");
                    }

                    @Override
                    public void sample(String suffix, String all, double value) {
                        found.put(suffix + '{' + all + '}', value);
                    }
                },
                labels);
        return found;
    }
}
