package dev.weir.repl.topic;

import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.common.errors.TopicExistsException;

import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;

@Command(name = "create", description = "Makes a topic.")
final class CreateTopic implements Callable<Integer> {
    @Mixin private ServerOption server;
    @Mixin private TopicName topic;
    @Spec private CommandSpec spec;

    @Option(
            names = "--partitions",
            paramLabel = "N",
            description = "number of partitions (default: the server's)")
    private Optional<Integer> partitions = Optional.empty();

    @Option(
            names = "--replication-factor",
            paramLabel = "N",
            description = "copies of each partition (default: the server's)")
    private Optional<Short> replicas = Optional.empty();

    @Option(
            names = "--config",
            paramLabel = "KEY=VALUE",
            description = "a setting of the topic; may be given several times")
    private Map<String, String> configs = new LinkedHashMap<>();

    @Option(names = "--if-not-exists", description = "fine when the topic is there already")
    private boolean ifNotExists;

    @Override
    public Integer call() throws Exception {
        NewTopic wanted = newTopic();
        Connection connection = server.connect();
        try (Admin admin = Admin.create(connection.properties())) {
            admin.createTopics(List.of(wanted)).all().get();
        } catch (ExecutionException e) {
            if (ifNotExists && e.getCause() instanceof TopicExistsException) {
                return 0;
            }
            throw e;
        }
        spec.commandLine().getOut().println("created topic " + wanted.name());
        return 0;
    }

    NewTopic newTopic() {
        if (partitions.isPresent() && partitions.get() < 1) {
            throw new UsageException("--partitions must be at least 1, got " + partitions.get());
        }
        return new NewTopic(topic.required(), partitions, replicas).configs(configs);
    }
}
