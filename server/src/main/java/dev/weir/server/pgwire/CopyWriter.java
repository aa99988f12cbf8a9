package dev.weir.server.pgwire;

import java.util.List;

/// Rows as lines of COPY.
final class CopyWriter {
    private final List<ResultColumn> columns;
    private final CopyOptions options;
    private final StringBuilder line = new StringBuilder();

    CopyWriter(List<ResultColumn> columns, CopyOptions options) {
        this.columns = columns;
        this.options = options;
    }

    /// @return valid until the next call
    CharSequence header() {
        line.setLength(0);
        for (int i = 0; i < columns.size(); i++) {
            field(i, columns.get(i).name());
        }
        return line.append('\n');
    }

    /// @return valid until the next call
    CharSequence row(Object[] values) {
        line.setLength(0);
        for (int i = 0; i < values.length; i++) {
            field(i, values[i] == null ? null : TextFormat.text(values[i], columns.get(i).type()));
        }
        return line.append('\n');
    }

    private void field(int at, String text) {
        if (at > 0) {
            line.append(options.delimiter());
        }
        if (text == null) {
            line.append(options.nullText());
        } else if (options.csv()) {
            csv(text);
        } else {
            TextFormat.appendCopyText(line, text, options.delimiter());
        }
    }

    private void csv(String text) {
        boolean plain =
                !text.equals(options.nullText())
                        && text.indexOf(options.delimiter()) < 0
                        && text.indexOf(options.quote()) < 0
                        && text.indexOf('\n') < 0
                        && text.indexOf('\r') < 0
                        && !(columns.size() == 1 && text.equals("\\."));
        if (plain) {
            line.append(text);
            return;
        }
        line.append(options.quote());
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c == options.quote() || c == options.escape()) {
                line.append(options.escape());
            }
            line.append(c);
        }
        line.append(options.quote());
    }
}
