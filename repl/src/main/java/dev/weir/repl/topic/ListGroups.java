package dev.weir.repl.topic;

import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.GroupListing;

import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

import java.util.concurrent.Callable;

@Command(name = "list", description = "Prints the names of the groups, one a line.")
final class ListGroups implements Callable<Integer> {
    @Mixin private ServerOption server;
    @Spec private CommandSpec spec;

    @Override
    public Integer call() throws Exception {
        Connection connection = server.connect();
        try (Admin admin = Admin.create(connection.properties())) {
            admin.listGroups().all().get().stream()
                    .map(GroupListing::groupId)
                    .sorted()
                    .forEach(spec.commandLine().getOut()::println);
        }
        return 0;
    }
}
