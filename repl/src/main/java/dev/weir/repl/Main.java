package dev.weir.repl;

import dev.weir.repl.client.ExitCode;
import dev.weir.repl.shell.SqlCommand;
import dev.weir.repl.topic.GroupCommand;
import dev.weir.repl.topic.TopicCommand;

import java.util.Arrays;

/// Starts the tools: `sql`, `topic` and `group`.
public final class Main {
    private Main() {}

    public static void main(String[] arguments) {
        String command = arguments.length == 0 ? "" : arguments[0];
        String[] rest =
                arguments.length == 0
                        ? arguments
                        : Arrays.copyOfRange(arguments, 1, arguments.length);
        int exit =
                switch (command) {
                    case "sql" -> SqlCommand.run(rest);
                    case "topic" -> TopicCommand.run(rest);
                    case "group" -> GroupCommand.run(rest);
                    default -> {
                        System.err.println("usage: weir sql | topic | group ...");
                        yield ExitCode.USAGE;
                    }
                };
        System.exit(exit);
    }
}
