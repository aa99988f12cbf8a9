package dev.weir.sql.analyze;

import dev.weir.sql.error.Position;
import dev.weir.sql.error.SqlException;
import dev.weir.sql.error.SqlState;
import dev.weir.sql.parse.Name;
import dev.weir.sql.parse.Nearest;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;

/// What SET knows: the properties of a session, and those of ksqlDB that mean nothing here.
public final class SessionProperties {
    /// A property of a session.
    ///
    /// @param values what it may be, the default first
    /// @param doc what it does, for people
    public record Known(String name, List<String> values, String doc) {
        public Known {
            values = List.copyOf(values);
        }
    }

    /// All there are.
    public static final List<Known> ALL =
            List.of(
                    new Known(
                            "auto.offset.reset",
                            List.of("earliest", "latest"),
                            "where a new query begins to read streams"),
                    new Known(
                            "sql.identifiers",
                            List.of("keep", "upper"),
                            "whether unquoted names become upper case"));

    private static final String STREAMS_PREFIX = "ksql.streams.";

    /// Of ksqlDB and Kafka Streams, set by scripts and clients: how its queries run, or switches
    /// for what is always on here. Ignoring them changes no answer.
    private static final Set<String> IGNORED =
            Set.of(
                    "buffered.records.per.partition",
                    "cache.max.bytes.buffering",
                    "commit.interval.ms",
                    "ksql.create.or.replace.enabled",
                    "ksql.fail.on.deserialization.error",
                    "ksql.fail.on.production.error",
                    "ksql.headers.columns.enabled",
                    "ksql.insert.into.values.enabled",
                    "ksql.lambdas.enabled",
                    "ksql.multicol.key.format.enabled",
                    "ksql.new.query.planner.enabled",
                    "ksql.query.error.max.queue.size",
                    "ksql.query.persistent.active.limit",
                    "ksql.query.persistent.max.bytes.buffering.total",
                    "ksql.query.pull.consistency.token.enabled",
                    "ksql.query.pull.enable.standby.reads",
                    "ksql.query.pull.forwarding.timeout.ms",
                    "ksql.query.pull.interpreter.enabled",
                    "ksql.query.pull.limit.clause.enabled",
                    "ksql.query.pull.max.allowed.offset.lag",
                    "ksql.query.pull.max.concurrent.requests",
                    "ksql.query.pull.max.qps",
                    "ksql.query.pull.range.scan.enabled",
                    "ksql.query.pull.stream.enabled",
                    "ksql.query.pull.table.scan.enabled",
                    "ksql.query.push.v2.enabled",
                    "ksql.query.retry.backoff.initial.ms",
                    "ksql.query.retry.backoff.max.ms",
                    "ksql.rowpartition.rowoffset.enabled",
                    "ksql.source.table.materialization.enabled",
                    "ksql.suppress.buffer.size.bytes",
                    "ksql.suppress.enabled",
                    "ksql.timestamp.throw.on.invalid",
                    "ksql.transient.query.cleanup.service.enable",
                    "ksql.variable.substitution.enable",
                    "max.poll.records",
                    "max.task.idle.ms",
                    "num.standby.replicas",
                    "num.stream.threads",
                    "processing.guarantee",
                    "statestore.cache.max.bytes",
                    "task.timeout.ms",
                    "topology.optimization");

    private SessionProperties() {}

    /// The property that SET or UNSET names, without ksqlDB's prefix.
    ///
    /// @throws SqlException INVALID_PARAMETER for a name that means nothing
    static String name(Name key) {
        String name = plain(key.text());
        Optional<Known> known = known(name);
        if (known.isPresent()) {
            return known.get().name();
        }
        String folded = name.toLowerCase(Locale.ROOT);
        if (IGNORED.contains(folded) || key.text().startsWith(STREAMS_PREFIX)) {
            return name;
        }
        if (folded.startsWith("ksql.")) {
            throw new SqlException(
                    SqlState.FEATURE_NOT_SUPPORTED,
                    key.position(),
                    "the property \"" + key + "\" of ksqlDB is not supported",
                    "What it says can be said in the statements: WITH (...) of CREATE gives"
                            + " formats, topics and partitions.");
        }
        List<String> names = new ArrayList<>();
        ALL.forEach(one -> names.add(one.name()));
        throw new SqlException(
                SqlState.INVALID_PARAMETER,
                key.position(),
                "unknown property \"" + key + "\"",
                Nearest.to(name, names).map(n -> "Did you mean \"" + n + "\"? ").orElse("")
                        + "Properties of a session are "
                        + String.join(", ", names)
                        + "; those of the server are set when it starts.");
    }

    /// The value as it is kept.
    ///
    /// @param name as [#name] gave it
    /// @throws SqlException INVALID_PARAMETER for a value it cannot have
    static String value(String name, String value, Position position) {
        Optional<Known> known = known(name);
        if (known.isEmpty()) {
            return value;
        }
        for (String possible : known.get().values()) {
            if (possible.equalsIgnoreCase(value.strip())) {
                return possible;
            }
        }
        throw new SqlException(
                SqlState.INVALID_PARAMETER,
                position,
                "property \"" + name + "\" cannot be \"" + value + "\"",
                "Give " + String.join(" or ", known.get().values()) + ".");
    }

    private static Optional<Known> known(String name) {
        return ALL.stream().filter(known -> known.name().equalsIgnoreCase(name)).findFirst();
    }

    private static String plain(String name) {
        return name.startsWith(STREAMS_PREFIX) ? name.substring(STREAMS_PREFIX.length()) : name;
    }
}
