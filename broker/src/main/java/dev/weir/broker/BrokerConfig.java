package dev.weir.broker;

import dev.weir.broker.group.GroupsConfig;
import dev.weir.broker.partition.LogDirectoryConfig;
import dev.weir.broker.txn.TransactionsConfig;

import java.nio.file.Path;
import java.util.Objects;

/// How one broker is set up. Values are checked here, by the name a user knows them by.
///
/// @param dataDir where everything is kept; `log` and `meta` are made below it
/// @param listening where clients find it
/// @param newTopics how topics are made that do not say it
/// @param logs how partitions are kept, with `log.durability`
/// @param groups how consumer groups are kept
/// @param transactions how transactions are kept
/// @param requests how much of what clients ask is read at a time
/// @param clients how clients are kept within bounds
public record BrokerConfig(
        Path dataDir,
        Listening listening,
        NewTopics newTopics,
        LogDirectoryConfig logs,
        GroupsConfig groups,
        TransactionsConfig transactions,
        Requests requests,
        ClientsConfig clients) {

    /// Where clients find the broker.
    ///
    /// @param host the address to listen on
    /// @param port the port to listen on, 0 for a free one
    /// @param advertisedHost the host name clients are told to connect to, empty for the address
    ///   listened on, or this machine's name if that is every address
    /// @param advertisedPort the port clients are told to connect to, 0 for the one listened on
    public record Listening(String host, int port, String advertisedHost, int advertisedPort) {
        public Listening {
            Objects.requireNonNull(host, "kafka.listen");
            Objects.requireNonNull(advertisedHost, "kafka.advertised");
            checkPort("kafka.listen", port);
            checkPort("kafka.advertised", advertisedPort);
        }

        private static void checkPort(String name, int port) {
            if (port < 0 || port > 65_535) {
                throw new IllegalArgumentException(name + ": port " + port + " is not 0..65535");
            }
        }
    }

    /// How topics are made that do not say it.
    ///
    /// @param partitions of a topic created without a number (`num.partitions`)
    /// @param autoCreate whether asking for a topic makes it (`auto.create.topics.enable`)
    /// @param capReplicas whether more than one replica is cut to one instead of refused
    ///   (`replicas.cap`)
    public record NewTopics(int partitions, boolean autoCreate, boolean capReplicas) {
        public NewTopics {
            atLeast(1, "num.partitions", partitions);
        }
    }

    /// How much of what clients ask is read at a time.
    ///
    /// @param maxBytes the largest request read from a client (`socket.request.max.bytes`)
    /// @param maxInFlight requests of one connection that may wait for their answers at a time;
    ///   beyond them nothing is read from it
    /// @param threads event-loop threads of the listener (`num.network.threads`)
    public record Requests(int maxBytes, int maxInFlight, int threads) {
        public Requests {
            atLeast(1024, "socket.request.max.bytes", maxBytes);
            atLeast(1, "requests in flight", maxInFlight);
            atLeast(1, "num.network.threads", threads);
        }
    }

    public BrokerConfig {
        Objects.requireNonNull(dataDir, "data.dir");
        Objects.requireNonNull(listening, "kafka.listen");
        Objects.requireNonNull(newTopics, "num.partitions");
        Objects.requireNonNull(logs, "log");
        Objects.requireNonNull(groups, "group");
        Objects.requireNonNull(transactions, "transaction");
        Objects.requireNonNull(requests, "socket.request");
        Objects.requireNonNull(clients, "clients");
    }

    private static void atLeast(int least, String name, int value) {
        if (value < least) {
            throw new IllegalArgumentException(
                    name + " must be at least " + least + ", got " + value);
        }
    }

    /// The defaults, on a free loopback port.
    ///
    /// @param dataDir where everything is kept
    public static BrokerConfig defaults(Path dataDir) {
        return new BrokerConfig(
                dataDir,
                new Listening("127.0.0.1", 0, "", 0),
                new NewTopics(1, true, false),
                LogDirectoryConfig.DEFAULT,
                GroupsConfig.DEFAULT,
                TransactionsConfig.DEFAULT,
                new Requests(
                        100 * 1024 * 1024,
                        256,
                        Math.max(1, Runtime.getRuntime().availableProcessors())),
                ClientsConfig.DEFAULT);
    }

    /// The same, listening elsewhere.
    public BrokerConfig withListener(String host, int port) {
        return new BrokerConfig(
                dataDir,
                new Listening(host, port, listening.advertisedHost, listening.advertisedPort),
                newTopics,
                logs,
                groups,
                transactions,
                requests,
                clients);
    }

    /// The same, telling clients another address than the one listened on.
    public BrokerConfig withAdvertised(String host, int port) {
        return new BrokerConfig(
                dataDir,
                new Listening(listening.host, listening.port, host, port),
                newTopics,
                logs,
                groups,
                transactions,
                requests,
                clients);
    }

    /// The same with topics made otherwise.
    public BrokerConfig withNewTopics(NewTopics other) {
        return new BrokerConfig(
                dataDir, listening, other, logs, groups, transactions, requests, clients);
    }

    /// The same with partitions kept otherwise.
    public BrokerConfig withLogs(LogDirectoryConfig other) {
        return new BrokerConfig(
                dataDir, listening, newTopics, other, groups, transactions, requests, clients);
    }

    /// The same with groups kept otherwise.
    public BrokerConfig withGroups(GroupsConfig other) {
        return new BrokerConfig(
                dataDir, listening, newTopics, logs, other, transactions, requests, clients);
    }

    /// The same with transactions kept otherwise.
    public BrokerConfig withTransactions(TransactionsConfig other) {
        return new BrokerConfig(
                dataDir, listening, newTopics, logs, groups, other, requests, clients);
    }

    /// The same with requests read otherwise.
    public BrokerConfig withRequests(Requests other) {
        return new BrokerConfig(
                dataDir, listening, newTopics, logs, groups, transactions, other, clients);
    }

    /// The same with clients kept within other bounds.
    public BrokerConfig withClients(ClientsConfig other) {
        return new BrokerConfig(
                dataDir, listening, newTopics, logs, groups, transactions, requests, other);
    }
}
