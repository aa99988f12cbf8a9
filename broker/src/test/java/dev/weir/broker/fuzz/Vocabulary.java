package dev.weir.broker.fuzz;

import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.message.AddPartitionsToTxnResponseData;
import org.apache.kafka.common.message.ConsumerGroupHeartbeatResponseData;
import org.apache.kafka.common.message.EndTxnResponseData;
import org.apache.kafka.common.message.InitProducerIdResponseData;
import org.apache.kafka.common.message.JoinGroupResponseData;
import org.apache.kafka.common.protocol.ApiMessage;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/// The words and numbers that requests are made of: names that mean something to the broker, what
/// it said itself (members, producers), and values at the edges of what fields can hold.
final class Vocabulary {
    /// Names that topics may come to exist under; only these and the [Bystander]'s.
    static final List<String> TOPICS =
            List.of("orders", "payments", "compacted", "a.b", "a_b", "t-1", "t-2", "t-3");

    private static final int MOST_REMEMBERED = 32;
    private static final int LONGEST_STRING = Short.MAX_VALUE;

    private static final List<String> INTERNAL_TOPICS =
            List.of(
                    "__consumer_offsets",
                    "__transaction_state",
                    "__cluster_metadata",
                    "_weir_journal",
                    "_weir_dead_letters");
    private static final List<String> GROUPS = List.of("g-1", "g-2", "g-3", "g-4");
    private static final List<String> TRANSACTIONAL_IDS = List.of("tx-1", "tx-2", "tx-3");
    private static final List<String> OTHERS =
            List.of(
                    "range",
                    "roundrobin",
                    "uniform",
                    "consumer",
                    "connect",
                    "classic",
                    "share",
                    "Empty",
                    "Stable",
                    "Ongoing",
                    "client-id",
                    "user",
                    "<default>",
                    "producer_byte_rate",
                    "request_percentage",
                    "retention.ms",
                    "retention.bytes",
                    "segment.bytes",
                    "segment.ms",
                    "cleanup.policy",
                    "compact",
                    "compact,delete",
                    "delete",
                    "max.message.bytes",
                    "message.timestamp.type",
                    "LogAppendTime",
                    "min.cleanable.dirty.ratio",
                    "consumer.session.timeout.ms",
                    "consumer.heartbeat.interval.ms",
                    "interval.ms",
                    "metrics",
                    "match",
                    "0",
                    "1",
                    "-1",
                    "1000",
                    "45000",
                    "9223372036854775807",
                    "1e400",
                    "NaN",
                    "0.5",
                    "true",
                    "User:alice",
                    "User:",
                    "*",
                    "127.0.0.1",
                    "kafka-cluster",
                    "group.version",
                    "transaction.version",
                    "metadata.version",
                    "tx-.*",
                    "(a+)+$",
                    "[",
                    "\\");
    private static final int[] INTS = {
        0,
        1,
        -1,
        2,
        -2,
        3,
        -5,
        7,
        100,
        127,
        128,
        255,
        256,
        6000,
        10_001,
        Short.MAX_VALUE,
        Short.MIN_VALUE,
        65_535,
        1 << 20,
        Integer.MAX_VALUE,
        Integer.MAX_VALUE - 1,
        Integer.MIN_VALUE,
        Integer.MIN_VALUE + 1,
    };
    private static final int[] PARTITIONS = {
        1, 1, 2, 3, -1, 0, -5, 10_001, Integer.MAX_VALUE, Integer.MIN_VALUE
    };

    /// Quotas are enforced, so whatever is allowed of these is more than anybody needs.
    private static final double[] DOUBLES = {
        1e9, 1e12, 0, -1, 1e9 + 0.5, Double.NaN, Double.POSITIVE_INFINITY, -Double.MIN_VALUE, -0.0
    };

    /// A producer that the broker knows.
    record Producer(long id, short epoch) {}

    private final List<String> members = new ArrayList<>();
    private final List<Integer> generations = new ArrayList<>();
    private final List<Producer> producers = new ArrayList<>();
    private List<Uuid> topicIds = List.of();

    void topicIds(List<Uuid> known) {
        topicIds = known;
    }

    /// Takes up what later requests may refer to.
    void learn(ApiMessage response) {
        switch (response) {
            case JoinGroupResponseData joined -> {
                remember(members, joined.memberId());
                remember(generations, joined.generationId());
            }
            case ConsumerGroupHeartbeatResponseData beat -> {
                if (beat.memberId() != null) {
                    remember(members, beat.memberId());
                }
                remember(generations, beat.memberEpoch());
            }
            case InitProducerIdResponseData made ->
                    remember(producers, new Producer(made.producerId(), made.producerEpoch()));
            case EndTxnResponseData ended ->
                    remember(producers, new Producer(ended.producerId(), ended.producerEpoch()));
            case AddPartitionsToTxnResponseData _ -> {}
            default -> {}
        }
    }

    /// Somebody known, most of the time with the epoch that goes with the id.
    Producer producer(Random random) {
        var known = any(random, producers, new Producer(-1, (short) -1));
        return switch (random.nextInt(8)) {
            case 0 -> new Producer(known.id, (short) (known.epoch + 1));
            case 1 -> new Producer(int64(random), int16(random));
            case 2 -> new Producer(-1, (short) -1);
            default -> known;
        };
    }

    byte[] string(Random random, String field) {
        if (random.nextInt(12) == 0) {
            return oddString(random);
        }
        return word(random, field).getBytes(StandardCharsets.UTF_8);
    }

    private String word(Random random, String field) {
        if (random.nextInt(6) == 0) {
            return pick(random, OTHERS);
        }
        if (field.contains("transactional_id")) {
            return pick(random, TRANSACTIONAL_IDS);
        }
        if (field.contains("group")) {
            return pick(random, GROUPS);
        }
        if (field.contains("member_id")) {
            return any(random, members, "");
        }
        if (field.contains("topic")) {
            return topic(random);
        }
        return switch (random.nextInt(5)) {
            case 0, 1 -> topic(random);
            case 2 -> pick(random, GROUPS);
            case 3 -> pick(random, TRANSACTIONAL_IDS);
            default -> pick(random, OTHERS);
        };
    }

    private static String topic(Random random) {
        return random.nextInt(12) == 0 ? pick(random, INTERNAL_TOPICS) : pick(random, TOPICS);
    }

    private static byte[] oddString(Random random) {
        return switch (random.nextInt(9)) {
            case 0 -> new byte[0];
            case 1 -> new byte[] {0};
            case 2 -> text(".");
            case 3 -> text("..");
            case 4 -> text("/../../etc/passwd");
            case 5 -> text("\ud83d\ude00 \u00e9\u202e");
            case 6 -> {
                // Not UTF-8 at all; each byte becomes three when it is written again.
                var bytes = new byte[random.nextBoolean() ? LONGEST_STRING : 1 + random.nextInt(9)];
                random.nextBytes(bytes);
                for (int i = 0; i < bytes.length; i++) {
                    bytes[i] |= (byte) 0x80;
                }
                yield bytes;
            }
            case 7 -> text("(".repeat(random.nextBoolean() ? LONGEST_STRING : 300));
            default -> text("x".repeat(random.nextBoolean() ? LONGEST_STRING : 250));
        };
    }

    private static byte[] text(String string) {
        return string.getBytes(StandardCharsets.UTF_8);
    }

    Uuid uuid(Random random) {
        return switch (random.nextInt(8)) {
            case 0 -> Uuid.ZERO_UUID;
            case 1 -> Uuid.ONE_UUID;
            case 2 -> new Uuid(random.nextLong(), random.nextLong());
            default -> any(random, topicIds, Uuid.ZERO_UUID);
        };
    }

    int int32(Random random, String field) {
        if (field.equals("num_partitions") || field.equals("count")) {
            // As many as are allowed would take their time, and not be what is to be found out.
            return PARTITIONS[random.nextInt(PARTITIONS.length)];
        }
        if (random.nextInt(5) == 0) {
            return INTS[random.nextInt(INTS.length)];
        }
        if (field.contains("generation") || field.contains("member_epoch")) {
            return any(random, generations, -1);
        }
        if (field.contains("timeout_ms") || field.contains("wait_ms")) {
            return field.startsWith("session") ? 6000 + random.nextInt(10) : random.nextInt(30);
        }
        if (field.contains("bytes")) {
            return random.nextInt(3) == 0 ? random.nextInt(100) : 1 << 20;
        }
        if (field.contains("epoch")) {
            return random.nextInt(2) - 1;
        }
        return random.nextInt(4) - (random.nextInt(8) == 0 ? 1 : 0);
    }

    short int16(Random random) {
        return random.nextInt(4) == 0
                ? (short) INTS[random.nextInt(INTS.length)]
                : (short) (random.nextInt(3) - 1);
    }

    byte int8(Random random) {
        return random.nextInt(8) == 0 ? (byte) random.nextInt() : (byte) random.nextInt(5);
    }

    long int64(Random random) {
        return switch (random.nextInt(5)) {
            case 0 -> INTS[random.nextInt(INTS.length)];
            case 1 -> random.nextBoolean() ? Long.MAX_VALUE : Long.MIN_VALUE;
            case 2 -> System.currentTimeMillis();
            default -> random.nextInt(12) - 6;
        };
    }

    double float64(Random random) {
        return DOUBLES[random.nextInt(DOUBLES.length)];
    }

    private static String pick(Random random, List<String> words) {
        return words.get(random.nextInt(words.size()));
    }

    private static <T> T any(Random random, List<T> known, T ifNone) {
        return known.isEmpty() ? ifNone : known.get(random.nextInt(known.size()));
    }

    private static <T> void remember(List<T> known, T what) {
        if (known.size() == MOST_REMEMBERED) {
            known.removeFirst();
        }
        known.add(what);
    }
}
