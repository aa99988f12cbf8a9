package dev.weir.server.pgwire.catalog;

import java.util.Map;

/// What functions such as `current_user` and `current_setting` tell of a connection.
///
/// @param version of PostgreSQL, as clients are told
/// @param settings the session's parameters
public record SessionFacts(
        String user, String version, int processId, Map<String, String> settings) {
    public SessionFacts {
        settings = Map.copyOf(settings);
    }
}
