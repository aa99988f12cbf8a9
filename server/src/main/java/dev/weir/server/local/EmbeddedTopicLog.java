package dev.weir.server.local;

import dev.weir.broker.Broker;
import dev.weir.broker.error.BrokerException;
import dev.weir.broker.error.ErrorCode;
import dev.weir.broker.group.GroupView;
import dev.weir.broker.log.LogConfig;
import dev.weir.broker.partition.AppendOrigin;
import dev.weir.broker.partition.OwnProducers;
import dev.weir.broker.partition.Partition;
import dev.weir.broker.partition.ReadLimit;
import dev.weir.broker.partition.ReadResult;
import dev.weir.broker.record.BatchHeader;
import dev.weir.broker.record.RecordBatchWriter;
import dev.weir.broker.topic.NewTopic;
import dev.weir.broker.topic.Topic;
import dev.weir.sql.error.SqlException;
import dev.weir.sql.error.SqlState;
import dev.weir.sql.io.ConsumerGroup;
import dev.weir.sql.io.RecordBlock;
import dev.weir.sql.io.TopicInfo;
import dev.weir.sql.io.TopicLog;
import dev.weir.sql.io.TopicPartition;

import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;

/// The engine's port over the partitions of the broker in this process.
///
/// The engine's own transactions have no coordinator: epoch 0, no sequence numbers. Its producer
/// ids are of [OwnProducers], so that no client can touch its transactions, and its own open step
/// does not hold back what it may read.
final class EmbeddedTopicLog implements TopicLog {
    private static final short ENGINE_EPOCH = 0;

    /// Records go in batches of at most this size, if the topic takes them, which every consumer
    /// fetches easily.
    private static final int MOST_BATCH_BYTES = 1 << 20;

    /// What a record takes at most beside its key and value: five numbers of at most ten bytes.
    private static final int RECORD_OVERHEAD = 50;

    /// The most groups that are looked at for one statement: each costs a question.
    private static final int MOST_GROUPS = 10_000;

    private static final int GROUPS_PATIENCE_SECONDS = 10;

    private final Broker broker;
    private final InstantSource clock;
    private final Map<TopicPartition, Set<LocalPin>> pins = new ConcurrentHashMap<>();
    private final ConcurrentLinkedQueue<BatchWalker> walkers = new ConcurrentLinkedQueue<>();
    private final ConcurrentLinkedQueue<RecordBatchWriter> writers = new ConcurrentLinkedQueue<>();

    EmbeddedTopicLog(Broker broker, InstantSource clock) {
        this.broker = broker;
        this.clock = clock;
    }

    @Override
    public List<TopicInfo> topics() {
        return broker.topics().all().stream().map(this::info).toList();
    }

    @Override
    public Optional<TopicInfo> topic(String name) {
        return broker.topics().find(name).map(this::info);
    }

    @Override
    public Optional<String> topicId(String name) {
        return broker.topics().find(name).map(topic -> topic.id().toString());
    }

    @Override
    public List<ConsumerGroup> consumerGroups(Optional<String> name) {
        var views = broker.groups();
        var asked = name.isPresent() ? views.named(name.get()) : views.first(MOST_GROUPS);
        try {
            return asked.get(GROUPS_PATIENCE_SECONDS, TimeUnit.SECONDS).stream()
                    .map(EmbeddedTopicLog::group)
                    .toList();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new SqlException(
                    SqlState.QUERY_CANCELED, null, "interrupted while asking for groups", "");
        } catch (ExecutionException | TimeoutException e) {
            throw new SqlException(
                    SqlState.CANNOT_CONNECT_NOW,
                    null,
                    "the group coordinator does not answer: "
                            + (e.getCause() == null ? "it takes too long" : e.getCause()),
                    "Try again in a moment.",
                    e);
        }
    }

    private static ConsumerGroup group(GroupView view) {
        return new ConsumerGroup(
                view.name(),
                view.type(),
                view.protocol(),
                view.state(),
                view.members().stream().map(EmbeddedTopicLog::member).toList(),
                view.positions().stream()
                        .map(position ->
                                new ConsumerGroup.Position(
                                        new TopicPartition(
                                                position.partition().topic(),
                                                position.partition().partition()),
                                        known(position.committed()),
                                        known(position.end()),
                                        position.reader() == null
                                                ? null
                                                : member(position.reader())))
                        .toList());
    }

    private static ConsumerGroup.Member member(GroupView.Member member) {
        return new ConsumerGroup.Member(member.id(), member.clientId(), member.host());
    }

    private static OptionalLong known(long offset) {
        return offset == GroupView.NONE ? OptionalLong.empty() : OptionalLong.of(offset);
    }

    @Override
    public void createTopic(String name, int partitions, Map<String, String> config) {
        translating(() -> broker.topics().create(new NewTopic(name, partitions, config)));
    }

    @Override
    public void deleteTopic(String name) {
        translating(() -> {
            broker.topics().delete(name);
            return null;
        });
    }

    @Override
    public long startOffset(TopicPartition partition) {
        return translating(() -> partition(partition).logStartOffset());
    }

    @Override
    public long endOffset(TopicPartition at) {
        return translating(() -> {
            Partition partition = partition(at);
            long highWatermark = partition.highWatermark();
            if (partition.decidedBelow() >= highWatermark) {
                return highWatermark;
            }
            long end = highWatermark;
            for (var open : partition.openTransactions()) {
                if (!OwnProducers.include(open.producerId())) {
                    end = Math.min(end, open.firstOffset());
                }
            }
            return end;
        });
    }

    @Override
    public long read(
            TopicPartition at,
            long offset,
            long upTo,
            long skipProducer,
            RecordBlock block,
            int maxRecords,
            int maxBytes) {
        if (offset >= upTo) {
            return upTo;
        }
        BatchWalker walker = walkers.poll();
        if (walker == null) {
            walker = new BatchWalker();
        }
        BatchWalker borrowed = walker;
        try {
            return translating(() ->
                    borrowed.read(
                            source(at),
                            new BatchWalker.Range(offset, upTo, skipProducer),
                            block,
                            maxRecords,
                            maxBytes));
        } finally {
            walkers.offer(walker);
        }
    }

    @Override
    public long append(TopicPartition at, RecordBlock records) {
        return translating(() -> {
            Partition partition = partition(at);
            if (records.isEmpty()) {
                return partition.logEndOffset();
            }
            RecordBatchWriter writer = borrowWriter();
            try {
                writer.start(records.timestamp(0));
                for (int i = 0; i < records.count(); i++) {
                    append(writer, records, i);
                }
                return finish(partition, writer);
            } finally {
                writers.offer(writer);
            }
        });
    }

    @Override
    public Written appendOpen(TopicPartition at, long producerId, RecordBlock records) {
        return translating(() -> {
            Partition partition = partition(at);
            RecordBatchWriter writer = borrowWriter();
            try {
                long first = -1;
                long end = partition.logEndOffset();
                int begun = records.appended();
                int i = begun;
                while (i < records.count()) {
                    writer.start(
                            records.timestamp(i),
                            producerId,
                            ENGINE_EPOCH,
                            BatchHeader.NO_SEQUENCE,
                            true);
                    do {
                        append(writer, records, i++);
                    } while (i < records.count() && fits(partition, writer, records, i));
                    end = finish(partition, writer);
                    records.appendedTo(i);
                    first = first < 0 ? end - (i - begun) : first;
                }
                return new Written(first < 0 ? end : first, end);
            } finally {
                writers.offer(writer);
            }
        });
    }

    /// Whether one more record can be part of a batch.
    private static boolean fits(
            Partition partition, RecordBatchWriter writer, RecordBlock records, int i) {
        long size =
                (long) writer.sizeInBytes()
                        + RECORD_OVERHEAD
                        + Math.max(0, records.keyLength(i))
                        + Math.max(0, records.valueLength(i));
        LogConfig config = partition.config();
        return size
                <= Math.min(
                        MOST_BATCH_BYTES,
                        Math.min(config.maxMessageBytes(), config.segmentBytes()));
    }

    private RecordBatchWriter borrowWriter() {
        RecordBatchWriter writer = writers.poll();
        return writer == null ? new RecordBatchWriter() : writer;
    }

    private static void append(RecordBatchWriter writer, RecordBlock records, int i) {
        byte[] arena = records.arena();
        int keyLength = records.keyLength(i);
        int valueLength = records.valueLength(i);
        writer.append(
                records.timestamp(i),
                keyLength < 0 ? null : arena,
                records.keyAt(i),
                keyLength,
                valueLength < 0 ? null : arena,
                records.valueAt(i),
                valueLength);
    }

    private static long finish(Partition partition, RecordBatchWriter writer) {
        return partition.append(writer.finish(), AppendOrigin.ENGINE).lastOffset() + 1;
    }

    @Override
    public long mark(TopicPartition at, long producerId, boolean commit) {
        return translating(() -> {
            Partition partition = partition(at);
            for (var open : partition.openTransactions()) {
                if (open.producerId() == producerId) {
                    return partition
                                    .appendMarker(
                                            producerId,
                                            open.producerEpoch(),
                                            commit,
                                            clock.millis())
                                    .lastOffset()
                            + 1;
                }
            }
            return partition.logEndOffset();
        });
    }

    @Override
    public Optional<OpenTransaction> openTransaction(TopicPartition at, long producerId) {
        return translating(() -> {
            Partition partition = partition(at);
            for (var open : partition.openTransactions()) {
                if (open.producerId() == producerId) {
                    long end =
                            new BatchWalker()
                                    .endOfProducer(source(at), producerId, open.firstOffset());
                    return Optional.of(new OpenTransaction(open.firstOffset(), end));
                }
            }
            return Optional.<OpenTransaction>empty();
        });
    }

    @Override
    public long openFrom(TopicPartition at, long producerId) {
        return translating(() -> {
            for (var open : partition(at).openTransactions()) {
                if (open.producerId() == producerId) {
                    return open.firstOffset();
                }
            }
            return Long.MAX_VALUE;
        });
    }

    @Override
    public void sync(Collection<TopicPartition> partitions) {
        translating(() -> {
            // All but one are left to the broker's sync threads, so that they go in
            // parallel; the last is synced here, which saves a hand-off when it is alone.
            var todo = new ArrayList<Partition>(partitions.size());
            for (TopicPartition at : partitions) {
                Partition partition = partition(at);
                if (partition.highWatermark() < partition.logEndOffset()) {
                    todo.add(partition);
                }
            }
            if (todo.isEmpty()) {
                return null;
            }
            Partition mine = todo.removeLast();
            var left = new CountDownLatch(todo.size());
            var failure = new AtomicReference<BrokerException>();
            for (Partition partition : todo) {
                partition.whenSynced(
                        partition.logEndOffset(),
                        problem -> {
                            if (problem != null) {
                                failure.compareAndSet(null, problem);
                            }
                            left.countDown();
                        });
            }
            mine.syncNow();
            awaitUninterruptibly(left);
            if (failure.get() != null) {
                throw failure.get();
            }
            return null;
        });
    }

    /// A sync cannot be given up half way: what is on disk would be unknown.
    private static void awaitUninterruptibly(CountDownLatch latch) {
        boolean interrupted = false;
        while (true) {
            try {
                latch.await();
                break;
            } catch (InterruptedException _) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public void trim(TopicPartition at, long offset) {
        translating(() -> partition(at).deleteRecordsBefore(offset));
    }

    @Override
    public Pin pin(TopicPartition at, long offset) {
        return translating(() -> {
            var pin = new LocalPin(at, partition(at).pin(offset));
            pins.computeIfAbsent(at, _ -> ConcurrentHashMap.newKeySet()).add(pin);
            return pin;
        });
    }

    @Override
    public long newProducerId() {
        return translating(() -> broker.producerIds().allocateOwn());
    }

    @Override
    public Registration onMore(String topic, Runnable signal) {
        return translating(() -> {
            var registrations = new ArrayList<dev.weir.broker.partition.Registration>();
            for (Partition partition : broker.topics().get(topic).partitions()) {
                registrations.add(partition.onAdvance(false, signal));
            }
            return () -> registrations.forEach(dev.weir.broker.partition.Registration::close);
        });
    }

    private Partition partition(TopicPartition at) {
        return broker.partition(at.topic(), at.partition());
    }

    private BatchWalker.Source source(TopicPartition at) {
        Partition partition = partition(at);
        return new BatchWalker.Source() {
            @Override
            public long decidedBelow() {
                return partition.decidedBelow();
            }

            @Override
            public ReadResult read(long offset, int maxBytes, ReadLimit limit) {
                try {
                    return partition.read(offset, maxBytes, limit, true);
                } catch (BrokerException e) {
                    if (e.code() != ErrorCode.OFFSET_OUT_OF_RANGE) {
                        throw e;
                    }
                    return readPinned(at, offset, maxBytes, limit).orElseThrow(() -> e);
                }
            }

            @Override
            public String toString() {
                return at.toString();
            }
        };
    }

    /// Records that were deleted for everybody else, but are kept by a pin of ours.
    private Optional<ReadResult> readPinned(
            TopicPartition at, long offset, int maxBytes, ReadLimit limit) {
        for (LocalPin pin : pins.getOrDefault(at, Set.of())) {
            if (pin.pin.offset() <= offset) {
                return Optional.of(pin.pin.read(offset, maxBytes, limit, true));
            }
        }
        return Optional.empty();
    }

    private final class LocalPin implements Pin {
        private final TopicPartition at;
        private final dev.weir.broker.partition.Pin pin;

        LocalPin(TopicPartition at, dev.weir.broker.partition.Pin pin) {
            this.at = at;
            this.pin = pin;
        }

        @Override
        public void move(long offset) {
            pin.move(offset);
        }

        @Override
        public void close() {
            pins.getOrDefault(at, Set.of()).remove(this);
            pin.close();
        }
    }

    private TopicInfo info(Topic topic) {
        return new TopicInfo(
                topic.name(),
                topic.id().toString(),
                topic.partitions().size(),
                1,
                broker.topics().effective(topic.name(), topic.configs()),
                offline(topic));
    }

    private static Map<Integer, String> offline(Topic topic) {
        var offline = new HashMap<Integer, String>();
        for (Partition partition : topic.partitions()) {
            if (partition.offlineReason() != null) {
                offline.put(partition.index(), partition.offlineReason());
            }
        }
        return offline;
    }

    private static <T> T translating(Supplier<T> work) {
        try {
            return work.get();
        } catch (BrokerException e) {
            throw Failures.of(e);
        } catch (ArithmeticException e) {
            throw new SqlException(
                    SqlState.LIMIT_EXCEEDED, null, "a batch would exceed 2 GiB", null, e);
        }
    }
}
