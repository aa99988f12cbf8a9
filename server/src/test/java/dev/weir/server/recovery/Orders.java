package dev.weir.server.recovery;

import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;

/// An idempotent producer of orders, and of the customers who come, move and go. One that retries
/// delivers each record exactly once, so that what was sent is what must be there.
final class Orders implements AutoCloseable {
    static final int PARTITIONS = 4;
    static final long BASE_MS = 1_767_225_600_000L;
    private static final String[] ITEMS = {"pen", "ink", "pad", "cap", "nib", "wax"};
    private static final String[] CITIES = {"Bergen", "Turku", "Riga"};

    private final KafkaProducer<String, String> producer;
    private final SplittableRandom random;
    private final AtomicReference<Exception> failure = new AtomicReference<>();
    private final List<List<Order>> sent = new ArrayList<>();
    private final Map<String, String> customers = new TreeMap<>();
    private long nextId;

    Orders(int kafkaPort, SplittableRandom random) {
        producer = Clients.producer(kafkaPort, Map.of());
        this.random = random;
        for (int p = 0; p < PARTITIONS; p++) {
            sent.add(new ArrayList<>());
        }
    }

    /// Sends for about that long.
    void sendFor(long millis) {
        long until = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(millis);
        while (System.nanoTime() < until) {
            for (int i = 0; i < 20; i++) {
                order();
            }
            customer();
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(2));
        }
    }

    private void order() {
        long id = nextId++;
        Order order =
                new Order(
                        id,
                        ITEMS[random.nextInt(ITEMS.length)],
                        random.nextInt(1, 11),
                        "c" + random.nextInt(12),
                        // Now and then a pause, which ends sessions.
                        BASE_MS + id * 37 + id / 500 * 60_000);
        int partition = random.nextInt(PARTITIONS);
        sent.get(partition).add(order);
        send(new ProducerRecord<>("orders", partition, order.timeMs(), null, order.json()));
    }

    /// Some customers never order, some who order are never known.
    private void customer() {
        String name = "c" + random.nextInt(4, 16);
        String city = random.nextInt(4) == 0 ? null : CITIES[random.nextInt(CITIES.length)];
        if (city == null) {
            customers.remove(name);
        } else {
            customers.put(name, city);
        }
        send(
                new ProducerRecord<>(
                        "customers", name, city == null ? null : "{\"city\":\"" + city + "\"}"));
    }

    private void send(ProducerRecord<String, String> record) {
        var _ =
                producer.send(
                        record,
                        (_, problem) -> {
                            if (problem != null) {
                                failure.compareAndSet(null, problem);
                            }
                        });
    }

    /// Waits until everything is acknowledged.
    void flush() {
        producer.flush();
        check();
    }

    void check() {
        if (failure.get() != null) {
            throw new AssertionError("a record was given up", failure.get());
        }
    }

    /// What a partition must hold.
    List<Order> of(int partition) {
        return sent.get(partition);
    }

    List<Order> all() {
        return sent.stream().flatMap(List::stream).toList();
    }

    /// Cities by customer, as the last record of each says.
    Map<String, String> customers() {
        return customers;
    }

    @Override
    public void close() {
        producer.close();
    }
}
