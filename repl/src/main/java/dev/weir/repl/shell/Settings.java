package dev.weir.repl.shell;

import dev.weir.repl.render.Format;

/// What a user may change while the shell runs. Owned by the shell's thread.
final class Settings {
    private Format format;
    private boolean timing;

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
}
