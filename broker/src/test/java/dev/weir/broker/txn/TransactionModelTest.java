package dev.weir.broker.txn;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.broker.Broker;
import dev.weir.broker.BrokerConfig;
import dev.weir.broker.RawClient;
import dev.weir.broker.group.Groups;
import dev.weir.broker.storage.SimulatedFileSystem;
import dev.weir.broker.topic.NewTopic;
import dev.weir.broker.txn.WireProducer.Answer;
import dev.weir.broker.txn.WireProducer.Call;
import dev.weir.broker.txn.WireProducer.Style;

import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.TransactionState;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicLong;

/// Random transactions of old and new clients at the level of their requests, in turns and with
/// everything that goes wrong: requests whose answer a loss of power swallows and that are sent
/// again or never, repeated batches, new owners, owners that do not know they have been replaced,
/// transactions that take too long, clients that write what they did not add. What readers of
/// committed records see is held against a plain model.
///
/// `-Dweir.seed=S` repeats the order of the requests, `-Dweir.steps=N` makes it longer.
class TransactionModelTest {
    private static final int PARTITIONS = 3;
    private static final int OWNERS = 4;
    private static final int TIMEOUT_MS = 60_000;
    private static final TopicPartition SOURCE = new TopicPartition("source", 0);

    /// What may pass by itself.
    private static final Set<Errors> RETRIABLE =
            EnumSet.of(
                    Errors.CONCURRENT_TRANSACTIONS,
                    Errors.COORDINATOR_LOAD_IN_PROGRESS,
                    Errors.COORDINATOR_NOT_AVAILABLE,
                    Errors.NOT_COORDINATOR,
                    Errors.NOT_ENOUGH_REPLICAS);

    /// What tells a producer that its transaction or its time is over.
    private static final Set<Errors> OVER =
            EnumSet.of(
                    Errors.INVALID_PRODUCER_EPOCH,
                    Errors.PRODUCER_FENCED,
                    Errors.INVALID_TXN_STATE,
                    Errors.TRANSACTION_ABORTABLE,
                    Errors.INVALID_PRODUCER_ID_MAPPING);

    private enum Outcome {
        OPEN,
        COMMITTED,
        ABORTED,
        /// A commit was asked for and not answered.
        UNKNOWN
    }

    private final long seed = Long.getLong("weir.seed", System.nanoTime());
    private final int steps = Integer.getInteger("weir.steps", 1500);
    private final Random random = new Random(seed);
    private final SimulatedFileSystem files = new SimulatedFileSystem(random.nextLong());
    private final AtomicLong nowMs = new AtomicLong(1_700_000_000_000L);
    private final BrokerConfig config =
            BrokerConfig.defaults(Path.of("/data"))
                    .withListener("127.0.0.1", 0)
                    .withTransactions(TransactionsConfig.DEFAULT.withIntervals(20, 60_000));
    private final List<Owner> owners = new ArrayList<>();
    private final List<Transaction> transactions = new ArrayList<>();
    private Broker broker;
    private int losses;
    private int timeouts;

    /// What a client did in one transaction.
    private static final class Transaction {
        final String name;
        final Map<String, TopicPartition> values = new HashMap<>();
        final Map<String, Long> offsets = new HashMap<>();
        Outcome outcome = Outcome.OPEN;
        long committedOffset = -1;

        Transaction(String name) {
            this.name = name;
        }
    }

    @Test
    @Timeout(value = 240, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
    void readers_of_committed_records_see_exactly_what_was_committed() throws Exception {
        System.out.println("seed " + seed);
        broker = Broker.start(config, files, this::now);
        broker.topics().create(new NewTopic("t", PARTITIONS, Map.of()));
        broker.topics().create(new NewTopic("source", 1, Map.of()));
        for (int i = 0; i < OWNERS; i++) {
            owners.add(new Owner("owner-" + i, i % 2 == 0 ? Style.BUMPING : Style.OLD));
        }
        for (int step = 0; step < steps; step++) {
            nowMs.incrementAndGet();
            int choice = random.nextInt(1000);
            if (choice < 10) {
                losePower();
            } else if (choice < 15) {
                letTimePass();
            } else {
                owners.get(random.nextInt(OWNERS)).act();
            }
        }
        losePower();
        for (var owner : owners) {
            owner.takeOver();
        }
        settle();
        check();
        System.out.println(
                transactions.size()
                        + " transactions, "
                        + losses
                        + " losses of power, "
                        + timeouts
                        + " took too long");
        assertThat(count(Outcome.COMMITTED)).isPositive();
        assertThat(count(Outcome.ABORTED)).isPositive();
        for (var owner : owners) {
            owner.client.close();
        }
        broker.close();
    }

    private Instant now() {
        return Instant.ofEpochMilli(nowMs.get());
    }

    private long count(Outcome outcome) {
        return transactions.stream().filter(each -> each.outcome == outcome).count();
    }

    /// Some have asked for something and will not get an answer.
    private void losePower() throws IOException {
        losses++;
        for (var owner : owners) {
            if (random.nextInt(3) > 0) {
                owner.askWithoutWaiting();
            }
        }
        for (int spins = random.nextInt(200_000); spins > 0; spins--) {
            Thread.onSpinWait(); // some of it gets done
        }
        files.crash();
        broker.close();
        broker = Broker.start(config, files, this::now);
        for (var owner : owners) {
            owner.reconnect();
        }
    }

    private void letTimePass() throws Exception {
        timeouts++;
        nowMs.addAndGet(TIMEOUT_MS + 1);
        settle();
        for (var owner : owners) {
            owner.tookTooLong();
        }
    }

    private Admin admin() {
        return Admin.create(Map.of("bootstrap.servers", "127.0.0.1:" + broker.address().getPort()));
    }

    /// Waits until no transaction is open or half ended.
    private void settle() throws Exception {
        try (var admin = admin()) {
            while (admin.listTransactions().all().get().stream()
                    .anyMatch(each ->
                            each.state() == TransactionState.ONGOING
                                    || each.state() == TransactionState.PREPARE_ABORT
                                    || each.state() == TransactionState.PREPARE_COMMIT)) {
                Thread.onSpinWait();
            }
        }
    }

    private void check() throws Exception {
        var seen = new TreeMap<Integer, Map<Long, String>>();
        try (var consumer =
                new KafkaConsumer<>(
                        Map.of(
                                "bootstrap.servers",
                                "127.0.0.1:" + broker.address().getPort(),
                                "isolation.level",
                                "read_committed"),
                        new StringDeserializer(),
                        new StringDeserializer())) {
            for (int i = 0; i < PARTITIONS; i++) {
                var partition = broker.partition("t", i);
                assertThat(partition.openTransactions()).isEmpty();
                assertThat(partition.lastStableOffset()).isEqualTo(partition.logEndOffset());
                seen.put(i, new TreeMap<>());
                var at = new TopicPartition("t", i);
                consumer.assign(List.of(at));
                consumer.seekToBeginning(List.of(at));
                long end = consumer.endOffsets(List.of(at)).get(at);
                while (consumer.position(at) < end) {
                    for (var each : consumer.poll(Duration.ofMillis(200))) {
                        seen.get(i).put(each.offset(), each.value());
                    }
                }
            }
        }
        var visible = new HashMap<String, TopicPartition>();
        seen.forEach((partition, values) ->
                values.values()
                        .forEach(value ->
                                assertThat(visible.put(value, new TopicPartition("t", partition)))
                                        .as(value + " is seen twice")
                                        .isNull()));
        for (var each : transactions) {
            var found = new HashSet<>(each.values.keySet());
            found.retainAll(visible.keySet());
            var what = each.name + ", " + each.outcome;
            if (each.outcome == Outcome.COMMITTED
                    || (each.outcome == Outcome.UNKNOWN && !found.isEmpty())) {
                each.values.forEach((value, at) ->
                        assertThat(visible.remove(value)).as(what + ": " + value).isEqualTo(at));
                each.offsets.forEach((value, offset) ->
                        assertThat(seen.get(each.values.get(value).partition()).get(offset))
                                .as(what)
                                .isEqualTo(value));
            } else {
                assertThat(found).as(what).isEmpty();
            }
        }
        assertThat(visible).as("seen, but never written").isEmpty();
        try (var admin = admin()) {
            for (var owner : owners) {
                owner.checkOffsets(admin);
            }
        }
    }

    /// A transactional id and the client that believes to own it.
    private final class Owner {
        final String id;
        final Style style;
        RawClient client;
        private ProducerIdentity producer = ProducerIdentity.NONE;
        private ProducerIdentity predecessor = ProducerIdentity.NONE;
        private Map<TopicPartition, Integer> sequences = new HashMap<>();
        private Set<TopicPartition> added = new HashSet<>();
        private Transaction open;
        private boolean over; // the server has ended the transaction by itself
        private Request unanswered;
        private int count;

        Owner(String id, Style style) throws IOException {
            this.id = id;
            this.style = style;
            client = new RawClient(broker.address());
        }

        /// One of the versions of a request that clients of this style send.
        private int version(int latest) {
            return style == Style.BUMPING ? latest : latest - random.nextInt(4);
        }

        /// A request and what it means when it has succeeded.
        private record Request(Call call, Kind kind, Runnable done) {}

        private enum Kind {
            COMMIT,
            OTHER
        }

        void reconnect() throws IOException {
            client.close();
            client = new RawClient(broker.address());
        }

        /// The transaction was open for too long. A client that waits for an answer cannot know
        /// what came first, and begins anew.
        void tookTooLong() throws IOException {
            if (unanswered != null) {
                takeOver();
            } else if (open != null) {
                open.outcome = Outcome.ABORTED;
                open = null;
                over = true;
            }
        }

        void askWithoutWaiting() throws IOException {
            if (unanswered != null || producer.equals(ProducerIdentity.NONE) || over) {
                return;
            }
            var request = next();
            if (request.kind == Kind.COMMIT) {
                open.outcome = Outcome.UNKNOWN;
            }
            client.send(request.call.api(), request.call.version(), request.call.body());
            unanswered = request;
        }

        /// Does one thing and checks what is answered.
        void act() throws IOException {
            int choice = random.nextInt(100);
            if (unanswered != null) {
                if (random.nextInt(3) == 0) {
                    takeOver(); // as a new process would, which knows nothing of it
                } else {
                    var again = unanswered;
                    unanswered = null;
                    succeed(again);
                }
            } else if (producer.equals(ProducerIdentity.NONE) || choice < 3) {
                takeOver();
            } else if (over) {
                beTold();
            } else if (choice < 6 && !predecessor.equals(ProducerIdentity.NONE)) {
                haunt();
            } else if (choice < 10 && style == Style.OLD) {
                writeWithoutAdding();
            } else {
                succeed(next());
            }
        }

        /// Becomes the owner again, with nothing of what it was.
        void takeOver() throws IOException {
            if (open != null && open.outcome == Outcome.OPEN) {
                open.outcome = Outcome.ABORTED;
            }
            open = null;
            over = false;
            unanswered = null;
            predecessor = producer;
            var answer =
                    ask(
                            WireProducer.init(
                                    version(style.init), id, TIMEOUT_MS, ProducerIdentity.NONE));
            assertThat(answer.error()).as(id + " begins").isEqualTo(Errors.NONE);
            become(answer.producer());
        }

        private void become(ProducerIdentity now) {
            if (!now.equals(producer)) {
                assertThat(
                                now.producerId() > producer.producerId()
                                        || now.epoch() > producer.epoch())
                        .as(now + " after " + producer)
                        .isTrue();
                sequences = new HashMap<>();
            }
            producer = now;
            added = new HashSet<>();
        }

        private Answer ask(Call call) throws IOException {
            while (true) {
                var answer = call.on(client);
                if (!RETRIABLE.contains(answer.error())) {
                    return answer;
                }
                Thread.onSpinWait();
            }
        }

        private void succeed(Request request) throws IOException {
            var answer = ask(request.call);
            assertThat(answer.error())
                    .as(id + " as " + producer + " asks " + request.call.body())
                    .isEqualTo(Errors.NONE);
            last = answer;
            request.done.run();
        }

        private Answer last;

        /// Something a well-behaved client asks now.
        private Request next() {
            if (open != null && random.nextInt(6) == 0) {
                return end(random.nextInt(3) > 0);
            }
            if (open == null) {
                open = new Transaction(id + "/" + count++);
                transactions.add(open);
            }
            return random.nextInt(8) == 0 ? offset() : write();
        }

        private Request write() {
            var at = new TopicPartition("t", random.nextInt(PARTITIONS));
            if (style == Style.OLD && !added.contains(at)) {
                return new Request(
                        WireProducer.add(3, id, producer, at), Kind.OTHER, () -> added.add(at));
            }
            return produce(at);
        }

        private Request produce(TopicPartition at) {
            var writing = open;
            var value = writing.name + "#" + writing.values.size();
            int sequence = sequences.getOrDefault(at, 0);
            var call =
                    WireProducer.produce(version(style.produce), id, producer, at, sequence, value);
            return new Request(
                    call,
                    Kind.OTHER,
                    () -> {
                        writing.values.put(value, at);
                        writing.offsets.put(value, last.offset());
                        sequences.put(at, sequence + 1);
                        if (random.nextInt(5) == 0) {
                            repeat(call, last.offset());
                        }
                    });
        }

        private void repeat(Call call, long offset) {
            try {
                var answer = ask(call);
                assertThat(answer.error()).as("a repeated batch").isEqualTo(Errors.NONE);
                assertThat(answer.offset()).as("a repeated batch").isEqualTo(offset);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        private Request offset() {
            var writing = open;
            var group = new TopicPartition(Groups.TOPIC, 0);
            if (style == Style.OLD && !added.contains(group)) {
                return new Request(
                        WireProducer.addOffsets(3, id, producer, id),
                        Kind.OTHER,
                        () -> added.add(group));
            }
            return new Request(
                    WireProducer.commitOffset(
                            version(style.offsets), id, producer, id, SOURCE, count),
                    Kind.OTHER,
                    () -> writing.committedOffset = count);
        }

        private Request end(boolean commit) {
            var ending = open;
            boolean nothing = style == Style.OLD ? added.isEmpty() : isUntouched(ending);
            if (nothing) {
                return write();
            }
            return new Request(
                    WireProducer.end(version(style.end), id, producer, commit),
                    commit ? Kind.COMMIT : Kind.OTHER,
                    () -> {
                        ending.outcome = commit ? Outcome.COMMITTED : Outcome.ABORTED;
                        open = null;
                        if (style == Style.BUMPING) {
                            assertThat(last.producer()).isNotEqualTo(producer);
                            become(last.producer());
                        }
                        added = new HashSet<>();
                    });
        }

        private static boolean isUntouched(Transaction transaction) {
            return transaction.values.isEmpty() && transaction.committedOffset < 0;
        }

        /// Goes on as if its transaction were still open.
        private void beTold() throws IOException {
            var at = new TopicPartition("t", 0);
            boolean ends = random.nextBoolean();
            var answer =
                    ask(
                            ends
                                    ? WireProducer.end(version(style.end), id, producer, true)
                                    : WireProducer.produce(
                                            version(style.produce),
                                            id,
                                            producer,
                                            at,
                                            sequences.getOrDefault(at, 0),
                                            "late"));
            assertThat(OVER).as(id + " is told by " + answer.error()).contains(answer.error());
            takeOver();
        }

        /// What a predecessor asks that does not know of its successor.
        private void haunt() throws IOException {
            var at = new TopicPartition("t", random.nextInt(PARTITIONS));
            var answer =
                    ask(
                            switch (random.nextInt(3)) {
                                case 0 ->
                                        WireProducer.end(version(style.end), id, predecessor, true);
                                case 1 -> WireProducer.add(3, id, predecessor, at);
                                default ->
                                        WireProducer.produce(
                                                version(style.produce),
                                                id,
                                                predecessor,
                                                at,
                                                0,
                                                "zombie");
                            });
            assertThat(OVER)
                    .as(id + " as " + predecessor + " after " + producer + ": " + answer.error())
                    .contains(answer.error());
        }

        private void writeWithoutAdding() throws IOException {
            for (int i = 0; i < PARTITIONS; i++) {
                var at = new TopicPartition("t", i);
                if (!added.contains(at)) {
                    int version = version(style.produce);
                    var answer =
                            ask(
                                    WireProducer.produce(
                                            version,
                                            id,
                                            producer,
                                            at,
                                            sequences.getOrDefault(at, 0),
                                            "not added"));
                    assertThat(answer.error())
                            .isEqualTo(
                                    version == 11
                                            ? Errors.TRANSACTION_ABORTABLE
                                            : Errors.INVALID_TXN_STATE);
                    return;
                }
            }
        }

        void checkOffsets(Admin admin) throws Exception {
            var stored =
                    admin.listConsumerGroupOffsets(id)
                            .partitionsToOffsetAndMetadata()
                            .get()
                            .get(SOURCE);
            long least = -1;
            var possible = new HashSet<Long>();
            for (var each : transactions) {
                if (each.name.startsWith(id + "/") && each.committedOffset >= 0) {
                    if (each.outcome == Outcome.COMMITTED) {
                        least = Math.max(least, each.committedOffset);
                        possible.add(each.committedOffset);
                    } else if (each.outcome == Outcome.UNKNOWN) {
                        possible.add(each.committedOffset);
                    }
                }
            }
            long now = stored == null ? -1 : stored.offset();
            assertThat(now).as("offset of " + id).isGreaterThanOrEqualTo(least);
            if (now >= 0) {
                assertThat(possible).as("offset of " + id).contains(now);
            }
        }
    }
}
