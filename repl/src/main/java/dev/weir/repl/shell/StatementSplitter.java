package dev.weir.repl.shell;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// Cuts text into statements at the semicolons outside quotes and comments. Text may come in
/// pieces, cut anywhere. Comments before a statement are dropped, those inside it stay.
final class StatementSplitter {
    private enum Place {
        PLAIN,
        SINGLE_QUOTES,
        DOUBLE_QUOTES,
        BACKTICKS,
        LINE_COMMENT,
        BLOCK_COMMENT
    }

    private final StringBuilder current = new StringBuilder();
    private Place place = Place.PLAIN;
    // The comment in progress stands before its statement.
    private boolean leading;
    private char previous;
    private int line = 1;
    private int startLine = 1;

    /// A statement without its semicolon.
    ///
    /// @param line where in the whole text it starts, from 1
    record Piece(String text, int line) {}

    /// The statements of a text, the last one with or without a semicolon.
    static List<Piece> split(String text) {
        StatementSplitter splitter = new StatementSplitter();
        List<Piece> pieces = new ArrayList<>(splitter.feed(text));
        splitter.finish().ifPresent(pieces::add);
        return pieces;
    }

    /// Takes more text and gives the statements that it completes.
    List<Piece> feed(String text) {
        List<Piece> complete = new ArrayList<>();
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (place == Place.PLAIN && c == ';') {
                take().ifPresent(complete::add);
            } else {
                add(c);
            }
            if (c == '\n') {
                line++;
            }
        }
        return complete;
    }

    /// What is left at the end of the text, if it is more than space and comments.
    Optional<Piece> finish() {
        if (inComment() && leading) {
            current.setLength(0);
        }
        return take();
    }

    /// True when nothing but space and whole comments followed the last semicolon.
    boolean isBetweenStatements() {
        return current.isEmpty() || (place == Place.LINE_COMMENT && leading);
    }

    private void add(char c) {
        if (current.isEmpty()) {
            if (Character.isWhitespace(c)) {
                return;
            }
            startLine = line;
        }
        current.append(c);
        char before = previous;
        previous = c;
        switch (place) {
            case PLAIN -> addPlain(c, before);
            case SINGLE_QUOTES -> closeAt(c, '\'');
            case DOUBLE_QUOTES -> closeAt(c, '"');
            case BACKTICKS -> closeAt(c, '`');
            case LINE_COMMENT -> {
                if (c == '\n') {
                    endComment();
                }
            }
            case BLOCK_COMMENT -> {
                if (before == '*' && c == '/') {
                    endComment();
                }
            }
        }
    }

    private void addPlain(char c, char before) {
        switch (c) {
            case '\'' -> place = Place.SINGLE_QUOTES;
            case '"' -> place = Place.DOUBLE_QUOTES;
            case '`' -> place = Place.BACKTICKS;
            case '-' -> {
                if (before == '-') {
                    startComment(Place.LINE_COMMENT);
                }
            }
            case '*' -> {
                if (before == '/') {
                    startComment(Place.BLOCK_COMMENT);
                }
            }
            default -> {
                // An ordinary character.
            }
        }
    }

    private void closeAt(char c, char quote) {
        // A doubled quote closes and opens again, which comes to the same.
        if (c == quote) {
            place = Place.PLAIN;
            previous = 0;
        }
    }

    private void startComment(Place comment) {
        place = comment;
        leading = current.length() == 2;
        // So that "/*/" does not close what it opens.
        previous = 0;
    }

    private void endComment() {
        place = Place.PLAIN;
        previous = 0;
        if (leading) {
            current.setLength(0);
        }
    }

    private boolean inComment() {
        return place == Place.LINE_COMMENT || place == Place.BLOCK_COMMENT;
    }

    private Optional<Piece> take() {
        String text = current.toString().stripTrailing();
        current.setLength(0);
        place = Place.PLAIN;
        previous = 0;
        return text.isEmpty() ? Optional.empty() : Optional.of(new Piece(text, startLine));
    }
}
