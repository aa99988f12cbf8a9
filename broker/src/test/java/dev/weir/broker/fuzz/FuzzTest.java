package dev.weir.broker.fuzz;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.broker.TestBroker;
import dev.weir.broker.protocol.TopicIds;
import dev.weir.broker.topic.NewTopic;

import io.netty.util.ResourceLeakDetector;

import org.apache.kafka.common.message.ApiVersionsRequestData;
import org.apache.kafka.common.message.ApiVersionsResponseData;
import org.apache.kafka.common.protocol.ApiKeys;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;

/// Requests of every API and version, well formed and broken, against a running broker.
///
/// `-Dweir.fuzz.seconds=N` runs for longer, `-Dweir.seed=S` begins with another seed.
class FuzzTest {
    private static final int CASES_PER_SEED = 1500;
    private static final int SEEDS = 3;
    private static final int ENOUGH_FAULTS = 15;
    private static final int REMEMBERED = 40;

    @TempDir Path directory;

    private final List<String> faults = new ArrayList<>();
    private final List<byte[]> earlier = new ArrayList<>();
    private final Map<ApiKeys, Integer> answered = new EnumMap<>(ApiKeys.class);
    private final Allocations allocations = new Allocations();
    private TestBroker broker;
    private LogWatch log;
    private Judge judge;
    private List<ApiVersionsResponseData.ApiVersion> served;
    private Vocabulary words;
    private RequestGenerator requests;
    private Conversation conversation;
    private int correlationId;

    @Test
    void a_broken_request_costs_its_connection_at_most() throws Exception {
        var before = ResourceLeakDetector.getLevel();
        ResourceLeakDetector.setLevel(ResourceLeakDetector.Level.PARANOID);
        try (var watch = new LogWatch();
                var started = new TestBroker(directory)) {
            log = watch;
            broker = started;
            for (var name : Vocabulary.TOPICS.subList(0, 3)) {
                create(
                        name,
                        switch (name) {
                            case "compacted" -> Map.of("cleanup.policy", "compact");
                            case "payments" -> Map.of("compression.type", "zstd");
                            default -> Map.of();
                        });
            }
            create(Bystander.TOPIC, Map.of());
            try (var bystander = new Bystander(broker)) {
                run(bystander);
                if (conversation != null) {
                    conversation.close();
                }
                bystander.check();
            }
            checkTopics();
            System.gc();
            checkAlive();
            log.surprises().forEach(each -> report("end", each, List.of()));
        } finally {
            ResourceLeakDetector.setLevel(before);
        }
        assertThat(faults.size()).as("faults, shown above").isZero();
    }

    private void create(String topic, Map<String, String> configs) {
        var _ = broker.broker().topics().create(new NewTopic(topic, 1, configs));
    }

    private void run(Bystander bystander) throws Exception {
        var listed = list();
        judge = new Judge(listed);
        served = List.copyOf(listed.apiKeys());
        words = new Vocabulary();
        requests = new RequestGenerator(words);

        long first = Long.getLong("weir.seed", 1);
        long seconds = Long.getLong("weir.fuzz.seconds", 0);
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(seconds);
        for (long seed = first;
                seconds > 0 ? System.nanoTime() < end : seed < first + SEEDS;
                seed++) {
            System.out.println("fuzz seed " + seed + ", bystander sent " + bystander.sent());
            for (int number = 0; number < CASES_PER_SEED; number++) {
                if (number % 100 == 0) {
                    tidy();
                }
                oneCase(new Random(seed * 1_000_003 + number), seed + "/" + number);
                if (bystander.failure() != null) {
                    faults.add("the bystander failed: " + bystander.failure());
                }
                if (faults.size() >= ENOUGH_FAULTS) {
                    return;
                }
            }
        }
        System.out.println("answered: " + answered);
    }

    private void oneCase(Random random, String name) throws IOException {
        var frames = new ArrayList<byte[]>();
        int count = random.nextInt(4) == 0 ? 1 + random.nextInt(8) : 1;
        boolean honest = random.nextInt(2) == 0;
        for (int i = 0; i < count; i++) {
            frames.add(frame(random, honest));
        }
        if (conversation == null || !conversation.isOpen()) {
            if (conversation != null) {
                conversation.close();
            }
            conversation = new Conversation(broker.broker().address(), judge);
        }
        var sent = stream(frames, random, honest);
        boolean served = judge.judge(frames.getFirst()).due() != Judge.Due.CLOSE;
        allocations.begin();
        try {
            conversation.say(
                    sent,
                    random,
                    response -> {
                        words.learn(response);
                        answered.merge(ApiKeys.forId(response.apiKey()), 1, Integer::sum);
                    });
        } catch (Conversation.Fault e) {
            report(name, e.getMessage(), frames);
            conversation.close();
            conversation = null;
        }
        for (var excess : allocations.excess(sent.length, served)) {
            report(name, excess, frames);
        }
        for (var surprise : log.surprises()) {
            report(name, surprise, frames);
        }
    }

    private byte[] frame(Random random, boolean honest) {
        var chosen = served.get(random.nextInt(served.size()));
        var api = ApiKeys.forId(chosen.apiKey());
        int oldest = Math.max(chosen.minVersion(), api.oldestVersion());
        short version = (short) (oldest + random.nextInt(chosen.maxVersion() - oldest + 1));
        var frame = requests.frame(random, api, version, ++correlationId, honest);
        if (earlier.size() == REMEMBERED) {
            earlier.remove(random.nextInt(REMEMBERED));
        }
        earlier.add(frame);
        return honest || random.nextBoolean() ? frame : new Mutator(random).mutate(frame, earlier);
    }

    private static byte[] stream(List<byte[]> frames, Random random, boolean honest) {
        int size = frames.stream().mapToInt(f -> f.length + Integer.BYTES).sum();
        var stream = ByteBuffer.allocate(size);
        for (var frame : frames) {
            int length = frame.length;
            if (!honest && random.nextInt(40) == 0) {
                length = random.nextBoolean() ? random.nextInt() : length + random.nextInt(9) - 4;
            }
            stream.putInt(length).put(frame);
        }
        return stream.array();
    }

    private void report(String name, String what, List<byte[]> frames) {
        var fault = new StringBuilder("case " + name + ": " + what);
        frames.forEach(frame -> fault.append("\n ").append(judge.show(frame)));
        var printable = fault.toString().replaceAll("[^\n\t -~]", ".");
        System.out.println(printable);
        faults.add(printable);
    }

    /// Now and then: is the broker there for others, and what do its topics call themselves.
    private void tidy() throws IOException {
        checkAlive();
        var topics = broker.broker().topics();
        words.topicIds(
                topics.all().stream()
                        .filter(t -> !t.name().equals(Bystander.TOPIC))
                        .map(t -> TopicIds.toWire(t.id()))
                        .toList());
        int partitions = topics.all().stream().mapToInt(t -> t.partitions().size()).sum();
        if (partitions > 200) {
            topics.all().stream()
                    .filter(t -> t.partitions().size() > 20)
                    .forEach(t -> topics.delete(t.name()));
        }
    }

    private void checkAlive() throws IOException {
        assertThat(list().apiKeys()).isNotEmpty();
    }

    private ApiVersionsResponseData list() throws IOException {
        try (var client = broker.raw()) {
            return (ApiVersionsResponseData)
                    client.call(
                            ApiKeys.API_VERSIONS,
                            4,
                            new ApiVersionsRequestData()
                                    .setClientSoftwareName("fuzz")
                                    .setClientSoftwareVersion("1"));
        }
    }

    /// Mutated names may be names too, but not many are.
    private void checkTopics() {
        var names =
                broker.broker().topics().all().stream()
                        .map(t -> t.name())
                        .collect(Collectors.toCollection(TreeSet::new));
        System.out.println("topics: " + names);
        names.removeAll(Vocabulary.TOPICS);
        names.removeAll(Set.of(Bystander.TOPIC, "__consumer_offsets", "__transaction_state"));
        assertThat(names).hasSizeLessThan(500);
    }
}
