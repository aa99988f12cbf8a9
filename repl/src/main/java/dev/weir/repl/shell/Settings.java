package dev.weir.repl.shell;

import dev.weir.repl.render.Format;

import java.io.Writer;
import java.util.Optional;

/// What a user may change while the shell runs. Owned by the shell's thread.
final class Settings {
    private Format format;
    private boolean timing;
    private Optional<Writer> output = Optional.empty();

    Settings(Format format) {
        this.format = format;
    }

    Format format() {
        return format;
    }

    void setFormat(Format format) {
        this.format = format;
    }

    boolean timing() {
        return timing;
    }

    void setTiming(boolean timing) {
        this.timing = timing;
    }

    /// Where results go, empty for the screen.
    Optional<Writer> output() {
        return output;
    }

    void setOutput(Optional<Writer> output) {
        this.output = output;
    }
}
