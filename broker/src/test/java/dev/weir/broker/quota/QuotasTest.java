package dev.weir.broker.quota;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.broker.storage.SimulatedFileSystem;
import dev.weir.broker.topic.AdminSettings;
import dev.weir.broker.topic.MetadataImage;
import dev.weir.broker.topic.MetadataLog;
import dev.weir.broker.topic.MetadataRecord.QuotasChanged;

import org.apache.kafka.common.metrics.MetricConfig;
import org.apache.kafka.common.metrics.Metrics;
import org.apache.kafka.common.metrics.Quota;
import org.apache.kafka.common.metrics.QuotaViolationException;
import org.apache.kafka.common.metrics.stats.Rate;
import org.apache.kafka.common.metrics.stats.TokenBucket;
import org.apache.kafka.server.quota.QuotaUtils;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

import java.net.InetAddress;
import java.nio.file.Path;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;

class QuotasTest {
    private static final String ANY = AdminSettings.DEFAULT_NAME;
    private static final QuotasConfig CONFIG = new QuotasConfig(11, 1, 11, 1);

    private long nowMs = 1_000_000;
    private final MetadataLog log =
            MetadataLog.open(new SimulatedFileSystem(1), Path.of("/d/metadata.log"), _ -> {});
    private final AdminSettings settings = new AdminSettings(log, new MetadataImage());
    private final Quotas quotas = new Quotas(CONFIG, settings, () -> Instant.ofEpochMilli(nowMs));

    @AfterEach
    void close() {
        quotas.close();
        log.close();
    }

    private void set(Map<String, String> entity, Map<String, Double> values) {
        settings.change(List.of(new QuotasChanged(entity, values)));
    }

    private int produce(String user, String client, long bytes) {
        return quotas.useBytes(Use.PRODUCE, user, client, bytes);
    }

    @Test
    void nobody_is_measured_without_a_quota() {
        assertThat(quotas.limitClients()).isFalse();
        assertThat(produce("u", "c", Long.MAX_VALUE)).isZero();
        set(Map.of("ip", "10.0.0.1"), Map.of("connection_creation_rate", 1.0));
        assertThat(quotas.limitClients()).isFalse();
        set(Map.of("user", "u"), Map.of("producer_byte_rate", 1.0));
        assertThat(quotas.limitClients()).isTrue();
        set(Map.of("user", "u"), Map.of());
        assertThat(quotas.limitClients()).isFalse();
    }

    @Test
    void of_several_quotas_the_most_specific_holds() {
        var levels = new LinkedHashMap<Map<String, String>, Double>();
        levels.put(Map.of("user", "u", "client-id", "c"), 1.0);
        levels.put(Map.of("user", "u", "client-id", ANY), 2.0);
        levels.put(Map.of("user", "u"), 3.0);
        levels.put(Map.of("user", ANY, "client-id", "c"), 4.0);
        levels.put(Map.of("user", ANY, "client-id", ANY), 5.0);
        levels.put(Map.of("user", ANY), 6.0);
        levels.put(Map.of("client-id", "c"), 7.0);
        levels.put(Map.of("client-id", ANY), 8.0);
        levels.forEach((entity, limit) -> set(entity, Map.of("consumer_byte_rate", limit)));
        levels.forEach((entity, limit) -> {
            assertThat(quotas.largestFetch("u", "c"))
                    .as("of %s", entity)
                    .isEqualTo((int) (limit * 10));
            set(entity, Map.of());
        });
        assertThat(quotas.largestFetch("u", "c")).isEqualTo(Integer.MAX_VALUE);
    }

    @Test
    void a_quota_of_a_user_is_shared_by_its_clients_and_one_of_default_clients_is_not() {
        set(Map.of("user", ANY), Map.of("producer_byte_rate", 100.0));
        assertThat(produce("u", "a", 1000)).isZero();
        assertThat(produce("u", "b", 1000)).isPositive();
        assertThat(produce("v", "b", 1000)).isZero();

        set(Map.of("user", ANY, "client-id", ANY), Map.of("producer_byte_rate", 100.0));
        assertThat(produce("u", "a", 1000)).isZero();
        assertThat(produce("u", "b", 1000)).isZero();
        assertThat(produce("u", "b", 1000)).isPositive();
    }

    @Test
    void a_changed_quota_holds_from_the_next_use_on_and_forgets_nothing() {
        set(Map.of("client-id", "c"), Map.of("producer_byte_rate", 1000.0));
        assertThat(produce("u", "c", 10_000)).isZero();
        set(Map.of("client-id", "c"), Map.of("producer_byte_rate", 500.0));
        // 10 s at 1,000 a second want 10 s more at 500 a second.
        assertThat(produce("u", "c", 0)).isEqualTo(10_000);
        set(Map.of("client-id", "c"), Map.of("producer_byte_rate", 2000.0));
        assertThat(produce("u", "c", 0)).isZero();
    }

    @Test
    void bytes_that_are_taken_back_do_not_count() {
        set(Map.of("client-id", "c"), Map.of("consumer_byte_rate", 100.0));
        assertThat(quotas.useBytes(Use.FETCH, "u", "c", 2000)).isEqualTo(10_000);
        quotas.useBytes(Use.FETCH, "u", "c", -2000);
        assertThat(quotas.useBytes(Use.FETCH, "u", "c", 1000)).isZero();
    }

    @Test
    void time_is_a_share_of_one_thread_and_nobody_waits_longer_than_a_window_for_it() {
        set(Map.of("client-id", "c"), Map.of("request_percentage", 10.0));
        // 10 s at 10 percent are one second of a thread.
        assertThat(quotas.useNanos("u", "c", TimeUnit.SECONDS.toNanos(1))).isZero();
        assertThat(quotas.useNanos("u", "c", TimeUnit.MILLISECONDS.toNanos(10))).isEqualTo(100);
        assertThat(quotas.useNanos("u", "c", TimeUnit.SECONDS.toNanos(50))).isEqualTo(1000);
    }

    @Test
    void a_client_that_waits_as_long_as_it_is_told_keeps_to_its_limit() {
        set(Map.of("client-id", "c"), Map.of("producer_byte_rate", 1000.0));
        long start = nowMs;
        long sent = 0;
        while (nowMs - start < 600_000) {
            sent += 3_000;
            nowMs += 1 + produce("u", "c", 3_000);
        }
        assertThat(sent * 1000.0 / (nowMs - start)).isBetween(900.0, 1100.0);
    }

    @Test
    void one_response_larger_than_all_windows_hold_is_known_to_be_the_first() {
        set(Map.of("client-id", "c"), Map.of("consumer_byte_rate", 100.0));
        assertThat(quotas.useBytes(Use.FETCH, "u", "c", 5000)).isPositive();
        assertThat(quotas.isFirst(Use.FETCH, "u", "c", 5000)).isTrue();
        nowMs += 1500;
        assertThat(quotas.useBytes(Use.FETCH, "u", "c", 5000)).isPositive();
        assertThat(quotas.isFirst(Use.FETCH, "u", "c", 5000)).isFalse();
    }

    @Test
    void waits_are_those_of_kafka_for_any_sequence_of_uses() {
        long seed = System.nanoTime();
        System.out.println("seed " + seed);
        var random = new Random(seed);
        for (int round = 0; round < 100; round++) {
            double limit = 1 + random.nextInt(5000);
            var client = "rate" + round;
            set(Map.of("client-id", client), Map.of("producer_byte_rate", limit));
            try (var metrics = new Metrics()) {
                var sensor = metrics.sensor("kafka");
                sensor.add(
                        metrics.metricName("rate", "g"),
                        new Rate(),
                        new MetricConfig()
                                .timeWindow(1, TimeUnit.SECONDS)
                                .samples(11)
                                .quota(Quota.upperBound(limit)));
                for (int use = 0; use < 60; use++) {
                    int bytes = random.nextInt((int) (3 * limit) + 1);
                    long expected = 0;
                    try {
                        sensor.record(bytes, nowMs, true);
                    } catch (QuotaViolationException e) {
                        expected = QuotaUtils.throttleTime(e, nowMs);
                    }
                    assertThat(produce("u", client, bytes))
                            .as("round %d, use %d", round, use)
                            .isEqualTo((int) expected);
                    nowMs += random.nextInt(4) == 0 ? random.nextInt(15_000) : random.nextInt(900);
                }
            }
        }
    }

    @Test
    void changes_are_refused_as_kafka_refuses_them_for_any_sequence_of_changes() {
        long seed = System.nanoTime();
        System.out.println("seed " + seed);
        var random = new Random(seed);
        for (int round = 0; round < 100; round++) {
            double limit = 0.5 + random.nextInt(20);
            var client = "tokens" + round;
            set(Map.of("client-id", client), Map.of("controller_mutation_rate", limit));
            try (var metrics = new Metrics()) {
                var sensor = metrics.sensor("kafka");
                sensor.add(
                        metrics.metricName("tokens", "g"),
                        new TokenBucket(),
                        new MetricConfig()
                                .timeWindow(1, TimeUnit.SECONDS)
                                .samples(11)
                                .quota(Quota.upperBound(limit)));
                for (int use = 0; use < 60; use++) {
                    boolean strict = random.nextBoolean();
                    int partitions = random.nextInt((int) (6 * limit) + 2);
                    long expected = 0;
                    try {
                        if (strict) {
                            sensor.checkQuotas(nowMs);
                            sensor.record(partitions, nowMs, false);
                        } else {
                            sensor.record(partitions, nowMs, true);
                        }
                    } catch (QuotaViolationException e) {
                        expected = Math.max(1, Math.round(-e.value() / e.bound() * 1000));
                    }
                    assertThat(quotas.usePartitions("u", client, partitions, strict))
                            .as("round %d, use %d", round, use)
                            .isEqualTo((int) expected);
                    nowMs += random.nextInt(4) == 0 ? random.nextInt(15_000) : random.nextInt(900);
                }
            }
        }
    }

    @Test
    void connections_of_an_address_may_come_only_so_fast_and_those_refused_do_not_count()
            throws Exception {
        set(Map.of("ip", ANY), Map.of("connection_creation_rate", 2.0));
        set(Map.of("ip", "::ffff:10.0.0.1"), Map.of("connection_creation_rate", 1.0));
        set(Map.of("ip", "2001:0db8::0001"), Map.of("connection_creation_rate", 3.0));
        assertThat(admitted("10.0.0.1")).isEqualTo(10);
        assertThat(admitted("10.0.0.2")).isEqualTo(20);
        assertThat(admitted("2001:db8:0:0:0:0:0:1")).isEqualTo(30);
        assertThat(quotas.useConnection(InetAddress.ofLiteral("10.0.0.1"))).isEqualTo(1000);
        nowMs += 12_000;
        assertThat(admitted("10.0.0.1")).isEqualTo(10);
    }

    private int admitted(String address) {
        int count = 0;
        while (quotas.useConnection(InetAddress.ofLiteral(address)) == 0) {
            count++;
        }
        return count;
    }

    @Test
    void clients_that_make_up_ids_do_not_fill_the_memory() {
        set(Map.of("client-id", ANY), Map.of("producer_byte_rate", 1000.0));
        for (int i = 0; i < 20_000; i++) {
            nowMs += 20;
            produce("u", "made-up-" + i, 1);
        }
        // 11 s of them are remembered at least; twice as many before the others are looked for.
        assertThat(quotas.meters()).isBetween(550, 2300);
    }
}
