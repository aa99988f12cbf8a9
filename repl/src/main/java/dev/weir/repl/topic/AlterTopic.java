package dev.weir.repl.topic;

import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.NewPartitions;
import org.apache.kafka.common.config.ConfigResource;

import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;

@Command(name = "alter", description = "Changes settings of a topic, or gives it more partitions.")
final class AlterTopic implements Callable<Integer> {
    @Mixin private ServerOption server;
    @Mixin private TopicName topic;
    @Spec private CommandSpec spec;

    @Option(
            names = "--partitions",
            paramLabel = "N",
            description = "how many there shall be; there is no way back to fewer")
    private Optional<Integer> partitions = Optional.empty();

    @Option(
            names = {"--config", "--add-config"},
            paramLabel = "KEY=VALUE",
            description = "a setting of the topic; may be given several times")
    private Map<String, String> configs = new LinkedHashMap<>();

    @Option(
            names = "--delete-config",
            paramLabel = "KEY",
            description = "back to the server's default; may be given several times")
    private List<String> deleted = List.of();

    @Override
    public Integer call() throws Exception {
        String name = topic.required();
        List<AlterConfigOp> changes = changes();
        if (changes.isEmpty() && partitions.isEmpty()) {
            throw new UsageException(
                    "what to change? Give --partitions, --config, --delete-config");
        }
        Connection connection = server.connect();
        try (Admin admin = Admin.create(connection.properties())) {
            if (!changes.isEmpty()) {
                ConfigResource resource = new ConfigResource(ConfigResource.Type.TOPIC, name);
                admin.incrementalAlterConfigs(Map.of(resource, changes)).all().get();
            }
            if (partitions.isPresent()) {
                admin.createPartitions(Map.of(name, NewPartitions.increaseTo(partitions.get())))
                        .all()
                        .get();
            }
        }
        spec.commandLine().getOut().println("altered topic " + name);
        return 0;
    }

    /// @throws UsageException for a setting that is both set and deleted
    List<AlterConfigOp> changes() {
        List<AlterConfigOp> changes = new ArrayList<>();
        configs.forEach((key, value) ->
                changes.add(
                        new AlterConfigOp(new ConfigEntry(key, value), AlterConfigOp.OpType.SET)));
        for (String key : deleted) {
            if (configs.containsKey(key)) {
                throw new UsageException(key + " is both set and deleted");
            }
            changes.add(new AlterConfigOp(new ConfigEntry(key, null), AlterConfigOp.OpType.DELETE));
        }
        return changes;
    }
}
