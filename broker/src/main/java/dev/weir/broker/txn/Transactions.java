package dev.weir.broker.txn;

import dev.weir.broker.coordinator.LateStart;
import dev.weir.broker.coordinator.TransactionCheck;
import dev.weir.broker.error.BrokerException;
import dev.weir.broker.topic.NewTopic;
import dev.weir.broker.topic.Topic;
import dev.weir.broker.topic.Topics;
import dev.weir.broker.txn.TransactionShard.Named;

import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.coordinator.common.runtime.CoordinatorResult;
import org.apache.kafka.coordinator.transaction.TransactionState;
import org.apache.kafka.server.common.TransactionVersion;
import org.apache.kafka.server.util.timer.SystemTimer;
import org.apache.kafka.server.util.timer.SystemTimerReaper;
import org.apache.kafka.server.util.timer.Timer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Function;
import java.util.function.LongSupplier;
import java.util.function.Supplier;

/// The broker's transaction coordinator, started when it is first asked for, or with the broker
/// where there are transactions to finish.
///
/// Any thread may call; nothing waits. Futures fail with a [BrokerException] or with an exception
/// of Kafka's that has the error the client is to see. An end is answered when its markers are
/// durable, so that whoever committed and then reads sees it; if they cannot be written for now the
/// end is answered all the same, because it is decided, and they follow later.
public final class Transactions implements TransactionCheck, AutoCloseable {
    private static final Logger LOGGER = LoggerFactory.getLogger(Transactions.class);

    /// Where transactions are kept.
    private static final String TOPIC = "__transaction_state";

    private static final int SEGMENT_BYTES = 100 << 20;
    private static final int RETRY_MS = 500;
    private static final int MAX_RETRY_MS = 16_000;

    private final Topics topics;
    private final TransactionsConfig config;
    private final InstantSource clock;
    private final LongSupplier producerIds;
    private final Markers markers;
    private final Supplier<Timer> timers;
    private final ScheduledThreadPoolExecutor worker =
            new ScheduledThreadPoolExecutor(
                    1, Thread.ofPlatform().daemon().name("transaction-worker").factory());

    private final LateStart<HostedTransactions> starts =
            new LateStart<>("transaction coordinator", worker, this::start);
    private HostedTransactions hosted; // worker thread only
    private volatile boolean closing;
    private final LongAdder committed = new LongAdder();
    private final LongAdder aborted = new LongAdder();

    /// The ends somebody is at work on. Entered on the thread that owns the transaction, when the
    /// end is decided or found unfinished; left when the end is durably completed, or when nobody
    /// knows whether the decision will become durable.
    private final Set<Named> finishing = ConcurrentHashMap.newKeySet();

    /// What is known of a transactional id.
    ///
    /// @param open whether a transaction is open or being ended
    /// @param startMs when its last transaction began, open or not; -1 for none
    public record Description(
            String transactionalId,
            ProducerIdentity producer,
            String state,
            int timeoutMs,
            boolean open,
            long startMs,
            Set<TopicPartition> partitions) {}

    /// @param producerIds gives ids nobody had before; may wait for the disk
    public Transactions(
            Topics topics,
            TransactionsConfig config,
            InstantSource clock,
            LongSupplier producerIds,
            Markers markers) {
        this(
                topics,
                config,
                clock,
                producerIds,
                markers,
                () -> new SystemTimerReaper("transaction-timer", new SystemTimer("transaction")));
    }

    /// @param timers makes what measures how long writes take
    Transactions(
            Topics topics,
            TransactionsConfig config,
            InstantSource clock,
            LongSupplier producerIds,
            Markers markers,
            Supplier<Timer> timers) {
        this.topics = topics;
        this.config = config;
        this.clock = clock;
        this.producerIds = producerIds;
        this.markers = markers;
        this.timers = timers;
        worker.setExecuteExistingDelayedTasksAfterShutdownPolicy(false);
    }

    /// Whether there ever was a transactional id. If not there is nothing to list.
    public boolean everUsed() {
        return topics.find(TOPIC).isPresent();
    }

    /// Begins to finish what was decided before the last stop, and to watch over what is open.
    public void resume() {
        if (everUsed()) {
            var _ = ready();
        }
    }

    /// Completed when the coordinator can be asked. Failed with a [BrokerException] if it cannot be
    /// started, which the next call tries again.
    public CompletableFuture<Void> started() {
        return ready().thenAccept(_ -> {});
    }

    // ---------------------------------------------------------------- starting

    private CompletableFuture<HostedTransactions> ready() {
        return starts.get();
    }

    private void start(CompletableFuture<HostedTransactions> starting) {
        try {
            var topic = topics.find(TOPIC).orElseGet(this::createTopic);
            hosted =
                    new HostedTransactions(
                            TOPIC, topic.partitions(), clock, producerIds, timers.get());
            // Clients are told to try again by partitions that take longer.
            hosted.awaitLoaded();
            finishLeft();
            every(config.abortIntervalMs(), this::finishLeft);
            every(config.abortIntervalMs(), this::abortOverdue);
            every(config.removeIntervalMs(), this::forgetIdle);
            starting.complete(hosted);
        } catch (RuntimeException e) {
            var halfStarted = hosted;
            hosted = null;
            if (halfStarted != null) {
                halfStarted.close();
            }
            throw e;
        }
    }

    private Topic createTopic() {
        return topics.create(
                new NewTopic(
                        TOPIC,
                        config.statePartitions(),
                        Map.of(
                                "cleanup.policy",
                                "compact",
                                "segment.bytes",
                                Integer.toString(SEGMENT_BYTES))));
    }

    private void every(int ms, Runnable task) {
        var _ =
                worker.scheduleWithFixedDelay(
                        () -> {
                            try {
                                task.run();
                            } catch (RuntimeException e) {
                                LOGGER.error("upkeep of transactions failed", e);
                            }
                        },
                        ms,
                        ms,
                        TimeUnit.MILLISECONDS);
    }

    // ---------------------------------------------------------------- owners

    /// Gives a transactional id to a producer and shuts out those who had it. A transaction they
    /// left open is aborted first, and the producer has to ask again (`CONCURRENT_TRANSACTIONS`).
    ///
    /// @param expected who the producer says it is, [ProducerIdentity#NONE] for a new one
    public CompletableFuture<ProducerIdentity> initialize(
            String id, int timeoutMs, ProducerIdentity expected) {
        if (id.isEmpty()) {
            return refused(Errors.INVALID_REQUEST, "the transactional id is empty");
        }
        if (timeoutMs <= 0 || timeoutMs > config.maxTimeoutMs()) {
            return refused(
                    Errors.INVALID_TRANSACTION_TIMEOUT,
                    "transaction timeout of "
                            + timeoutMs
                            + " ms is not 1.."
                            + config.maxTimeoutMs()
                            + " (transaction.max.timeout.ms)");
        }
        return ready().thenCompose(at ->
                deciding(at, "initialize", id, shard -> shard.initialize(id, timeoutMs, expected))
                        .thenApply(now -> {
                            if (now.isEnding()) {
                                var _ = finish(at, id, now);
                                throw Errors.CONCURRENT_TRANSACTIONS.exception(
                                        "the transaction that \"" + id + "\" had open is aborted");
                            }
                            return now.identity();
                        }));
    }

    // ---------------------------------------------------------------- partitions

    /// Makes partitions part of a producer's transaction, for clients that say so before they
    /// write.
    public CompletableFuture<Void> add(
            String id, ProducerIdentity producer, Set<TopicPartition> partitions) {
        return add(id, producer, partitions, TransactionVersion.TV_0);
    }

    private CompletableFuture<Void> add(
            String id,
            ProducerIdentity producer,
            Set<TopicPartition> partitions,
            TransactionVersion version) {
        if (id == null || id.isEmpty()) {
            return refused(Errors.INVALID_REQUEST, "the transactional id is empty");
        }
        return ready().thenCompose(at ->
                at.runtime()
                        .scheduleWriteOperation(
                                "add-partitions",
                                at.partitionOf(id),
                                shard -> shard.add(id, producer, partitions, version)));
    }

    /// Which of these partitions are not part of a producer's transaction.
    public CompletableFuture<List<TopicPartition>> missing(
            String id, ProducerIdentity producer, Set<TopicPartition> partitions) {
        if (id == null || id.isEmpty()) {
            return refused(Errors.INVALID_REQUEST, "the transactional id is empty");
        }
        return ready().thenCompose(at ->
                at.runtime()
                        .scheduleReadOperation(
                                "verify",
                                at.partitionOf(id),
                                (shard, offset) -> {
                                    var has = shard.ongoing(id, producer, offset).partitions();
                                    return partitions.stream()
                                            .filter(each -> !has.contains(each))
                                            .toList();
                                }));
    }

    @Override
    public CompletableFuture<Void> check(
            TopicPartition partition, String id, long producerId, short epoch, Mode mode) {
        var producer = new ProducerIdentity(producerId, epoch);
        var asked =
                switch (mode) {
                    case ADD -> add(id, producer, Set.of(partition), TransactionVersion.TV_2);
                    case VERIFY, VERIFY_OLD ->
                            missing(id, producer, Set.of(partition))
                                    .thenAccept(missing -> {
                                        if (!missing.isEmpty()) {
                                            throw (mode == Mode.VERIFY
                                                            ? Errors.TRANSACTION_ABORTABLE
                                                            : Errors.INVALID_TXN_STATE)
                                                    .exception(
                                                            partition
                                                                    + " is not part of the"
                                                                    + " transaction of \""
                                                                    + id
                                                                    + "\"");
                                        }
                                    });
                };
        return asked.exceptionally(failure -> {
            var error = Errors.forException(cause(failure));
            // Partitions know epochs only; PRODUCER_FENCED is a word of the coordinator's.
            throw error == Errors.PRODUCER_FENCED
                    ? Errors.INVALID_PRODUCER_EPOCH.exception(cause(failure).getMessage())
                    : new CompletionException(cause(failure));
        });
    }

    // ---------------------------------------------------------------- ends

    /// Commits or aborts a producer's transaction.
    ///
    /// @param bumping whether the client takes a new epoch with each end (transaction version 2)
    /// @return who the producer is from now on
    public CompletableFuture<ProducerIdentity> end(
            String id, ProducerIdentity producer, boolean commit, boolean bumping) {
        if (id == null || id.isEmpty()) {
            return refused(Errors.INVALID_REQUEST, "the transactional id is empty");
        }
        var version = bumping ? TransactionVersion.TV_2 : TransactionVersion.TV_0;
        return ready().thenCompose(at ->
                deciding(
                                at,
                                commit ? "commit" : "abort",
                                id,
                                shard -> shard.end(id, producer, commit, version))
                        .thenCompose(now ->
                                now.isEnding()
                                        ? finish(at, id, now)
                                        : CompletableFuture.completedFuture(now.identity())));
    }

    /// Carries out an operation that may decide an end. If it did, whoever asked has to [#finish]
    /// it, unless the future fails: then the decision may or may not become durable, and
    /// [#finishLeft] takes it up if it does.
    private CompletableFuture<Transaction> deciding(
            HostedTransactions at,
            String name,
            String id,
            Function<TransactionShard, CoordinatorResult<Transaction, TransactionChange>>
                    operation) {
        var decided = new AtomicReference<Named>();
        return at.runtime()
                .scheduleWriteOperation(
                        name,
                        at.partitionOf(id),
                        shard -> {
                            var result = operation.apply(shard);
                            if (!result.records().isEmpty() && result.response().isEnding()) {
                                var ending = new Named(id, result.response());
                                finishing.add(ending);
                                decided.set(ending);
                            }
                            return result;
                        })
                .whenComplete((_, failure) -> {
                    if (failure != null && decided.get() != null) {
                        finishing.remove(decided.get());
                    }
                });
    }

    /// Finishes what was decided before the last stop, or became durable only after those who had
    /// asked for it were told that it took too long.
    private void finishLeft() {
        var at = hosted;
        for (var each :
                at.runtime()
                        .scheduleReadAllOperation(
                                "unfinished",
                                (shard, offset) ->
                                        shard.ending(offset).stream()
                                                .filter(finishing::add)
                                                .toList())) {
            var _ =
                    each.whenComplete((left, failure) -> {
                        if (failure != null) {
                            LOGGER.debug("cannot look for unfinished transactions", failure);
                            return;
                        }
                        for (var one : left) {
                            LOGGER.info(
                                    "finishing the transaction of \"{}\", which was left in {}",
                                    one.transactionalId(),
                                    one.transaction().state().stateName());
                            var _ = finish(at, one.transactionalId(), one.transaction());
                        }
                    });
        }
    }

    /// Writes the markers of a decided transaction and notes that they are durable.
    ///
    /// @return who the producer is from now on, answered once the next transaction may begin, or
    ///   once it is clear that markers must wait
    private CompletableFuture<ProducerIdentity> finish(
            HostedTransactions at, String id, Transaction decided) {
        var answer = new CompletableFuture<ProducerIdentity>();
        writeMarkers(at, id, decided, decided.partitions(), RETRY_MS, answer);
        return answer;
    }

    private void writeMarkers(
            HostedTransactions at,
            String id,
            Transaction decided,
            Set<TopicPartition> partitions,
            int retryMs,
            CompletableFuture<ProducerIdentity> answer) {
        var end =
                new Markers.End(
                        decided.identity(),
                        OptionalInt.empty(),
                        decided.isCommitting(),
                        decided.version().featureLevel());
        var left = ConcurrentHashMap.<TopicPartition>newKeySet();
        var writes = new ArrayList<CompletableFuture<Void>>();
        for (var partition : partitions) {
            writes.add(
                    markers.write(partition, end)
                            .exceptionally(failure -> {
                                var cause = cause(failure);
                                if (!Markers.isMoot(cause)) {
                                    LOGGER.warn(
                                            "cannot end the transaction of \"{}\" in {} yet: {}",
                                            id,
                                            partition,
                                            cause.getMessage());
                                    left.add(partition);
                                }
                                return null;
                            }));
        }
        var _ =
                CompletableFuture.allOf(writes.toArray(CompletableFuture<?>[]::new))
                        .thenAccept(_ -> {
                            if (left.isEmpty()) {
                                complete(at, id, decided, answer);
                            } else {
                                answer.complete(decided.completed(clock.millis()).identity());
                                int nextMs = Math.min(2 * retryMs, MAX_RETRY_MS);
                                later(
                                        retryMs,
                                        () -> writeMarkers(at, id, decided, left, nextMs, answer));
                            }
                        });
    }

    private void complete(
            HostedTransactions at,
            String id,
            Transaction decided,
            CompletableFuture<ProducerIdentity> answer) {
        var _ =
                at.runtime()
                        .scheduleWriteOperation(
                                "complete",
                                at.partitionOf(id),
                                shard -> {
                                    var result = shard.complete(id, decided);
                                    if (!result.records().isEmpty()) { // else it was before
                                        (decided.isCommitting() ? committed : aborted).increment();
                                    }
                                    // What is asked from here on comes after this record. That it
                                    // is durable need not be awaited: without it the markers are
                                    // written again, which changes nothing.
                                    answer.complete(decided.completed(clock.millis()).identity());
                                    return result;
                                })
                        .thenRun(() -> finishing.remove(new Named(id, decided)))
                        .exceptionally(failure -> {
                            LOGGER.warn(
                                    "cannot complete the transaction of \"{}\" yet: {}",
                                    id,
                                    cause(failure).getMessage());
                            answer.complete(decided.completed(clock.millis()).identity());
                            later(RETRY_MS, () -> complete(at, id, decided, answer));
                            return null;
                        });
    }

    private void later(int ms, Runnable task) {
        if (closing) {
            return;
        }
        try {
            var _ = worker.schedule(task, ms, TimeUnit.MILLISECONDS);
        } catch (RejectedExecutionException e) {
            LOGGER.debug("the broker is shutting down", e);
        }
    }

    private void abortOverdue() {
        var at = hosted;
        for (var each :
                at.runtime()
                        .scheduleReadAllOperation(
                                "overdue", (shard, offset) -> shard.overdue(offset))) {
            var _ =
                    each.whenComplete((ids, failure) -> {
                        if (failure != null) {
                            LOGGER.debug("cannot look for overdue transactions", failure);
                            return;
                        }
                        ids.forEach(id -> abortOverdue(at, id));
                    });
        }
    }

    private void abortOverdue(HostedTransactions at, String id) {
        var _ =
                deciding(at, "abort-overdue", id, shard -> shard.abortOverdue(id))
                        .whenComplete((now, failure) -> {
                            if (failure != null) {
                                LOGGER.warn(
                                        "cannot abort the overdue transaction of \"{}\" yet: {}",
                                        id,
                                        cause(failure).getMessage());
                            } else if (now != null) {
                                LOGGER.info(
                                        "the transaction of \"{}\" took longer than {} ms and is"
                                                + " aborted",
                                        id,
                                        now.timeoutMs());
                                var _ = finish(at, id, now);
                            }
                        });
    }

    private void forgetIdle() {
        for (var each :
                hosted.runtime()
                        .scheduleWriteAllOperation(
                                "forget-idle",
                                shard -> shard.forgetIdle(config.idExpirationMs()))) {
            var _ =
                    each.exceptionally(failure -> {
                        LOGGER.warn(
                                "cannot forget idle transactional ids: {}",
                                cause(failure).getMessage());
                        return 0;
                    });
        }
    }

    // ---------------------------------------------------------------- the view from outside

    /// What is known of an id, if anything is.
    public CompletableFuture<Optional<Description>> describe(String id) {
        if (id.isEmpty()) {
            return refused(Errors.INVALID_REQUEST, "the transactional id is empty");
        }
        if (!everUsed()) {
            return CompletableFuture.completedFuture(Optional.empty());
        }
        return ready().thenCompose(at ->
                at.runtime()
                        .scheduleReadOperation(
                                "describe",
                                at.partitionOf(id),
                                (shard, offset) ->
                                        Optional.ofNullable(shard.find(id, offset))
                                                .map(now -> described(new Named(id, now)))));
    }

    /// What is known of all ids.
    public CompletableFuture<List<Description>> list() {
        if (!everUsed()) {
            return CompletableFuture.completedFuture(List.of());
        }
        return ready().thenCompose(at -> {
            var reads =
                    at.runtime()
                            .scheduleReadAllOperation("list", (shard, offset) -> shard.all(offset));
            return CompletableFuture.allOf(reads.toArray(CompletableFuture<?>[]::new))
                    .thenApply(_ ->
                            reads.stream()
                                    .flatMap(read -> read.join().stream())
                                    .map(Transactions::described)
                                    .toList());
        });
    }

    /// Transactions committed since the start.
    public long committed() {
        return committed.sum();
    }

    /// Transactions aborted since the start.
    public long aborted() {
        return aborted.sum();
    }

    /// How long ago the last transaction began. Without one it is endless.
    public long ageMs(Description described) {
        return clock.millis() - described.startMs();
    }

    private static Description described(Named named) {
        var now = named.transaction();
        return new Description(
                named.transactionalId(),
                now.identity(),
                now.state().stateName(),
                now.timeoutMs(),
                now.state() == TransactionState.ONGOING || now.isEnding(),
                now.startMs(),
                now.partitions());
    }

    private static <T> CompletableFuture<T> refused(Errors error, String message) {
        return CompletableFuture.failedFuture(error.exception(message));
    }

    private static Throwable cause(Throwable failure) {
        return failure instanceof CompletionException && failure.getCause() != null
                ? failure.getCause()
                : failure;
    }

    /// Stops the coordinator. What was answered is in the log; what was decided is finished after
    /// the next start.
    @Override
    public void close() {
        closing = true;
        starts.stop(() -> {
            if (hosted != null) {
                hosted.close();
            }
        });
    }
}
