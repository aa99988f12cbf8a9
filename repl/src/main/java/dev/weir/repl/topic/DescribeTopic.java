package dev.weir.repl.topic;

import dev.weir.repl.client.Cell;
import dev.weir.repl.client.ResultColumn;
import dev.weir.repl.client.Row;
import dev.weir.repl.render.Format;
import dev.weir.repl.render.Palette;
import dev.weir.repl.render.ResultWriter;

import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.ListOffsetsOptions;
import org.apache.kafka.clients.admin.ListOffsetsResult.ListOffsetsResultInfo;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.common.IsolationLevel;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.TopicPartitionInfo;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.errors.UnsupportedVersionException;

import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.stream.Collectors;

@Command(
        name = "describe",
        description = {
            "Shows partitions, offsets and records of a topic, or of all.",
            "Records are the offsets between start and end: in topics written in transactions the"
                    + " markers of those count too."
        })
final class DescribeTopic implements Callable<Integer> {
    private static final List<ResultColumn> COLUMNS =
            List.of(
                    new ResultColumn("topic", "VARCHAR"),
                    new ResultColumn("partition", "INT"),
                    new ResultColumn("leader", "INT"),
                    new ResultColumn("start", "BIGINT"),
                    new ResultColumn("end", "BIGINT"),
                    new ResultColumn("records", "BIGINT"));

    @Mixin private ServerOption server;
    @Mixin private TopicName topic;
    @Spec private CommandSpec spec;

    @Option(
            names = "--format",
            paramLabel = "FORMAT",
            defaultValue = "table",
            description = "table, vertical, csv, json or jsonl (default: ${DEFAULT-VALUE})")
    private Format format = Format.TABLE;

    @Override
    public Integer call() throws Exception {
        String name = topic.orNull();
        Connection connection = server.connect();
        try (Admin admin = Admin.create(connection.properties())) {
            SortedSet<String> names =
                    new TreeSet<>(name == null ? admin.listTopics().names().get() : List.of(name));
            Map<String, TopicDescription> topics =
                    admin.describeTopics(names).allTopicNames().get();
            PrintWriter out = spec.commandLine().getOut();
            if (!format.isForPrograms()) {
                printSettings(admin, names, topics, out);
            }
            List<Row> rows = rows(admin, names, topics);
            ResultWriter writer = ResultWriter.of(format, out, Palette.PLAIN);
            writer.begin(COLUMNS, false);
            writer.rows(rows);
            writer.end();
        }
        return 0;
    }

    private static void printSettings(
            Admin admin,
            SortedSet<String> names,
            Map<String, TopicDescription> topics,
            PrintWriter out)
            throws InterruptedException, ExecutionException {
        Map<String, String> settings = settings(admin, names);
        for (String each : names) {
            TopicDescription description = topics.get(each);
            out.println(
                    "topic "
                            + each
                            + ": partitions "
                            + description.partitions().size()
                            + ", id "
                            + description.topicId()
                            + settings.getOrDefault(each, ""));
        }
    }

    /// The settings that differ from the defaults, per topic.
    private static Map<String, String> settings(Admin admin, SortedSet<String> names)
            throws InterruptedException, ExecutionException {
        List<ConfigResource> resources =
                names.stream()
                        .map(name -> new ConfigResource(ConfigResource.Type.TOPIC, name))
                        .toList();
        Map<String, String> settings = new HashMap<>();
        try {
            admin.describeConfigs(resources)
                    .all()
                    .get()
                    .forEach((resource, config) -> {
                        String changed =
                                config.entries().stream()
                                        .filter(DescribeTopic::isSetForTopic)
                                        .map(entry -> entry.name() + "=" + entry.value())
                                        .sorted()
                                        .collect(Collectors.joining(", "));
                        if (!changed.isEmpty()) {
                            settings.put(resource.name(), ", " + changed);
                        }
                    });
        } catch (ExecutionException e) {
            if (!(e.getCause() instanceof UnsupportedVersionException)) {
                throw e;
            }
            // A broker without that request: the partitions are worth showing all the same.
        }
        return settings;
    }

    private static boolean isSetForTopic(ConfigEntry entry) {
        return entry.source() == ConfigEntry.ConfigSource.DYNAMIC_TOPIC_CONFIG;
    }

    private static List<Row> rows(
            Admin admin, SortedSet<String> names, Map<String, TopicDescription> topics)
            throws InterruptedException, ExecutionException {
        Map<TopicPartition, OffsetSpec> earliest = new HashMap<>();
        Map<TopicPartition, OffsetSpec> latest = new HashMap<>();
        for (TopicDescription topic : topics.values()) {
            for (TopicPartitionInfo partition : topic.partitions()) {
                TopicPartition key = new TopicPartition(topic.name(), partition.partition());
                earliest.put(key, OffsetSpec.earliest());
                latest.put(key, OffsetSpec.latest());
            }
        }
        ListOffsetsOptions uncommitted = new ListOffsetsOptions(IsolationLevel.READ_UNCOMMITTED);
        Map<TopicPartition, ListOffsetsResultInfo> starts =
                admin.listOffsets(earliest, uncommitted).all().get();
        Map<TopicPartition, ListOffsetsResultInfo> ends =
                admin.listOffsets(latest, uncommitted).all().get();
        List<Row> rows = new ArrayList<>();
        for (String name : names) {
            for (TopicPartitionInfo partition : topics.get(name).partitions()) {
                TopicPartition key = new TopicPartition(name, partition.partition());
                long start = starts.get(key).offset();
                long end = ends.get(key).offset();
                long leader = partition.leader() == null ? -1 : partition.leader().id();
                rows.add(
                        new Row(
                                List.of(
                                        new Cell.Text(name),
                                        number(partition.partition()),
                                        number(leader),
                                        number(start),
                                        number(end),
                                        number(end - start)),
                                false));
            }
        }
        return rows;
    }

    private static Cell number(long value) {
        return new Cell.Literal(Long.toString(value));
    }
}
