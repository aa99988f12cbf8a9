package dev.weir.broker;

import com.sun.management.UnixOperatingSystemMXBean;

import dev.weir.broker.access.Authorizer;
import dev.weir.broker.coordinator.TransactionCheck;
import dev.weir.broker.group.GroupSettings;
import dev.weir.broker.group.GroupViews;
import dev.weir.broker.group.Groups;
import dev.weir.broker.net.ConnectionLimits;
import dev.weir.broker.net.KafkaListener;
import dev.weir.broker.net.ListenerConfig;
import dev.weir.broker.partition.LogDirectory;
import dev.weir.broker.partition.Partition;
import dev.weir.broker.partition.UpkeepConfig;
import dev.weir.broker.quota.Quotas;
import dev.weir.broker.request.FetchSessions;
import dev.weir.broker.request.Node;
import dev.weir.broker.request.RequestRouter;
import dev.weir.broker.request.RequestThreads;
import dev.weir.broker.request.ServingConfig;
import dev.weir.broker.storage.FileSystem;
import dev.weir.broker.topic.AdminSettings;
import dev.weir.broker.topic.BrokerSetting;
import dev.weir.broker.topic.BrokerSettings;
import dev.weir.broker.topic.MetadataImage;
import dev.weir.broker.topic.MetadataLog;
import dev.weir.broker.topic.MetadataRecord;
import dev.weir.broker.topic.Topics;
import dev.weir.broker.txn.Markers;
import dev.weir.broker.txn.Transactions;

import org.apache.kafka.common.TopicPartition;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.lang.management.ManagementFactory;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.security.SecureRandom;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.Base64;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.LongSupplier;

/// A running broker: the logs under one directory, served over the Kafka protocol on one address
/// and to readers in the same process through [#partition] and [#topics].
///
/// Any thread may call it. Starting and closing wait for the disk.
public final class Broker implements AutoCloseable {
    private static final Logger LOGGER = LoggerFactory.getLogger(Broker.class);

    private final BrokerMetrics metrics = new BrokerMetrics();

    /// What is open, to be closed in the opposite order.
    private final Deque<AutoCloseable> open = new ArrayDeque<>();

    private final Topics topics;
    private final ProducerIds producerIds;
    private final Transactions transactions;
    private final LogDirectory logs;
    private final GroupViews groupViews;
    private final KafkaListener listener;
    private final Node node;

    private Broker(BrokerConfig config, FileSystem files, InstantSource clock) {
        try {
            // First, because it makes sure that no other process uses the directory.
            logs =
                    opened(
                            LogDirectory.open(
                                    files, config.dataDir().resolve("log"), config.logs(), clock));
            var image = new MetadataImage();
            var metadata =
                    opened(
                            MetadataLog.open(
                                    files,
                                    config.dataDir().resolve("meta").resolve("metadata.log"),
                                    image::apply));
            metadata.rewriteIfLong(image.snapshot());
            if (image.clusterId().isEmpty()) {
                var created = new MetadataRecord.ClusterCreated(newClusterId());
                metadata.append(List.of(created));
                image.apply(created);
            }
            long producerIdsEnd = image.producerIdsEnd();
            var settings = new AdminSettings(metadata, image);
            var changeable = brokerSettings(config, settings);
            logs.reconfigure(upkeep(changeable));
            topics =
                    opened(
                            new Topics(
                                    metadata,
                                    image,
                                    logs,
                                    config.newTopics().partitions(),
                                    changeable.topicDefaults()));
            // Another broker may have written the files of a partition, under ids of its own.
            producerIds =
                    new ProducerIds(
                            metadata, Math.max(producerIdsEnd, topics.clientProducerIdsEnd()));
            var groups =
                    opened(
                            new Groups(
                                    topics,
                                    settings,
                                    changeable,
                                    config.groups(),
                                    clock,
                                    this::checkTransaction));
            groupViews = new GroupViews(groups, topics);
            var markers = new Markers(topics, groups, clock);
            transactions =
                    opened(
                            new Transactions(
                                    topics,
                                    config.transactions(),
                                    clock,
                                    producerIds::allocate,
                                    markers));
            int deletionThreads = Math.max(1, config.logs().syncThreads());
            var threads =
                    new RequestThreads(
                            opened(executor("broker-admin", 1)),
                            opened(executor("broker-lookup", 2)),
                            opened(executor("broker-producer-ids", 1)),
                            opened(executor("broker-deletion", deletionThreads)),
                            deletionThreads);
            var quotas = opened(new Quotas(config.clients().quotas(), settings, clock));
            var authorizer = opened(new Authorizer(config.clients().access(), settings));
            listener =
                    opened(
                            new KafkaListener(
                                    listenerConfig(config, changeable),
                                    quotas,
                                    metrics.requests()));
            node = node(config, image.clusterId(), listener.address());
            var sessions =
                    new FetchSessions(config.clients().fetchSessions(), clock, new SecureRandom());
            measure(sessions);
            var _ =
                    settings.onChange(() -> {
                        logs.reconfigure(upkeep(changeable));
                        topics.changeDefaults(changeable.topicDefaults());
                        listener.limit(limits(config, changeable));
                    });
            listener.serve(
                    new RequestRouter(
                            servingConfig(config, node, changeable, metadata::end, clock),
                            topics,
                            settings,
                            quotas,
                            authorizer,
                            groups,
                            new GroupSettings(config.groups(), changeable),
                            transactions,
                            markers,
                            producerIds,
                            sessions,
                            metrics.requests(),
                            threads));
            transactions.resume();
        } catch (RuntimeException e) {
            close();
            throw e;
        }
    }

    /// Opens or creates the data directory, recovers it and begins to serve.
    ///
    /// @param files where everything is kept
    /// @param clock the time that records and retention go by
    /// @throws java.io.UncheckedIOException if the directory or the address cannot be had
    /// @throws IllegalStateException if the metadata log is damaged
    public static Broker start(BrokerConfig config, FileSystem files, InstantSource clock) {
        return new Broker(config, files, clock);
    }

    /// The address listened on.
    public InetSocketAddress address() {
        return listener.address();
    }

    /// Names this data directory for good.
    public String clusterId() {
        return node.clusterId();
    }

    public Topics topics() {
        return topics;
    }

    /// @throws dev.weir.broker.error.BrokerException with `UNKNOWN_TOPIC_OR_PARTITION` if there is
    ///   none
    public Partition partition(String topic, int index) {
        return topics.partition(topic, index);
    }

    /// Lets retention delete nothing until [#resumeRetention]; called right after the start by an
    /// owner who still has to find out what it must pin.
    public void pauseRetention() {
        logs.pauseRetention();
    }

    /// Ends what [#pauseRetention] began.
    public void resumeRetention() {
        logs.resumeRetention();
    }

    /// Lets compaction begin without the delay after the start in which pins are taken: for an
    /// owner who takes none.
    public void compactAtOnce() {
        logs.compactAtOnce();
    }

    public ProducerIds producerIds() {
        return producerIds;
    }

    /// The groups as somebody sees them who looks on.
    public GroupViews groups() {
        return groupViews;
    }

    public BrokerMetrics metrics() {
        return metrics;
    }

    /// Answers what was asked, closes every connection, then makes everything appended durable, so
    /// that the next start reads no logs. Closing twice does nothing.
    @Override
    public void close() {
        synchronized (open) {
            while (!open.isEmpty()) {
                try {
                    open.pop().close();
                } catch (Exception e) {
                    // The rest must be closed all the same.
                    LOGGER.error("the broker did not close cleanly", e);
                }
            }
        }
    }

    /// Groups ask about transactions and transactions mark their ends in groups; this is the one of
    /// the two directions that is tied late.
    private CompletableFuture<Void> checkTransaction(
            TopicPartition partition,
            String transactionalId,
            long producerId,
            short producerEpoch,
            TransactionCheck.Mode mode) {
        return transactions.check(partition, transactionalId, producerId, producerEpoch, mode);
    }

    private <T extends AutoCloseable> T opened(T resource) {
        open.push(resource);
        return resource;
    }

    private static ExecutorService executor(String name, int threads) {
        return Executors.newFixedThreadPool(
                threads, Thread.ofPlatform().daemon().name(name + "-", 0).factory());
    }

    private static Node node(BrokerConfig config, String clusterId, InetSocketAddress address) {
        var listening = config.listening();
        return new Node(
                clusterId,
                Node.ID,
                listening.advertisedHost().isEmpty()
                        ? reachable(address)
                        : listening.advertisedHost(),
                listening.advertisedPort() == 0 ? address.getPort() : listening.advertisedPort());
    }

    /// A name for the address that makes sense to a client elsewhere.
    private static String reachable(InetSocketAddress address) {
        if (!address.getAddress().isAnyLocalAddress()) {
            return address.getAddress().getHostAddress();
        }
        try {
            return InetAddress.getLocalHost().getCanonicalHostName();
        } catch (UnknownHostException e) {
            LOGGER.warn("this machine does not know its name, clients are told \"localhost\"", e);
            return "localhost";
        }
    }

    private static BrokerSettings brokerSettings(BrokerConfig config, AdminSettings admins) {
        var limits = config.clients().connections();
        var upkeep = config.logs().upkeep();
        return new BrokerSettings(
                admins,
                Integer.toString(Node.ID),
                Map.of(
                        BrokerSetting.MAX_CONNECTIONS,
                        Integer.toString(limits.max()),
                        BrokerSetting.MAX_CONNECTIONS_PER_ADDRESS,
                        Integer.toString(limits.maxPerAddress()),
                        BrokerSetting.NETWORK_THREADS,
                        Integer.toString(config.requests().threads()),
                        BrokerSetting.PRODUCER_EXPIRATION,
                        Long.toString(upkeep.producerExpirationMs()),
                        BrokerSetting.CLEANER_BACKOFF,
                        Long.toString(upkeep.compactionIntervalMs()),
                        BrokerSetting.CLEANER_KEY_BYTES,
                        Long.toString(upkeep.compactionKeyBytes()),
                        BrokerSetting.CLEANER_THREADS,
                        Integer.toString(upkeep.compactionThreads()),
                        BrokerSetting.RECOVERY_THREADS,
                        Integer.toString(upkeep.openingThreads())));
    }

    private static UpkeepConfig upkeep(BrokerSettings settings) {
        return new UpkeepConfig(
                settings.number(BrokerSetting.PRODUCER_EXPIRATION),
                settings.number(BrokerSetting.CLEANER_BACKOFF),
                settings.number(BrokerSetting.CLEANER_KEY_BYTES),
                settings.integer(BrokerSetting.CLEANER_THREADS),
                settings.integer(BrokerSetting.RECOVERY_THREADS));
    }

    private static ConnectionLimits limits(BrokerConfig config, BrokerSettings settings) {
        int wanted = settings.integer(BrokerSetting.MAX_CONNECTIONS);
        return new ConnectionLimits(
                Math.min(wanted, affordableConnections()),
                settings.integer(BrokerSetting.MAX_CONNECTIONS_PER_ADDRESS),
                byAddress(settings.connectionsByHost()),
                config.clients().connections().maxIdleMs());
    }

    private static Map<InetAddress, Integer> byAddress(Map<String, Integer> byHost) {
        var byAddress = new HashMap<InetAddress, Integer>();
        byHost.forEach((host, most) -> {
            try {
                for (var address : InetAddress.getAllByName(host)) {
                    byAddress.put(address, most);
                }
            } catch (UnknownHostException e) {
                LOGGER.warn(
                        "{}: host \"{}\" is unknown and goes by what holds for all",
                        BrokerSetting.MAX_CONNECTIONS_BY_HOST,
                        host,
                        e);
            }
        });
        return byAddress;
    }

    private static ListenerConfig listenerConfig(BrokerConfig config, BrokerSettings settings) {
        var limits = limits(config, settings);
        int wanted = settings.integer(BrokerSetting.MAX_CONNECTIONS);
        if (limits.max() < wanted) {
            LOGGER.warn(
                    "max.connections is {} instead of {}, because the process may open twice as"
                            + " many files only",
                    limits.max(),
                    wanted);
        }
        return new ListenerConfig(
                config.listening().host(),
                config.listening().port(),
                config.requests().maxBytes(),
                config.requests().maxInFlight(),
                settings.integer(BrokerSetting.NETWORK_THREADS),
                limits);
    }

    /// Logs need file descriptors too, so connections take half of those there are at most.
    private static int affordableConnections() {
        long descriptors =
                ManagementFactory.getOperatingSystemMXBean()
                                instanceof UnixOperatingSystemMXBean system
                        ? system.getMaxFileDescriptorCount()
                        : Long.MAX_VALUE;
        return descriptors <= 0
                ? Integer.MAX_VALUE
                : Math.clamp(descriptors / 2, 1, Integer.MAX_VALUE);
    }

    private static ServingConfig servingConfig(
            BrokerConfig config,
            Node node,
            BrokerSettings settings,
            LongSupplier metadataEnd,
            InstantSource clock) {
        var shown = new TreeMap<String, String>();
        shown.put("advertised.listeners", "PLAINTEXT://" + node.host() + ":" + node.port());
        shown.put("auto.create.topics.enable", Boolean.toString(config.newTopics().autoCreate()));
        shown.put("broker.id", Integer.toString(node.id()));
        shown.put("default.replication.factor", "1");
        shown.put(
                "group.consumer.heartbeat.interval.ms",
                Integer.toString(config.groups().consumerHeartbeatIntervalMs()));
        shown.put(
                "group.consumer.session.timeout.ms",
                Integer.toString(config.groups().consumerSessionTimeoutMs()));
        shown.put(
                "group.initial.rebalance.delay.ms",
                Integer.toString(config.groups().initialRebalanceDelayMs()));
        shown.put(
                "group.max.session.timeout.ms",
                Integer.toString(config.groups().maxSessionTimeoutMs()));
        shown.put(
                "group.min.session.timeout.ms",
                Integer.toString(config.groups().minSessionTimeoutMs()));
        shown.put("log.dirs", config.dataDir().resolve("log").toString());
        shown.put("node.id", Integer.toString(node.id()));
        shown.put(
                "connections.max.idle.ms",
                Long.toString(config.clients().connections().maxIdleMs()));
        shown.put(
                "max.incremental.fetch.session.cache.slots",
                Integer.toString(config.clients().fetchSessions().slots()));
        var quotas = config.clients().quotas();
        shown.put("quota.window.num", Integer.toString(quotas.windows()));
        shown.put("quota.window.size.seconds", Integer.toString(quotas.windowSeconds()));
        shown.put("controller.quota.window.num", Integer.toString(quotas.controllerWindows()));
        shown.put(
                "controller.quota.window.size.seconds",
                Integer.toString(quotas.controllerWindowSeconds()));
        shown.put("num.partitions", Integer.toString(config.newTopics().partitions()));
        shown.put(
                "offsets.retention.minutes",
                Integer.toString(config.groups().offsetsRetentionMinutes()));
        shown.put(
                "offsets.topic.num.partitions",
                Integer.toString(config.groups().offsetsPartitions()));
        shown.put(
                "transaction.max.timeout.ms",
                Integer.toString(config.transactions().maxTimeoutMs()));
        shown.put(
                "transaction.state.log.num.partitions",
                Integer.toString(config.transactions().statePartitions()));
        shown.put(
                "transactional.id.expiration.ms",
                Integer.toString(config.transactions().idExpirationMs()));
        shown.put("socket.request.max.bytes", Integer.toString(config.requests().maxBytes()));
        return new ServingConfig(
                node,
                config.newTopics().autoCreate(),
                config.newTopics().capReplicas(),
                shown,
                settings,
                metadataEnd,
                clock);
    }

    /// 22 characters, as Kafka writes its ids.
    private static String newClusterId() {
        var id = UUID.randomUUID();
        var bytes =
                ByteBuffer.allocate(16)
                        .putLong(id.getMostSignificantBits())
                        .putLong(id.getLeastSignificantBits());
        return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes.array());
    }

    private void measure(FetchSessions sessions) {
        metrics.gauge("weir_broker_fetch_sessions", "Fetch sessions kept.", sessions::count);
        metrics.gauge(
                "weir_broker_fetch_session_partitions",
                "Partitions in fetch sessions.",
                sessions::partitions);
        metrics.counter(
                "weir_broker_fetch_session_evictions_total",
                "Fetch sessions given up to make room for others.",
                sessions::evictions);
        metrics.source(logs::report);
        metrics.source(new TopicMetrics(topics, BrokerMetrics.MOST_SERIES)::report);
        metrics.source(
                new GroupMetrics(groupViews, transactions, BrokerMetrics.MOST_SERIES)::report);
    }
}
