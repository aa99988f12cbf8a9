package dev.weir.broker.txn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import dev.weir.broker.BrokerConfig;
import dev.weir.broker.RawClient;
import dev.weir.broker.TestBroker;
import dev.weir.broker.txn.WireProducer.Answer;
import dev.weir.broker.txn.WireProducer.Call;
import dev.weir.broker.txn.WireProducer.Member;

import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.TransactionState;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.IsolationLevel;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.function.Function;

/// The same requests, right and wrong ones at random, asked of Apache Kafka and of this broker: the
/// answers have the same errors, epochs and offsets, and the same records are committed.
///
/// Needs a Kafka of version 4.3: `-Dweir.kafka=HOST:PORT`; `-Dweir.seed=S` repeats a run,
/// `-Dweir.steps=N` makes it longer (a thousand take a minute or two).
class KafkaComparisonTest {
    private static final int PARTITIONS = 3;

    /// Members and generations that the groups do not have.
    private static final List<Member> STRANGERS =
            List.of(
                    new Member("somebody", null, -1),
                    new Member("somebody", null, 3),
                    new Member("", "static", -1),
                    new Member("", null, 0));

    private static final Set<Errors> RETRIABLE =
            EnumSet.of(
                    Errors.CONCURRENT_TRANSACTIONS,
                    Errors.COORDINATOR_LOAD_IN_PROGRESS,
                    Errors.COORDINATOR_NOT_AVAILABLE,
                    Errors.NOT_COORDINATOR,
                    Errors.NOT_ENOUGH_REPLICAS);

    private final String kafka = System.getProperty("weir.kafka", "");
    private final long seed = Long.getLong("weir.seed", System.nanoTime());
    private final int steps = Integer.getInteger("weir.steps", 1000);
    private final Random random = new Random(seed);
    private final String run = Long.toString(System.nanoTime(), 36);
    private final String topic = "t" + run;
    private final List<String> groups = List.of("g" + run, "h" + run);
    private final List<String> ids = List.of("a" + run, "b" + run, "c" + run);

    /// The identities each broker gave at the same moment.
    private record Known(ProducerIdentity kafka, ProducerIdentity weir) {}

    private final Map<String, List<Known>> known = new HashMap<>();
    private final Map<Long, Long> weirIds = new HashMap<>();
    private final Map<String, Integer> sequences = new HashMap<>();

    @TempDir Path directory;

    @Test
    @Timeout(value = 900, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
    void answers_are_those_of_apache_kafka() throws Exception {
        assumeThat(kafka).as("-Dweir.kafka").isNotEmpty();
        System.out.println("seed " + seed);
        int colon = kafka.indexOf(':');
        var peer =
                new InetSocketAddress(
                        kafka.substring(0, colon), Integer.parseInt(kafka.substring(colon + 1)));
        try (var broker =
                        new TestBroker(
                                BrokerConfig.defaults(directory)
                                        .withTransactions(
                                                TransactionsConfig.DEFAULT.withIntervals(
                                                        50, 60_000)));
                var there = new RawClient(peer);
                var here = broker.raw();
                var peerAdmin = Admin.create(Map.of("bootstrap.servers", kafka));
                var admin = broker.admin()) {
            for (var each : List.of(peerAdmin, admin)) {
                each.createTopics(List.of(new NewTopic(topic, PARTITIONS, (short) 1))).all().get();
                each.fenceProducers(List.of(run))
                        .all()
                        .get(); // so that both coordinators are there
                for (var group : groups) {
                    each.listConsumerGroupOffsets(group).partitionsToOffsetAndMetadata().get();
                }
            }
            var history = new ArrayList<String>();
            for (int step = 0; step < steps; step++) {
                compare(there, here, history);
                if (history.getLast().contains(" end ")) {
                    // Kafka answers before the markers are written; their offsets shall compare.
                    for (var id : ids) {
                        assertThat(state(admin, id))
                                .as(history.getLast())
                                .isEqualTo(state(peerAdmin, id));
                    }
                }
            }
            for (var id : ids) { // ends what is open
                for (var client : List.of(there, here)) {
                    assertThat(
                                    ask(
                                                    WireProducer.init(
                                                            5, id, 60_000, ProducerIdentity.NONE),
                                                    client)
                                            .error())
                            .isEqualTo(Errors.NONE);
                }
            }
            for (var level : IsolationLevel.values()) {
                assertThat(records(broker.bootstrap(), level))
                        .isEqualTo(records(kafka, level))
                        .isNotEmpty();
            }
        }
    }

    /// What describes an id when nothing is happening to it.
    private static String state(Admin admin, String id) throws Exception {
        while (true) {
            var listed =
                    admin.listTransactions().all().get().stream()
                            .filter(each -> each.transactionalId().equals(id))
                            .findFirst();
            if (listed.isEmpty()) {
                return "nothing";
            }
            var now = admin.describeTransactions(List.of(id)).description(id).get();
            if (now.state() != TransactionState.PREPARE_ABORT
                    && now.state() != TransactionState.PREPARE_COMMIT) {
                return now.state()
                        + " epoch "
                        + now.producerEpoch()
                        + " timeout "
                        + now.transactionTimeoutMs()
                        + " partitions "
                        + now.topicPartitions().size();
            }
        }
    }

    private List<String> records(String bootstrap, IsolationLevel level) {
        var found = new ArrayList<String>();
        try (var consumer =
                new KafkaConsumer<>(
                        Map.of("bootstrap.servers", bootstrap, "isolation.level", level.toString()),
                        new StringDeserializer(),
                        new StringDeserializer())) {
            for (int i = 0; i < PARTITIONS; i++) {
                var at = new TopicPartition(topic, i);
                consumer.assign(List.of(at));
                consumer.seekToBeginning(List.of(at));
                long end = consumer.endOffsets(List.of(at)).get(at);
                while (consumer.position(at) < end) {
                    for (var each : consumer.poll(Duration.ofMillis(200))) {
                        found.add(i + ":" + each.offset() + ":" + each.value());
                    }
                }
                found.add(i + " ends at " + end);
            }
        }
        return found;
    }

    private static Answer ask(Call call, RawClient client) throws IOException {
        long giveUp = System.nanoTime() + 2_000_000_000L;
        while (true) {
            var answer = call.on(client);
            if (!RETRIABLE.contains(answer.error()) || System.nanoTime() > giveUp) {
                return answer;
            }
            Thread.onSpinWait();
        }
    }

    private <T> T pick(List<T> from) {
        return from.get(random.nextInt(from.size()));
    }

    private void compare(RawClient there, RawClient here, List<String> history) throws IOException {
        var id = pick(ids);
        var producer = producer(id);
        var what = new StringBuilder(id).append(' ').append(producer).append(' ');
        Function<ProducerIdentity, Call> call;
        Runnable appended = () -> {};
        var at = new TopicPartition(topic, random.nextInt(PARTITIONS + (chance(30) ? 1 : 0)));
        switch (random.nextInt(producer.equals(nobody()) ? 7 : 13)) {
            case 0 -> {
                int version = random.nextInt(6);
                int timeoutMs = chance(10) ? pick(List.of(0, -1, 900_001)) : 60_000;
                var expected = chance(3) ? producer : nobody();
                what.append("init v" + version + " " + timeoutMs + " " + expected);
                producer = expected;
                call = who -> WireProducer.init(version, id, timeoutMs, who);
            }
            case 1, 2 -> {
                int version = random.nextInt(4);
                what.append("add v" + version + " " + at);
                call = who -> WireProducer.add(version, id, who, at);
            }
            case 3 -> {
                int version = random.nextInt(4);
                var group = pick(groups);
                what.append("add offsets v" + version + " " + group);
                call = who -> WireProducer.addOffsets(version, id, who, group);
            }
            case 4 -> {
                int version = random.nextInt(6);
                var group = pick(groups);
                var member = chance(4) && version >= 3 ? pick(STRANGERS) : Member.NONE;
                what.append("commit offset v" + version + " " + group + " " + member);
                call =
                        who ->
                                WireProducer.commitOffset(
                                        version,
                                        id,
                                        who,
                                        group,
                                        member,
                                        new TopicPartition(topic, 0),
                                        7);
            }
            case 5, 6 -> {
                int version = chance(2) ? 5 : random.nextInt(6);
                boolean commit = random.nextBoolean();
                what.append("end v" + version + " " + commit);
                call = who -> WireProducer.end(version, id, who, commit);
            }
            case 7 -> {
                // Of a later epoch or coordinator it would shut out Kafka's own coordinator.
                if (isAhead(producer.kafka())) {
                    return;
                }
                int version = 1 + random.nextInt(2);
                int transactionVersion = random.nextInt(3);
                int coordinatorEpoch = chance(3) ? -1 : 0;
                boolean commit = random.nextBoolean();
                what.append(
                        "mark v%d %s %b coordinator %d version %d"
                                .formatted(
                                        version, at, commit, coordinatorEpoch, transactionVersion));
                call =
                        who ->
                                WireProducer.mark(
                                        version,
                                        who,
                                        at,
                                        commit,
                                        coordinatorEpoch,
                                        transactionVersion);
            }
            default -> {
                int version = chance(2) ? 12 : 7 + random.nextInt(6);
                var key = producer.kafka() + "/" + at;
                int next = sequences.getOrDefault(key, 0);
                int sequence = Math.max(0, chance(12) ? next + pick(List.of(-1, 1, 2)) : next);
                boolean plain = chance(25) && !isAhead(producer.kafka());
                var sender = plain ? null : chance(25) ? pick(ids) : id;
                var value = Integer.toString(history.size());
                what.append("produce v" + version + " " + at + " #" + sequence + " as " + sender);
                call = who -> WireProducer.produce(version, sender, who, at, sequence, value);
                if (sequence >= next) {
                    appended = () -> sequences.put(key, sequence + 1);
                }
            }
        }
        var theirs = ask(call.apply(producer.kafka()), there);
        var ours = ask(call.apply(producer.weir()), here);
        history.add(what + " -> kafka " + theirs + ", weir " + ours);
        var recent =
                String.join(
                        "\n", history.subList(Math.max(0, history.size() - 40), history.size()));
        assertThat(ours.error()).as(recent).isEqualTo(theirs.error());
        assertThat(ours.offset()).as(recent).isEqualTo(theirs.offset());
        assertThat(ours.producer().epoch()).as(recent).isEqualTo(theirs.producer().epoch());
        if (theirs.producer().producerId() >= 0) {
            var mapped =
                    weirIds.putIfAbsent(
                            theirs.producer().producerId(), ours.producer().producerId());
            if (mapped != null) {
                assertThat(ours.producer().producerId()).as(recent).isEqualTo(mapped);
            }
            known.computeIfAbsent(id, _ -> new ArrayList<>())
                    .add(new Known(theirs.producer(), ours.producer()));
        }
        if (theirs.error() == Errors.NONE) {
            appended.run();
        }
    }

    /// Whether nobody was given this epoch yet. Outside of transactions a partition takes it all
    /// the same, and then the markers of the producer's transaction with its present epoch no
    /// longer. Kafka's coordinator gives up and the id is of no use any more; ours goes on.
    private boolean isAhead(ProducerIdentity producer) {
        return known.values().stream()
                .flatMap(List::stream)
                .map(Known::kafka)
                .noneMatch(each ->
                        each.producerId() == producer.producerId()
                                && each.epoch() >= producer.epoch());
    }

    private boolean chance(int oneIn) {
        return random.nextInt(oneIn) == 0;
    }

    private static Known nobody() {
        return new Known(ProducerIdentity.NONE, ProducerIdentity.NONE);
    }

    /// Mostly who the producer is, sometimes who it was, somebody else or nobody.
    private Known producer(String id) {
        var of = known.getOrDefault(chance(20) ? pick(ids) : id, List.of());
        if (of.isEmpty()) {
            return nobody();
        }
        var now = chance(10) ? of.get(Math.max(0, of.size() - 2)) : of.getLast();
        if (!chance(20)) {
            return now;
        }
        short off = pick(Arrays.asList((short) 1, (short) -1, (short) 2));
        return new Known(shifted(now.kafka(), off), shifted(now.weir(), off));
    }

    private static ProducerIdentity shifted(ProducerIdentity producer, short by) {
        return new ProducerIdentity(
                producer.producerId(), (short) Math.max(0, producer.epoch() + by));
    }
}
