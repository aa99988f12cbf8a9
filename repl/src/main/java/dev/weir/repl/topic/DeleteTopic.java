package dev.weir.repl.topic;

import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;

import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;

@Command(name = "delete", description = "Deletes a topic and its records.")
final class DeleteTopic implements Callable<Integer> {
    @Mixin private ServerOption server;
    @Mixin private TopicName topic;
    @Spec private CommandSpec spec;

    @Option(names = "--if-exists", description = "fine when there is no such topic")
    private boolean ifExists;

    @Override
    public Integer call() throws Exception {
        String name = topic.required();
        Connection connection = server.connect();
        try (Admin admin = Admin.create(connection.properties())) {
            admin.deleteTopics(List.of(name)).all().get();
        } catch (ExecutionException e) {
            if (ifExists && e.getCause() instanceof UnknownTopicOrPartitionException) {
                return 0;
            }
            throw e;
        }
        spec.commandLine().getOut().println("deleted topic " + name);
        return 0;
    }
}
