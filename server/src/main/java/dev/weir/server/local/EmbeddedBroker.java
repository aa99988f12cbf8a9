package dev.weir.server.local;

import dev.weir.broker.Broker;
import dev.weir.broker.BrokerConfig;
import dev.weir.broker.ClientsConfig;
import dev.weir.broker.access.AccessConfig;
import dev.weir.broker.metric.Metric;
import dev.weir.broker.metric.MetricVisitor;
import dev.weir.broker.net.ConnectionLimits;
import dev.weir.broker.partition.LogDirectoryConfig;
import dev.weir.broker.partition.LogDirectoryConfig.Durability;
import dev.weir.broker.quota.QuotasConfig;
import dev.weir.broker.request.FetchSessionsConfig;
import dev.weir.broker.storage.RealFileSystem;
import dev.weir.broker.txn.TransactionsConfig;
import dev.weir.server.metric.MetricPage;
import dev.weir.server.metric.MetricSource;
import dev.weir.sql.io.TopicLog;

import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.Locale;
import java.util.Set;

/// The broker of this process, as the server sees it: an address for Kafka clients, a log for the
/// engine, samples for `/metrics`.
public final class EmbeddedBroker implements AutoCloseable {
    private final Broker broker;
    private final EmbeddedTopicLog log;

    private EmbeddedBroker(Broker broker, InstantSource clock) {
        this.broker = broker;
        this.log = new EmbeddedTopicLog(broker, clock);
    }

    /// How the broker is set up.
    ///
    /// @param dataDir `log` and `meta` are made below it
    /// @param listen where Kafka clients connect
    /// @param advertised what they are told instead; null for the listener itself
    /// @param fetchSessionSlots consumers whose partitions are remembered between their fetches
    /// @param osDurability true when acknowledged records may still be only in the page cache
    /// @param upkeep how transactions and compacted topics are looked after
    /// @param clients how Kafka clients are kept within bounds
    public record Settings(
            Path dataDir,
            InetSocketAddress listen,
            InetSocketAddress advertised,
            int numPartitions,
            boolean autoCreateTopics,
            boolean capReplicas,
            int fetchSessionSlots,
            boolean osDurability,
            Upkeep upkeep,
            Clients clients) {}

    /// How Kafka clients are kept within bounds.
    ///
    /// @param maxConnections of all clients; the next ones wait
    /// @param maxConnectionsPerAddress the next ones are closed
    /// @param maxIdleMs after which a client that asks nothing is disconnected
    /// @param quotaWindows over which quotas are measured
    /// @param quotaWindowSeconds how long each of them is
    /// @param authorize whether access rules hold
    /// @param superUsers principals that need none
    /// @param openWithoutRules whether everybody may do everything with what no rule is about
    public record Clients(
            int maxConnections,
            int maxConnectionsPerAddress,
            long maxIdleMs,
            int quotaWindows,
            int quotaWindowSeconds,
            boolean authorize,
            Set<String> superUsers,
            boolean openWithoutRules) {
        private ClientsConfig config() {
            return ClientsConfig.DEFAULT
                    .withConnections(
                            new ConnectionLimits(
                                    maxConnections, maxConnectionsPerAddress, maxIdleMs))
                    .withQuotas(
                            new QuotasConfig(
                                    quotaWindows,
                                    quotaWindowSeconds,
                                    QuotasConfig.DEFAULT.controllerWindows(),
                                    QuotasConfig.DEFAULT.controllerWindowSeconds()))
                    .withAccess(new AccessConfig(authorize, superUsers, openWithoutRules));
        }
    }

    /// How transactions and compacted topics are looked after.
    ///
    /// @param maxTransactionTimeoutMs the longest timeout a producer may ask for
    /// @param transactionalIdExpirationMs after which idle time a transactional id is forgotten
    /// @param compactionIntervalMs between two looks for logs to compact
    /// @param compactionKeyBytes memory for the keys of a log while it is compacted
    public record Upkeep(
            int maxTransactionTimeoutMs,
            int transactionalIdExpirationMs,
            long compactionIntervalMs,
            long compactionKeyBytes) {}

    /// Recovers the logs and begins to serve Kafka clients. Retention deletes nothing until
    /// [#resumeRetention].
    public static EmbeddedBroker start(Settings settings, InstantSource clock) {
        BrokerConfig config =
                BrokerConfig.defaults(settings.dataDir())
                        .withListener(
                                settings.listen().getHostString(), settings.listen().getPort())
                        .withNewTopics(
                                new BrokerConfig.NewTopics(
                                        settings.numPartitions(),
                                        settings.autoCreateTopics(),
                                        settings.capReplicas()))
                        .withClients(
                                settings.clients()
                                        .config()
                                        .withFetchSessions(
                                                FetchSessionsConfig.DEFAULT.withSlots(
                                                        settings.fetchSessionSlots())))
                        .withLogs(
                                LogDirectoryConfig.DEFAULT
                                        .withDurability(
                                                settings.osDurability()
                                                        ? Durability.OS
                                                        : Durability.FSYNC)
                                        .withCompaction(
                                                settings.upkeep().compactionIntervalMs(),
                                                settings.upkeep().compactionKeyBytes()))
                        .withTransactions(
                                TransactionsConfig.DEFAULT
                                        .withMaxTimeoutMs(
                                                settings.upkeep().maxTransactionTimeoutMs())
                                        .withIdExpirationMs(
                                                settings.upkeep().transactionalIdExpirationMs()));
        if (settings.advertised() != null) {
            config =
                    config.withAdvertised(
                            settings.advertised().getHostString(), settings.advertised().getPort());
        }
        Broker broker = Broker.start(config, new RealFileSystem(), clock);
        broker.pauseRetention();
        return new EmbeddedBroker(broker, clock);
    }

    /// Lets retention delete what is not pinned: the engine has taken its pins.
    public void resumeRetention() {
        broker.resumeRetention();
    }

    /// Where Kafka clients connect.
    public InetSocketAddress address() {
        return broker.address();
    }

    /// Names the data directory for good.
    public String clusterId() {
        return broker.clusterId();
    }

    /// The log as the engine sees it.
    public TopicLog log() {
        return log;
    }

    /// What the broker counts and measures.
    public MetricSource metrics() {
        return page -> broker.metrics().report(new OnPage(page));
    }

    /// Hands the broker's samples to the page.
    private record OnPage(MetricPage page) implements MetricVisitor {
        @Override
        public void metric(Metric metric) {
            page.begin(metric.name(), metric.kind().name().toLowerCase(Locale.ROOT), metric.help());
        }

        @Override
        public void sample(String suffix, String labels, double value) {
            page.sample(suffix, labels, value);
        }
    }

    @Override
    public void close() {
        broker.close();
    }
}
