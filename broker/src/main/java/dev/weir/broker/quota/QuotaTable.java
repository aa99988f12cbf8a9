package dev.weir.broker.quota;

import dev.weir.broker.topic.AdminSettings;

import java.net.InetAddress;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.Map;

/// The quotas as they are at some moment, ready to be looked up. Immutable.
final class QuotaTable {
    private static final String USER = "user";
    private static final String CLIENT = "client-id";
    private static final String ADDRESS = "ip";
    private static final String CONNECTIONS = "connection_creation_rate";

    private final EnumMap<Use, Map<Entity, Double>> ofClients = new EnumMap<>(Use.class);
    private final Map<String, Double> ofAddresses = new HashMap<>();

    /// Whom a quota names. A part it does not name is empty and never a name, since
    /// [AdminSettings#DEFAULT_NAME] stands for the default.
    private record Entity(String user, String client) {}

    /// What holds for a client.
    ///
    /// @param user whose use counts against the limit together; null for that of all users
    /// @param client the same for client ids
    record Limit(String user, String client, double perSecond) {}

    /// @param quotas by entity, as [AdminSettings#quotas] gives them
    QuotaTable(Map<Map<String, String>, Map<String, Double>> quotas) {
        quotas.forEach((entity, values) -> {
            var address = entity.get(ADDRESS);
            if (address != null) {
                var limit = values.get(CONNECTIONS);
                if (limit != null) {
                    ofAddresses.put(key(address), limit);
                }
                return;
            }
            var named = new Entity(entity.get(USER), entity.get(CLIENT));
            for (var use : Use.values()) {
                var limit = values.get(use.quota());
                if (limit != null) {
                    ofClients.computeIfAbsent(use, _ -> new HashMap<>()).put(named, limit);
                }
            }
        });
    }

    /// Whether no client is limited in any way.
    boolean freesClients() {
        return ofClients.isEmpty();
    }

    /// Whether no address is.
    boolean freesAddresses() {
        return ofAddresses.isEmpty();
    }

    /// The limit of the most specific quota, null if there is none. The order is that of "Setting
    /// quotas" in Kafka's documentation (4.9 in 4.3), eight levels from user and client id down to
    /// the default client id. Clients share a limit as far as its quota does not tell them apart.
    Limit find(Use use, String user, String client) {
        var all = ofClients.get(use);
        if (all == null) {
            return null;
        }
        var any = AdminSettings.DEFAULT_NAME;
        Double found;
        if ((found = all.get(new Entity(user, client))) != null
                || (found = all.get(new Entity(user, any))) != null) {
            return new Limit(user, client, found);
        }
        if ((found = all.get(new Entity(user, null))) != null) {
            return new Limit(user, null, found);
        }
        if ((found = all.get(new Entity(any, client))) != null
                || (found = all.get(new Entity(any, any))) != null) {
            return new Limit(user, client, found);
        }
        if ((found = all.get(new Entity(any, null))) != null) {
            return new Limit(user, null, found);
        }
        if ((found = all.get(new Entity(null, client))) != null
                || (found = all.get(new Entity(null, any))) != null) {
            return new Limit(null, client, found);
        }
        return null;
    }

    /// Connections a second from an address, infinite without a limit.
    double connectionsPerSecond(InetAddress address) {
        var own = ofAddresses.get(address.getHostAddress());
        return own != null
                ? own
                : ofAddresses.getOrDefault(AdminSettings.DEFAULT_NAME, Double.POSITIVE_INFINITY);
    }

    /// One spelling for all of one address. What is no address matches none.
    private static String key(String address) {
        try {
            return InetAddress.ofLiteral(address).getHostAddress();
        } catch (IllegalArgumentException e) {
            return address;
        }
    }
}
