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
        return wordAt(line, cursor);
    }

    static boolean isComplete(String text) {
        if (text.isBlank() || ShellCommand.parse(text).isPresent()) {
            return true;
        }
        StatementSplitter splitter = new StatementSplitter();
        splitter.feed(text);
        return splitter.isBetweenStatements();
    }

    /// The word to complete. In quotes that is all behind the opening one, for names of topics have
    /// dots and dashes; in a command of the shell all between spaces, for its arguments are files.
    private static WordAtCursor wordAt(String line, int cursor) {
        int start = cursor;
        int end = cursor;
        Token inside = ShellCommand.isOne(line) ? null : quotedAt(line, cursor);
        if (inside != null) {
            start = inside.start() + 1;
            end = Math.max(cursor, inside.closed() ? inside.end() - 1 : cursor);
        } else if (ShellCommand.isOne(line)) {
            while (start > 0 && !Character.isWhitespace(line.charAt(start - 1))) {
                start--;
            }
            while (end < line.length() && !Character.isWhitespace(line.charAt(end))) {
                end++;
            }
        } else {
            while (start > 0 && Token.isWordPart(line.charAt(start - 1))) {
                start--;
            }
            while (end < line.length() && Token.isWordPart(line.charAt(end))) {
                end++;
            }
        }
        return new WordAtCursor(line, cursor, line.substring(start, end), cursor - start);
    }

    private static Token quotedAt(String line, int cursor) {
        for (Token token : Token.all(line)) {
            boolean isQuoted =
                    token.kind() == Token.Kind.TEXT || token.kind() == Token.Kind.QUOTED_NAME;
            int last = token.closed() ? token.end() - 1 : token.end();
            if (isQuoted && cursor > token.start() && cursor <= last) {
                return token;
            }
        }
        return null;
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
