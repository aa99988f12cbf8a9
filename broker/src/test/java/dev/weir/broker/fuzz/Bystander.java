package dev.weir.broker.fuzz;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.broker.TestBroker;

import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;

/// Honest clients that work beside the broken ones: an idempotent producer counts, a consumer group
/// reads and commits. Nothing else knows the names they use.
final class Bystander implements AutoCloseable {
    static final String TOPIC = "bystander-2f6c1e";
    private static final String GROUP = "bystander-group-2f6c1e";

    private final TestBroker broker;
    private final AtomicReference<Throwable> failure = new AtomicReference<>();
    private final List<String> consumed = new ArrayList<>();
    private final Thread producing;
    private final Thread consuming;
    private volatile boolean stopping;
    private final AtomicInteger sent = new AtomicInteger();

    Bystander(TestBroker broker) {
        this.broker = broker;
        producing = Thread.ofPlatform().name("bystander-producer").start(() -> run(this::produce));
        consuming = Thread.ofPlatform().name("bystander-consumer").start(() -> run(this::consume));
    }

    private interface Work {
        void run() throws Exception;
    }

    private void run(Work work) {
        try {
            work.run();
        } catch (Throwable e) {
            failure.compareAndSet(null, e);
        }
    }

    private void produce() throws Exception {
        try (var producer = broker.producer(Map.of("acks", "all", "max.block.ms", "20000"))) {
            while (!stopping) {
                // One at a time: each is known to be durable before the next.
                producer.send(new ProducerRecord<>(TOPIC, 0, null, Integer.toString(sent.get())))
                        .get();
                sent.incrementAndGet();
            }
        }
    }

    private void consume() {
        try (var consumer = broker.consumer("group.id", GROUP, "enable.auto.commit", "false")) {
            consumer.subscribe(List.of(TOPIC));
            while (!stopping || producing.isAlive() || consumed.size() < sent.get()) {
                for (var each : consumer.poll(Duration.ofMillis(100))) {
                    consumed.add(each.value());
                }
                consumer.commitSync();
            }
        }
    }

    /// How much was written so far.
    int sent() {
        return sent.get();
    }

    /// Whatever went wrong so far, null if nothing did.
    Throwable failure() {
        return failure.get();
    }

    /// Ends the work and checks that nothing of it was lost, doubled or added to.
    void check() throws Exception {
        stopping = true;
        producing.join(60_000);
        consuming.join(60_000);
        assertThat(failure.get()).isNull();
        assertThat(consuming.isAlive()).isFalse();
        var expected = new ArrayList<String>();
        for (int i = 0; i < sent.get(); i++) {
            expected.add(Integer.toString(i));
        }
        assertThat(broker.readAll(TOPIC, 1).stream().map(ConsumerRecord::value))
                .isEqualTo(expected);
        assertThat(consumed).isEqualTo(expected);
        var partition = new TopicPartition(TOPIC, 0);
        try (var consumer = broker.consumer("group.id", GROUP)) {
            var committed = consumer.committed(Set.of(partition)).get(partition);
            assertThat(committed.offset()).isEqualTo(expected.size());
        }
    }

    @Override
    public void close() {
        stopping = true;
    }
}
