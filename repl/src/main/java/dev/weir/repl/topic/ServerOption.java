package dev.weir.repl.topic;

import picocli.CommandLine.Option;

/// What every command takes: which broker to speak to, under the names that Kafka's tools have used
/// for it, and the call for help.
final class ServerOption {
    @Option(
            names = {"-b", "--server", "--bootstrap-server", "--broker-list"},
            paramLabel = "HOST:PORT",
            defaultValue = Connection.DEFAULT,
            description = "Kafka listener of the server (default: ${DEFAULT-VALUE})")
    private String bootstrap = Connection.DEFAULT;

    @Option(
            names = {"-h", "--help"},
            usageHelp = true,
            description = "this text")
    private boolean help;

    /// @throws NoBrokerException when nothing listens there
    Connection connect() throws NoBrokerException {
        Connection connection = new Connection(bootstrap);
        connection.check();
        return connection;
    }
}
