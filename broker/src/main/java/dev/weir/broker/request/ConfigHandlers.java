package dev.weir.broker.request;

import dev.weir.broker.error.BrokerException;
import dev.weir.broker.error.ErrorCode;
import dev.weir.broker.topic.TopicNames;
import dev.weir.broker.topic.TopicSetting;
import dev.weir.broker.topic.Topics;

import org.apache.kafka.common.message.AlterConfigsRequestData;
import org.apache.kafka.common.message.AlterConfigsResponseData;
import org.apache.kafka.common.message.DescribeConfigsRequestData;
import org.apache.kafka.common.message.DescribeConfigsRequestData.DescribeConfigsResource;
import org.apache.kafka.common.message.DescribeConfigsResponseData;
import org.apache.kafka.common.message.DescribeConfigsResponseData.DescribeConfigsResourceResult;
import org.apache.kafka.common.message.DescribeConfigsResponseData.DescribeConfigsResult;
import org.apache.kafka.common.message.DescribeConfigsResponseData.DescribeConfigsSynonym;
import org.apache.kafka.common.message.IncrementalAlterConfigsRequestData;
import org.apache.kafka.common.message.IncrementalAlterConfigsRequestData.AlterableConfig;
import org.apache.kafka.common.message.IncrementalAlterConfigsResponseData;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;

/// Settings of topics shown and changed, and those of the broker shown.
record ConfigHandlers(ServingConfig config, Topics topics) {
    private static final byte TOPIC = 2;
    private static final byte BROKER = 4;

    private static final byte FROM_TOPIC = 1;
    private static final byte FROM_FILE = 4;
    private static final byte FROM_DEFAULT = 5;

    private static final byte SET = 0;
    private static final byte DELETE = 1;
    private static final byte APPEND = 2;
    private static final byte SUBTRACT = 3;

    /// Where the value of a topic's setting comes from.
    static byte source(Map<String, String> configs, String name) {
        return configs.containsKey(name) ? FROM_TOPIC : FROM_DEFAULT;
    }

    void describe(Exchange exchange) {
        var body = (DescribeConfigsRequestData) exchange.request().body();
        var response = new DescribeConfigsResponseData();
        for (var resource : body.resources()) {
            var result =
                    new DescribeConfigsResult()
                            .setResourceType(resource.resourceType())
                            .setResourceName(resource.resourceName());
            try {
                for (var each : describe(resource, body)) {
                    if (resource.configurationKeys() == null
                            || resource.configurationKeys().isEmpty()
                            || resource.configurationKeys().contains(each.name())) {
                        result.configs().add(each);
                    }
                }
            } catch (BrokerException e) {
                result.setErrorCode(e.code()).setErrorMessage(e.getMessage());
            }
            response.results().add(result);
        }
        exchange.reply(response);
    }

    /// The older way to change settings: what is not named goes back to its default.
    void alter(Exchange exchange) {
        var body = (AlterConfigsRequestData) exchange.request().body();
        var response = new AlterConfigsResponseData();
        for (var resource : body.resources()) {
            var result =
                    new AlterConfigsResponseData.AlterConfigsResourceResponse()
                            .setResourceType(resource.resourceType())
                            .setResourceName(resource.resourceName());
            try {
                var configs = new HashMap<String, String>();
                for (var each : resource.configs()) {
                    configs.put(each.name(), each.value());
                }
                alter(
                        resource.resourceType(),
                        resource.resourceName(),
                        _ -> configs,
                        body.validateOnly());
            } catch (BrokerException e) {
                result.setErrorCode(e.code()).setErrorMessage(e.getMessage());
            }
            response.responses().add(result);
        }
        exchange.reply(response);
    }

    void incrementalAlter(Exchange exchange) {
        var body = (IncrementalAlterConfigsRequestData) exchange.request().body();
        var response = new IncrementalAlterConfigsResponseData();
        for (var resource : body.resources()) {
            var result =
                    new IncrementalAlterConfigsResponseData.AlterConfigsResourceResponse()
                            .setResourceType(resource.resourceType())
                            .setResourceName(resource.resourceName());
            try {
                alter(
                        resource.resourceType(),
                        resource.resourceName(),
                        configs -> {
                            resource.configs().forEach(each -> apply(configs, each));
                            return configs;
                        },
                        body.validateOnly());
            } catch (BrokerException e) {
                result.setErrorCode(e.code()).setErrorMessage(e.getMessage());
            }
            response.responses().add(result);
        }
        exchange.reply(response);
    }

    private void alter(
            byte type, String name, UnaryOperator<Map<String, String>> change, boolean checkOnly) {
        if (type != TOPIC) {
            throw new BrokerException(
                    ErrorCode.INVALID_REQUEST,
                    type == BROKER
                            ? "settings of the broker are changed in its configuration file"
                            : "settings of resource type " + type + " are not served");
        }
        if (TopicNames.isInternal(name)) {
            throw new BrokerException(
                    ErrorCode.INVALID_TOPIC_EXCEPTION,
                    "settings of topic \"" + name + "\" are kept by the broker alone");
        }
        topics.alterConfigs(name, change, checkOnly);
    }

    private static void apply(Map<String, String> configs, AlterableConfig change) {
        var name = change.name();
        var setting = TopicSetting.ALL.get(name);
        if (setting == null) {
            throw new BrokerException(
                    ErrorCode.INVALID_CONFIG, "unknown topic setting \"" + name + "\"");
        }
        if (change.configOperation() != DELETE && change.value() == null) {
            throw new BrokerException(ErrorCode.INVALID_CONFIG, name + " has no value");
        }
        switch (change.configOperation()) {
            case SET -> configs.put(name, change.value());
            case DELETE -> configs.remove(name);
            case APPEND, SUBTRACT -> {
                if (setting.type() != TopicSetting.Type.CHOICES) {
                    throw new BrokerException(
                            ErrorCode.INVALID_CONFIG,
                            name + " is not a list, it can only be set as a whole");
                }
                var parts = new ArrayList<>(TopicSetting.listOf(TopicSetting.value(configs, name)));
                var given = TopicSetting.listOf(change.value());
                parts.removeAll(given);
                if (change.configOperation() == APPEND) {
                    parts.addAll(given);
                }
                configs.put(name, String.join(",", parts));
            }
            default ->
                    throw new BrokerException(
                            ErrorCode.INVALID_REQUEST,
                            "unknown operation " + change.configOperation() + " on " + name);
        }
    }

    private List<DescribeConfigsResourceResult> describe(
            DescribeConfigsResource resource, DescribeConfigsRequestData body) {
        return switch (resource.resourceType()) {
            case TOPIC -> describeTopic(topics.get(resource.resourceName()).configs(), body);
            case BROKER -> {
                if (!resource.resourceName().isEmpty()
                        && !resource.resourceName().equals(Integer.toString(Node.ID))) {
                    throw new BrokerException(
                            ErrorCode.INVALID_REQUEST,
                            "there is no broker \"" + resource.resourceName() + "\"");
                }
                yield describeBroker(body);
            }
            default ->
                    throw new BrokerException(
                            ErrorCode.INVALID_REQUEST,
                            "settings of resource type "
                                    + resource.resourceType()
                                    + " are not served");
        };
    }

    private static List<DescribeConfigsResourceResult> describeTopic(
            Map<String, String> configs, DescribeConfigsRequestData body) {
        var results = new ArrayList<DescribeConfigsResourceResult>();
        for (var setting : TopicSetting.ALL.values()) {
            var value = TopicSetting.value(configs, setting.name());
            var result =
                    new DescribeConfigsResourceResult()
                            .setName(setting.name())
                            .setValue(value)
                            .setConfigSource(source(configs, setting.name()))
                            .setConfigType(type(setting.type()));
            if (body.includeDocumentation()) {
                result.setDocumentation(setting.doc());
            }
            if (body.includeSynonyms()) {
                if (configs.containsKey(setting.name())) {
                    result.synonyms().add(synonym(setting.name(), value, FROM_TOPIC));
                }
                result.synonyms()
                        .add(synonym(setting.name(), setting.defaultValue(), FROM_DEFAULT));
            }
            results.add(result);
        }
        return results;
    }

    private List<DescribeConfigsResourceResult> describeBroker(DescribeConfigsRequestData body) {
        var results = new ArrayList<DescribeConfigsResourceResult>();
        for (var entry : config.shown().entrySet()) {
            var result =
                    new DescribeConfigsResourceResult()
                            .setName(entry.getKey())
                            .setValue(entry.getValue())
                            .setReadOnly(true)
                            .setConfigSource(FROM_FILE);
            if (body.includeSynonyms()) {
                result.synonyms().add(synonym(entry.getKey(), entry.getValue(), FROM_FILE));
            }
            results.add(result);
        }
        return results;
    }

    private static DescribeConfigsSynonym synonym(String name, String value, byte source) {
        return new DescribeConfigsSynonym().setName(name).setValue(value).setSource(source);
    }

    private static byte type(TopicSetting.Type type) {
        return switch (type) {
            case BOOLEAN -> 1;
            case CHOICE -> 2;
            case INT -> 3;
            case LONG -> 5;
            case DOUBLE -> 6;
            case CHOICES -> 7;
        };
    }
}
