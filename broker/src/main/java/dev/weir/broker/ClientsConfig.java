package dev.weir.broker;

import dev.weir.broker.net.ConnectionLimits;
import dev.weir.broker.quota.QuotasConfig;
import dev.weir.broker.request.FetchSessionsConfig;

import java.util.Objects;

/// How clients are kept within bounds.
///
/// @param connections how many there may be
/// @param quotas over which time their use is measured
/// @param fetchSessions how much is remembered of what they fetch
public record ClientsConfig(
        ConnectionLimits connections, QuotasConfig quotas, FetchSessionsConfig fetchSessions) {
    public static final ClientsConfig DEFAULT =
            new ClientsConfig(
                    ConnectionLimits.DEFAULT, QuotasConfig.DEFAULT, FetchSessionsConfig.DEFAULT);

    public ClientsConfig {
        Objects.requireNonNull(connections, "max.connections");
        Objects.requireNonNull(quotas, "quota");
        Objects.requireNonNull(fetchSessions, "max.incremental.fetch.session.cache");
    }

    /// The same with other limits of connections.
    public ClientsConfig withConnections(ConnectionLimits newConnections) {
        return new ClientsConfig(newConnections, quotas, fetchSessions);
    }

    /// The same with use measured otherwise.
    public ClientsConfig withQuotas(QuotasConfig newQuotas) {
        return new ClientsConfig(connections, newQuotas, fetchSessions);
    }

    /// The same with fetch sessions kept otherwise.
    public ClientsConfig withFetchSessions(FetchSessionsConfig newFetchSessions) {
        return new ClientsConfig(connections, quotas, newFetchSessions);
    }
}
