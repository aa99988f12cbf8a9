package dev.weir.repl.render;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.io.Writer;

/// Whole lines to a writer, with I/O failures unchecked.
final class Lines {
    private final Writer out;
    private final StringBuilder pending = new StringBuilder(4 << 10);

    Lines(Writer out) {
        this.out = out;
    }

    /// Collects a line; [#flush] shows it.
    void add(CharSequence line) {
        pending.append(line).append('\n');
    }

    void flush() {
        try {
            out.append(pending);
            out.flush();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } finally {
            pending.setLength(0);
        }
    }
}
