package dev.weir.repl.topic;

import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;

import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.concurrent.Callable;

@Command(
        name = "delete-offsets",
        description = {
            "Forgets what a group has committed for topics.",
            "The group may have members as long as none of them reads the topic."
        })
final class DeleteOffsets implements Callable<Integer> {
    @Mixin private ServerOption server;
    @Mixin private GroupName group;
    @Spec private CommandSpec spec;

    @Option(
            names = "--topic",
            paramLabel = "TOPIC[:P,...]",
            required = true,
            description = "these partitions; may be given several times")
    private List<String> topics = List.of();

    @Override
    public Integer call() throws Exception {
        String name = group.required();
        Map<String, Set<Integer>> wanted = ResetGroup.parse(topics);
        Connection connection = server.connect();
        try (Admin admin = Admin.create(connection.properties())) {
            SortedSet<TopicPartition> there = new TreeSet<>(DescribeGroup.order());
            for (TopicPartition committed :
                    admin.listConsumerGroupOffsets(name)
                            .partitionsToOffsetAndMetadata()
                            .get()
                            .keySet()) {
                Set<Integer> partitions = wanted.get(committed.topic());
                if (partitions != null
                        && (partitions.isEmpty() || partitions.contains(committed.partition()))) {
                    there.add(committed);
                }
            }
            if (there.isEmpty()) {
                throw new KafkaException(
                        "group " + name + " has committed nothing in " + String.join(", ", topics));
            }
            admin.deleteConsumerGroupOffsets(name, there).all().get();
            there.forEach(partition ->
                    spec.commandLine()
                            .getOut()
                            .println(partition.topic() + " " + partition.partition() + ": none"));
        }
        return 0;
    }
}
