package dev.weir.broker.request;

import dev.weir.broker.topic.Topics;

import org.apache.kafka.common.message.AlterReplicaLogDirsRequestData;
import org.apache.kafka.common.message.AlterReplicaLogDirsResponseData;
import org.apache.kafka.common.message.AlterReplicaLogDirsResponseData.AlterReplicaLogDirPartitionResult;
import org.apache.kafka.common.message.AlterReplicaLogDirsResponseData.AlterReplicaLogDirTopicResult;
import org.apache.kafka.common.message.DescribeLogDirsRequestData;
import org.apache.kafka.common.message.DescribeLogDirsResponseData;
import org.apache.kafka.common.message.DescribeLogDirsResponseData.DescribeLogDirsPartition;
import org.apache.kafka.common.message.DescribeLogDirsResponseData.DescribeLogDirsResult;
import org.apache.kafka.common.message.DescribeLogDirsResponseData.DescribeLogDirsTopic;
import org.apache.kafka.common.protocol.Errors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Set;
import java.util.TreeSet;

/// Where partitions are kept and how much they hold: in one directory, which nothing can leave.
record DirectoryHandlers(ServingConfig config, Topics topics) {
    private static final Logger LOGGER = LoggerFactory.getLogger(DirectoryHandlers.class);

    void describe(Exchange exchange) {
        var body = (DescribeLogDirsRequestData) exchange.request().body();
        var wanted = new HashMap<String, Set<Integer>>();
        if (body.topics() != null) {
            for (var topic : body.topics()) {
                wanted.computeIfAbsent(topic.topic(), _ -> new TreeSet<>())
                        .addAll(topic.partitions());
            }
        }
        var path = Path.of(config.shown().get("log.dirs"));
        var result = new DescribeLogDirsResult().setLogDir(path.toString());
        try {
            var store = Files.getFileStore(path);
            result.setTotalBytes(store.getTotalSpace()).setUsableBytes(store.getUsableSpace());
        } catch (IOException e) {
            // The sizes stay unknown, -1.
            LOGGER.debug("cannot tell the size of the disk of {}", path, e);
        }
        for (var topic : topics.all()) {
            if (body.topics() != null && !wanted.containsKey(topic.name())) {
                continue;
            }
            var ofTopic = new DescribeLogDirsTopic().setName(topic.name());
            for (var partition : topic.partitions()) {
                boolean asked =
                        body.topics() == null
                                || wanted.get(topic.name()).contains(partition.index());
                if (asked && partition.offlineReason() == null) {
                    ofTopic.partitions()
                            .add(
                                    new DescribeLogDirsPartition()
                                            .setPartitionIndex(partition.index())
                                            .setPartitionSize(partition.sizeInBytes()));
                }
            }
            if (!ofTopic.partitions().isEmpty()) {
                result.topics().add(ofTopic);
            }
        }
        var response = new DescribeLogDirsResponseData();
        response.results().add(result);
        exchange.reply(response);
    }

    /// There is one directory, so a partition is either there already or cannot go.
    void move(Exchange exchange) {
        var body = (AlterReplicaLogDirsRequestData) exchange.request().body();
        var own = config.shown().get("log.dirs");
        var response = new AlterReplicaLogDirsResponseData();
        for (var directory : body.dirs()) {
            for (var topic : directory.topics()) {
                var result = new AlterReplicaLogDirTopicResult().setTopicName(topic.name());
                for (int index : topic.partitions()) {
                    var found = topics.find(topic.name());
                    boolean exists =
                            found.isPresent()
                                    && index >= 0
                                    && index < found.get().partitions().size();
                    var error =
                            !exists
                                    ? Errors.UNKNOWN_TOPIC_OR_PARTITION
                                    : directory.path().equals(own)
                                            ? Errors.NONE
                                            : Errors.LOG_DIR_NOT_FOUND;
                    result.partitions()
                            .add(
                                    new AlterReplicaLogDirPartitionResult()
                                            .setPartitionIndex(index)
                                            .setErrorCode(error.code()));
                }
                response.results().add(result);
            }
        }
        exchange.reply(response);
    }
}
