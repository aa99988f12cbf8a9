package dev.weir.repl.topic;

import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.TopicPartitionInfo;

import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

import java.io.PrintWriter;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.LocalDateTime;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.function.Function;
import java.util.stream.Collectors;

@Command(
        name = "reset",
        description = {
            "Moves the committed offsets of a group without members.",
            "Shows what would change; --execute does it. Offsets outside a partition become its"
                    + " start or end."
        })
final class ResetGroup implements Callable<Integer> {
    @Mixin private ServerOption server;
    @Mixin private GroupName group;
    @Spec private CommandSpec spec;

    @Option(
            names = "--topic",
            paramLabel = "TOPIC[:P,...]",
            description = "only these partitions; may be given several times")
    private List<String> topics = List.of();

    @Option(names = "--all-topics", description = "all that the group has committed (default)")
    private boolean allTopics;

    @Option(names = "--execute", description = "changes the offsets")
    private boolean execute;

    @Option(names = "--dry-run", description = "changes nothing (default)")
    private boolean dryRun;

    @ArgGroup(multiplicity = "1")
    private Target target;

    /// Where to; exactly one is given.
    static final class Target {
        @Option(names = "--to-earliest", description = "the first record there is")
        boolean earliest;

        @Option(names = "--to-latest", description = "behind the last record")
        boolean latest;

        @Option(names = "--to-current", description = "where the group is")
        boolean current;

        @Option(names = "--to-offset", paramLabel = "N", description = "this offset")
        Long offset;

        @Option(
                names = "--shift-by",
                paramLabel = "N",
                arity = "1",
                description = "so many records on, or back when negative")
        Long shift;

        @Option(
                names = "--to-datetime",
                paramLabel = "TIME",
                description =
                        "the first record from then on: 2026-01-31T12:00:00, in UTC or with"
                                + " an offset such as +01:00")
        String dateTime;

        @Option(
                names = "--by-duration",
                paramLabel = "DURATION",
                description = "the first record of the time before now: PT1H30M, P2D")
        String duration;
    }

    @Override
    public Integer call() throws Exception {
        String name = group.required();
        if (execute && dryRun) {
            throw new UsageException("--execute and --dry-run exclude each other");
        }
        if (allTopics && !topics.isEmpty()) {
            throw new UsageException("--topic and --all-topics exclude each other");
        }
        Map<String, Set<Integer>> wanted = parse(topics);
        Instant from = from(InstantSource.system());
        Connection connection = server.connect();
        try (Admin admin = Admin.create(connection.properties())) {
            Map<TopicPartition, OffsetAndMetadata> committed =
                    admin.listConsumerGroupOffsets(name).partitionsToOffsetAndMetadata().get();
            SortedSet<TopicPartition> partitions = partitions(admin, wanted, committed.keySet());
            if (partitions.isEmpty()) {
                throw new KafkaException(
                        "group " + name + " has committed nothing; name a topic with --topic");
            }
            SortedMap<TopicPartition, Long> plan = plan(admin, partitions, committed, from);
            if (execute) {
                admin.alterConsumerGroupOffsets(
                                name,
                                plan.entrySet().stream()
                                        .collect(
                                                Collectors.toMap(
                                                        Map.Entry::getKey,
                                                        e -> new OffsetAndMetadata(e.getValue()))))
                        .all()
                        .get();
            }
            print(plan, committed);
        }
        return 0;
    }

    private void print(
            SortedMap<TopicPartition, Long> plan,
            Map<TopicPartition, OffsetAndMetadata> committed) {
        PrintWriter out = spec.commandLine().getOut();
        plan.forEach((partition, offset) -> {
            OffsetAndMetadata before = committed.get(partition);
            out.println(
                    partition.topic()
                            + " "
                            + partition.partition()
                            + ": "
                            + (before == null ? "none" : before.offset())
                            + " -> "
                            + offset);
        });
        if (!execute) {
            spec.commandLine().getErr().println("nothing was changed; --execute does it");
        }
    }

    /// `topic` or `topic:0,2`; an empty set stands for all partitions.
    static Map<String, Set<Integer>> parse(List<String> topics) {
        Map<String, Set<Integer>> wanted = new TreeMap<>();
        for (String topic : topics) {
            int colon = topic.lastIndexOf(':');
            Set<Integer> partitions = new TreeSet<>();
            try {
                if (colon >= 0) {
                    for (String number : topic.substring(colon + 1).split(",", -1)) {
                        partitions.add(Integer.parseUnsignedInt(number.strip()));
                    }
                }
            } catch (NumberFormatException e) {
                throw new UsageException(
                        "--topic takes TOPIC or TOPIC:0,1,..., got \"" + topic + "\"", e);
            }
            wanted.put(colon < 0 ? topic : topic.substring(0, colon), partitions);
        }
        return wanted;
    }

    /// The time that the target names, or null when it names none.
    private Instant from(InstantSource clock) {
        return target.duration != null
                ? clock.instant().minus(duration(target.duration))
                : target.dateTime != null ? dateTime(target.dateTime) : null;
    }

    static Duration duration(String text) {
        try {
            Duration duration = Duration.parse(text);
            if (!duration.isNegative()) {
                return duration;
            }
        } catch (DateTimeException _) {
            // Said below.
        }
        throw new UsageException("--by-duration takes a duration such as PT1H, got " + text);
    }

    static Instant dateTime(String text) {
        for (Function<String, Instant> form :
                List.<Function<String, Instant>>of(
                        t -> OffsetDateTime.parse(t).toInstant(),
                        t -> LocalDateTime.parse(t).toInstant(ZoneOffset.UTC))) {
            try {
                return form.apply(text);
            } catch (DateTimeException _) {
                // The next form, or the error below.
            }
        }
        throw new UsageException("--to-datetime takes 2026-01-31T12:00:00, got " + text);
    }

    private static SortedSet<TopicPartition> partitions(
            Admin admin, Map<String, Set<Integer>> wanted, Set<TopicPartition> committed)
            throws InterruptedException, ExecutionException {
        SortedSet<TopicPartition> partitions = new TreeSet<>(DescribeGroup.order());
        if (wanted.isEmpty()) {
            partitions.addAll(existing(admin, committed));
            return partitions;
        }
        Map<String, TopicDescription> there =
                admin.describeTopics(wanted.keySet()).allTopicNames().get();
        for (Map.Entry<String, Set<Integer>> topic : wanted.entrySet()) {
            List<Integer> all =
                    there.get(topic.getKey()).partitions().stream()
                            .map(TopicPartitionInfo::partition)
                            .toList();
            for (int partition : topic.getValue().isEmpty() ? all : topic.getValue()) {
                if (!all.contains(partition)) {
                    throw new KafkaException(
                            "topic " + topic.getKey() + " has no partition " + partition);
                }
                partitions.add(new TopicPartition(topic.getKey(), partition));
            }
        }
        return partitions;
    }

    /// Those whose topic has not been deleted: asking for the offsets of others takes a minute.
    static List<TopicPartition> existing(Admin admin, Collection<TopicPartition> partitions)
            throws InterruptedException, ExecutionException {
        Set<String> topics = admin.listTopics().names().get();
        return partitions.stream().filter(p -> topics.contains(p.topic())).toList();
    }

    private SortedMap<TopicPartition, Long> plan(
            Admin admin,
            SortedSet<TopicPartition> partitions,
            Map<TopicPartition, OffsetAndMetadata> committed,
            Instant from)
            throws InterruptedException, ExecutionException {
        Map<TopicPartition, Long> starts = offsets(admin, partitions, OffsetSpec.earliest());
        Map<TopicPartition, Long> ends = offsets(admin, partitions, OffsetSpec.latest());
        Map<TopicPartition, Long> since =
                from == null
                        ? Map.of()
                        : offsets(admin, partitions, OffsetSpec.forTimestamp(from.toEpochMilli()));
        SortedMap<TopicPartition, Long> plan = new TreeMap<>(DescribeGroup.order());
        List<TopicPartition> unknown = new ArrayList<>();
        for (TopicPartition partition : partitions) {
            long start = starts.get(partition);
            long end = ends.get(partition);
            OffsetAndMetadata at = committed.get(partition);
            Long wanted = wanted(start, end, at == null ? null : at.offset(), since.get(partition));
            if (wanted == null) {
                unknown.add(partition);
            } else {
                plan.put(partition, Math.clamp(wanted, start, end));
            }
        }
        if (!unknown.isEmpty()) {
            throw new KafkaException("the group has no offset yet in " + unknown);
        }
        return plan;
    }

    /// @param committed null for none
    /// @param since the first offset from the given time on, -1 when no record is that late
    /// @return null when the target is relative to an offset that the group does not have
    private Long wanted(long start, long end, Long committed, Long since) {
        if (target.earliest) {
            return start;
        }
        if (target.latest) {
            return end;
        }
        if (target.offset != null) {
            return target.offset;
        }
        if (since != null) {
            return since < 0 ? end : since;
        }
        return committed == null || target.shift == null ? committed : committed + target.shift;
    }

    private static Map<TopicPartition, Long> offsets(
            Admin admin, SortedSet<TopicPartition> partitions, OffsetSpec spec)
            throws InterruptedException, ExecutionException {
        Map<TopicPartition, OffsetSpec> wanted = new HashMap<>();
        partitions.forEach(partition -> wanted.put(partition, spec));
        return DescribeGroup.offsets(admin, wanted);
    }
}
