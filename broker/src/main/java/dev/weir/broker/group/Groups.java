package dev.weir.broker.group;

import dev.weir.broker.coordinator.LateStart;
import dev.weir.broker.coordinator.TransactionCheck;
import dev.weir.broker.error.BrokerException;
import dev.weir.broker.partition.Registration;
import dev.weir.broker.topic.AdminSettings;
import dev.weir.broker.topic.BrokerSettings;
import dev.weir.broker.topic.NewTopic;
import dev.weir.broker.topic.Topic;
import dev.weir.broker.topic.Topics;

import org.apache.kafka.coordinator.group.GroupCoordinator;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;

/// The broker's group coordinator, started when it is first asked for.
///
/// Any thread may call. A worker thread of its own starts the coordinator and tells it of changes
/// of topics; neither the thread of a request nor one that changes topics waits for it.
public final class Groups implements AutoCloseable {
    private static final Logger LOGGER = LoggerFactory.getLogger(Groups.class);

    /// Where groups and their offsets are kept.
    public static final String TOPIC = "__consumer_offsets";

    private static final int SEGMENT_BYTES = 100 << 20;

    private final Topics topics;
    private final BrokerSettings changeable;
    private final GroupsConfig config;
    private final InstantSource clock;
    private final TransactionCheck transactions;
    private final ExecutorService worker =
            Executors.newSingleThreadExecutor(
                    Thread.ofPlatform().daemon().name("group-worker").factory());
    private final Registration watching;
    private final AdminSettings settings;
    private final Registration watchingSettings;

    private final LateStart<GroupCoordinator> starts =
            new LateStart<>("group coordinator", worker, this::start);
    private HostedCoordinator hosted; // worker thread only

    /// Whether changes of topics go to the coordinator. Under the lock of [Topics].
    private boolean following;

    /// The topics that the coordinator must know before the first change it is told of, if they are
    /// not those there are when it starts. Under the lock of [Topics].
    private List<Topic> before;

    /// Starts nothing yet.
    ///
    /// @param settings among them those that groups have of their own
    /// @param changeable what holds for groups that have nothing of their own, if it can be changed
    /// @param config what else holds for them
    /// @param transactions asked before offsets are committed in a client's transaction
    public Groups(
            Topics topics,
            AdminSettings settings,
            BrokerSettings changeable,
            GroupsConfig config,
            InstantSource clock,
            TransactionCheck transactions) {
        this.transactions = transactions;
        this.topics = topics;
        this.changeable = changeable;
        this.config = config;
        this.clock = clock;
        this.settings = settings;
        this.watching = topics.onChange(this::changed);
        this.watchingSettings = settings.onChange(this::settingsChanged);
    }

    /// Whether there ever was a group. If not there is nothing to list.
    public boolean everUsed() {
        return topics.find(TOPIC).isPresent();
    }

    /// The coordinator, once it is ready to be asked. Failed with a [BrokerException] if it cannot
    /// be started, which the next call tries again.
    public CompletableFuture<GroupCoordinator> coordinator() {
        return starts.get();
    }

    private void start(CompletableFuture<GroupCoordinator> starting) {
        try {
            long beganNanos = System.nanoTime();
            var offsets = topics.find(TOPIC).orElseGet(this::createTopic);
            hosted =
                    new HostedCoordinator(
                            new CoordinatorSettings(config, changeable),
                            offsets.partitions(),
                            follow(),
                            clock,
                            transactions,
                            settings.configs(GroupSettings.RESOURCE_TYPE));
            // Clients are told to try again by partitions that take longer.
            hosted.awaitLoaded();
            LOGGER.info(
                    "group coordinator started in {} ms",
                    TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - beganNanos));
            starting.complete(hosted.coordinator());
        } catch (RuntimeException e) {
            topics.betweenChanges(_ -> following = false);
            throw e;
        }
    }

    private Topic createTopic() {
        return topics.create(
                new NewTopic(
                        TOPIC,
                        config.offsetsPartitions(),
                        Map.of(
                                "cleanup.policy",
                                "compact",
                                "segment.bytes",
                                Integer.toString(SEGMENT_BYTES))));
    }

    /// The topics at the moment from which on changes are passed on.
    private List<Topic> follow() {
        var known = new ArrayList<Topic>();
        topics.betweenChanges(all -> {
            known.addAll(before != null ? before : all);
            before = null;
            following = true;
        });
        return known;
    }

    private void changed(Topic was, Topic is) {
        if (!following) {
            if (is != null || !everUsed()) {
                return;
            }
            // The offsets committed for a deleted topic go with it, so that none of them is taken
            // for one of a later topic of the same name. That is the coordinator's business.
            before = new ArrayList<>(topics.all());
            before.add(was);
            following = true;
            var _ = coordinator();
        }
        try {
            worker.execute(() -> pass(was, is));
        } catch (RejectedExecutionException e) {
            LOGGER.debug("the broker is shutting down", e);
        }
    }

    private void settingsChanged() {
        try {
            worker.execute(() -> {
                if (hosted != null) {
                    hosted.configure(settings.configs(GroupSettings.RESOURCE_TYPE));
                }
            });
        } catch (RejectedExecutionException e) {
            LOGGER.debug("the broker is shutting down", e);
        }
    }

    private void pass(Topic was, Topic is) {
        if (hosted == null) {
            return;
        }
        try {
            hosted.topicChanged(was, is);
        } catch (RuntimeException e) {
            LOGGER.error("the group coordinator did not take a change of {} to {}", was, is, e);
        }
    }

    /// Stops the coordinator. What waits for it fails; what it acknowledged is in the log.
    @Override
    public void close() {
        watching.close();
        watchingSettings.close();
        starts.stop(() -> {
            if (hosted != null) {
                hosted.close();
            }
        });
    }
}
