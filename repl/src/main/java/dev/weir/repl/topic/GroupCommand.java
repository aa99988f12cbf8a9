package dev.weir.repl.topic;

import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

import java.io.PrintWriter;

/// The command line of `weir group`.
@Command(
        name = "weir group",
        description = "Works with consumer groups over the Kafka protocol.",
        subcommands = {
            ListGroups.class,
            DescribeGroup.class,
            ResetGroup.class,
            DeleteOffsets.class,
            DeleteGroup.class
        },
        exitCodeListHeading = "%nExit codes:%n",
        exitCodeList = {
            "0:fine",
            "1:the command failed",
            "2:wrong use",
            "3:cannot connect",
            "130:interrupted"
        })
public final class GroupCommand implements Runnable {
    @Spec private CommandSpec spec;

    @Option(
            names = {"-h", "--help"},
            usageHelp = true,
            description = "this text")
    private boolean help;

    GroupCommand() {}

    /// @return an exit code
    public static int run(String[] arguments) {
        return commandLine().execute(arguments);
    }

    /// @return an exit code
    public static int run(String[] arguments, PrintWriter out, PrintWriter err) {
        return commandLine().setOut(out).setErr(err).execute(arguments);
    }

    static CommandLine commandLine() {
        return TopicCommand.prepared(new GroupCommand());
    }

    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(), "a command is missing");
    }
}
