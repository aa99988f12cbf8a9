package dev.weir.sql.io;

import dev.weir.sql.error.SqlException;
import dev.weir.sql.error.SqlState;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;

/// A log in memory that tells synced bytes from others, can stop working at any write, and comes
/// back as a disk would after power loss.
///
/// One lock guards everything; signals are called outside of it.
public final class MemoryTopicLog implements TopicLog {
    private static final long NOBODY = -1;
    private static final int MOST_BYTES = 1_048_500;

    private volatile List<ConsumerGroup> consumerGroups = List.of();
    private final TreeMap<String, Topic> topics = new TreeMap<>();
    private final CopyOnWriteArrayList<Watch> watches = new CopyOnWriteArrayList<>();
    private long nextProducerId = 1000;
    private long writes;
    private long failAt = Long.MAX_VALUE;
    private boolean down;
    private String lost;
    private final Set<Long> others = new HashSet<>();
    private final Map<String, Integer> limits = new TreeMap<>();

    /// A record as a reader with `isolation.level=read_committed` sees it.
    public record Entry(long offset, long timestamp, byte[] key, byte[] value) {
        public String keyText() {
            return key == null ? null : new String(key, StandardCharsets.UTF_8);
        }

        public String valueText() {
            return value == null ? null : new String(value, StandardCharsets.UTF_8);
        }
    }

    private enum Kind {
        DATA,
        COMMIT,
        ABORT
    }

    private record Stored(Kind kind, long timestamp, byte[] key, byte[] value, long producerId) {}

    private record Watch(String topic, Runnable signal) {}

    private static final class Topic {
        final TopicInfo info;
        final Partition[] partitions;

        Topic(TopicInfo info) {
            this.info = info;
            partitions = new Partition[info.partitions()];
            for (int i = 0; i < partitions.length; i++) {
                partitions[i] = new Partition();
            }
        }
    }

    private static final class Partition {
        final List<Stored> records = new ArrayList<>();
        final Set<MemoryPin> pins = new HashSet<>();
        long start;
        int synced;

        /// One past each record's transaction end by outcome: COMMIT, ABORT, or DATA while open.
        Kind outcome(int index) {
            Stored record = records.get(index);
            if (record.producerId == NOBODY) {
                return Kind.COMMIT;
            }
            for (int i = index + 1; i < records.size(); i++) {
                Stored later = records.get(i);
                if (later.producerId == record.producerId && later.kind != Kind.DATA) {
                    return later.kind;
                }
            }
            return Kind.DATA;
        }
    }

    /// Lets `n` more writing calls succeed, [#send] not counted, then fails every call.
    public synchronized void failAfterWrites(long n) {
        failAt = writes + n;
    }

    /// The writing calls so far.
    public synchronized long writes() {
        return writes;
    }

    /// Lets reads of a topic fail as if it was deleted just before.
    public synchronized void loseTopicWhenRead(String topic) {
        lost = topic;
    }

    /// Lets a topic refuse larger records from now on, as `max.message.bytes` does.
    public synchronized void limitRecords(String topic, int bytes) {
        limits.put(topic, bytes);
    }

    /// Stops answering, as a process that is gone.
    public synchronized void stop() {
        down = true;
    }

    /// What is on disk after power loss: everything synced, and of the rest of each partition a
    /// prefix of random length.
    public synchronized MemoryTopicLog afterPowerLoss(Random random) {
        down = true;
        MemoryTopicLog next = new MemoryTopicLog();
        next.nextProducerId = nextProducerId + 1;
        topics.forEach((name, topic) -> {
            Topic copy = new Topic(topic.info);
            for (int p = 0; p < copy.partitions.length; p++) {
                Partition from = topic.partitions[p];
                int kept = from.synced + random.nextInt(from.records.size() - from.synced + 1);
                copy.partitions[p].records.addAll(from.records.subList(0, kept));
                copy.partitions[p].synced = kept;
                copy.partitions[p].start = from.start;
            }
            next.topics.put(name, copy);
        });
        return next;
    }

    /// The committed records of a partition.
    public synchronized List<Entry> committed(String topic, int partition) {
        Partition p = partition(new TopicPartition(topic, partition));
        List<Entry> entries = new ArrayList<>();
        for (int i = (int) p.start; i < p.records.size(); i++) {
            Stored r = p.records.get(i);
            if (r.kind == Kind.DATA && p.outcome(i) == Kind.COMMIT) {
                entries.add(new Entry(i, r.timestamp, r.key, r.value));
            }
        }
        return entries;
    }

    /// The committed records of all partitions, one partition after the other.
    public List<Entry> committed(String topic) {
        List<Entry> entries = new ArrayList<>();
        int partitions = topic(topic).map(TopicInfo::partitions).orElse(0);
        for (int p = 0; p < partitions; p++) {
            entries.addAll(committed(topic, p));
        }
        return entries;
    }

    /// A client's acknowledged write: appended and synced.
    public long send(String topic, int partition, long timestamp, String key, String value) {
        RecordBlock block = new RecordBlock();
        block.append(-1, timestamp, utf8(key), utf8(value));
        TopicPartition tp = new TopicPartition(topic, partition);
        long end;
        synchronized (this) {
            writes--;
            end = append(tp, block);
            Partition p = partition(tp);
            p.synced = p.records.size();
        }
        signal(topic);
        return end;
    }

    /// A client's write in a transaction that [#mark] ends: it hides what is behind it until then.
    public void openForeign(TopicPartition partition, long producerId, RecordBlock records) {
        synchronized (this) {
            writes--;
            others.add(producerId);
            append(partition, producerId, records);
            Partition p = partition(partition);
            p.synced = p.records.size();
        }
    }

    private static byte[] utf8(String text) {
        return text == null ? null : text.getBytes(StandardCharsets.UTF_8);
    }

    @Override
    public synchronized List<TopicInfo> topics() {
        check();
        return topics.values().stream().map(t -> t.info).toList();
    }

    @Override
    public synchronized Optional<TopicInfo> topic(String name) {
        check();
        return Optional.ofNullable(topics.get(name)).map(t -> t.info);
    }

    @Override
    public Optional<String> topicId(String name) {
        return topic(name).map(TopicInfo::id);
    }

    @Override
    public List<ConsumerGroup> consumerGroups(Optional<String> name) {
        return consumerGroups.stream()
                .filter(group -> name.isEmpty() || group.name().equals(name.get()))
                .toList();
    }

    /// What [#consumerGroups] tells from now on.
    public void consumerGroups(List<ConsumerGroup> groups) {
        consumerGroups = List.copyOf(groups);
    }

    @Override
    public synchronized void createTopic(String name, int partitions, Map<String, String> config) {
        write();
        if (topics.containsKey(name)) {
            throw new SqlException(
                    SqlState.DUPLICATE_OBJECT, "topic \"" + name + "\" already exists");
        }
        topics.put(
                name,
                new Topic(
                        new TopicInfo(name, name + "#" + writes, partitions, 1, config, Map.of())));
    }

    @Override
    public synchronized void deleteTopic(String name) {
        write();
        topics.remove(name);
    }

    @Override
    public synchronized long startOffset(TopicPartition partition) {
        check();
        return partition(partition).start;
    }

    @Override
    public synchronized long endOffset(TopicPartition partition) {
        check();
        long end = partition(partition).synced;
        for (long producerId : others) {
            end =
                    Math.min(
                            end,
                            openTransaction(partition, producerId)
                                    .map(OpenTransaction::firstOffset)
                                    .orElse(end));
        }
        return end;
    }

    @Override
    public synchronized long read(
            TopicPartition partition,
            long offset,
            long upTo,
            long skipProducer,
            RecordBlock block,
            int maxRecords,
            int maxBytes) {
        check();
        if (partition.topic().equals(lost)) {
            topics.remove(lost);
        }
        Partition p = partition(partition);
        if (offset < p.start) {
            throw new SqlException(
                    SqlState.IO_ERROR,
                    "offset " + offset + " of " + partition + " was removed; starts at " + p.start);
        }
        if (upTo > p.synced) {
            throw new IllegalStateException("read beyond the readable end of " + partition);
        }
        long at = offset;
        while (at < upTo && block.count() < maxRecords && block.bytes() < maxBytes) {
            Stored r = p.records.get((int) at);
            boolean own = r.producerId != NOBODY && r.producerId == skipProducer;
            if (r.kind == Kind.DATA && !own && p.outcome((int) at) == Kind.COMMIT) {
                block.append(at, r.timestamp, r.key, r.value);
            }
            at++;
        }
        return at;
    }

    @Override
    public long append(TopicPartition partition, RecordBlock records) {
        return append(partition, NOBODY, records);
    }

    @Override
    public Written appendOpen(TopicPartition partition, long producerId, RecordBlock records) {
        long end = append(partition, producerId, records);
        return new Written(end - records.count(), end);
    }

    private synchronized long append(TopicPartition at, long producerId, RecordBlock records) {
        write();
        Partition p = partition(at);
        for (int i = 0; i < records.count(); i++) {
            int most = limits.getOrDefault(at.topic(), MOST_BYTES);
            if (records.keyLength(i) + records.valueLength(i) > most) {
                throw new SqlException(SqlState.LIMIT_EXCEEDED, "the record is too large");
            }
            p.records.add(
                    new Stored(
                            Kind.DATA,
                            records.timestamp(i),
                            records.key(i),
                            records.value(i),
                            producerId));
        }
        return p.records.size();
    }

    @Override
    public long mark(TopicPartition partition, long producerId, boolean commit) {
        long end;
        synchronized (this) {
            write();
            Partition p = partition(partition);
            if (openTransaction(partition, producerId).isPresent()) {
                p.records.add(
                        new Stored(commit ? Kind.COMMIT : Kind.ABORT, 0, null, null, producerId));
            }
            end = p.records.size();
        }
        signal(partition.topic());
        return end;
    }

    @Override
    public long openFrom(TopicPartition partition, long producerId) {
        return openTransaction(partition, producerId)
                .map(OpenTransaction::firstOffset)
                .orElse(Long.MAX_VALUE);
    }

    @Override
    public synchronized Optional<OpenTransaction> openTransaction(
            TopicPartition partition, long producerId) {
        check();
        Partition p = partition(partition);
        int first = -1;
        int last = -1;
        for (int i = p.records.size() - 1; i >= 0; i--) {
            Stored r = p.records.get(i);
            if (r.producerId != producerId) {
                continue;
            }
            if (r.kind != Kind.DATA) {
                break;
            }
            first = i;
            last = Math.max(last, i);
        }
        return first < 0 ? Optional.empty() : Optional.of(new OpenTransaction(first, last + 1L));
    }

    @Override
    public void sync(Collection<TopicPartition> partitions) {
        synchronized (this) {
            write();
            for (TopicPartition tp : partitions) {
                Partition p = partition(tp);
                p.synced = p.records.size();
            }
        }
        for (TopicPartition tp : partitions) {
            signal(tp.topic());
        }
    }

    @Override
    public synchronized void trim(TopicPartition partition, long offset) {
        write();
        Partition p = partition(partition);
        long pinned = p.pins.stream().mapToLong(pin -> pin.at).min().orElse(Long.MAX_VALUE);
        p.start = Math.max(p.start, Math.min(offset, pinned));
    }

    @Override
    public synchronized Pin pin(TopicPartition partition, long offset) {
        check();
        MemoryPin pin = new MemoryPin(partition, offset);
        partition(partition).pins.add(pin);
        return pin;
    }

    private final class MemoryPin implements Pin {
        private final TopicPartition partition;
        private long at;

        MemoryPin(TopicPartition partition, long at) {
            this.partition = partition;
            this.at = at;
        }

        @Override
        public void move(long offset) {
            synchronized (MemoryTopicLog.this) {
                if (offset < at) {
                    throw new IllegalArgumentException(
                            "a pin at " + at + " cannot go back to " + offset);
                }
                at = offset;
            }
        }

        @Override
        public void close() {
            synchronized (MemoryTopicLog.this) {
                Topic topic = topics.get(partition.topic());
                if (topic != null) {
                    topic.partitions[partition.partition()].pins.remove(this);
                }
            }
        }
    }

    @Override
    public synchronized long newProducerId() {
        write();
        return nextProducerId++;
    }

    @Override
    public Registration onMore(String topic, Runnable signal) {
        if (topic(topic).isEmpty()) {
            throw new SqlException(SqlState.UNDEFINED_OBJECT, "topic " + topic + " does not exist");
        }
        Watch watch = new Watch(topic, signal);
        watches.add(watch);
        return () -> watches.remove(watch);
    }

    private void signal(String topic) {
        for (Watch watch : watches) {
            if (watch.topic.equals(topic)) {
                watch.signal.run();
            }
        }
    }

    private Partition partition(TopicPartition tp) {
        Topic topic = topics.get(tp.topic());
        if (topic == null || tp.partition() >= topic.partitions.length) {
            throw new SqlException(
                    SqlState.UNDEFINED_OBJECT, "topic partition " + tp + " does not exist");
        }
        return topic.partitions[tp.partition()];
    }

    private void write() {
        if (++writes > failAt) {
            down = true;
        }
        check();
    }

    private void check() {
        if (down) {
            throw new SqlException(SqlState.IO_ERROR, "the log is gone");
        }
    }
}
