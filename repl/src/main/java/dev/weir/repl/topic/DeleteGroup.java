package dev.weir.repl.topic;

import org.apache.kafka.clients.admin.Admin;

import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

import java.util.List;
import java.util.concurrent.Callable;

@Command(
        name = "delete",
        description = "Deletes a group that has no members, and the offsets it committed.")
final class DeleteGroup implements Callable<Integer> {
    @Mixin private ServerOption server;
    @Mixin private GroupName group;
    @Spec private CommandSpec spec;

    @Override
    public Integer call() throws Exception {
        String name = group.required();
        Connection connection = server.connect();
        try (Admin admin = Admin.create(connection.properties())) {
            admin.deleteConsumerGroups(List.of(name)).all().get();
        }
        spec.commandLine().getOut().println("deleted group " + name);
        return 0;
    }
}
