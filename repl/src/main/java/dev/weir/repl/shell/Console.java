package dev.weir.repl.shell;

import dev.weir.repl.render.Palette;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.io.Writer;

/// Where the shell writes: results to one writer, everything that is no result to the other, so
/// that a program reading the output sees rows and nothing else.
///
/// @param out results
/// @param err errors and, in the formats for programs, messages
public record Console(Writer out, Palette outPalette, Writer err, Palette errPalette) {
    void print(String text) {
        write(out, text);
    }

    void printError(String text) {
        write(err, text);
    }

    private static void write(Writer to, String text) {
        try {
            to.write(text);
            to.flush();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
