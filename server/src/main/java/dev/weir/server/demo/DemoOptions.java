package dev.weir.server.demo;

import java.util.OptionalInt;

/// The command line of `weir demo`.
///
/// @param seconds how long to show live rows before leaving; empty to decide by the terminal
/// @param help true to explain and leave
record DemoOptions(OptionalInt seconds, boolean help) {
    static final String USAGE =
            """
            usage: weir demo [--seconds N]

            Starts a server with a temporary data directory, sends made-up shop orders and clicks,
            runs examples/queries, and opens a shell with a live query. With --seconds, or without a
            terminal, it prints live rows for N seconds (5) and leaves.
            """;

    /// @throws IllegalArgumentException saying what is wrong
    static DemoOptions parse(String[] arguments) {
        OptionalInt seconds = OptionalInt.empty();
        for (int i = 0; i < arguments.length; i++) {
            String argument = arguments[i];
            if (argument.equals("-h") || argument.equals("--help")) {
                return new DemoOptions(OptionalInt.empty(), true);
            }
            if (argument.equals("--seconds") && i + 1 < arguments.length) {
                seconds = OptionalInt.of(seconds(arguments[++i]));
            } else if (argument.startsWith("--seconds=")) {
                seconds = OptionalInt.of(seconds(argument.substring("--seconds=".length())));
            } else {
                throw new IllegalArgumentException("unknown or incomplete argument " + argument);
            }
        }
        return new DemoOptions(seconds, false);
    }

    private static int seconds(String text) {
        try {
            int seconds = Integer.parseInt(text);
            if (seconds >= 1 && seconds <= 86_400) {
                return seconds;
            }
        } catch (NumberFormatException _) {
            // Reported below.
        }
        throw new IllegalArgumentException("--seconds must be from 1 to 86400, got " + text);
    }
}
