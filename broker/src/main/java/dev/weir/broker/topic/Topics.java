package dev.weir.broker.topic;

import dev.weir.broker.error.BrokerException;
import dev.weir.broker.error.ErrorCode;
import dev.weir.broker.log.LogConfig;
import dev.weir.broker.partition.LogDirectory;
import dev.weir.broker.partition.Partition;
import dev.weir.broker.partition.Registration;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/// All topics of the broker.
///
/// Lookups never wait. Changes exclude each other and wait for the disk: each is checked against
/// the state now, written to the metadata log and fsynced, and only then applied. A change that
/// throws before it was written has not happened.
///
/// # Partitions that vanish
///
/// A partition that nothing was written to has no files, so that their absence alone does not tell
/// whether any were lost. The metadata log therefore notes which partitions have files
/// ([MetadataRecord.PartitionsStored]), when those are durable: many partitions with one write, on
/// the thread `log-upkeep` after each of its rounds, at the start and by [#close]. Who removes a
/// directory before that removes it unnoticed.
public final class Topics implements AutoCloseable {
    /// What must be left of the disk, so that topics can still be deleted when it is full.
    private static final long ROOM_BYTES = 256 << 10;

    /// The most partitions a topic can have, so that one request cannot exhaust the machine.
    public static final int MAX_PARTITIONS = 10_000;

    /// The most partitions that several topics created at once can have together, as on Kafka.
    public static final int MAX_NEW_PARTITIONS = 10_000;

    private static final Logger LOGGER = LoggerFactory.getLogger(Topics.class);

    private final MetadataLog log;
    private final MetadataImage image;
    private final LogDirectory partitions;
    private final int defaultPartitions;
    private volatile Map<String, String> defaults;

    private final ConcurrentSkipListMap<String, Topic> byName = new ConcurrentSkipListMap<>();
    private final ConcurrentHashMap<UUID, Topic> byId = new ConcurrentHashMap<>();
    private final Map<String, String> namesByCollisionKey = new HashMap<>();
    private final CopyOnWriteArrayList<TopicListener> listeners = new CopyOnWriteArrayList<>();

    /// What became of one topic of several to be created: a topic, or why there is none.
    ///
    /// @param topic null if it failed or was only to be checked
    /// @param failure null if it did not
    public record Outcome(Topic topic, BrokerException failure) {}

    /// Opens every topic of the image and finishes deletions a crash interrupted.
    ///
    /// @param image what the log says so far; owned by this from here on
    /// @param defaultPartitions partitions of a topic created without a number
    /// @param defaults settings of topics that have none of their own, where they are not as usual
    public Topics(
            MetadataLog log,
            MetadataImage image,
            LogDirectory partitions,
            int defaultPartitions,
            Map<String, String> defaults) {
        this.log = log;
        this.image = image;
        this.partitions = partitions;
        this.defaultPartitions = defaultPartitions;
        this.defaults = Map.copyOf(defaults);
        for (var gone : List.copyOf(image.deleting())) {
            finishDeletion(gone);
        }
        var stored = List.copyOf(image.topics());
        partitions.openAll(
                stored.stream()
                        .flatMap(t -> wanted(t.id(), t.name(), t.partitions(), t.configs()))
                        .toList());
        for (var description : stored) {
            show(description, List.of());
        }
        tellOfStrays(stored);
        noteStored();
        partitions.afterEachRound(this::noteStored);
    }

    /// Notes durably which partitions have files that were not known to.
    private synchronized void noteStored() {
        var found = new ArrayList<MetadataRecord.PartitionsStored>();
        for (var topic : byName.values()) {
            var indexes = new ArrayList<Integer>();
            for (var partition : topic.partitions()) {
                if (partition.isStored() && !image.isStored(topic.id(), partition.index())) {
                    indexes.add(partition.index());
                }
            }
            if (!indexes.isEmpty()) {
                found.add(new MetadataRecord.PartitionsStored(topic.id(), indexes));
            }
        }
        if (found.isEmpty()) {
            return;
        }
        try {
            log.append(found);
        } catch (BrokerException e) {
            LOGGER.debug("which partitions have files is noted later", e);
            return;
        }
        found.forEach(image::apply);
    }

    /// Notes what the next start has to know. Changes nothing; is called when nobody appends any
    /// more, before the logs and the metadata log are closed.
    @Override
    public void close() {
        for (var topic : byName.values()) {
            for (var partition : topic.partitions()) {
                makeStored(partition);
            }
        }
        noteStored();
    }

    private static void makeStored(Partition partition) {
        try {
            if (partition.offlineReason() == null
                    && !partition.isStored()
                    && partition.logEndOffset() > 0) {
                partition.syncNow();
            }
        } catch (BrokerException e) {
            LOGGER.debug("{} could not be synced", partition, e);
        }
    }

    private void tellOfStrays(Collection<MetadataImage.Description> known) {
        var counts = new HashMap<String, Integer>();
        known.forEach(topic -> counts.put(topic.name(), topic.partitions()));
        var strays =
                partitions.stored().stream()
                        .filter(found -> found.index() >= counts.getOrDefault(found.topic(), 0))
                        .map(found -> found.topic() + "-" + found.index())
                        .sorted()
                        .toList();
        if (!strays.isEmpty()) {
            LOGGER.warn(
                    "{} directories belong to no partition and are left as they are, until a topic"
                            + " of that name is created and takes them over: {}{}",
                    strays.size(),
                    String.join(", ", strays.subList(0, Math.min(10, strays.size()))),
                    strays.size() > 10 ? ", ..." : "");
        }
    }

    /// The topic of this name, if there is one.
    public Optional<Topic> find(String name) {
        return Optional.ofNullable(byName.get(name));
    }

    /// The topic of this id, if there is one.
    public Optional<Topic> find(UUID id) {
        return Optional.ofNullable(byId.get(id));
    }

    /// @throws BrokerException with `UNKNOWN_TOPIC_OR_PARTITION` if there is none
    public Topic get(String name) {
        var topic = byName.get(name);
        if (topic == null) {
            throw new BrokerException(
                    ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, "topic \"" + name + "\" does not exist");
        }
        return topic;
    }

    /// @throws BrokerException with `UNKNOWN_TOPIC_OR_PARTITION` if there is no such partition
    public Partition partition(String name, int index) {
        return get(name).partition(index);
    }

    /// All topics, sorted by name; a live view.
    public Collection<Topic> all() {
        return byName.values();
    }

    /// The topics whose names are not less than this one, sorted; a live view.
    public NavigableMap<String, Topic> from(String name) {
        return byName.tailMap(name, true);
    }

    /// One more than the highest producer id of a client that any partition knows.
    public long clientProducerIdsEnd() {
        return byName.values().stream()
                .flatMap(topic -> topic.partitions().stream())
                .mapToLong(Partition::clientProducerIdsEnd)
                .max()
                .orElse(0);
    }

    /// Partitions of a topic created without a number.
    public int defaultPartitions() {
        return defaultPartitions;
    }

    /// Tells a listener of every change from now on.
    public Registration onChange(TopicListener listener) {
        listeners.add(listener);
        return () -> listeners.remove(listener);
    }

    /// Shows all topics as they are between two changes: none happens, and no listener is called,
    /// until `reader` returns.
    public synchronized void betweenChanges(Consumer<Collection<Topic>> reader) {
        reader.accept(byName.values());
    }

    /// Creates a topic.
    ///
    /// @throws BrokerException with `TOPIC_ALREADY_EXISTS`, `INVALID_TOPIC_EXCEPTION`,
    ///   `INVALID_PARTITIONS`, `INVALID_CONFIG`, `INVALID_REQUEST` or `KAFKA_STORAGE_ERROR`
    public Topic create(NewTopic spec) {
        var outcome = createAll(List.of(spec), false).getFirst();
        if (outcome.failure != null) {
            throw outcome.failure;
        }
        return outcome.topic;
    }

    /// Creates those of several topics that can be, with one write to the disk.
    ///
    /// @param checkOnly whether to stop short of creating them
    /// @return one outcome for each, in order
    /// @throws BrokerException with `POLICY_VIOLATION` if they had more than [#MAX_NEW_PARTITIONS]
    ///   partitions together; then none is created
    public synchronized List<Outcome> createAll(List<NewTopic> specs, boolean checkOnly) {
        var outcomes = new ArrayList<Outcome>();
        var decided = new ArrayList<MetadataRecord.TopicCreated>();
        var taken = new HashMap<String, String>();
        for (var spec : specs) {
            try {
                var created = decide(spec, taken);
                taken.put(TopicNames.collisionKey(spec.name()), spec.name());
                decided.add(created);
                outcomes.add(null);
            } catch (BrokerException e) {
                outcomes.add(new Outcome(null, e));
            }
        }
        long wanted = decided.stream().mapToLong(MetadataRecord.TopicCreated::partitions).sum();
        checkNewPartitions(wanted);
        if (!decided.isEmpty() && !checkOnly) {
            log.checkRoom("topics", ROOM_BYTES);
            log.append(decided);
            partitions.openAll(
                    decided.stream()
                            .flatMap(t -> wanted(t.id(), t.name(), t.partitions(), t.configs()))
                            .toList());
        }
        var next = decided.iterator();
        for (int i = 0; i < outcomes.size(); i++) {
            if (outcomes.get(i) == null) {
                outcomes.set(i, checkOnly ? new Outcome(null, null) : applied(next.next()));
            }
        }
        return outcomes;
    }

    /// Refuses what is too much for one request.
    ///
    /// @throws BrokerException with `POLICY_VIOLATION`
    public static void checkNewPartitions(long count) {
        if (count > MAX_NEW_PARTITIONS) {
            throw new BrokerException(
                    ErrorCode.POLICY_VIOLATION,
                    count
                            + " new partitions in one request, more than "
                            + MAX_NEW_PARTITIONS
                            + "; create fewer at a time");
        }
    }

    /// Deletes a topic. On return nobody finds it any more and its files are gone or going.
    ///
    /// @throws BrokerException with `UNKNOWN_TOPIC_OR_PARTITION` if there is none of this name
    public synchronized void delete(String name) {
        var topic = get(name);
        log.append(List.of(new MetadataRecord.DeletionStarted(topic.id())));
        image.apply(new MetadataRecord.DeletionStarted(topic.id()));
        byName.remove(name);
        byId.remove(topic.id());
        namesByCollisionKey.remove(TopicNames.collisionKey(name));
        tell(topic, null);
        finishDeletion(topic.description());
        LOGGER.info("topic {} deleted", topic);
    }

    /// Gives a topic more partitions.
    ///
    /// @param total how many it will have
    /// @param checkOnly whether to stop short of it
    /// @throws BrokerException with `INVALID_PARTITIONS` if that is not more than now
    public synchronized void addPartitions(String name, int total, boolean checkOnly) {
        var topic = get(name);
        int now = topic.partitions().size();
        if (total <= now) {
            throw new BrokerException(
                    ErrorCode.INVALID_PARTITIONS,
                    "topic \""
                            + name
                            + "\" has "
                            + now
                            + " partitions, which cannot become "
                            + total);
        }
        checkPartitions(name, total);
        if (!checkOnly) {
            log.checkRoom("partitions", ROOM_BYTES);
            change(topic, new MetadataRecord.PartitionsAdded(topic.id(), total));
        }
    }

    /// Changes the settings a topic has of its own.
    ///
    /// @param change given the settings now, returns those to be
    /// @param checkOnly whether to stop short of it
    /// @throws BrokerException with `INVALID_CONFIG` if one of them is wrong
    public synchronized void alterConfigs(
            String name, UnaryOperator<Map<String, String>> change, boolean checkOnly) {
        var topic = get(name);
        var configs = change.apply(new HashMap<>(topic.configs()));
        check(name, configs, defaults);
        if (!checkOnly && !configs.equals(topic.configs())) {
            change(topic, new MetadataRecord.ConfigsChanged(topic.id(), configs));
        }
    }

    /// The settings that hold for a topic that has these of its own. What the broker keeps for
    /// itself goes by no defaults but the usual ones.
    public Map<String, String> effective(String name, Map<String, String> configs) {
        return effective(name, configs, defaults);
    }

    private static Map<String, String> effective(
            String name, Map<String, String> configs, Map<String, String> defaults) {
        return TopicNames.isInternal(name) ? configs : TopicSetting.effective(configs, defaults);
    }

    /// Refuses defaults that do not go together with what some topic has of its own.
    ///
    /// @throws BrokerException with `INVALID_REQUEST` naming the topic
    public void checkDefaults(Map<String, String> wanted) {
        for (var topic : byName.values()) {
            try {
                TopicSetting.checkTogether(effective(topic.name(), topic.configs(), wanted));
            } catch (BrokerException e) {
                throw new BrokerException(
                        ErrorCode.INVALID_REQUEST,
                        "topic \"" + topic.name() + "\" could not have it: " + e.getMessage(),
                        e);
            }
        }
    }

    /// Changes the settings of topics that have none of their own, from the next append on.
    ///
    /// @param wanted checked by [#checkDefaults]; who calls keeps them
    public synchronized void changeDefaults(Map<String, String> wanted) {
        if (wanted.equals(defaults)) {
            return;
        }
        defaults = Map.copyOf(wanted);
        for (var topic : List.copyOf(byName.values())) {
            show(topic.description(), topic.partitions());
        }
    }

    private static void check(
            String name, Map<String, String> configs, Map<String, String> defaults) {
        TopicSetting.check(configs);
        TopicSetting.checkTogether(effective(name, configs, defaults));
    }

    private MetadataRecord.TopicCreated decide(NewTopic spec, Map<String, String> taken) {
        TopicNames.check(spec.name());
        if (spec.name().equals(TopicNames.CLUSTER_METADATA)) {
            throw new BrokerException(
                    ErrorCode.INVALID_REQUEST,
                    "topic \"" + spec.name() + "\" cannot be created; choose another name");
        }
        if (byName.containsKey(spec.name())) {
            throw new BrokerException(
                    ErrorCode.TOPIC_ALREADY_EXISTS, "topic \"" + spec.name() + "\" exists already");
        }
        var key = TopicNames.collisionKey(spec.name());
        var other = namesByCollisionKey.getOrDefault(key, taken.get(key));
        if (other != null) {
            throw new BrokerException(
                    ErrorCode.INVALID_TOPIC_EXCEPTION,
                    "topic \""
                            + spec.name()
                            + "\" differs from the existing topic \""
                            + other
                            + "\" only by '.' and '_'");
        }
        for (var gone : List.copyOf(image.deleting())) {
            if (gone.name().equals(spec.name())) {
                // Its directories must not be taken for those of the new topic.
                finishDeletion(gone);
            }
        }
        int count =
                spec.partitions() == NewTopic.DEFAULT_PARTITIONS
                        ? defaultPartitions
                        : spec.partitions();
        checkPartitions(spec.name(), count);
        check(spec.name(), spec.configs(), defaults);
        return new MetadataRecord.TopicCreated(newId(), spec.name(), count, spec.configs());
    }

    private static void checkPartitions(String name, int count) {
        if (count < 1 || count > MAX_PARTITIONS) {
            throw new BrokerException(
                    ErrorCode.INVALID_PARTITIONS,
                    "topic \""
                            + name
                            + "\" must have 1 to "
                            + MAX_PARTITIONS
                            + " partitions, not "
                            + count);
        }
    }

    /// Random, and none of those that Kafka reserves or that would look like an option on a command
    /// line when printed in base 64.
    private static UUID newId() {
        while (true) {
            var id = UUID.randomUUID();
            boolean startsWithDash = id.getMostSignificantBits() >>> 58 == 62;
            if (!startsWithDash) {
                return id;
            }
        }
    }

    private Outcome applied(MetadataRecord.TopicCreated created) {
        image.apply(created);
        var description =
                new MetadataImage.Description(
                        created.id(), created.name(), created.partitions(), created.configs());
        try {
            var topic = show(description, List.of());
            LOGGER.info("topic {} created with {} partitions", topic, created.partitions());
            return new Outcome(topic, null);
        } catch (BrokerException e) {
            return new Outcome(null, e);
        }
    }

    private void change(Topic topic, MetadataRecord event) {
        log.append(List.of(event));
        image.apply(event);
        for (var description : image.topics()) {
            if (description.id().equals(topic.id())) {
                show(description, topic.partitions());
                return;
            }
        }
        throw new IllegalStateException("topic " + topic + " is not in the image");
    }

    /// Brings the logs of a topic in line with its description and makes it findable.
    private Topic show(MetadataImage.Description description, List<Partition> open) {
        var effective = effective(description.name(), description.configs());
        var config = TopicSetting.logConfig(effective);
        var all = new ArrayList<Partition>(description.partitions());
        for (var partition : open) {
            if (partition.offlineReason() == null && !partition.config().equals(config)) {
                partition.reconfigure(config);
            }
            all.add(partition);
        }
        for (int index = open.size(); index < description.partitions(); index++) {
            var partition =
                    partitions.open(wanted(description.id(), description.name(), index, config));
            if (partition.offlineReason() != null) {
                LOGGER.error(
                        "partition {}-{} is offline: {}",
                        description.name(),
                        index,
                        partition.offlineReason());
            }
            all.add(partition);
        }
        var topic = new Topic(description, all, effective);
        namesByCollisionKey.put(TopicNames.collisionKey(topic.name()), topic.name());
        byId.put(topic.id(), topic);
        tell(byName.put(topic.name(), topic), topic);
        return topic;
    }

    private Stream<LogDirectory.Wanted> wanted(
            UUID id, String topic, int count, Map<String, String> configs) {
        var config = TopicSetting.logConfig(effective(topic, configs));
        return IntStream.range(0, count).mapToObj(index -> wanted(id, topic, index, config));
    }

    private LogDirectory.Wanted wanted(UUID id, String topic, int index, LogConfig config) {
        return new LogDirectory.Wanted(topic, index, config, image.isStored(id, index));
    }

    private void tell(Topic before, Topic after) {
        for (var listener : listeners) {
            listener.changed(before, after);
        }
    }

    private void finishDeletion(MetadataImage.Description gone) {
        // All of them: one that nothing was written to has no directory yet.
        for (int index = 0; index < gone.partitions(); index++) {
            partitions.delete(gone.name(), index);
        }
        var finished = new MetadataRecord.DeletionFinished(gone.id());
        log.append(List.of(finished));
        image.apply(finished);
    }
}
