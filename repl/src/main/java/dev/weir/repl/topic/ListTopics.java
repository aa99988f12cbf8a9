package dev.weir.repl.topic;

import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ListTopicsOptions;

import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

import java.util.TreeSet;
import java.util.concurrent.Callable;

@Command(name = "list", description = "Prints the names of the topics, one a line.")
final class ListTopics implements Callable<Integer> {
    @Mixin private ServerOption server;
    @Spec private CommandSpec spec;

    @Option(names = "--internal", description = "internal topics too")
    private boolean internal;

    @Override
    public Integer call() throws Exception {
        Connection connection = server.connect();
        try (Admin admin = Admin.create(connection.properties())) {
            ListTopicsOptions options = new ListTopicsOptions().listInternal(internal);
            for (String name : new TreeSet<>(admin.listTopics(options).names().get())) {
                spec.commandLine().getOut().println(name);
            }
        }
        return 0;
    }
}
