package dev.weir.broker.request;

import dev.weir.broker.error.BrokerException;
import dev.weir.broker.error.ErrorCode;
import dev.weir.broker.group.GroupSettings;
import dev.weir.broker.topic.AdminSettings;
import dev.weir.broker.topic.BrokerSetting;
import dev.weir.broker.topic.BrokerSettings;
import dev.weir.broker.topic.MetadataRecord;
import dev.weir.broker.topic.Topic;
import dev.weir.broker.topic.TopicNames;
import dev.weir.broker.topic.TopicSetting;
import dev.weir.broker.topic.Topics;

import org.apache.kafka.common.config.ConfigDef;
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
import org.apache.kafka.common.message.ListConfigResourcesRequestData;
import org.apache.kafka.common.message.ListConfigResourcesResponseData;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;

/// Settings of topics, groups, client metrics and the broker shown and changed.
record ConfigHandlers(
        ServingConfig config, Topics topics, AdminSettings admins, GroupSettings groups) {
    private static final byte TOPIC = 2;
    private static final byte BROKER = BrokerSettings.RESOURCE_TYPE;
    private static final byte CLIENT_METRICS = 16;
    private static final byte GROUP = GroupSettings.RESOURCE_TYPE;
    private static final List<Byte> LISTED = List.of(TOPIC, BROKER, CLIENT_METRICS, GROUP);

    private static final byte FROM_TOPIC = 1;
    private static final byte FROM_BROKER = 2;
    private static final byte FROM_CLUSTER = 3;
    private static final byte FROM_FILE = 4;
    static final byte FROM_DEFAULT = 5;
    private static final byte FROM_CLIENT_METRICS = 7;
    private static final byte FROM_GROUP = 8;

    /// What a subscription to metrics of clients consists of. Clients do not send them here, but
    /// subscriptions are kept and shown, so that tools that make them work.
    private static final Set<String> OF_CLIENT_METRICS = Set.of("interval.ms", "match", "metrics");

    /// A longer list could not be told to anybody.
    private static final int MAX_LIST = 10_000;

    private static final byte SET = 0;
    private static final byte DELETE = 1;
    private static final byte APPEND = 2;
    private static final byte SUBTRACT = 3;

    /// The values a topic's setting has, the one that holds first: the topic's own and those of the
    /// broker, by its name for them.
    ///
    /// @param configs what the topic has of its own
    static Stream<DescribeConfigsSynonym> synonyms(
            BrokerSettings settings, String topic, Map<String, String> configs, String name) {
        var own = configs.get(name);
        var usual =
                BrokerSetting.defaultOf(name).stream()
                        .flatMap(broker ->
                                settings.values(broker).stream()
                                        .filter(each -> holds(each, topic))
                                        .map(each -> synonym(broker, each)));
        return own == null
                ? usual
                : Stream.concat(Stream.of(synonym(name, own.strip(), FROM_TOPIC)), usual);
    }

    /// Where the value of a topic's setting comes from: the source of the first of its [#synonyms].
    ///
    /// @param configs what the topic has of its own
    static byte source(
            BrokerSettings settings, String topic, Map<String, String> configs, String name) {
        if (configs.containsKey(name)) {
            return FROM_TOPIC;
        }
        var broker = BrokerSetting.defaultOf(name);
        if (broker.isPresent()) {
            for (var each : settings.values(broker.get())) {
                if (holds(each, topic)) {
                    return source(each);
                }
            }
        }
        return FROM_DEFAULT;
    }

    /// Whether a value is one for this topic: what the broker keeps for itself goes by no defaults
    /// but the usual ones.
    private static boolean holds(BrokerSettings.Valued valued, String topic) {
        return valued.source() == BrokerSettings.Source.DEFAULT || !TopicNames.isInternal(topic);
    }

    private static DescribeConfigsSynonym synonym(String name, BrokerSettings.Valued valued) {
        return synonym(name, valued.value(), source(valued));
    }

    private static byte source(BrokerSettings.Valued valued) {
        return switch (valued.source()) {
            case BROKER -> FROM_BROKER;
            case CLUSTER -> FROM_CLUSTER;
            case FILE -> FROM_FILE;
            case DEFAULT -> FROM_DEFAULT;
        };
    }

    void describe(Exchange exchange) {
        var body = (DescribeConfigsRequestData) exchange.request().body();
        var response = new DescribeConfigsResponseData();
        var described = new HashSet<Named>();
        for (var resource : body.resources()) {
            if (!described.add(new Named(resource.resourceType(), resource.resourceName()))) {
                continue; // said already, and a small request must not make a huge response
            }
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

    /// Which resources have settings.
    void list(Exchange exchange) {
        var body = (ListConfigResourcesRequestData) exchange.request().body();
        boolean onlyMetrics = exchange.request().version() == 0;
        var types =
                onlyMetrics
                        ? List.of(CLIENT_METRICS)
                        : body.resourceTypes().isEmpty() ? LISTED : body.resourceTypes();
        var response = new ListConfigResourcesResponseData();
        for (byte type : new LinkedHashSet<>(types)) {
            if (!LISTED.contains(type)) {
                throw new BrokerException(
                        ErrorCode.UNSUPPORTED_VERSION,
                        "resources of type " + type + " have no settings");
            }
            var names =
                    switch (type) {
                        case TOPIC -> topics.from("").keySet();
                        case BROKER -> Set.of(Integer.toString(Node.ID));
                        default -> admins.configs(type).keySet();
                    };
            for (var name : names) {
                response.configResources()
                        .add(
                                new ListConfigResourcesResponseData.ConfigResource()
                                        .setResourceType(type)
                                        .setResourceName(name));
            }
        }
        exchange.reply(response);
    }

    /// The older way to change settings: what is not named goes back to its default.
    void alter(Exchange exchange) {
        var body = (AlterConfigsRequestData) exchange.request().body();
        var response = new AlterConfigsResponseData();
        var named = new Occurrences();
        body.resources().forEach(each -> named.add(each.resourceType(), each.resourceName()));
        for (var resource : body.resources()) {
            if (!named.isFirst(resource.resourceType(), resource.resourceName())) {
                continue;
            }
            var result =
                    new AlterConfigsResponseData.AlterConfigsResourceResponse()
                            .setResourceType(resource.resourceType())
                            .setResourceName(resource.resourceName());
            try {
                named.requireOne(resource.resourceType(), resource.resourceName());
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
        var named = new Occurrences();
        body.resources().forEach(each -> named.add(each.resourceType(), each.resourceName()));
        for (var resource : body.resources()) {
            if (!named.isFirst(resource.resourceType(), resource.resourceName())) {
                continue;
            }
            var result =
                    new IncrementalAlterConfigsResponseData.AlterConfigsResourceResponse()
                            .setResourceType(resource.resourceType())
                            .setResourceName(resource.resourceName());
            try {
                named.requireOne(resource.resourceType(), resource.resourceName());
                var names = new HashSet<String>();
                for (var each : resource.configs()) {
                    if (!names.add(each.name())) {
                        throw new BrokerException(
                                ErrorCode.INVALID_REQUEST, each.name() + " is changed twice");
                    }
                }
                alter(
                        resource.resourceType(),
                        resource.resourceName(),
                        configs -> {
                            resource.configs()
                                    .forEach(each -> apply(resource.resourceType(), configs, each));
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

    private record Named(byte type, String name) {}

    /// How often a request names each resource. One named twice is refused, once, as on Kafka: it
    /// would be unclear which change holds, and clients expect one result for each.
    private static final class Occurrences {
        private final Map<Named, Integer> counts = new HashMap<>();
        private final Set<Named> seen = new HashSet<>();

        void add(byte type, String name) {
            counts.merge(new Named(type, name), 1, Integer::sum);
        }

        boolean isFirst(byte type, String name) {
            return seen.add(new Named(type, name));
        }

        void requireOne(byte type, String name) {
            if (counts.get(new Named(type, name)) > 1) {
                throw new BrokerException(
                        ErrorCode.INVALID_REQUEST, "resource \"" + name + "\" is named twice");
            }
        }
    }

    private void alter(
            byte type, String name, UnaryOperator<Map<String, String>> change, boolean checkOnly) {
        if (type == GROUP || type == CLIENT_METRICS) {
            var configs = change.apply(new HashMap<>(admins.configs(type, name)));
            checkOthers(type, name, configs);
            if (!checkOnly) {
                admins.change(
                        List.of(new MetadataRecord.ResourceConfigsChanged(type, name, configs)));
            }
            return;
        }
        if (type == BROKER) {
            checkBroker(name);
            var configs = change.apply(new HashMap<>(admins.configs(BROKER, name)));
            topics.checkDefaults(config.settings().check(name, configs));
            if (!checkOnly) {
                admins.change(
                        List.of(new MetadataRecord.ResourceConfigsChanged(BROKER, name, configs)));
            }
            return;
        }
        if (type != TOPIC) {
            throw new BrokerException(
                    ErrorCode.INVALID_REQUEST,
                    "settings of resource type " + type + " are not served");
        }
        if (TopicNames.isInternal(name)) {
            throw new BrokerException(
                    ErrorCode.INVALID_TOPIC_EXCEPTION,
                    "settings of topic \"" + name + "\" are kept by the broker alone");
        }
        topics.alterConfigs(name, change, checkOnly);
    }

    /// Without a name all brokers are meant.
    private static void checkBroker(String name) {
        if (!name.isEmpty() && !name.equals(Integer.toString(Node.ID))) {
            throw new BrokerException(
                    ErrorCode.INVALID_REQUEST, "there is no broker \"" + name + "\"");
        }
    }

    private void checkOthers(byte type, String name, Map<String, String> configs) {
        if (name.isEmpty()) {
            throw new BrokerException(ErrorCode.INVALID_REQUEST, "the resource has no name");
        }
        configs.forEach((key, value) -> {
            if (value == null) {
                throw new BrokerException(ErrorCode.INVALID_CONFIG, key + " has no value");
            }
        });
        if (type == GROUP) {
            groups.check(configs);
            return;
        }
        for (var key : configs.keySet()) {
            if (!OF_CLIENT_METRICS.contains(key)) {
                throw new BrokerException(
                        ErrorCode.INVALID_CONFIG,
                        "unknown setting \"" + key + "\" of a metrics subscription");
            }
        }
        var interval = configs.get("interval.ms");
        if (interval != null && !(interval.matches("\\d{3,7}") && isInterval(interval))) {
            throw new BrokerException(
                    ErrorCode.INVALID_CONFIG,
                    "interval.ms must be 100 to 3600000, got \"" + interval + "\"");
        }
    }

    private static boolean isInterval(String milliseconds) {
        int value = Integer.parseInt(milliseconds);
        return value >= 100 && value <= 3_600_000;
    }

    /// Whether a setting is a list that can be added to. Unknown ones of other resources than
    /// topics are found out by the check of all.
    private static boolean isList(byte type, String name) {
        return switch (type) {
            case TOPIC -> {
                var setting = TopicSetting.ALL.get(name);
                if (setting == null) {
                    throw new BrokerException(
                            ErrorCode.INVALID_CONFIG, "unknown topic setting \"" + name + "\"");
                }
                yield setting.type().isList();
            }
            case BROKER -> {
                var setting = BrokerSetting.ALL.get(name);
                yield setting != null && setting.type().isList();
            }
            case CLIENT_METRICS -> name.equals("metrics") || name.equals("match");
            default -> false;
        };
    }

    /// The list that something is added to: the resource's own. Where it has none it is what the
    /// configuration says, whatever administrators decided for all brokers or topics, as in Kafka.
    private String present(byte type, Map<String, String> configs, String name) {
        var own = configs.get(name);
        if (own != null) {
            return own;
        }
        return switch (type) {
            case TOPIC ->
                    BrokerSetting.defaultOf(name).map(config.settings()::configured).orElse("");
            case BROKER -> config.settings().configured(name);
            default -> "";
        };
    }

    private void apply(byte type, Map<String, String> configs, AlterableConfig change) {
        var name = change.name();
        if (change.configOperation() != DELETE && change.value() == null) {
            throw new BrokerException(ErrorCode.INVALID_REQUEST, name + " has no value");
        }
        switch (change.configOperation()) {
            case SET -> configs.put(name, change.value());
            // Of any name, as in Kafka.
            case DELETE -> configs.remove(name);
            case APPEND, SUBTRACT -> {
                if (!isList(type, name)) {
                    throw new BrokerException(
                            ErrorCode.INVALID_CONFIG,
                            name + " is not a list, it can only be set as a whole");
                }
                var parts = new LinkedHashSet<>(TopicSetting.listOf(present(type, configs, name)));
                var given = TopicSetting.listOf(change.value());
                if (change.configOperation() == APPEND) {
                    parts.addAll(given);
                } else {
                    given.forEach(parts::remove);
                }
                var joined = String.join(",", parts);
                if (joined.length() > MAX_LIST) {
                    throw new BrokerException(
                            ErrorCode.INVALID_CONFIG,
                            name + " would have more than " + MAX_LIST + " characters");
                }
                configs.put(name, joined);
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
            case TOPIC -> describeTopic(topics.get(resource.resourceName()), body);
            case BROKER -> {
                checkBroker(resource.resourceName());
                yield describeBroker(resource.resourceName(), body);
            }
            case GROUP -> describeGroup(resource.resourceName(), body);
            case CLIENT_METRICS -> describeMetrics(resource.resourceName());
            default ->
                    throw new BrokerException(
                            ErrorCode.INVALID_REQUEST,
                            "settings of resource type "
                                    + resource.resourceType()
                                    + " are not served");
        };
    }

    private List<DescribeConfigsResourceResult> describeTopic(
            Topic topic, DescribeConfigsRequestData body) {
        var effective = topics.effective(topic.name(), topic.configs());
        var results = new ArrayList<DescribeConfigsResourceResult>();
        for (var setting : TopicSetting.ALL.values()) {
            var synonyms =
                    synonyms(config.settings(), topic.name(), topic.configs(), setting.name());
            results.add(
                    result(
                            setting.name(),
                            TopicSetting.value(effective, setting.name()),
                            synonyms.toList(),
                            setting.type(),
                            setting.doc(),
                            body));
        }
        return results;
    }

    /// All settings of this broker, or what was changed for all brokers.
    private List<DescribeConfigsResourceResult> describeBroker(
            String name, DescribeConfigsRequestData body) {
        var results = new ArrayList<DescribeConfigsResourceResult>();
        boolean ofAll = name.equals(BrokerSettings.ALL_BROKERS);
        for (var setting : BrokerSetting.ALL.values()) {
            var synonyms =
                    config.settings().values(setting.name()).stream()
                            .filter(each ->
                                    !ofAll || each.source() == BrokerSettings.Source.CLUSTER)
                            .map(each -> synonym(setting.name(), each))
                            .toList();
            if (ofAll && synonyms.isEmpty()) {
                continue;
            }
            var value =
                    ofAll ? synonyms.getFirst().value() : config.settings().value(setting.name());
            results.add(
                    result(setting.name(), value, synonyms, setting.type(), setting.doc(), body));
        }
        if (ofAll) {
            return results;
        }
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

    private static DescribeConfigsResourceResult result(
            String name,
            String value,
            List<DescribeConfigsSynonym> synonyms,
            TopicSetting.Type type,
            String doc,
            DescribeConfigsRequestData body) {
        var result =
                new DescribeConfigsResourceResult()
                        .setName(name)
                        .setValue(value)
                        .setConfigSource(
                                synonyms.isEmpty() ? FROM_DEFAULT : synonyms.getFirst().source())
                        .setConfigType(type(type));
        if (body.includeDocumentation()) {
            result.setDocumentation(doc);
        }
        if (body.includeSynonyms()) {
            result.setSynonyms(synonyms);
        }
        return result;
    }

    private List<DescribeConfigsResourceResult> describeGroup(
            String group, DescribeConfigsRequestData body) {
        if (group.isEmpty()) {
            throw new BrokerException(ErrorCode.INVALID_REQUEST, "the group has no name");
        }
        var configs = admins.configs(GROUP, group);
        var results = new ArrayList<DescribeConfigsResourceResult>();
        for (var key : groups.all()) {
            var own = configs.get(key.name);
            var usual = groups.defaultValue(key.name);
            var result =
                    new DescribeConfigsResourceResult()
                            .setName(key.name)
                            .setValue(own != null ? own : usual)
                            .setConfigSource(own != null ? FROM_GROUP : FROM_DEFAULT)
                            .setConfigType(type(key.type));
            if (body.includeDocumentation()) {
                result.setDocumentation(key.documentation);
            }
            if (body.includeSynonyms()) {
                if (own != null) {
                    result.synonyms().add(synonym(key.name, own, FROM_GROUP));
                }
                result.synonyms().add(synonym(key.name, usual, FROM_DEFAULT));
            }
            results.add(result);
        }
        return results;
    }

    private List<DescribeConfigsResourceResult> describeMetrics(String subscription) {
        var results = new ArrayList<DescribeConfigsResourceResult>();
        new TreeMap<>(admins.configs(CLIENT_METRICS, subscription))
                .forEach((name, value) ->
                        results.add(
                                new DescribeConfigsResourceResult()
                                        .setName(name)
                                        .setValue(value)
                                        .setConfigSource(FROM_CLIENT_METRICS)));
        return results;
    }

    private static byte type(ConfigDef.Type type) {
        return switch (type) {
            case BOOLEAN -> 1;
            case STRING -> 2;
            case INT -> 3;
            case SHORT -> 4;
            case LONG -> 5;
            case DOUBLE -> 6;
            case LIST -> 7;
            case CLASS -> 8;
            case PASSWORD -> 9;
        };
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
            case CHOICES, REPLICAS -> 7;
        };
    }
}
