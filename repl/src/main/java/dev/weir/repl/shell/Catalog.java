package dev.weir.repl.shell;

import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Names at the server that a user may want to type.
interface Catalog {
    /// Names and what they stand for: `stream`, `table`.
    Map<String, String> relations();

    /// Names of functions and their kinds.
    Map<String, String> functions();

    List<String> topics();

    List<String> properties();

    List<String> queries();

    /// The columns of a relation and their types, in order; empty when they are not known (yet).
    Optional<Map<String, String>> columns(String relation);

    /// What there is without a server.
    Catalog EMPTY =
            new Catalog() {
                @Override
                public Map<String, String> relations() {
                    return Map.of();
                }

                @Override
                public Map<String, String> functions() {
                    return Map.of();
                }

                @Override
                public List<String> topics() {
                    return List.of();
                }

                @Override
                public List<String> properties() {
                    return List.of();
                }

                @Override
                public List<String> queries() {
                    return List.of();
                }

                @Override
                public Optional<Map<String, String>> columns(String relation) {
                    return Optional.empty();
                }
            };
}
