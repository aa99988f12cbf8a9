package dev.weir.repl.topic;

import dev.weir.repl.client.Cell;
import dev.weir.repl.client.ResultColumn;
import dev.weir.repl.client.Row;
import dev.weir.repl.render.Format;
import dev.weir.repl.render.Palette;
import dev.weir.repl.render.ResultWriter;

import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.GroupListing;

import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

import java.io.PrintWriter;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.Callable;

@Command(
        name = "list",
        description = {
            "Prints the names of the groups, one a line.",
            "With --format also their type, protocol and state."
        })
final class ListGroups implements Callable<Integer> {
    private static final List<ResultColumn> COLUMNS =
            List.of(
                    new ResultColumn("group", "VARCHAR"),
                    new ResultColumn("type", "VARCHAR"),
                    new ResultColumn("protocol", "VARCHAR"),
                    new ResultColumn("state", "VARCHAR"));

    @Mixin private ServerOption server;
    @Spec private CommandSpec spec;

    @Option(
            names = "--format",
            paramLabel = "FORMAT",
            description = "table, vertical, csv, json or jsonl")
    private Format format;

    @Override
    public Integer call() throws Exception {
        Connection connection = server.connect();
        try (Admin admin = Admin.create(connection.properties())) {
            List<GroupListing> groups =
                    admin.listGroups().all().get().stream()
                            .sorted(Comparator.comparing(GroupListing::groupId))
                            .toList();
            PrintWriter out = spec.commandLine().getOut();
            if (format == null) {
                groups.stream().map(GroupListing::groupId).forEach(out::println);
            } else {
                ResultWriter writer = ResultWriter.of(format, out, Palette.PLAIN);
                writer.begin(COLUMNS, false);
                writer.rows(groups.stream().map(ListGroups::row).toList());
                writer.end();
            }
        }
        return 0;
    }

    private static Row row(GroupListing group) {
        return new Row(
                List.of(
                        new Cell.Text(group.groupId()),
                        text(group.type().map(Object::toString).orElse(null)),
                        text(group.protocol()),
                        text(group.groupState().map(Object::toString).orElse(null))),
                false);
    }

    private static Cell text(String value) {
        return value == null ? Cell.Null.NULL : new Cell.Text(value);
    }
}
