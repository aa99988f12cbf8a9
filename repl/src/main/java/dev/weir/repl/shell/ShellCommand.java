package dev.weir.repl.shell;

import java.util.Locale;
import java.util.Optional;

/// What the shell does by itself, without the server.
sealed interface ShellCommand {
    record Help() implements ShellCommand {}

    record Quit() implements ShellCommand {}

    /// @param on empty to switch over
    record Timing(Optional<Boolean> on) implements ShellCommand {}

    /// Switches between tables and records.
    record Expanded() implements ShellCommand {}

    /// @param name empty to show the present one
    record SetFormat(String name) implements ShellCommand {}

    /// A short form of a statement.
    record Shorthand(String sql) implements ShellCommand {}

    /// A line that begins like a command but is none.
    record Unknown(String text) implements ShellCommand {}

    String HELP =
            """
            Statements end with a semicolon and may take several lines.
              SHOW STREAMS; SHOW TABLES; SHOW QUERIES; SHOW TOPICS;
              DESCRIBE name;  EXPLAIN SELECT ...;  PRINT 'topic' FROM BEGINNING;
              SELECT ... ;               the answer as of now
              SELECT ... EMIT CHANGES;   the answer and every change of it; Ctrl-C ends it;
                                         a - in the margin marks a row that went away
            Commands of the shell take no semicolon.
              \\d [NAME]      streams and tables, or the columns of one
              \\format NAME   table, vertical, csv, json or jsonl
              \\x             records instead of tables, and back
              \\timing        how long statements take, on or off
              help            this text
              exit, \\q       leave (also Ctrl-D)
            """;

    /// The command in a line, or empty when the line is SQL.
    static Optional<ShellCommand> parse(String line) {
        String text = line.strip();
        while (text.endsWith(";")) {
            text = text.substring(0, text.length() - 1).stripTrailing();
        }
        String[] words = text.split("\\s+", 2);
        String argument = words.length > 1 ? words[1].strip() : "";
        String name = words[0].toLowerCase(Locale.ROOT);
        if (!name.startsWith("\\") && !argument.isEmpty()) {
            return Optional.empty();
        }
        ShellCommand command =
                switch (name) {
                    case "help", "\\?", "\\h", "\\help" -> new Help();
                    case "exit", "quit", "\\q" -> new Quit();
                    case "\\timing" -> timing(argument, text);
                    case "\\x" -> new Expanded();
                    case "\\format" -> new SetFormat(argument);
                    case "\\d" ->
                            new Shorthand(
                                    argument.isEmpty()
                                            ? "SHOW STREAMS; SHOW TABLES"
                                            : "DESCRIBE " + argument);
                    default -> name.startsWith("\\") ? new Unknown(text) : null;
                };
        return Optional.ofNullable(command);
    }

    private static ShellCommand timing(String argument, String text) {
        return switch (argument.toLowerCase(Locale.ROOT)) {
            case "" -> new Timing(Optional.empty());
            case "on" -> new Timing(Optional.of(true));
            case "off" -> new Timing(Optional.of(false));
            default -> new Unknown(text);
        };
    }
}
