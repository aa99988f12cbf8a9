package dev.weir.broker;

import dev.weir.broker.group.GroupsConfig;
import dev.weir.broker.partition.LogDirectoryConfig;
import dev.weir.broker.txn.TransactionsConfig;

import java.nio.file.Path;
import java.util.Objects;

/// How one broker is set up. Values are checked here, by the name a user knows them by.
///
/// @param dataDir where everything is kept; `log` and `meta` are made below it
/// @param host the address to listen on
/// @param port the port to listen on, 0 for a free one
/// @param advertisedHost the host name clients are told to connect to, empty for the address
///   listened on, or this machine's name if that is every address
/// @param advertisedPort the port clients are told to connect to, 0 for the one listened on
/// @param numPartitions partitions of a topic created without a number (`num.partitions`)
/// @param autoCreateTopics whether asking for a topic makes it (`auto.create.topics.enable`)
/// @param capReplicas whether more than one replica is cut to one instead of refused
///   (`replicas.cap`)
/// @param logs how partitions are kept, with `log.durability`
/// @param groups how consumer groups are kept
/// @param transactions how transactions are kept
/// @param maxRequestBytes the largest request read from a client (`socket.request.max.bytes`)
/// @param maxInFlightRequests requests of one connection that may wait for their answers at a time;
///   beyond them nothing is read from it
/// @param ioThreads event-loop threads of the listener (`num.network.threads`)
/// @param clients how clients are kept within bounds
public record BrokerConfig(
        Path dataDir,
        String host,
        int port,
        String advertisedHost,
        int advertisedPort,
        int numPartitions,
        boolean autoCreateTopics,
        boolean capReplicas,
        LogDirectoryConfig logs,
        GroupsConfig groups,
        TransactionsConfig transactions,
        int maxRequestBytes,
        int maxInFlightRequests,
        int ioThreads,
        ClientsConfig clients) {

    public BrokerConfig {
        Objects.requireNonNull(dataDir, "data.dir");
        Objects.requireNonNull(host, "kafka.listen");
        Objects.requireNonNull(advertisedHost, "kafka.advertised");
        Objects.requireNonNull(logs, "log");
        Objects.requireNonNull(groups, "group");
        Objects.requireNonNull(transactions, "transaction");
        Objects.requireNonNull(clients, "clients");
        if (port < 0 || port > 65_535) {
            throw new IllegalArgumentException("kafka.listen: port " + port + " is not 0..65535");
        }
        if (advertisedPort < 0 || advertisedPort > 65_535) {
            throw new IllegalArgumentException(
                    "kafka.advertised: port " + advertisedPort + " is not 0..65535");
        }
        if (numPartitions < 1) {
            throw new IllegalArgumentException(
                    "num.partitions must be at least 1, got " + numPartitions);
        }
        if (maxRequestBytes < 1024) {
            throw new IllegalArgumentException(
                    "socket.request.max.bytes must be at least 1024, got " + maxRequestBytes);
        }
        if (maxInFlightRequests < 1) {
            throw new IllegalArgumentException(
                    "at least 1 request must be in flight, got " + maxInFlightRequests);
        }
        if (ioThreads < 1) {
            throw new IllegalArgumentException(
                    "num.network.threads must be at least 1, got " + ioThreads);
        }
    }

    /// The defaults, on a free loopback port.
    ///
    /// @param dataDir where everything is kept
    public static BrokerConfig defaults(Path dataDir) {
        return new BrokerConfig(
                dataDir,
                "127.0.0.1",
                0,
                "",
                0,
                1,
                true,
                false,
                LogDirectoryConfig.DEFAULT,
                GroupsConfig.DEFAULT,
                TransactionsConfig.DEFAULT,
                100 * 1024 * 1024,
                256,
                Math.max(1, Runtime.getRuntime().availableProcessors()),
                ClientsConfig.DEFAULT);
    }

    /// The same, listening elsewhere.
    public BrokerConfig withListener(String newHost, int newPort) {
        return new BrokerConfig(
                dataDir,
                newHost,
                newPort,
                advertisedHost,
                advertisedPort,
                numPartitions,
                autoCreateTopics,
                capReplicas,
                logs,
                groups,
                transactions,
                maxRequestBytes,
                maxInFlightRequests,
                ioThreads,
                clients);
    }

    /// The same, telling clients another address than the one listened on.
    public BrokerConfig withAdvertised(String newHost, int newPort) {
        return new BrokerConfig(
                dataDir,
                host,
                port,
                newHost,
                newPort,
                numPartitions,
                autoCreateTopics,
                capReplicas,
                logs,
                groups,
                transactions,
                maxRequestBytes,
                maxInFlightRequests,
                ioThreads,
                clients);
    }

    /// The same with other settings for new topics.
    public BrokerConfig withNewTopics(
            int newNumPartitions, boolean newAutoCreate, boolean newCapReplicas) {
        return new BrokerConfig(
                dataDir,
                host,
                port,
                advertisedHost,
                advertisedPort,
                newNumPartitions,
                newAutoCreate,
                newCapReplicas,
                logs,
                groups,
                transactions,
                maxRequestBytes,
                maxInFlightRequests,
                ioThreads,
                clients);
    }

    /// The same with partitions kept otherwise.
    public BrokerConfig withLogs(LogDirectoryConfig newLogs) {
        return new BrokerConfig(
                dataDir,
                host,
                port,
                advertisedHost,
                advertisedPort,
                numPartitions,
                autoCreateTopics,
                capReplicas,
                newLogs,
                groups,
                transactions,
                maxRequestBytes,
                maxInFlightRequests,
                ioThreads,
                clients);
    }

    /// The same with groups kept otherwise.
    public BrokerConfig withGroups(GroupsConfig newGroups) {
        return new BrokerConfig(
                dataDir,
                host,
                port,
                advertisedHost,
                advertisedPort,
                numPartitions,
                autoCreateTopics,
                capReplicas,
                logs,
                newGroups,
                transactions,
                maxRequestBytes,
                maxInFlightRequests,
                ioThreads,
                clients);
    }

    /// The same with transactions kept otherwise.
    public BrokerConfig withTransactions(TransactionsConfig newTransactions) {
        return new BrokerConfig(
                dataDir,
                host,
                port,
                advertisedHost,
                advertisedPort,
                numPartitions,
                autoCreateTopics,
                capReplicas,
                logs,
                groups,
                newTransactions,
                maxRequestBytes,
                maxInFlightRequests,
                ioThreads,
                clients);
    }

    /// The same with other limits of the listener.
    public BrokerConfig withLimits(
            int newMaxRequestBytes, int newMaxInFlightRequests, int newIoThreads) {
        return new BrokerConfig(
                dataDir,
                host,
                port,
                advertisedHost,
                advertisedPort,
                numPartitions,
                autoCreateTopics,
                capReplicas,
                logs,
                groups,
                transactions,
                newMaxRequestBytes,
                newMaxInFlightRequests,
                newIoThreads,
                clients);
    }

    /// The same with clients kept within other bounds.
    public BrokerConfig withClients(ClientsConfig newClients) {
        return new BrokerConfig(
                dataDir,
                host,
                port,
                advertisedHost,
                advertisedPort,
                numPartitions,
                autoCreateTopics,
                capReplicas,
                logs,
                groups,
                transactions,
                maxRequestBytes,
                maxInFlightRequests,
                ioThreads,
                newClients);
    }
}
