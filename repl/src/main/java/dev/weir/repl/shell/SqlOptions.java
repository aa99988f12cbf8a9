package dev.weir.repl.shell;

import dev.weir.repl.client.ServerAddress;
import dev.weir.repl.render.Format;

import java.nio.file.Path;
import java.util.Optional;

/// The command line of `weir sql`. Read by hand: a library for it would take a tenth of the time to
/// the first prompt.
record SqlOptions(
        ServerAddress server,
        Optional<String> execute,
        Optional<Path> file,
        Format format,
        boolean help) {
    /// @throws IllegalArgumentException saying what is wrong
    static SqlOptions parse(String[] arguments) {
        ServerAddress server = ServerAddress.DEFAULT;
        Optional<String> execute = Optional.empty();
        Optional<Path> file = Optional.empty();
        Format format = Format.TABLE;
        boolean help = false;
        for (int i = 0; i < arguments.length; i++) {
            String argument = arguments[i];
            int equals = argument.startsWith("--") ? argument.indexOf('=') : -1;
            String name = equals < 0 ? argument : argument.substring(0, equals);
            if (name.equals("-h") || name.equals("--help")) {
                help = true;
                continue;
            }
            if (!isKnown(name)) {
                throw new IllegalArgumentException("unknown argument " + argument);
            }
            if (equals < 0 && i + 1 == arguments.length) {
                throw new IllegalArgumentException(name + " needs a value");
            }
            String value = equals < 0 ? arguments[++i] : argument.substring(equals + 1);
            switch (name) {
                case "--server" -> server = ServerAddress.parse(value);
                case "-e", "--execute" ->
                        execute =
                                Optional.of(execute.map(sql -> sql + ";\n" + value).orElse(value));
                case "-f", "--file" -> file = Optional.of(Path.of(value));
                default -> format = Format.parse(value);
            }
        }
        if (execute.isPresent() && file.isPresent()) {
            throw new IllegalArgumentException("-e and -f exclude each other");
        }
        return new SqlOptions(server, execute, file, format, help);
    }

    private static boolean isKnown(String name) {
        return switch (name) {
            case "--server", "-e", "--execute", "-f", "--file", "--format" -> true;
            default -> false;
        };
    }
}
