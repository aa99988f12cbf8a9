package dev.weir.broker;

import dev.weir.broker.net.ConnectionLimits;
import dev.weir.broker.quota.QuotasConfig;

import java.util.Objects;

/// How clients are kept within bounds.
///
/// @param connections how many there may be
/// @param quotas over which time their use is measured
public record ClientsConfig(ConnectionLimits connections, QuotasConfig quotas) {
    public static final ClientsConfig DEFAULT =
            new ClientsConfig(ConnectionLimits.DEFAULT, QuotasConfig.DEFAULT);

    public ClientsConfig {
        Objects.requireNonNull(connections, "max.connections");
        Objects.requireNonNull(quotas, "quota");
    }

    /// The same with other limits of connections.
    public ClientsConfig withConnections(ConnectionLimits newConnections) {
        return new ClientsConfig(newConnections, quotas);
    }

    /// The same with use measured otherwise.
    public ClientsConfig withQuotas(QuotasConfig newQuotas) {
        return new ClientsConfig(connections, newQuotas);
    }
}
