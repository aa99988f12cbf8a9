package dev.weir.repl.shell;

import dev.weir.repl.render.Format;

import org.jline.reader.Candidate;
import org.jline.reader.Completer;
import org.jline.reader.LineReader;
import org.jline.reader.ParsedLine;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;

/// Completes what fits the place: relations after FROM, columns of the relations that the statement
/// names, functions, keywords in the case they were begun in, topics, properties and formats in
/// their quotes, query ids, and what the shell's own commands take.
final class SqlCompleter implements Completer {
    private static final Set<String> BEFORE_RELATION =
            Set.of("FROM", "JOIN", "INTO", "UPDATE", "DESCRIBE", "TABLE", "STREAM", "VIEW");
    private static final Set<String> BEFORE_QUERY =
            Set.of("TERMINATE", "PAUSE", "RESUME", "EXPLAIN", "QUERY");
    private static final List<String> VALUE_FORMATS =
            List.of("JSON", "DELIMITED", "KAFKA", "AVRO", "PROTOBUF", "NONE");

    private final Supplier<Catalog> catalog;

    /// @param catalog the catalog of the server that the shell speaks to now
    SqlCompleter(Supplier<Catalog> catalog) {
        this.catalog = catalog;
    }

    @Override
    public void complete(LineReader reader, ParsedLine line, List<Candidate> candidates) {
        int wordStart = line.cursor() - line.wordCursor();
        String begun = line.word().substring(0, line.wordCursor());
        candidates.addAll(candidates(line.line(), wordStart, begun));
    }

    /// @param wordStart where in the line the word begins that is to be completed
    /// @param begun what of it stands before the cursor
    List<Candidate> candidates(String line, int wordStart, String begun) {
        List<Candidate> found = new ArrayList<>();
        if (ShellCommand.isOne(line)) {
            completeCommand(found, line.substring(0, wordStart).strip(), begun);
        } else {
            completeSql(found, line, wordStart, begun);
        }
        return found;
    }

    // ---- Commands of the shell

    private void completeCommand(List<Candidate> found, String before, String begun) {
        switch (before) {
            case "" -> addAll(found, ShellCommand.NAMES, "command", begun);
            case "\\d" -> addAll(found, catalog.get().relations(), begun);
            case "\\format" ->
                    addAll(
                            found,
                            Arrays.stream(Format.values()).map(Format::toString).toList(),
                            "format",
                            begun);
            case "\\timing" -> addAll(found, List.of("on", "off"), "", begun);
            case "\\i", "\\o" -> addFiles(found, begun);
            default -> {
                // Nothing to suggest.
            }
        }
    }

    private static void addFiles(List<Candidate> found, String begun) {
        int slash = begun.lastIndexOf('/');
        String folder = begun.substring(0, slash + 1);
        String prefix = begun.substring(slash + 1);
        Path directory;
        try {
            directory =
                    folder.startsWith("~/")
                            ? Path.of(System.getProperty("user.home"), folder.substring(2))
                            : Path.of(folder.isEmpty() ? "." : folder);
        } catch (InvalidPathException _) {
            return;
        }
        try (DirectoryStream<Path> entries = Files.newDirectoryStream(directory)) {
            for (Path entry : entries) {
                String name = entry.getFileName().toString();
                boolean hidden = name.startsWith(".") && prefix.isEmpty();
                if (name.startsWith(prefix) && !hidden) {
                    boolean isFolder = Files.isDirectory(entry);
                    String path = folder + name + (isFolder ? "/" : "");
                    found.add(
                            new Candidate(
                                    path,
                                    name + (isFolder ? "/" : ""),
                                    null,
                                    null,
                                    null,
                                    null,
                                    !isFolder));
                }
            }
        } catch (IOException _) {
            // A folder that is not there or must not be read has nothing to suggest.
        }
    }

    // ---- SQL

    private void completeSql(List<Candidate> found, String line, int wordStart, String begun) {
        List<Token> tokens = statementAround(line, wordStart);
        boolean inQuotes = tokens.stream().anyMatch(t -> isQuotedFrom(t, wordStart - 1));
        int placeStart = inQuotes ? wordStart - 1 : wordStart;
        List<Token> before =
                tokens.stream()
                        .filter(token -> token.end() <= placeStart)
                        .filter(SqlCompleter::matters)
                        .toList();
        if (inQuotes) {
            completeQuoted(found, line, before, wordStart, begun);
            return;
        }
        if (tokens.stream().anyMatch(t -> isComment(t) && isInside(t, wordStart))) {
            return;
        }
        String last = word(line, before, 1);
        if (last.equals(".")) {
            addAll(found, columns(line, tokens, Set.of(name(line, before, 2))), begun);
        } else if (BEFORE_RELATION.contains(last) && !afterCreate(line, before)) {
            addAll(found, catalog.get().relations(), begun);
            addKeywords(found, begun);
        } else if (BEFORE_QUERY.contains(last)) {
            addAll(found, catalog.get().queries(), "query", begun);
            addKeywords(found, begun);
        } else {
            addAll(found, columns(line, tokens, Set.of()), begun);
            if (!begun.isEmpty()) {
                addFunctions(found, begun);
                addKeywords(found, begun);
            }
        }
    }

    private void completeQuoted(
            List<Candidate> found, String line, List<Token> before, int wordStart, String begun) {
        if (line.charAt(wordStart - 1) != '\'') {
            // The name of something in double quotes or backticks.
            addAll(found, catalog.get().relations(), begun);
            return;
        }
        String last = word(line, before, 1);
        String setting = last.equals("=") ? word(line, before, 2) : last;
        switch (setting) {
            case "PRINT", "KAFKA_TOPIC" -> addInQuotes(found, catalog.get().topics(), begun);
            case "SET", "UNSET" -> addInQuotes(found, catalog.get().properties(), begun);
            case "VALUE_FORMAT", "KEY_FORMAT", "FORMAT" -> addInQuotes(found, VALUE_FORMATS, begun);
            default -> {
                // Any text may stand here.
            }
        }
    }

    /// The pieces between the semicolons around the place.
    private static List<Token> statementAround(String line, int at) {
        List<Token> around = new ArrayList<>();
        for (Token token : Token.all(line)) {
            if (token.in(line).equals(";") && token.kind() == Token.Kind.SYMBOL) {
                if (token.start() >= at) {
                    break;
                }
                around.clear();
            } else {
                around.add(token);
            }
        }
        return around;
    }

    /// The columns of the relations after FROM, JOIN, INTO and UPDATE.
    ///
    /// @param only names or aliases of those that count, in upper case; none for all
    private Map<String, String> columns(String line, List<Token> tokens, Set<String> only) {
        List<Token> words = tokens.stream().filter(SqlCompleter::matters).toList();
        Map<String, String> found = new LinkedHashMap<>();
        for (int i = 0; i + 1 < words.size(); i++) {
            String keyword = words.get(i).in(line).toUpperCase(Locale.ROOT);
            boolean names =
                    switch (keyword) {
                        case "FROM", "JOIN", "INTO", "UPDATE", "," -> true;
                        default -> false;
                    };
            String relation = unquoted(words.get(i + 1).in(line));
            if (names && isName(words.get(i + 1)) && isWanted(line, words, i + 1, only)) {
                catalog.get().columns(relation).ifPresent(found::putAll);
            }
        }
        return found;
    }

    private static boolean isWanted(String line, List<Token> words, int at, Set<String> only) {
        if (only.isEmpty()
                || only.contains(unquoted(words.get(at).in(line)).toUpperCase(Locale.ROOT))) {
            return true;
        }
        int alias = at + 1;
        if (alias < words.size() && words.get(alias).in(line).equalsIgnoreCase("AS")) {
            alias++;
        }
        return alias < words.size()
                && isName(words.get(alias))
                && only.contains(unquoted(words.get(alias).in(line)).toUpperCase(Locale.ROOT));
    }

    /// CREATE TABLE and CREATE STREAM give a new name.
    private static boolean afterCreate(String line, List<Token> before) {
        String first = word(line, before, 2);
        return first.equals("CREATE") || first.equals("REPLACE") || first.equals("MATERIALIZED");
    }

    private static boolean matters(Token token) {
        return token.kind() != Token.Kind.SPACE && token.kind() != Token.Kind.COMMENT;
    }

    private static boolean isName(Token token) {
        return token.kind() == Token.Kind.WORD || token.kind() == Token.Kind.QUOTED_NAME;
    }

    private static boolean isComment(Token token) {
        return token.kind() == Token.Kind.COMMENT;
    }

    private static boolean isInside(Token token, int at) {
        return token.start() < at && at <= token.end();
    }

    private static boolean isQuotedFrom(Token token, int at) {
        return token.start() == at
                && (token.kind() == Token.Kind.TEXT || token.kind() == Token.Kind.QUOTED_NAME);
    }

    /// The nth piece from the end in upper case, or nothing.
    private static String word(String line, List<Token> before, int fromEnd) {
        return before.size() < fromEnd
                ? ""
                : before.get(before.size() - fromEnd).in(line).toUpperCase(Locale.ROOT);
    }

    private static String name(String line, List<Token> before, int fromEnd) {
        return unquoted(word(line, before, fromEnd));
    }

    private static String unquoted(String name) {
        boolean quoted = name.length() > 1 && (name.startsWith("\"") || name.startsWith("`"));
        return quoted ? name.substring(1, name.length() - 1) : name;
    }

    // ---- Candidates

    private static void addAll(
            List<Candidate> found, Collection<String> names, String what, String begun) {
        for (String name : names) {
            if (startsWith(name, begun)) {
                found.add(candidate(name, what, true));
            }
        }
    }

    private static void addAll(List<Candidate> found, Map<String, String> names, String begun) {
        names.forEach((name, what) -> {
            if (startsWith(name, begun)) {
                found.add(candidate(name, what, true));
            }
        });
    }

    private void addFunctions(List<Candidate> found, String begun) {
        boolean lower = begun.equals(begun.toLowerCase(Locale.ROOT));
        catalog.get()
                .functions()
                .forEach((name, kind) -> {
                    if (startsWith(name, begun)) {
                        String called = lower ? name.toLowerCase(Locale.ROOT) : name;
                        found.add(candidate(called + "(", kind + " function", false));
                    }
                });
    }

    private void addKeywords(List<Candidate> found, String begun) {
        if (begun.isEmpty()) {
            return;
        }
        boolean lower = begun.equals(begun.toLowerCase(Locale.ROOT));
        for (String keyword : Keywords.all()) {
            boolean isFunction = catalog.get().functions().containsKey(keyword);
            if (startsWith(keyword, begun) && !isFunction) {
                found.add(
                        candidate(lower ? keyword.toLowerCase(Locale.ROOT) : keyword, null, true));
            }
        }
    }

    private static void addInQuotes(List<Candidate> found, Collection<String> names, String begun) {
        for (String name : names) {
            if (startsWith(name, begun)) {
                found.add(candidate(name, null, false));
            }
        }
    }

    private static boolean startsWith(String name, String begun) {
        return name.regionMatches(true, 0, begun, 0, begun.length());
    }

    /// @param what shown beside the name, or null
    /// @param whole true when a space may follow
    private static Candidate candidate(String name, String what, boolean whole) {
        String description = what == null || what.isEmpty() ? null : what;
        return new Candidate(name, name, null, description, null, null, whole);
    }
}
