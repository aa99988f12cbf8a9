package dev.weir.broker.request;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.broker.TestBroker;
import dev.weir.broker.partition.AppendOrigin;
import dev.weir.broker.request.Fetches.Answer;
import dev.weir.broker.request.Fetches.From;
import dev.weir.broker.topic.NewTopic;

import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.message.FetchResponseData.PartitionData;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.SimpleRecord;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;

/// A client that has a session knows at all times what one without a session is told: after every
/// step of a random history, what it has put together of its answers is compared with a full fetch
/// of the same partitions.
///
/// `-Dweir.sessions.runs=N` sets how many histories, `-Dweir.seed=S` repeats from a seed.
class FetchSessionModelTest {
    private static final int STEPS = 300;
    private static final List<String> TOPICS = List.of("a", "b", "c");
    private static final int MOST_PARTITIONS = 5;

    @TempDir Path directory;

    /// What a client knows of a partition.
    private record Known(int error, long highWatermark, long logStart) {
        static Known of(PartitionData data) {
            // A session remembers the name of a topic that is gone and says another error of it.
            boolean gone =
                    data.errorCode() == Errors.UNKNOWN_TOPIC_ID.code()
                            || data.errorCode() == Errors.INCONSISTENT_TOPIC_ID.code();
            return new Known(
                    gone ? Errors.UNKNOWN_TOPIC_OR_PARTITION.code() : data.errorCode(),
                    data.highWatermark(),
                    data.logStartOffset());
        }

        boolean isGone() {
            return error == Errors.UNKNOWN_TOPIC_OR_PARTITION.code();
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {Fetches.BY_NAME, Fetches.BY_ID})
    void a_session_adds_up_to_full_fetches(int version) throws IOException {
        long first = Long.getLong("weir.seed", System.nanoTime());
        int runs = Integer.getInteger("weir.sessions.runs", 1);
        for (long seed = first; seed < first + runs; seed++) {
            try (var broker = new TestBroker(directory.resolve("seed-" + seed));
                    var session = new Fetches(broker, version);
                    var full = session.another()) {
                new History(broker, version, session, full, new Random(seed)).run();
            } catch (AssertionError | RuntimeException e) {
                throw new AssertionError("-Dweir.seed=" + seed + " of version " + version, e);
            }
        }
    }

    private static final class History {
        private final TestBroker broker;
        private final boolean byId;
        private final Fetches fetches;
        private final Fetches full;
        private final Random random;

        private final Map<String, From> asked = new LinkedHashMap<>();
        private final Map<String, Known> known = new HashMap<>();
        private final Set<String> changed = new HashSet<>();
        private final Set<String> forgotten = new HashSet<>();
        private int session;
        private int epoch;
        private int incremental;
        private int compared;

        History(TestBroker broker, int version, Fetches fetches, Fetches full, Random random) {
            this.broker = broker;
            this.byId = version >= 13;
            this.fetches = fetches;
            this.full = full;
            this.random = random;
        }

        void run() throws IOException {
            fetches.isolation = full.isolation = (byte) random.nextInt(2);
            for (var topic : TOPICS) {
                broker.broker().topics().create(new NewTopic(topic, 2, Map.of()));
            }
            ask();
            for (int step = 0; step < STEPS; step++) {
                for (int i = random.nextInt(4); i > 0; i--) {
                    changeBroker();
                }
                if (random.nextInt(3) == 0) {
                    changeClient();
                }
                poll();
                compare();
            }
            assertThat(incremental).as("requests within a session").isGreaterThan(STEPS / 2);
            assertThat(compared).as("comparisons").isGreaterThan(STEPS);
        }

        private void changeBroker() {
            var topics = broker.broker().topics();
            var name = TOPICS.get(random.nextInt(TOPICS.size()));
            var topic = topics.find(name);
            if (topic.isEmpty()) {
                topics.create(new NewTopic(name, 1 + random.nextInt(3), Map.of()));
                return;
            }
            int count = topic.get().partitions().size();
            var partition = topic.get().partition(random.nextInt(count));
            switch (random.nextInt(40)) {
                case 0 -> topics.delete(name);
                case 1 -> {
                    if (count < MOST_PARTITIONS) {
                        topics.addPartitions(name, count + 1, false);
                    }
                }
                case 2, 3, 4 ->
                        partition.deleteRecordsBefore(
                                partition.logStartOffset()
                                        + random.nextInt(
                                                (int)
                                                        (1
                                                                + partition.highWatermark()
                                                                - partition.logStartOffset())));
                case 5, 6, 7 -> {
                    long producer = broker.broker().producerIds().allocate();
                    var batch =
                            MemoryRecords.withTransactionalRecords(
                                    Compression.NONE, producer, (short) 0, 0, record());
                    partition.append(batch.buffer(), AppendOrigin.ENGINE);
                    if (random.nextBoolean()) {
                        partition.syncNow();
                    }
                    partition.appendMarker(producer, (short) 0, random.nextBoolean(), 1);
                    partition.syncNow();
                }
                default -> {
                    partition.append(
                            MemoryRecords.withRecords(Compression.NONE, record()).buffer(),
                            AppendOrigin.CLIENT);
                    partition.syncNow();
                }
            }
        }

        private SimpleRecord record() {
            var value = "v".repeat(random.nextInt(400));
            return new SimpleRecord(value.getBytes(StandardCharsets.UTF_8));
        }

        private void changeClient() throws IOException {
            switch (random.nextInt(6)) {
                case 0 -> { // asks for all anew, in the place of the old session or beside it
                    session = random.nextBoolean() ? session : 0;
                    epoch = 0;
                    ask();
                }
                case 1, 2 -> {
                    if (!asked.isEmpty()) {
                        forgotten.add(any());
                    }
                }
                case 3 -> { // reads somewhere again
                    if (!asked.isEmpty()) {
                        var from = asked.get(any());
                        long offset = Math.max(0, from.offset() - random.nextInt(4));
                        want(new From(from.topic(), from.index(), offset, from.maxBytes()));
                    }
                }
                default ->
                        want(
                                new From(
                                        TOPICS.get(random.nextInt(TOPICS.size())),
                                        random.nextInt(MOST_PARTITIONS),
                                        random.nextInt(6),
                                        1 + random.nextInt(1000)));
            }
        }

        private String any() {
            return List.copyOf(asked.keySet()).get(random.nextInt(asked.size()));
        }

        private void ask() {
            for (int i = 0; i < 3; i++) {
                want(new From(TOPICS.get(i), random.nextInt(2), 0));
            }
        }

        private void want(From from) {
            var name = from.topic() + "-" + from.index();
            if (byId && !asked.containsKey(name)) {
                if (!exists(from.topic())) {
                    return; // it has no id that a client could know
                }
                fetches.learnId(from.topic());
            }
            asked.put(name, from);
            changed.add(name);
            forgotten.remove(name);
        }

        private boolean exists(String topic) {
            return broker.broker().topics().find(topic).isPresent();
        }

        private void poll() throws IOException {
            fetches.maxBytes = 1 + random.nextInt(3000);
            fetches.maxWaitMs = random.nextInt(3);
            var gone = forgotten.stream().map(asked::get).toList();
            asked.keySet().removeAll(forgotten);
            changed.removeAll(forgotten);
            known.keySet().removeAll(forgotten);
            forgotten.clear();
            var named =
                    epoch == 0
                            ? List.copyOf(asked.values())
                            : changed.stream().map(asked::get).toList();
            changed.clear();
            if (epoch == 0) {
                known.clear();
                gone = List.of();
            } else {
                incremental++;
            }
            var answer = fetches.receive(fetches.send(session, epoch, named, gone));
            for (var topic : TOPICS) {
                if (asked.values().stream().noneMatch(from -> from.topic().equals(topic))) {
                    fetches.forgetId(topic);
                }
            }
            assertThat(answer.error()).isZero();
            assertThat(asked.keySet()).containsAll(answer.partitions().keySet());
            if (asked.isEmpty() && epoch > 0) {
                assertThat(answer.session()).isZero();
                session = 0;
                epoch = 0;
                ask();
                return;
            }
            assertThat(answer.session()).isPositive();
            assertThat(epoch == 0 || answer.session() == session).isTrue();
            session = answer.session();
            epoch++;
            answer.partitions().forEach(this::takeIn);
        }

        private void takeIn(String name, PartitionData data) {
            known.put(name, Known.of(data));
            var from = asked.get(name);
            if (known.get(name).isGone() && byId && exists(from.topic())) {
                forgotten.add(name);
            } else if (data.errorCode() == 0 && data.records().sizeInBytes() > 0) {
                long next = Answer.next(data, from.offset());
                if (next > from.offset() && random.nextInt(4) > 0) {
                    want(new From(from.topic(), from.index(), next, from.maxBytes()));
                }
            }
        }

        /// What the client has put together is what it would be told by a full fetch now.
        private void compare() throws IOException {
            var asFull = full.fetch(0, -1, asked.values().toArray(From[]::new));
            assertThat(asFull.error()).isZero();
            assertThat(asFull.partitions().keySet()).isEqualTo(asked.keySet());
            asFull.partitions()
                    .forEach((name, data) -> {
                        if (!changed.contains(name)) { // else it has yet to ask for it
                            assertThat(known.get(name)).as(name).isEqualTo(Known.of(data));
                            compared++;
                        }
                    });
        }
    }
}
