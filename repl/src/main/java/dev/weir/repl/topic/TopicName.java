package dev.weir.repl.topic;

import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// A topic, given by itself or as `--topic`.
final class TopicName {
    @Parameters(index = "0", arity = "0..1", paramLabel = "TOPIC", description = "the topic")
    private String plain;

    @Option(names = "--topic", paramLabel = "TOPIC", description = "the same")
    private String named;

    /// @throws UsageException when none or two are given
    String required() {
        String name = orNull();
        if (name == null) {
            throw new UsageException("which topic? Give its name");
        }
        return name;
    }

    String orNull() {
        if (plain != null && named != null && !plain.equals(named)) {
            throw new UsageException("two topics given: " + plain + " and " + named);
        }
        return plain == null ? named : plain;
    }
}
