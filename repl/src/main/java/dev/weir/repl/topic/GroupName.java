package dev.weir.repl.topic;

import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// A consumer group, given by itself or as `--group`.
final class GroupName {
    @Parameters(index = "0", arity = "0..1", paramLabel = "GROUP", description = "the group")
    private String plain;

    @Option(names = "--group", paramLabel = "GROUP", description = "the same")
    private String named;

    /// @throws UsageException when none or two are given
    String required() {
        String name = orNull();
        if (name == null) {
            throw new UsageException("which group? Give its name");
        }
        return name;
    }

    String orNull() {
        if (plain != null && named != null && !plain.equals(named)) {
            throw new UsageException("two groups given: " + plain + " and " + named);
        }
        return plain == null ? named : plain;
    }
}
