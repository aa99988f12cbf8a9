package dev.weir.repl.shell;

import org.jline.reader.CompletingParsedLine;
import org.jline.reader.EOFError;
import org.jline.reader.ParsedLine;
import org.jline.reader.Parser;

import java.util.List;

/// Tells the line editor when what was typed is complete, and which word the cursor is in.
final class StatementParser implements Parser {
    @Override
    public ParsedLine parse(String line, int cursor, ParseContext context) {
        boolean asksWhetherComplete =
                context == ParseContext.ACCEPT_LINE || context == ParseContext.SECONDARY_PROMPT;
        if (asksWhetherComplete && !isComplete(line)) {
            throw new EOFError(-1, -1, "the statement goes on", "weir");
        }
        int start = cursor;
        while (start > 0 && isWordPart(line.charAt(start - 1))) {
            start--;
        }
        int end = cursor;
        while (end < line.length() && isWordPart(line.charAt(end))) {
            end++;
        }
        return new WordAtCursor(line, cursor, line.substring(start, end), cursor - start);
    }

    static boolean isComplete(String text) {
        if (text.isBlank() || ShellCommand.parse(text).isPresent()) {
            return true;
        }
        StatementSplitter splitter = new StatementSplitter();
        splitter.feed(text);
        return splitter.isBetweenStatements();
    }

    private static boolean isWordPart(char c) {
        return Character.isLetterOrDigit(c) || c == '_' || c == '\\';
    }

    private record WordAtCursor(String line, int cursor, String word, int wordCursor)
            implements CompletingParsedLine {
        @Override
        public int wordIndex() {
            return 0;
        }

        @Override
        public List<String> words() {
            return List.of(word);
        }

        @Override
        public CharSequence escape(CharSequence candidate, boolean complete) {
            return candidate;
        }

        @Override
        public int rawWordCursor() {
            return wordCursor;
        }

        @Override
        public int rawWordLength() {
            return word.length();
        }
    }
}
