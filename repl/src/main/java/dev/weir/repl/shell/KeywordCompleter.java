package dev.weir.repl.shell;

import org.jline.reader.Candidate;
import org.jline.reader.Completer;
import org.jline.reader.LineReader;
import org.jline.reader.ParsedLine;

import java.util.List;
import java.util.Locale;

/// Completes keywords, in the case that the word was begun in.
final class KeywordCompleter implements Completer {
    @Override
    public void complete(LineReader reader, ParsedLine line, List<Candidate> candidates) {
        String begun = line.word().substring(0, line.wordCursor());
        if (begun.isEmpty()) {
            return;
        }
        boolean lower = begun.equals(begun.toLowerCase(Locale.ROOT));
        String prefix = begun.toUpperCase(Locale.ROOT);
        for (String keyword : Keywords.all()) {
            if (keyword.startsWith(prefix)) {
                candidates.add(new Candidate(lower ? keyword.toLowerCase(Locale.ROOT) : keyword));
            }
        }
    }
}
