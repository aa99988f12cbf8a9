package dev.weir.server.recovery;

import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;

import java.time.Duration;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/// A thread that reads orders as a member of a consumer group, which commits what it has read. It
/// must see every record, and never one from before what the server had acknowledged as committed.
final class GroupReader implements AutoCloseable {
    private final KafkaConsumer<String, String> consumer;
    private final Thread thread;
    private volatile boolean stopping;
    private volatile Throwable failure;

    // Guarded by this.
    private final long[] seen = new long[Orders.PARTITIONS];
    private final long[] committed = new long[Orders.PARTITIONS];
    private int commits;

    GroupReader(int kafkaPort) {
        consumer =
                Clients.consumer(
                        kafkaPort,
                        Map.of(
                                ConsumerConfig.GROUP_ID_CONFIG,
                                "readers",
                                ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG,
                                false,
                                ConsumerConfig.AUTO_OFFSET_RESET_CONFIG,
                                "earliest",
                                ConsumerConfig.MAX_POLL_RECORDS_CONFIG,
                                200));
        consumer.subscribe(List.of("orders"));
        thread = Thread.ofPlatform().name("group-reader").start(this::run);
    }

    private void run() {
        try {
            while (!stopping) {
                take(consumer.poll(Duration.ofMillis(50)));
            }
        } catch (RuntimeException | Error e) {
            failure = e;
        } finally {
            consumer.close();
        }
    }

    private void take(ConsumerRecords<String, String> records) {
        Map<TopicPartition, OffsetAndMetadata> ends = new HashMap<>();
        for (ConsumerRecord<String, String> record : records) {
            int p = record.partition();
            synchronized (this) {
                if (record.offset() < committed[p] || record.offset() > seen[p]) {
                    throw new AssertionError(
                            "orders-%d: read offset %d, committed was %d, seen all below %d"
                                    .formatted(p, record.offset(), committed[p], seen[p]));
                }
                seen[p] = Math.max(seen[p], record.offset() + 1);
            }
            ends.put(new TopicPartition("orders", p), new OffsetAndMetadata(record.offset() + 1));
        }
        if (ends.isEmpty()) {
            return;
        }
        try {
            consumer.commitSync(ends);
        } catch (KafkaException e) {
            return; // whether it happened nobody knows; what is read again tells
        }
        synchronized (this) {
            commits++;
            ends.forEach((at, end) -> committed[at.partition()] = end.offset());
        }
    }

    /// Waits until it has read that many records of each partition.
    void await(long[] ends) throws InterruptedException {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
        while (true) {
            if (failure != null) {
                throw new AssertionError("the group's reader", failure);
            }
            synchronized (this) {
                if (Arrays.equals(ends, seen)) {
                    return;
                }
                if (System.nanoTime() > deadline) {
                    throw new AssertionError(
                            "the group has read to %s of %s"
                                    .formatted(Arrays.toString(seen), Arrays.toString(ends)));
                }
                wait(20);
            }
        }
    }

    synchronized int commits() {
        return commits;
    }

    @Override
    public void close() {
        stopping = true;
        try {
            thread.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
