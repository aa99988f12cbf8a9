package dev.weir.broker.request;

import dev.weir.broker.error.BrokerException;
import dev.weir.broker.error.ErrorCode;
import dev.weir.broker.protocol.TopicIds;
import dev.weir.broker.topic.NewTopic;
import dev.weir.broker.topic.Topic;
import dev.weir.broker.topic.TopicNames;
import dev.weir.broker.topic.TopicSetting;
import dev.weir.broker.topic.Topics;

import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.message.CreatePartitionsRequestData;
import org.apache.kafka.common.message.CreatePartitionsRequestData.CreatePartitionsTopic;
import org.apache.kafka.common.message.CreatePartitionsResponseData;
import org.apache.kafka.common.message.CreatePartitionsResponseData.CreatePartitionsTopicResult;
import org.apache.kafka.common.message.CreateTopicsRequestData;
import org.apache.kafka.common.message.CreateTopicsRequestData.CreatableTopic;
import org.apache.kafka.common.message.CreateTopicsResponseData;
import org.apache.kafka.common.message.CreateTopicsResponseData.CreatableTopicConfigs;
import org.apache.kafka.common.message.CreateTopicsResponseData.CreatableTopicResult;
import org.apache.kafka.common.message.DeleteTopicsRequestData;
import org.apache.kafka.common.message.DeleteTopicsResponseData;
import org.apache.kafka.common.message.DeleteTopicsResponseData.DeletableTopicResult;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;

/// Topics created, deleted and widened by clients. Runs on the admin thread.
record TopicHandlers(ServingConfig config, Topics topics) {
    private static final short FIRST_DELETE_BY_ID = 6;

    void create(Exchange exchange) {
        var body = (CreateTopicsRequestData) exchange.request().body();
        var response = new CreateTopicsResponseData();
        var repeated = new HashSet<String>();
        var seen = new HashSet<String>();
        for (var wanted : body.topics()) {
            if (!seen.add(wanted.name())) {
                repeated.add(wanted.name());
            }
        }
        var specs = new LinkedHashMap<CreatableTopicResult, NewTopic>();
        for (var wanted : body.topics()) {
            if (repeated.contains(wanted.name()) && !seen.remove(wanted.name())) {
                continue;
            }
            var result = new CreatableTopicResult().setName(wanted.name());
            response.topics().add(result);
            try {
                if (repeated.contains(wanted.name())) {
                    throw new BrokerException(
                            ErrorCode.INVALID_REQUEST,
                            "topic \"" + wanted.name() + "\" is named twice in the request");
                }
                specs.put(result, spec(wanted));
            } catch (BrokerException e) {
                refuse(result, e);
            }
        }
        if (exchange.budget().isLimited()) {
            charge(exchange.budget(), specs);
        }
        var outcomes = topics.createAll(new ArrayList<>(specs.values()), body.validateOnly());
        var next = outcomes.iterator();
        for (var entry : specs.entrySet()) {
            var outcome = next.next();
            if (outcome.failure() != null) {
                refuse(entry.getKey(), outcome.failure());
            } else {
                describe(entry.getKey(), entry.getValue(), outcome.topic());
            }
        }
        exchange.reply(response);
    }

    /// Counts the partitions of those topics that could be created, and takes away those that must
    /// not be created now. As on Kafka a mere check counts too.
    private void charge(PartitionBudget budget, Map<CreatableTopicResult, NewTopic> specs) {
        var outcomes = topics.createAll(new ArrayList<>(specs.values()), true).iterator();
        for (var each = specs.entrySet().iterator(); each.hasNext(); ) {
            var entry = each.next();
            if (outcomes.next().failure() != null) {
                continue;
            }
            try {
                budget.charge(partitions(entry.getValue()));
            } catch (BrokerException e) {
                refuse(entry.getKey(), e);
                each.remove();
            }
        }
    }

    private int partitions(NewTopic spec) {
        return spec.partitions() == NewTopic.DEFAULT_PARTITIONS
                ? topics.defaultPartitions()
                : spec.partitions();
    }

    void delete(Exchange exchange) {
        var body = (DeleteTopicsRequestData) exchange.request().body();
        var response = new DeleteTopicsResponseData();
        if (exchange.request().version() < FIRST_DELETE_BY_ID) {
            for (var name : body.topicNames()) {
                response.responses().add(delete(exchange, name, Uuid.ZERO_UUID));
            }
        } else {
            for (var wanted : body.topics()) {
                response.responses().add(delete(exchange, wanted.name(), wanted.topicId()));
            }
        }
        exchange.reply(response);
    }

    void createPartitions(Exchange exchange) {
        var body = (CreatePartitionsRequestData) exchange.request().body();
        var response = new CreatePartitionsResponseData();
        Topics.checkNewPartitions(body.topics().stream().mapToLong(this::added).sum());
        for (var wanted : body.topics()) {
            var result = new CreatePartitionsTopicResult().setName(wanted.name());
            try {
                if (TopicNames.isInternal(wanted.name())) {
                    // What its records are about was spread over its partitions by their number.
                    throw new BrokerException(
                            ErrorCode.INVALID_TOPIC_EXCEPTION,
                            "partitions of topic \"" + wanted.name() + "\" cannot be added");
                }
                checkAssignments(wanted);
                if (exchange.budget().isLimited()) {
                    topics.addPartitions(wanted.name(), wanted.count(), true);
                    exchange.budget()
                            .charge(wanted.count() - topics.get(wanted.name()).partitions().size());
                }
                topics.addPartitions(wanted.name(), wanted.count(), body.validateOnly());
            } catch (BrokerException e) {
                result.setErrorCode(e.code()).setErrorMessage(e.getMessage());
            }
            response.results().add(result);
        }
        exchange.reply(response);
    }

    /// How many partitions a topic would have more, if it may have them at all.
    private long added(CreatePartitionsTopic wanted) {
        return wanted.count() > Topics.MAX_PARTITIONS
                ? 0
                : topics.find(wanted.name())
                        .map(topic -> Math.max(0, wanted.count() - topic.partitions().size()))
                        .orElse(0);
    }

    private NewTopic spec(CreatableTopic wanted) {
        if (TopicNames.isInternal(wanted.name())) {
            throw new BrokerException(
                    ErrorCode.INVALID_TOPIC_EXCEPTION,
                    "topic \"" + wanted.name() + "\" is made by the broker alone");
        }
        int partitions = wanted.numPartitions();
        if (wanted.assignments().isEmpty()) {
            checkReplicas(wanted.replicationFactor());
        } else {
            if (partitions != -1 || wanted.replicationFactor() != -1) {
                throw new BrokerException(
                        ErrorCode.INVALID_REQUEST,
                        "with an assignment of replicas, partitions and replicas must be -1");
            }
            partitions = assigned(wanted);
        }
        var configs = new HashMap<String, String>();
        for (var setting : wanted.configs()) {
            if (setting.value() == null) {
                throw new BrokerException(
                        ErrorCode.INVALID_CONFIG, setting.name() + " has no value");
            }
            configs.put(setting.name(), setting.value());
        }
        return new NewTopic(wanted.name(), partitions, configs);
    }

    private void checkReplicas(short replicas) {
        if (replicas == 1 || replicas == -1 || (replicas > 1 && config.capReplicas())) {
            return;
        }
        throw new BrokerException(
                ErrorCode.INVALID_REPLICATION_FACTOR,
                replicas < 1
                        ? "the number of replicas must be at least 1, got " + replicas
                        : "there is 1 broker, too few for " + replicas + " replicas");
    }

    private static int assigned(CreatableTopic wanted) {
        for (var assignment : wanted.assignments()) {
            if (assignment.partitionIndex() < 0
                    || assignment.partitionIndex() >= wanted.assignments().size()) {
                throw new BrokerException(
                        ErrorCode.INVALID_REPLICA_ASSIGNMENT,
                        "partitions must be numbered from 0 without a gap");
            }
            if (assignment.brokerIds().size() != 1
                    || assignment.brokerIds().getFirst() != Node.ID) {
                throw new BrokerException(
                        ErrorCode.INVALID_REPLICA_ASSIGNMENT,
                        "broker "
                                + Node.ID
                                + " is the only one, partition "
                                + assignment.partitionIndex()
                                + " is assigned to "
                                + assignment.brokerIds());
            }
        }
        return wanted.assignments().size();
    }

    private void checkAssignments(CreatePartitionsTopic wanted) {
        if (wanted.assignments() == null) {
            return;
        }
        int added = wanted.count() - topics.get(wanted.name()).partitions().size();
        if (added > 0 && wanted.assignments().size() != added) {
            throw new BrokerException(
                    ErrorCode.INVALID_REPLICA_ASSIGNMENT,
                    added
                            + " partitions are added and "
                            + wanted.assignments().size()
                            + " assigned");
        }
        for (var assignment : wanted.assignments()) {
            if (assignment.brokerIds().size() != 1
                    || assignment.brokerIds().getFirst() != Node.ID) {
                throw new BrokerException(
                        ErrorCode.INVALID_REPLICA_ASSIGNMENT,
                        "broker "
                                + Node.ID
                                + " is the only one, a new partition is assigned to "
                                + assignment.brokerIds());
            }
        }
    }

    private void describe(CreatableTopicResult result, NewTopic spec, Topic topic) {
        result.setNumPartitions(partitions(spec)).setReplicationFactor((short) 1);
        if (topic != null) {
            result.setTopicId(TopicIds.toWire(topic.id()));
        }
        result.setConfigs(new ArrayList<>());
        var effective = topics.effective(spec.name(), spec.configs());
        for (var name : TopicSetting.ALL.keySet()) {
            result.configs()
                    .add(
                            new CreatableTopicConfigs()
                                    .setName(name)
                                    .setValue(TopicSetting.value(effective, name))
                                    .setConfigSource(
                                            ConfigHandlers.source(
                                                    config.settings(),
                                                    spec.name(),
                                                    spec.configs(),
                                                    name)));
        }
    }

    private static void refuse(CreatableTopicResult result, BrokerException failure) {
        result.setErrorCode(failure.code()).setErrorMessage(failure.getMessage());
    }

    private DeletableTopicResult delete(Exchange exchange, String name, Uuid id) {
        var result = new DeletableTopicResult().setName(name).setTopicId(id);
        try {
            Topic topic;
            if (name == null) {
                topic =
                        topics.find(TopicIds.fromWire(id))
                                .orElseThrow(() ->
                                        new BrokerException(
                                                ErrorCode.UNKNOWN_TOPIC_ID,
                                                "no topic has id " + id));
            } else if (!Uuid.ZERO_UUID.equals(id)) {
                throw new BrokerException(
                        ErrorCode.INVALID_REQUEST, "a topic is named by name or by id, not both");
            } else {
                topic = topics.get(name);
            }
            result.setName(topic.name()).setTopicId(TopicIds.toWire(topic.id()));
            if (topic.isInternal()) {
                throw new BrokerException(
                        ErrorCode.INVALID_TOPIC_EXCEPTION,
                        "topic \"" + topic.name() + "\" is deleted by the broker alone");
            }
            exchange.budget().charge(topic.partitions().size());
            topics.delete(topic.name());
        } catch (BrokerException e) {
            result.setErrorCode(e.code()).setErrorMessage(e.getMessage());
        }
        return result;
    }
}
