package dev.weir.repl.shell;

import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

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

    /// Runs the statements of a file.
    record Include(String file) implements ShellCommand {}

    /// @param file where results go from now on, empty for the screen
    record Output(String file) implements ShellCommand {}

    /// @param sql what to repeat, empty for what ran last
    record Watch(String sql, Duration every) implements ShellCommand {}

    /// @param server empty to tell the present one
    record Connect(String server) implements ShellCommand {}

    /// A command that cannot be meant that way.
    record Wrong(String problem) implements ShellCommand {}

    List<String> NAMES =
            List.of(
                    "\\?",
                    "\\c",
                    "\\d",
                    "\\df",
                    "\\dq",
                    "\\ds",
                    "\\dt",
                    "\\format",
                    "\\i",
                    "\\o",
                    "\\q",
                    "\\timing",
                    "\\watch",
                    "\\x");

    String HELP =
            """
            Statements end with a semicolon and may take several lines.
              SHOW STREAMS; SHOW TABLES; SHOW QUERIES; SHOW TOPICS;
              DESCRIBE name;  EXPLAIN SELECT ...;  PRINT 'topic' FROM BEGINNING;
              SELECT ... ;               the answer as of now
              SELECT ... EMIT CHANGES;   the answer and every change of it; Ctrl-C ends it;
                                         a * marks what changed last
            Commands of the shell take no semicolon.
              \\d [NAME]      streams and tables, or the columns of one
              \\dt, \\ds       tables, streams
              \\dq, \\df       queries, functions
              \\i FILE        runs the statements of a file
              \\o [FILE]      results go to the file; without one, to the screen again
              \\watch [N]     repeats the last statement, or the one before it on the line,
                             every N (2) seconds until Ctrl-C
              \\format NAME   table, vertical, csv, json or jsonl
              \\x             records instead of tables, and back
              \\timing        how long statements take, on or off
              \\c [URL]       speaks to another server
              \\?, help       this text
              exit, \\q       leave (also Ctrl-D)
            Keys: Tab completes, Ctrl-R searches what was typed before, Ctrl-C clears.
            """;

    Duration WATCH_EVERY = Duration.ofSeconds(2);
    Pattern WATCH_AT_END = Pattern.compile("(?s)(.*\\S)\\s*\\\\watch(?:\\s+(\\S+))?\\s*");

    /// True when the line begins like a command.
    static boolean isOne(String line) {
        return line.stripLeading().startsWith("\\");
    }

    /// The command in a line, or empty when the line is SQL.
    static Optional<ShellCommand> parse(String line) {
        String text = line.strip();
        while (text.endsWith(";")) {
            text = text.substring(0, text.length() - 1).stripTrailing();
        }
        if (!isOne(text)) {
            Optional<ShellCommand> watch = watchAtEnd(text);
            if (watch.isPresent()) {
                return watch;
            }
        }
        String[] words = text.split("\\s+", 2);
        String argument = words.length > 1 ? words[1].strip() : "";
        String name = words[0].toLowerCase(Locale.ROOT);
        if (!isOne(name) && !argument.isEmpty()) {
            return Optional.empty();
        }
        ShellCommand command =
                switch (name) {
                    case "help", "\\?", "\\h", "\\help" -> new Help();
                    case "exit", "quit", "\\q" -> new Quit();
                    case "\\timing" -> timing(argument);
                    case "\\x" -> new Expanded();
                    case "\\format" -> new SetFormat(argument);
                    case "\\d" ->
                            new Shorthand(
                                    argument.isEmpty()
                                            ? "SHOW STREAMS; SHOW TABLES"
                                            : "DESCRIBE " + argument);
                    case "\\dt" -> new Shorthand("SHOW TABLES");
                    case "\\ds" -> new Shorthand("SHOW STREAMS");
                    case "\\dq" -> new Shorthand("SHOW QUERIES");
                    case "\\df" -> new Shorthand("SHOW FUNCTIONS");
                    case "\\i" ->
                            argument.isEmpty()
                                    ? new Wrong("which file? \\i FILE")
                                    : new Include(argument);
                    case "\\o" -> new Output(argument);
                    case "\\watch" -> watch("", argument);
                    case "\\c", "\\connect" -> new Connect(argument);
                    default ->
                            isOne(name)
                                    ? new Wrong("unknown command " + text + "; \\? lists them")
                                    : null;
                };
        return Optional.ofNullable(command);
    }

    private static ShellCommand timing(String argument) {
        return switch (argument.toLowerCase(Locale.ROOT)) {
            case "" -> new Timing(Optional.empty());
            case "on" -> new Timing(Optional.of(true));
            case "off" -> new Timing(Optional.of(false));
            default -> new Wrong("\\timing takes on or off, got " + argument);
        };
    }

    /// `SELECT … \watch 5`; a backslash in quotes or a comment is none.
    private static Optional<ShellCommand> watchAtEnd(String text) {
        Matcher matcher = WATCH_AT_END.matcher(text);
        if (!matcher.matches()) {
            return Optional.empty();
        }
        int at = text.lastIndexOf("\\watch");
        boolean plain =
                Token.all(text).stream()
                        .anyMatch(t -> t.start() == at && t.kind() == Token.Kind.SYMBOL);
        String every = matcher.group(2) == null ? "" : matcher.group(2);
        return plain ? Optional.of(watch(matcher.group(1), every)) : Optional.empty();
    }

    private static ShellCommand watch(String sql, String every) {
        if (every.isEmpty()) {
            return new Watch(sql, WATCH_EVERY);
        }
        try {
            double seconds = Double.parseDouble(every);
            if (seconds >= 0.1 && seconds <= 86_400) {
                return new Watch(sql, Duration.ofMillis(Math.round(seconds * 1000)));
            }
        } catch (NumberFormatException _) {
            // Said below.
        }
        return new Wrong("\\watch takes seconds from 0.1 to 86400, got " + every);
    }
}
