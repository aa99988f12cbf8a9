package dev.weir.broker.txn;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.broker.Broker;
import dev.weir.broker.BrokerConfig;
import dev.weir.broker.storage.SimulatedFileSystem;
import dev.weir.broker.topic.NewTopic;

import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.TransactionState;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.atomic.AtomicInteger;

/// Transactional producers keep working while the broker loses power again and again. What was
/// committed is there after the last start, what was aborted is not, and whatever happened to those
/// nobody was told about, it happened to all partitions and to the committed offset alike.
class TransactionPowerLossTest {
    private static final int PARTITIONS = 4;
    private static final int PRODUCERS = 3;
    private static final int ROUNDS = 5;
    private static final int TRANSACTIONS_A_ROUND = 40;

    private enum Outcome {
        COMMITTED,
        ABORTED,
        UNKNOWN
    }

    @Test
    @Timeout(240)
    void transactions_are_whole_after_every_power_loss() throws Exception {
        long seed = System.nanoTime();
        System.out.println("seed " + seed);
        var random = new Random(seed);
        var files = new SimulatedFileSystem(random.nextLong());
        var config =
                BrokerConfig.defaults(Path.of("/data"))
                        .withListener("127.0.0.1", freePort())
                        .withTransactions(TransactionsConfig.DEFAULT.withIntervals(200, 60_000));
        var bootstrap = config.listening().host() + ":" + config.listening().port();
        var broker = Broker.start(config, files, Clock.systemUTC());
        broker.topics().create(new NewTopic("t", PARTITIONS, Map.of()));

        var workers = new ArrayList<Worker>();
        var threads = new ArrayList<Thread>();
        for (int i = 0; i < PRODUCERS; i++) {
            var worker = new Worker(bootstrap, i, new Random(random.nextLong()));
            workers.add(worker);
            threads.add(Thread.ofPlatform().name("worker-" + i).start(worker));
        }
        for (int round = 1; round <= ROUNDS; round++) {
            int enough = round * TRANSACTIONS_A_ROUND + random.nextInt(TRANSACTIONS_A_ROUND);
            while (workers.stream().mapToInt(worker -> worker.done.get()).sum() < enough) {
                Thread.onSpinWait();
            }
            files.crash();
            broker.close();
            broker = Broker.start(config, files, Clock.systemUTC());
        }
        workers.forEach(worker -> worker.stop = true);
        for (var thread : threads) {
            thread.join();
        }
        settle(bootstrap);
        var seen = committed(bootstrap);
        for (var worker : workers) {
            worker.check(seen, bootstrap);
        }
        broker.close();
    }

    /// Waits until no transaction is open or half ended any more.
    private static void settle(String bootstrap) throws Exception {
        try (var admin = Admin.create(Map.of("bootstrap.servers", bootstrap))) {
            while (admin.listTransactions().all().get().stream()
                    .anyMatch(each ->
                            each.state() == TransactionState.ONGOING
                                    || each.state() == TransactionState.PREPARE_ABORT
                                    || each.state() == TransactionState.PREPARE_COMMIT)) {
                Thread.onSpinWait();
            }
        }
    }

    /// The partitions in which each value is visible to readers of committed records, and how
    /// often.
    private static Map<String, List<Integer>> committed(String bootstrap) {
        var seen = new HashMap<String, List<Integer>>();
        try (var consumer = consumer(bootstrap, "reader")) {
            var partitions = new ArrayList<TopicPartition>();
            for (int i = 0; i < PARTITIONS; i++) {
                partitions.add(new TopicPartition("t", i));
            }
            consumer.assign(partitions);
            consumer.seekToBeginning(partitions);
            var ends = consumer.endOffsets(partitions);
            while (partitions.stream().anyMatch(at -> consumer.position(at) < ends.get(at))) {
                for (var each : consumer.poll(Duration.ofMillis(200))) {
                    seen.computeIfAbsent(each.value(), _ -> new ArrayList<>())
                            .add(each.partition());
                }
            }
        }
        return seen;
    }

    private static KafkaConsumer<String, String> consumer(String bootstrap, String group) {
        return new KafkaConsumer<>(
                Map.of(
                        "bootstrap.servers", bootstrap,
                        "group.id", group,
                        "isolation.level", "read_committed"),
                new StringDeserializer(),
                new StringDeserializer());
    }

    /// One transactional id at work.
    private static final class Worker implements Runnable {
        private static final TopicPartition SOURCE = new TopicPartition("t", 0);

        private final String bootstrap;
        private final String id;
        private final Random random;
        private final List<Outcome> outcomes = new ArrayList<>();
        private final List<Set<Integer>> written = new ArrayList<>();
        final AtomicInteger done = new AtomicInteger();
        volatile boolean stop;

        Worker(String bootstrap, int number, Random random) {
            this.bootstrap = bootstrap;
            this.id = "worker-" + number;
            this.random = random;
        }

        @Override
        public void run() {
            try (var groups = consumer(bootstrap, id)) {
                while (!stop) {
                    var producer = producer();
                    try {
                        producer.initTransactions();
                        while (!stop) {
                            transact(producer, groups);
                        }
                    } catch (KafkaException lost) {
                        // The next one takes over, whatever this one has left.
                    } finally {
                        producer.close(Duration.ZERO);
                    }
                }
            }
        }

        private void transact(
                KafkaProducer<String, String> producer, KafkaConsumer<String, String> groups) {
            int number = outcomes.size();
            var value = id + "/" + number;
            var partitions = new TreeSet<Integer>();
            for (int i = 0; i < PARTITIONS; i++) {
                if (random.nextBoolean()) {
                    partitions.add(i);
                }
            }
            outcomes.add(Outcome.UNKNOWN);
            written.add(partitions);
            producer.beginTransaction();
            for (int partition : partitions) {
                var _ = producer.send(new ProducerRecord<>("t", partition, null, value));
            }
            producer.sendOffsetsToTransaction(
                    Map.of(SOURCE, new OffsetAndMetadata(number + 1)), groups.groupMetadata());
            if (random.nextInt(4) == 0) {
                outcomes.set(number, Outcome.ABORTED); // never asked to commit
                producer.abortTransaction();
            } else {
                producer.commitTransaction();
                outcomes.set(number, Outcome.COMMITTED);
            }
            done.incrementAndGet();
        }

        private KafkaProducer<String, String> producer() {
            return new KafkaProducer<>(
                    Map.of(
                            "bootstrap.servers", bootstrap,
                            "transactional.id", id,
                            "transaction.timeout.ms", "2000",
                            "max.block.ms", "20000",
                            "linger.ms", "0",
                            "reconnect.backoff.max.ms", "100",
                            "retry.backoff.max.ms", "100"),
                    new StringSerializer(),
                    new StringSerializer());
        }

        void check(Map<String, List<Integer>> seen, String at) {
            int last = 0;
            for (int number = 0; number < outcomes.size(); number++) {
                var visible = seen.getOrDefault(id + "/" + number, List.of());
                var outcome = outcomes.get(number);
                var all = List.copyOf(written.get(number));
                var what = id + "/" + number + " " + outcome;
                switch (outcome) {
                    case COMMITTED ->
                            assertThat(visible).as(what).containsExactlyInAnyOrderElementsOf(all);
                    case ABORTED -> assertThat(visible).as(what).isEmpty();
                    case UNKNOWN -> {
                        if (!visible.isEmpty()) {
                            assertThat(visible).as(what).containsExactlyInAnyOrderElementsOf(all);
                        }
                    }
                }
                if (outcome == Outcome.COMMITTED || !visible.isEmpty()) {
                    last = number + 1;
                }
            }
            long offset;
            try (var groups = consumer(at, id)) {
                offset = groups.committed(Set.of(SOURCE)).get(SOURCE).offset();
            }
            // A transaction without records may have been committed without anybody knowing.
            assertThat(offset).as("offset of " + id).isGreaterThanOrEqualTo(last);
            for (int number = last; number < offset - 1; number++) {
                assertThat(outcomes.get(number)).isNotEqualTo(Outcome.COMMITTED);
            }
            if (offset > last) {
                int number = Math.toIntExact(offset - 1);
                assertThat(outcomes.get(number)).isEqualTo(Outcome.UNKNOWN);
                assertThat(written.get(number)).isEmpty();
            }
        }
    }

    private static int freePort() throws IOException {
        try (var socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }
}
