package dev.weir.broker.request;

import dev.weir.broker.error.BrokerException;
import dev.weir.broker.error.ErrorCode;
import dev.weir.broker.topic.AdminSettings;
import dev.weir.broker.topic.MetadataRecord;

import org.apache.kafka.common.message.AlterClientQuotasRequestData;
import org.apache.kafka.common.message.AlterClientQuotasRequestData.OpData;
import org.apache.kafka.common.message.AlterClientQuotasResponseData;
import org.apache.kafka.common.message.DescribeClientQuotasRequestData;
import org.apache.kafka.common.message.DescribeClientQuotasRequestData.ComponentData;
import org.apache.kafka.common.message.DescribeClientQuotasResponseData;
import org.apache.kafka.common.message.DescribeClientQuotasResponseData.ValueData;

import java.net.InetAddress;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/// Quotas of clients shown and changed.
record QuotaHandlers(AdminSettings settings) {
    private static final String IP = "ip";
    private static final Set<String> ENTITIES = Set.of("user", "client-id", IP);
    private static final Set<String> OF_CLIENTS =
            Set.of(
                    "producer_byte_rate",
                    "consumer_byte_rate",
                    "request_percentage",
                    "controller_mutation_rate");
    private static final Set<String> OF_ADDRESSES = Set.of("connection_creation_rate");
    private static final Set<String> WHOLE =
            Set.of("producer_byte_rate", "consumer_byte_rate", "connection_creation_rate");

    private static final byte EXACT = 0;
    private static final byte DEFAULT = 1;
    private static final byte ANY = 2;

    void alter(Exchange exchange) {
        var body = (AlterClientQuotasRequestData) exchange.request().body();
        var response = new AlterClientQuotasResponseData();
        var seen = new HashSet<Map<String, String>>();
        for (var entry : body.entries()) {
            var result = new AlterClientQuotasResponseData.EntryData();
            var entity = new HashMap<String, String>();
            for (var part : entry.entity()) {
                result.entity()
                        .add(
                                new AlterClientQuotasResponseData.EntityData()
                                        .setEntityType(part.entityType())
                                        .setEntityName(part.entityName()));
            }
            try {
                for (var part : entry.entity()) {
                    add(entity, part.entityType(), part.entityName());
                }
                check(entity);
                if (seen.contains(entity)) {
                    throw invalid("an entity is named twice");
                }
                seen.add(entity);
                var quotas = new TreeMap<>(settings.quotas().getOrDefault(entity, Map.of()));
                entry.ops().forEach(change -> apply(quotas, entity, change));
                if (!body.validateOnly()) {
                    settings.change(List.of(new MetadataRecord.QuotasChanged(entity, quotas)));
                }
            } catch (BrokerException e) {
                result.setErrorCode(e.code()).setErrorMessage(e.getMessage());
            }
            response.entries().add(result);
        }
        exchange.reply(response);
    }

    void describe(Exchange exchange) {
        var body = (DescribeClientQuotasRequestData) exchange.request().body();
        var wanted = new HashMap<String, ComponentData>();
        for (var component : body.components()) {
            if (!ENTITIES.contains(component.entityType())) {
                throw new BrokerException(
                        ErrorCode.UNSUPPORTED_VERSION,
                        "quotas of entity type \"" + component.entityType() + "\" are not known");
            }
            if (wanted.put(component.entityType(), component) != null) {
                throw invalid(component.entityType() + " is named twice");
            }
            checkMatch(component);
        }
        if (wanted.containsKey(IP) && wanted.size() > 1) {
            throw invalid("ip cannot be combined with user or client-id");
        }
        var response = new DescribeClientQuotasResponseData().setEntries(new ArrayList<>());
        settings.quotas()
                .forEach((entity, quotas) -> {
                    if (matches(entity, wanted, body.strict())) {
                        var entry = new DescribeClientQuotasResponseData.EntryData();
                        new TreeMap<>(entity)
                                .forEach((type, name) ->
                                        entry.entity()
                                                .add(
                                                        new DescribeClientQuotasResponseData
                                                                        .EntityData()
                                                                .setEntityType(type)
                                                                .setEntityName(shown(name))));
                        new TreeMap<>(quotas)
                                .forEach((key, value) ->
                                        entry.values()
                                                .add(new ValueData().setKey(key).setValue(value)));
                        response.entries().add(entry);
                    }
                });
        exchange.reply(response);
    }

    private static void checkMatch(ComponentData component) {
        switch (component.matchType()) {
            case EXACT -> {
                if (component.match() == null) {
                    throw invalid("an exact match needs a name");
                }
            }
            case DEFAULT, ANY -> {
                if (component.match() != null) {
                    throw invalid("a match of the default or of any entity takes no name");
                }
            }
            default -> throw invalid("unknown match type " + component.matchType());
        }
    }

    private static boolean matches(
            Map<String, String> entity, Map<String, ComponentData> wanted, boolean strict) {
        if (strict && !entity.keySet().equals(wanted.keySet())) {
            return false;
        }
        return wanted.values().stream()
                .allMatch(component -> {
                    var name = entity.get(component.entityType());
                    return name != null
                            && switch (component.matchType()) {
                                case EXACT -> name.equals(component.match());
                                case DEFAULT -> name.equals(AdminSettings.DEFAULT_NAME);
                                default -> true;
                            };
                });
    }

    private static String shown(String name) {
        return name.equals(AdminSettings.DEFAULT_NAME) ? null : name;
    }

    private static void add(Map<String, String> entity, String type, String name) {
        if (!ENTITIES.contains(type)) {
            throw invalid("quotas of entity type \"" + type + "\" are not known");
        }
        if (name != null && name.isEmpty()) {
            throw invalid(type + " has an empty name");
        }
        if (AdminSettings.DEFAULT_NAME.equals(name)) {
            throw invalid("the name " + name + " is reserved");
        }
        if (entity.put(type, name == null ? AdminSettings.DEFAULT_NAME : name) != null) {
            throw invalid(type + " is named twice");
        }
    }

    private static void check(Map<String, String> entity) {
        if (entity.isEmpty()) {
            throw invalid("a quota needs an entity");
        }
        if (entity.containsKey(IP) && entity.size() > 1) {
            throw invalid("ip cannot be combined with user or client-id");
        }
        var address = entity.get(IP);
        if (address != null && !address.equals(AdminSettings.DEFAULT_NAME)) {
            try {
                InetAddress.ofLiteral(address);
            } catch (IllegalArgumentException e) {
                throw invalid("ip must be an IPv4 or IPv6 address, got \"" + address + "\"");
            }
        }
    }

    private static void apply(
            Map<String, Double> quotas, Map<String, String> entity, OpData change) {
        var key = change.key();
        if (!(entity.containsKey(IP) ? OF_ADDRESSES : OF_CLIENTS).contains(key)) {
            throw invalid("there is no quota \"" + key + "\" of " + entity.keySet());
        }
        if (change.remove()) {
            quotas.remove(key);
            return;
        }
        double value = change.value();
        if (!(value > 0) || Double.isInfinite(value)) {
            throw invalid(key + " must be above 0, got " + value);
        }
        if (WHOLE.contains(key) && value != Math.rint(value)) {
            throw invalid(key + " must be a whole number, got " + value);
        }
        quotas.put(key, value);
    }

    private static BrokerException invalid(String message) {
        return new BrokerException(ErrorCode.INVALID_REQUEST, message);
    }
}
