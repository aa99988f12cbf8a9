package dev.weir.repl.topic;

import dev.weir.repl.client.ExitCode;

import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.errors.GroupIdNotFoundException;
import org.apache.kafka.common.errors.GroupNotEmptyException;
import org.apache.kafka.common.errors.UnknownMemberIdException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;

import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.Spec;

import java.io.IOException;
import java.io.PrintWriter;
import java.util.concurrent.ExecutionException;

/// The command line of `weir topic`.
@Command(
        name = "weir topic",
        description = "Works with topics over the Kafka protocol.",
        subcommands = {
            ListTopics.class,
            CreateTopic.class,
            DescribeTopic.class,
            AlterTopic.class,
            DeleteTopic.class,
            ProduceRecords.class,
            ConsumeRecords.class
        },
        exitCodeListHeading = "%nExit codes:%n",
        exitCodeList = {
            "0:fine",
            "1:the command failed",
            "2:wrong use",
            "3:cannot connect",
            "130:interrupted"
        })
public final class TopicCommand implements Runnable {
    @Spec private CommandSpec spec;

    @Option(
            names = {"-h", "--help"},
            usageHelp = true,
            description = "this text")
    private boolean help;

    TopicCommand() {}

    /// @return an exit code
    public static int run(String[] arguments) {
        return commandLine().execute(arguments);
    }

    /// @return an exit code
    public static int run(String[] arguments, PrintWriter out, PrintWriter err) {
        return commandLine().setOut(out).setErr(err).execute(arguments);
    }

    static CommandLine commandLine() {
        return prepared(new TopicCommand());
    }

    /// A command line that explains failures in this tool's way.
    static CommandLine prepared(Object command) {
        // Kafka's clients log through slf4j; without a provider it would say so on the screen.
        System.setProperty("slf4j.internal.verbosity", "ERROR");
        return new CommandLine(command)
                .setCaseInsensitiveEnumValuesAllowed(true)
                .setExecutionExceptionHandler(TopicCommand::explain);
    }

    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(), "a command is missing");
    }

    private static int explain(Exception thrown, CommandLine commandLine, ParseResult parsed) {
        Throwable e =
                thrown instanceof ExecutionException && thrown.getCause() != null
                        ? thrown.getCause()
                        : thrown;
        PrintWriter err = commandLine.getErr();
        String name = commandLine.getCommandSpec().qualifiedName();
        return switch (e) {
            case NoBrokerException _ -> {
                err.println(e.getMessage());
                yield ExitCode.CANNOT_CONNECT;
            }
            case UsageException _ -> {
                err.println(name + ": " + e.getMessage());
                yield ExitCode.USAGE;
            }
            case IOException _ when String.valueOf(e.getMessage()).contains("Broken pipe") ->
                    // The reader has seen enough.
                    ExitCode.OK;
            case IOException _ -> {
                err.println("ERROR:  " + e.getMessage());
                yield ExitCode.FAILED;
            }
            case UnknownTopicOrPartitionException _ -> {
                err.println("ERROR:  there is no such topic");
                yield ExitCode.FAILED;
            }
            case GroupIdNotFoundException _ -> {
                err.println("ERROR:  there is no such group");
                yield ExitCode.FAILED;
            }
            case GroupNotEmptyException _, UnknownMemberIdException _ -> {
                err.println("ERROR:  the group has members; stop them first");
                yield ExitCode.FAILED;
            }
            case KafkaException _ -> {
                err.println("ERROR:  " + e.getMessage());
                yield ExitCode.FAILED;
            }
            case InterruptedException _ -> ExitCode.INTERRUPTED;
            default -> {
                e.printStackTrace(err);
                yield ExitCode.FAILED;
            }
        };
    }
}
