package dev.weir.broker.topic;

import dev.weir.broker.error.BrokerException;
import dev.weir.broker.error.ErrorCode;
import dev.weir.broker.log.CompactionConfig;
import dev.weir.broker.log.LogConfig;
import dev.weir.broker.log.TimestampBounds;
import dev.weir.broker.record.StoredCompression;

import org.apache.kafka.common.record.internal.CompressionType;

import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/// One setting a topic can have, named as in Kafka.
///
/// @param name such as `retention.ms`
/// @param defaultValue what holds where a topic says nothing
/// @param doc one sentence for people
public record TopicSetting(String name, Type type, String defaultValue, String doc) {
    /// What values look like.
    public enum Type {
        BOOLEAN,
        INT,
        LONG,
        DOUBLE,
        CHOICE,
        CHOICES,
        /// A list of `partition:broker`, or `*`.
        REPLICAS;

        /// Whether something can be added to it and taken from it.
        public boolean isList() {
            return this == CHOICES || this == REPLICAS;
        }
    }

    private static final Pattern REPLICA = Pattern.compile("([0-9]+:[0-9]+)?");

    private static final String THROTTLED = "Kept for tools; nothing is replicated.";
    private static final String REMOTE = "Kept for tools; there is no remote storage.";

    private static final LogConfig DEFAULT = LogConfig.DEFAULT;

    /// Values of `compression.type` and what they make of a batch, in Kafka's order.
    private static final Map<String, Optional<CompressionType>> STORED = stored();

    /// All of them, by name. Those that Kafka has and a broker of one node has nothing to do for
    /// (replication, flush intervals, remote storage) are kept and shown, so that tools which set
    /// them work.
    public static final Map<String, TopicSetting> ALL =
            Stream.of(
                            new TopicSetting(
                                    "cleanup.policy",
                                    Type.CHOICES,
                                    "delete",
                                    "What becomes of old records: delete, compact, both, or nothing"
                                            + " if it is empty."),
                            new TopicSetting(
                                    "compression.gzip.level",
                                    Type.INT,
                                    "-1",
                                    "Level of gzip where the broker compresses: 1 to 9, or -1 for"
                                            + " its default."),
                            new TopicSetting(
                                    "compression.lz4.level",
                                    Type.INT,
                                    "9",
                                    "Level of lz4 where the broker compresses: 1 to 17."),
                            new TopicSetting(
                                    "compression.type",
                                    Type.CHOICE,
                                    "producer",
                                    "Codec that batches are stored with: uncompressed, gzip,"
                                        + " snappy, lz4, zstd; or producer, to keep them as they"
                                        + " were sent."),
                            new TopicSetting(
                                    "compression.zstd.level",
                                    Type.INT,
                                    "3",
                                    "Level of zstd where the broker compresses: -131072 to 22."),
                            new TopicSetting(
                                    "delete.retention.ms",
                                    Type.LONG,
                                    "86400000",
                                    "How long tombstones of a compacted topic are kept."),
                            new TopicSetting(
                                    "file.delete.delay.ms",
                                    Type.LONG,
                                    "60000",
                                    "How long a deleted segment stays on disk."),
                            new TopicSetting(
                                    "flush.messages",
                                    Type.LONG,
                                    Long.toString(Long.MAX_VALUE),
                                    "Kept for tools; every append is synced by group commit."),
                            new TopicSetting(
                                    "flush.ms",
                                    Type.LONG,
                                    Long.toString(Long.MAX_VALUE),
                                    "Kept for tools; every append is synced by group commit."),
                            new TopicSetting(
                                    "follower.replication.throttled.replicas",
                                    Type.REPLICAS,
                                    "",
                                    THROTTLED),
                            new TopicSetting(
                                    "index.interval.bytes",
                                    Type.INT,
                                    Integer.toString(DEFAULT.indexIntervalBytes()),
                                    "Log bytes between two entries of the offset index."),
                            new TopicSetting(
                                    "leader.replication.throttled.replicas",
                                    Type.REPLICAS,
                                    "",
                                    THROTTLED),
                            new TopicSetting("local.retention.bytes", Type.LONG, "-2", REMOTE),
                            new TopicSetting("local.retention.ms", Type.LONG, "-2", REMOTE),
                            new TopicSetting(
                                    "max.compaction.lag.ms",
                                    Type.LONG,
                                    Long.toString(Long.MAX_VALUE),
                                    "Longest time a record stays uncompacted."),
                            new TopicSetting(
                                    "max.message.bytes",
                                    Type.INT,
                                    Integer.toString(DEFAULT.maxMessageBytes()),
                                    "The largest record batch accepted."),
                            new TopicSetting(
                                    "message.timestamp.after.max.ms",
                                    Type.LONG,
                                    Long.toString(DEFAULT.timestamps().afterMaxMs()),
                                    "How far ahead of the server's clock timestamps of records"
                                            + " may be."),
                            new TopicSetting(
                                    "message.timestamp.before.max.ms",
                                    Type.LONG,
                                    Long.toString(DEFAULT.timestamps().beforeMaxMs()),
                                    "How far behind the server's clock timestamps of records"
                                            + " may be."),
                            new TopicSetting(
                                    "message.timestamp.type",
                                    Type.CHOICE,
                                    "CreateTime",
                                    "Whether records carry their producer's time or that of their"
                                            + " arrival."),
                            new TopicSetting(
                                    "min.cleanable.dirty.ratio",
                                    Type.DOUBLE,
                                    "0.5",
                                    "How much of a log must be uncompacted before it is"
                                            + " compacted."),
                            new TopicSetting(
                                    "min.compaction.lag.ms",
                                    Type.LONG,
                                    "0",
                                    "Shortest time a record stays uncompacted."),
                            new TopicSetting(
                                    "min.insync.replicas",
                                    Type.INT,
                                    "1",
                                    "Replicas an acks=all write needs; there is one."),
                            new TopicSetting(
                                    "preallocate",
                                    Type.BOOLEAN,
                                    "false",
                                    "Whether segments are allocated in advance; they are not."),
                            new TopicSetting(
                                    "remote.log.copy.disable", Type.BOOLEAN, "false", REMOTE),
                            new TopicSetting(
                                    "remote.log.delete.on.disable", Type.BOOLEAN, "false", REMOTE),
                            new TopicSetting(
                                    "remote.storage.enable",
                                    Type.BOOLEAN,
                                    "false",
                                    "Kept for tools; there is no remote storage, and true is"
                                            + " refused."),
                            new TopicSetting(
                                    "retention.bytes",
                                    Type.LONG,
                                    Long.toString(DEFAULT.retentionBytes()),
                                    "Size of a partition above which old segments go; -1 is"
                                            + " unlimited."),
                            new TopicSetting(
                                    "retention.ms",
                                    Type.LONG,
                                    Long.toString(DEFAULT.retentionMs()),
                                    "Age beyond which old segments go; -1 is unlimited."),
                            new TopicSetting(
                                    "segment.bytes",
                                    Type.INT,
                                    Integer.toString(DEFAULT.segmentBytes()),
                                    "Size at which a segment is closed."),
                            new TopicSetting(
                                    "segment.index.bytes",
                                    Type.INT,
                                    "10485760",
                                    "Kept for tools; indexes grow with their segment."),
                            new TopicSetting(
                                    "segment.jitter.ms",
                                    Type.LONG,
                                    "0",
                                    "Kept for tools; segments are not closed together."),
                            new TopicSetting(
                                    "segment.ms",
                                    Type.LONG,
                                    Long.toString(DEFAULT.segmentMs()),
                                    "Age at which a segment is closed."),
                            new TopicSetting(
                                    "unclean.leader.election.enable",
                                    Type.BOOLEAN,
                                    "false",
                                    "Kept for tools; there is one replica."))
                    .collect(
                            LinkedHashMap::new,
                            (map, setting) -> map.put(setting.name, setting),
                            Map::putAll);

    /// The settings that hold for a topic: its own before those that hold for all.
    public static Map<String, String> effective(
            Map<String, String> configs, Map<String, String> defaults) {
        if (defaults.isEmpty()) {
            return configs;
        }
        var effective = new HashMap<>(defaults);
        effective.putAll(configs);
        return effective;
    }

    /// Checks the settings a topic would have of its own.
    ///
    /// @throws BrokerException with `INVALID_CONFIG` naming the first one that is wrong
    public static void check(Map<String, String> configs) {
        for (var entry : configs.entrySet()) {
            var setting = ALL.get(entry.getKey());
            if (setting == null) {
                throw invalid("unknown topic setting \"" + entry.getKey() + "\"");
            }
            if (entry.getValue() == null) {
                throw invalid(entry.getKey() + " has no value");
            }
            setting.check(entry.getValue());
        }
        checkTogether(configs);
    }

    /// Checks that settings which hold for a topic go together.
    ///
    /// @throws BrokerException with `INVALID_CONFIG` saying which do not
    static void checkTogether(Map<String, String> effective) {
        if (Boolean.parseBoolean(value(effective, "remote.storage.enable"))) {
            throw invalid("remote.storage.enable cannot be true: there is no remote storage");
        }
        try {
            var compaction = logConfig(effective).compaction();
            if (compaction.minLagMs() > compaction.maxLagMs()) {
                throw invalid(
                        "min.compaction.lag.ms is "
                                + compaction.minLagMs()
                                + ", more than max.compaction.lag.ms, which is "
                                + compaction.maxLagMs());
            }
        } catch (IllegalArgumentException e) {
            throw new BrokerException(ErrorCode.INVALID_CONFIG, e.getMessage(), e);
        }
    }

    /// What the log of a topic for which these settings hold goes by.
    public static LogConfig logConfig(Map<String, String> configs) {
        var policy = listOf(value(configs, "cleanup.policy"));
        boolean deletes = policy.contains("delete");
        var compaction =
                new CompactionConfig(
                        policy.contains("compact"),
                        Long.parseLong(value(configs, "delete.retention.ms")),
                        Long.parseLong(value(configs, "min.compaction.lag.ms")),
                        Long.parseLong(value(configs, "max.compaction.lag.ms")),
                        Double.parseDouble(value(configs, "min.cleanable.dirty.ratio")));
        return new LogConfig(
                Integer.parseInt(value(configs, "segment.bytes")),
                Long.parseLong(value(configs, "segment.ms")),
                // Kafka takes any negative size for unlimited.
                deletes ? Math.max(-1, Long.parseLong(value(configs, "retention.bytes"))) : -1,
                deletes ? Long.parseLong(value(configs, "retention.ms")) : -1,
                Integer.parseInt(value(configs, "index.interval.bytes")),
                Integer.parseInt(value(configs, "max.message.bytes")),
                value(configs, "message.timestamp.type").equals("LogAppendTime"),
                new TimestampBounds(
                        Long.parseLong(value(configs, "message.timestamp.before.max.ms")),
                        Long.parseLong(value(configs, "message.timestamp.after.max.ms"))),
                compression(configs),
                compaction);
    }

    private static Map<String, Optional<CompressionType>> stored() {
        var stored = new LinkedHashMap<String, Optional<CompressionType>>();
        stored.put("uncompressed", Optional.of(CompressionType.NONE));
        stored.put("zstd", Optional.of(CompressionType.ZSTD));
        stored.put("lz4", Optional.of(CompressionType.LZ4));
        stored.put("snappy", Optional.of(CompressionType.SNAPPY));
        stored.put("gzip", Optional.of(CompressionType.GZIP));
        stored.put("producer", Optional.empty());
        return stored;
    }

    private static StoredCompression compression(Map<String, String> configs) {
        return STORED.get(value(configs, "compression.type"))
                .map(codec -> new StoredCompression(codec, level(configs, codec)))
                .orElse(StoredCompression.AS_SENT);
    }

    private static int level(Map<String, String> configs, CompressionType codec) {
        return switch (codec) {
            case NONE, SNAPPY -> 0;
            case GZIP, LZ4, ZSTD ->
                    Integer.parseInt(value(configs, "compression." + codec.name + ".level"));
        };
    }

    /// The value of a setting: what is given, or else the default.
    public static String value(Map<String, String> configs, String name) {
        var own = configs.get(name);
        return own != null ? own.strip() : ALL.get(name).defaultValue;
    }

    /// The parts of a list value.
    public static List<String> listOf(String value) {
        return Stream.of(value.split(",", -1))
                .map(String::strip)
                .filter(part -> !part.isEmpty())
                .toList();
    }

    private static boolean hasEmptyParts(String list) {
        return Stream.of(list.split(",", -1)).anyMatch(String::isBlank);
    }

    private void check(String given) {
        var value = given.strip();
        try {
            switch (type) {
                case BOOLEAN ->
                        require(
                                value,
                                value.equalsIgnoreCase("true") || value.equalsIgnoreCase("false"));
                case INT -> require(value, isWithinBounds(Integer.parseInt(value)));
                case LONG -> require(value, isWithinBounds(Long.parseLong(value)));
                case DOUBLE -> require(value, unit(Double.parseDouble(value)));
                case CHOICE -> require(value, choices().contains(value));
                // An empty cleanup.policy is one, too: nothing is deleted then. One of empty parts
                // is a slip.
                case CHOICES ->
                        require(
                                value,
                                choices().containsAll(listOf(value))
                                        && (value.isEmpty() || !hasEmptyParts(value)));
                case REPLICAS ->
                        require(
                                value,
                                listOf(value).equals(List.of("*"))
                                        || listOf(value).stream()
                                                .allMatch(REPLICA.asMatchPredicate()));
            }
        } catch (NumberFormatException e) {
            throw new BrokerException(
                    ErrorCode.INVALID_CONFIG, name + ": \"" + value + "\" is not a number", e);
        }
    }

    /// Kafka's bounds of those that the log has no use for, and so does not check.
    private boolean isWithinBounds(long value) {
        return switch (name) {
            case "min.insync.replicas", "flush.messages" -> value >= 1;
            case "file.delete.delay.ms", "flush.ms", "segment.jitter.ms" -> value >= 0;
            case "local.retention.bytes", "local.retention.ms" -> value >= -2;
            case "segment.index.bytes" -> value >= 4;
            case "compression.gzip.level" -> value == -1 || (value >= 1 && value <= 9);
            case "compression.lz4.level" -> value >= 1 && value <= 17;
            case "compression.zstd.level" -> value >= -131_072 && value <= 22;
            default -> true;
        };
    }

    private static boolean unit(double ratio) {
        return ratio >= 0 && ratio <= 1;
    }

    private List<String> choices() {
        return switch (name) {
            case "cleanup.policy" -> List.of("compact", "delete");
            case "compression.type" -> List.copyOf(STORED.keySet());
            case "message.timestamp.type" -> List.of("CreateTime", "LogAppendTime");
            default -> throw new IllegalStateException(name);
        };
    }

    private void require(String value, boolean holds) {
        if (!holds) {
            var expected =
                    switch (type) {
                        case BOOLEAN -> "true or false";
                        case INT, LONG -> "a number within Kafka's bounds";
                        case DOUBLE -> "a number from 0 to 1";
                        case CHOICE -> "one of " + choices();
                        case CHOICES -> "a list of " + choices();
                        case REPLICAS -> "a list of partition:broker, or *";
                    };
            throw invalid(name + " must be " + expected + ", got \"" + value + "\"");
        }
    }

    private static BrokerException invalid(String message) {
        return new BrokerException(ErrorCode.INVALID_CONFIG, message);
    }
}
