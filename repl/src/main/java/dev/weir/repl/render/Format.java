package dev.weir.repl.render;

import java.util.Locale;

/// The ways to show a result.
public enum Format {
    TABLE,
    VERTICAL,
    CSV,
    JSON,
    JSONL;

    /// @throws IllegalArgumentException naming the formats there are
    public static Format parse(String name) {
        for (Format format : values()) {
            if (format.toString().equals(name.toLowerCase(Locale.ROOT))) {
                return format;
            }
        }
        throw new IllegalArgumentException(
                "unknown format \"" + name + "\": use table, vertical, csv, json or jsonl");
    }

    /// True when programs read it: then nothing but rows may be printed.
    public boolean isForPrograms() {
        return switch (this) {
            case TABLE, VERTICAL -> false;
            case CSV, JSON, JSONL -> true;
        };
    }

    /// The name as a user writes it.
    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
