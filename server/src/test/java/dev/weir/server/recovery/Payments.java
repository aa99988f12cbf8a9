package dev.weir.server.recovery;

import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.errors.TimeoutException;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/// A thread that writes payments in transactions, some of which it aborts, whatever happens to the
/// server meanwhile. Those of committed transactions must be there once, of aborted ones none.
final class Payments implements AutoCloseable {
    static final int PARTITIONS = 2;

    private final KafkaProducer<String, String> producer;
    private final SplittableRandom random;
    private final List<List<Payment>> committed = new ArrayList<>();
    private final Thread thread;
    private volatile boolean stopping;
    private volatile RuntimeException failure;
    private int aborted;
    private long nextId = 1_000_000_000;

    record Payment(long id, long amount) {
        String json() {
            return "{\"id\":%d,\"amount\":%d}".formatted(id, amount);
        }

        long timeMs() {
            return Orders.BASE_MS + id % 1_000_000 * 37;
        }
    }

    private record Placed(int partition, Payment payment) {}

    Payments(int kafkaPort, SplittableRandom random) {
        producer =
                Clients.producer(
                        kafkaPort, Map.of(ProducerConfig.TRANSACTIONAL_ID_CONFIG, "payments"));
        this.random = random;
        for (int p = 0; p < PARTITIONS; p++) {
            committed.add(new ArrayList<>());
        }
        producer.initTransactions();
        thread = Thread.ofPlatform().name("payments").start(this::run);
    }

    private void run() {
        try {
            while (!stopping) {
                transaction();
                LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(random.nextInt(1, 20)));
            }
        } catch (RuntimeException e) {
            failure = e;
        }
    }

    private void transaction() {
        producer.beginTransaction();
        List<Placed> written = new ArrayList<>();
        for (int i = random.nextInt(1, 12); i > 0; i--) {
            Payment payment = new Payment(nextId++, random.nextInt(1, 11));
            int partition = random.nextInt(PARTITIONS);
            written.add(new Placed(partition, payment));
            var _ =
                    producer.send(
                            new ProducerRecord<>(
                                    "payments", partition, payment.timeMs(), null, payment.json()));
        }
        if (random.nextInt(3) == 0) {
            untilDone(producer::flush);
            untilDone(producer::abortTransaction);
            aborted++;
            return;
        }
        untilDone(producer::commitTransaction);
        for (Placed placed : written) {
            committed.get(placed.partition()).add(placed.payment());
        }
    }

    /// A call that took too long may be made again, and must be.
    private static void untilDone(Runnable call) {
        while (true) {
            try {
                call.run();
                return;
            } catch (TimeoutException e) {
                // the server is away for long
            }
        }
    }

    /// Ends after the transaction under way.
    void stop() throws InterruptedException {
        stopping = true;
        thread.join();
        if (failure != null) {
            throw new AssertionError("a transaction failed", failure);
        }
    }

    List<Payment> of(int partition) {
        return committed.get(partition);
    }

    List<Payment> all() {
        return committed.stream().flatMap(List::stream).toList();
    }

    int aborted() {
        return aborted;
    }

    @Override
    public void close() {
        stopping = true;
        producer.close();
    }
}
