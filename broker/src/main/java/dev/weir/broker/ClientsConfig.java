package dev.weir.broker;

import dev.weir.broker.access.AccessConfig;
import dev.weir.broker.net.ConnectionLimits;
import dev.weir.broker.quota.QuotasConfig;
import dev.weir.broker.request.FetchSessionsConfig;

import java.util.Objects;

/// How clients are kept within bounds.
///
/// @param connections how many there may be
/// @param quotas over which time their use is measured
/// @param fetchSessions how much is remembered of what they fetch
/// @param access whether access rules are enforced
public record ClientsConfig(
        ConnectionLimits connections,
        QuotasConfig quotas,
        FetchSessionsConfig fetchSessions,
        AccessConfig access) {
    public static final ClientsConfig DEFAULT =
            new ClientsConfig(
                    ConnectionLimits.DEFAULT,
                    QuotasConfig.DEFAULT,
                    FetchSessionsConfig.DEFAULT,
                    AccessConfig.DEFAULT);

    public ClientsConfig {
        Objects.requireNonNull(connections, "max.connections");
        Objects.requireNonNull(quotas, "quota");
        Objects.requireNonNull(fetchSessions, "max.incremental.fetch.session.cache");
        Objects.requireNonNull(access, "kafka.authorizer");
    }

    /// The same with other limits of connections.
    public ClientsConfig withConnections(ConnectionLimits newConnections) {
        return new ClientsConfig(newConnections, quotas, fetchSessions, access);
    }

    /// The same with use measured otherwise.
    public ClientsConfig withQuotas(QuotasConfig newQuotas) {
        return new ClientsConfig(connections, newQuotas, fetchSessions, access);
    }

    /// The same with fetch sessions kept otherwise.
    public ClientsConfig withFetchSessions(FetchSessionsConfig newFetchSessions) {
        return new ClientsConfig(connections, quotas, newFetchSessions, access);
    }

    /// The same with access rules enforced otherwise.
    public ClientsConfig withAccess(AccessConfig newAccess) {
        return new ClientsConfig(connections, quotas, fetchSessions, newAccess);
    }
}
