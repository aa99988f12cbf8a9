package dev.weir.repl.topic;

import dev.weir.repl.client.Cell;
import dev.weir.repl.client.ResultColumn;
import dev.weir.repl.client.Row;
import dev.weir.repl.render.Format;
import dev.weir.repl.render.Palette;
import dev.weir.repl.render.ResultWriter;

import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ConsumerGroupDescription;
import org.apache.kafka.clients.admin.ListOffsetsOptions;
import org.apache.kafka.clients.admin.ListOffsetsResult.ListOffsetsResultInfo;
import org.apache.kafka.clients.admin.MemberDescription;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.IsolationLevel;
import org.apache.kafka.common.TopicPartition;

import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.Comparator;
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
            "Shows how far a group has read, and who reads.",
            "The lag is what lies between the committed offset and the end of the partition."
        })
final class DescribeGroup implements Callable<Integer> {
    private static final Comparator<TopicPartition> ORDER =
            Comparator.comparing(TopicPartition::topic).thenComparingInt(TopicPartition::partition);
    private static final List<ResultColumn> COLUMNS =
            List.of(
                    new ResultColumn("topic", "VARCHAR"),
                    new ResultColumn("partition", "INT"),
                    new ResultColumn("committed", "BIGINT"),
                    new ResultColumn("end", "BIGINT"),
                    new ResultColumn("lag", "BIGINT"),
                    new ResultColumn("client", "VARCHAR"),
                    new ResultColumn("host", "VARCHAR"));

    @Mixin private ServerOption server;
    @Mixin private GroupName group;
    @Spec private CommandSpec spec;

    @Option(
            names = "--format",
            paramLabel = "FORMAT",
            defaultValue = "table",
            description = "table, vertical, csv, json or jsonl (default: ${DEFAULT-VALUE})")
    private Format format = Format.TABLE;

    @Override
    public Integer call() throws Exception {
        String name = group.required();
        Connection connection = server.connect();
        try (Admin admin = Admin.create(connection.properties())) {
            ConsumerGroupDescription description =
                    admin.describeConsumerGroups(List.of(name)).all().get().get(name);
            PrintWriter out = spec.commandLine().getOut();
            if (!format.isForPrograms()) {
                out.println(
                        "group "
                                + name
                                + ": state "
                                + description.groupState()
                                + ", type "
                                + description.type()
                                + ", members "
                                + description.members().size());
            }
            ResultWriter writer = ResultWriter.of(format, out, Palette.PLAIN);
            writer.begin(COLUMNS, false);
            writer.rows(rows(admin, name, description));
            writer.end();
        }
        return 0;
    }

    private static List<Row> rows(Admin admin, String name, ConsumerGroupDescription description)
            throws InterruptedException, ExecutionException {
        Map<TopicPartition, OffsetAndMetadata> committed =
                admin.listConsumerGroupOffsets(name).partitionsToOffsetAndMetadata().get();
        Map<TopicPartition, MemberDescription> readers = new HashMap<>();
        for (MemberDescription member : description.members()) {
            member.assignment().topicPartitions().forEach(p -> readers.put(p, member));
        }
        SortedSet<TopicPartition> partitions = new TreeSet<>(ORDER);
        partitions.addAll(committed.keySet());
        partitions.addAll(readers.keySet());
        Map<TopicPartition, Long> ends = ends(admin, partitions);
        List<Row> rows = new ArrayList<>();
        for (TopicPartition partition : partitions) {
            OffsetAndMetadata at = committed.get(partition);
            Long end = ends.get(partition);
            MemberDescription reader = readers.get(partition);
            rows.add(
                    new Row(
                            List.of(
                                    new Cell.Text(partition.topic()),
                                    number((long) partition.partition()),
                                    number(at == null ? null : at.offset()),
                                    number(end),
                                    number(at == null || end == null ? null : end - at.offset()),
                                    text(reader == null ? null : reader.clientId()),
                                    text(reader == null ? null : reader.host())),
                            false));
        }
        return rows;
    }

    /// The ends of those partitions that still exist.
    static Map<TopicPartition, Long> ends(Admin admin, SortedSet<TopicPartition> partitions)
            throws InterruptedException, ExecutionException {
        return offsets(
                admin,
                ResetGroup.existing(admin, partitions).stream()
                        .collect(Collectors.toMap(p -> p, _ -> OffsetSpec.latest())));
    }

    static Map<TopicPartition, Long> offsets(Admin admin, Map<TopicPartition, OffsetSpec> wanted)
            throws InterruptedException, ExecutionException {
        Map<TopicPartition, Long> offsets = new HashMap<>();
        Map<TopicPartition, ListOffsetsResultInfo> found =
                admin.listOffsets(wanted, new ListOffsetsOptions(IsolationLevel.READ_UNCOMMITTED))
                        .all()
                        .get();
        found.forEach((partition, info) -> offsets.put(partition, info.offset()));
        return offsets;
    }

    static Comparator<TopicPartition> order() {
        return ORDER;
    }

    private static Cell number(Long value) {
        return value == null ? Cell.Null.NULL : new Cell.Literal(value.toString());
    }

    private static Cell text(String value) {
        return value == null ? Cell.Null.NULL : new Cell.Text(value);
    }
}
