package dev.weir.server.pgwire;

import dev.weir.sql.error.SqlException;
import dev.weir.sql.error.SqlState;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/// Lines of COPY, in whatever pieces they come, to rows of texts.
final class CopyReader {
    private final CopyOptions options;
    private final int columns;
    private final ByteArrayOutputStream pending = new ByteArrayOutputStream();
    private final List<List<String>> rows = new ArrayList<>();
    private boolean headerRead;
    private boolean quoted;
    private boolean ended;
    private long line;

    /// @param columns how many fields a line must have
    CopyReader(CopyOptions options, int columns) {
        this.options = options;
        this.columns = columns;
    }

    /// Takes a piece.
    ///
    /// @throws SqlException BAD_COPY_FORMAT naming the line
    void accept(byte[] bytes) {
        for (byte b : bytes) {
            if (options.csv() && b == options.quote()) {
                // A doubled quote toggles twice, which leaves it as it was.
                quoted = !quoted;
            }
            if (b == '\n' && !quoted) {
                endLine();
            } else {
                pending.write(b);
            }
        }
    }

    /// No more pieces will come.
    void finish() {
        if (quoted) {
            throw problem("unterminated CSV quoted field");
        }
        if (pending.size() > 0) {
            endLine();
        }
    }

    /// The rows that are complete, once; null stands for NULL.
    List<List<String>> rows() {
        List<List<String>> taken = List.copyOf(rows);
        rows.clear();
        return taken;
    }

    /// How many rows wait to be taken.
    int size() {
        return rows.size();
    }

    private void endLine() {
        line++;
        String text;
        try {
            text =
                    StandardCharsets.UTF_8
                            .newDecoder()
                            .decode(ByteBuffer.wrap(pending.toByteArray()))
                            .toString();
        } catch (CharacterCodingException e) {
            throw new SqlException(
                    SqlState.INVALID_ENCODING,
                    null,
                    "invalid byte sequence for encoding \"UTF8\" in line " + line + " of COPY",
                    null,
                    e);
        }
        pending.reset();
        if (text.endsWith("\r")) {
            text = text.substring(0, text.length() - 1);
        }
        if (ended || text.equals("\\.")) {
            ended = true;
        } else if (options.header() && !headerRead) {
            headerRead = true;
        } else {
            List<String> fields = options.csv() ? csv(text) : text(text);
            if (fields.size() < columns) {
                throw problem("missing data for column " + (fields.size() + 1));
            }
            if (fields.size() > columns) {
                throw problem("extra data after last expected column");
            }
            rows.add(Collections.unmodifiableList(fields));
        }
    }

    private List<String> text(String text) {
        List<String> fields = new ArrayList<>(columns);
        int start = 0;
        for (int at = 0; at <= text.length(); at++) {
            if (at == text.length() || text.charAt(at) == options.delimiter()) {
                String raw = text.substring(start, at);
                fields.add(raw.equals(options.nullText()) ? null : unescaped(raw));
                start = at + 1;
            } else if (text.charAt(at) == '\\') {
                at++;
            }
        }
        return fields;
    }

    private static String unescaped(String raw) {
        if (raw.indexOf('\\') < 0) {
            return raw;
        }
        StringBuilder text = new StringBuilder(raw.length());
        for (int i = 0; i < raw.length(); i++) {
            char c = raw.charAt(i);
            if (c != '\\' || i + 1 == raw.length()) {
                text.append(c);
                continue;
            }
            char escape = raw.charAt(++i);
            text.append(
                    switch (escape) {
                        case 'n' -> '\n';
                        case 't' -> '\t';
                        case 'r' -> '\r';
                        case 'b' -> '\b';
                        case 'f' -> '\f';
                        case 'v' -> '\u000b';
                        default -> escape;
                    });
        }
        return text.toString();
    }

    private List<String> csv(String text) {
        List<String> fields = new ArrayList<>(columns);
        StringBuilder field = new StringBuilder();
        boolean inQuotes = false;
        boolean wasQuoted = false;
        for (int i = 0; i <= text.length(); i++) {
            char c = i < text.length() ? text.charAt(i) : options.delimiter();
            if (inQuotes && i < text.length()) {
                boolean escaped =
                        c == options.escape()
                                && i + 1 < text.length()
                                && (text.charAt(i + 1) == options.quote()
                                        || text.charAt(i + 1) == options.escape());
                if (escaped) {
                    field.append(text.charAt(++i));
                } else if (c == options.quote()) {
                    inQuotes = false;
                } else {
                    field.append(c);
                }
            } else if (c == options.delimiter()) {
                String value = field.toString();
                fields.add(!wasQuoted && value.equals(options.nullText()) ? null : value);
                field.setLength(0);
                wasQuoted = false;
            } else if (c == options.quote()) {
                inQuotes = true;
                wasQuoted = true;
            } else {
                field.append(c);
            }
        }
        return fields;
    }

    private SqlException problem(String what) {
        return new SqlException(
                SqlState.BAD_COPY_FORMAT, null, what + " in line " + line + " of COPY", null);
    }
}
