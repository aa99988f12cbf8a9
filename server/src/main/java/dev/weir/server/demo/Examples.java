package dev.weir.server.demo;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/// The example queries that come with Weir, in the order in which they build on each other.
public final class Examples {
    private Examples() {}

    /// The folder of the examples: below `weir.home`, which the launcher sets, or the working
    /// directory.
    public static Path folder() {
        return Path.of(System.getProperty("weir.home", "")).resolve("examples/queries");
    }

    /// The scripts of a folder.
    ///
    /// @throws IOException when it cannot be read or holds none
    public static List<Path> scripts(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            List<Path> scripts =
                    files.filter(file -> file.toString().endsWith(".sql")).sorted().toList();
            if (scripts.isEmpty()) {
                throw new IOException("no .sql files in " + folder);
            }
            return scripts;
        }
    }
}
