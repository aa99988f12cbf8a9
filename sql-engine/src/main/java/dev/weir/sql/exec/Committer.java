package dev.weir.sql.exec;

import dev.weir.sql.error.SqlException;
import dev.weir.sql.error.SqlState;
import dev.weir.sql.exec.JournalRecord.Failed;
import dev.weir.sql.exec.JournalRecord.OutputEnd;
import dev.weir.sql.io.TopicInfo;
import dev.weir.sql.io.TopicLog;
import dev.weir.sql.io.TopicPartition;
import dev.weir.sql.state.StateSnapshot;
import dev.weir.sql.state.StateStore;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.function.Supplier;

/// Makes steps durable, one after the other, each in four moves:
///
/// 1. its outputs are appended as open transactions of the engine's producer, and synced;
/// 2. its journal record is appended and synced: now it has happened;
/// 3. its transactions get their commit markers: now readers of the topics see it;
/// 4. it is published: now pull and push queries see it.
///
/// A crash before 2 leaves open transactions that recovery aborts; one after 2 leaves some that it
/// commits. Owns one thread. The worker may be [#AHEAD] commits ahead of it.
///
/// A full disk is waited out: the move that found no room is made again until it succeeds, and with
/// the committer soon everybody waits who has to write. The worker does the same when state must
/// leave memory.
final class Committer implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Committer.class);
    private static final int AHEAD = 2;
    private static final long DISK_FULL_RETRY_MS = 500;

    private final TopicLog log;
    private final Journal journal;
    private final StateStore store;
    private final Producers producers;
    private final OwnOffsets own;
    private final Thread thread;
    private final ArrayDeque<Commit> queue = new ArrayDeque<>();
    private final ArrayDeque<StepOutputs> spare = new ArrayDeque<>();

    /// How far outputs that are held back were written, by statement. The committer's thread.
    private final Map<Long, Written> held = new HashMap<>();

    /// Relations whose records their topic did not take, until the worker has stopped them. The
    /// committer's thread.
    private final Map<String, Failed> refused = new LinkedHashMap<>();

    private volatile Consumer<Failed> onRefused = failed -> {};

    // Guarded by this, as are the queues.
    private int pending;
    private boolean closing;
    private boolean hurried;
    private Throwable failure;

    /// Who waits for room on the disk, and why.
    private final Map<Thread, SqlException> full = new LinkedHashMap<>();

    private Published published;
    private long journalEnd;

    /// What was written and has no markers yet.
    private static final class Written {
        final Map<TopicPartition, Long> ends = new TreeMap<>();
        final Set<Transaction> transactions = new LinkedHashSet<>();

        void add(Written earlier) {
            ends.putAll(earlier.ends);
            transactions.addAll(earlier.transactions);
        }
    }

    private record Transaction(TopicPartition partition, long producerId) {}

    /// What one reader may see: the state and the positions of the same step.
    ///
    /// @param snapshot to be closed by the reader
    record View(StateSnapshot snapshot, Published published) implements AutoCloseable {
        @Override
        public void close() {
            snapshot.close();
        }
    }

    Committer(
            TopicLog log,
            Journal journal,
            StateStore store,
            Producers producers,
            Published published,
            long journalEnd,
            OwnOffsets own) {
        this.log = log;
        this.journal = journal;
        this.store = store;
        this.producers = producers;
        this.own = own;
        this.published = published;
        this.journalEnd = journalEnd;
        thread = Thread.ofPlatform().name("sql-committer").unstarted(this::run);
    }

    void start() {
        thread.start();
    }

    /// Whom to tell, on the committer's thread, that a topic did not take a relation's records.
    void onRefused(Consumer<Failed> listener) {
        onRefused = listener;
    }

    /// Waits until there is room for one more commit. Worker.
    synchronized void awaitRoom() throws InterruptedException {
        while (pending >= AHEAD && failure == null) {
            wait();
        }
        check();
    }

    /// Empty outputs to fill for the next step. Worker.
    synchronized StepOutputs outputs() {
        StepOutputs outputs = spare.poll();
        return outputs == null ? new StepOutputs() : outputs;
    }

    /// Hands over a commit. Worker.
    synchronized void submit(Commit commit) {
        check();
        queue.add(commit);
        pending++;
        notifyAll();
    }

    /// Waits until everything handed over is published. Worker.
    synchronized void drain() throws InterruptedException {
        while (pending > 0 && failure == null) {
            wait();
        }
        check();
    }

    synchronized Published published() {
        return published;
    }

    /// One past the last journal record. Only while nothing is pending.
    synchronized long journalEnd() {
        return journalEnd;
    }

    /// A consistent view of state and positions. Any thread.
    synchronized View view() {
        check();
        return new View(store.snapshot(), published);
    }

    /// Waits until what is published is as wished. Any thread.
    ///
    /// @return false when the time is over
    synchronized boolean await(Predicate<Published> wish, Duration limit)
            throws InterruptedException {
        long deadline = System.nanoTime() + limit.toNanos();
        while (!wish.test(published)) {
            check();
            long left = (deadline - System.nanoTime()) / 1_000_000;
            if (left <= 0) {
                return false;
            }
            wait(left);
        }
        return true;
    }

    /// Lets everybody who waits look again.
    synchronized void wake() {
        notifyAll();
    }

    /// Ends everything: no commit happens any more.
    synchronized void fail(Throwable cause) {
        if (failure == null) {
            failure = cause;
        }
        notifyAll();
    }

    /// Why nothing can be committed at present, while the disk is full. Any thread.
    synchronized Optional<SqlException> full() {
        return full.values().stream().findFirst();
    }

    /// Does not wait for room on a full disk any longer.
    synchronized void hurry() {
        hurried = true;
        notifyAll();
    }

    /// Makes a move, again and again while the disk is full. Committer and worker.
    ///
    /// @throws SqlException what the move throws; `DISK_FULL` only when nobody may wait any more
    private <T> T patiently(Supplier<T> move) {
        while (true) {
            try {
                T made = move.get();
                hasRoom();
                return made;
            } catch (SqlException e) {
                if (e.state() != SqlState.DISK_FULL) {
                    throw e;
                }
                awaitSpace(e);
            }
        }
    }

    void patiently(Runnable move) {
        var _ =
                patiently(() -> {
                    move.run();
                    return true;
                });
    }

    private synchronized void hasRoom() {
        if (full.remove(Thread.currentThread()) != null && full.isEmpty()) {
            LOG.info("the disk has room again, the engine goes on");
        }
    }

    private synchronized void awaitSpace(SqlException e) {
        if (full.isEmpty()) {
            LOG.warn("the disk is full, the engine waits: {}", e.getMessage());
        }
        full.put(Thread.currentThread(), e);
        long deadline = System.nanoTime() + DISK_FULL_RETRY_MS * 1_000_000;
        long left = DISK_FULL_RETRY_MS;
        while (left > 0) {
            if (hurried || failure != null) {
                throw e;
            }
            try {
                wait(left);
            } catch (InterruptedException _) {
                Thread.currentThread().interrupt();
                throw e;
            }
            left = (deadline - System.nanoTime()) / 1_000_000;
        }
    }

    /// Why nothing can be committed any more, if so. Any thread.
    synchronized Optional<SqlException> failure() {
        return failure == null
                ? Optional.empty()
                : Optional.of(
                        new SqlException(
                                SqlState.IO_ERROR,
                                null,
                                "the engine has stopped: " + failure.getMessage(),
                                "See the server's log, and start the server again.",
                                failure));
    }

    private void check() {
        if (failure != null) {
            throw failure().orElseThrow();
        }
    }

    private void run() {
        try {
            for (Commit commit = next(); commit != null; commit = next()) {
                commit(commit);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            fail(e);
        } catch (RuntimeException | Error e) {
            LOG.error("a step could not be committed, the engine stops", e);
            fail(e);
        }
    }

    private synchronized Commit next() throws InterruptedException {
        while (queue.isEmpty() && !closing && failure == null) {
            wait();
        }
        return failure != null ? null : queue.poll();
    }

    private void commit(Commit commit) {
        Written written = new Written();
        switch (commit.holding()) {
            case Commit.Holding.Nothing() -> {}
            case Commit.Holding.Keep(long statement) -> {
                keep(commit, held.computeIfAbsent(statement, s -> new Written()));
                publish(commit, Map.of(), -1);
                return;
            }
            case Commit.Holding.End(long statement) -> {
                Written kept = held.remove(statement);
                if (kept != null) {
                    written.add(kept);
                }
            }
            case Commit.Holding.Abort(long statement) -> {
                Written kept = held.remove(statement);
                if (kept != null) {
                    mark(kept, false);
                }
            }
        }
        List<Failed> lost = new ArrayList<>();
        if (commit.outputs() != null) {
            write(commit.outputs(), partition -> written, lost);
        }
        sync(written.ends.keySet());
        long end = -1;
        for (JournalRecord record : commit.records()) {
            end = patiently(() -> journal.append(complete(record, written.ends), commit.clockMs()));
            if (record instanceof Failed(String relation, String _)) {
                // It has stopped, so nothing of it is to come.
                refused.remove(relation);
            }
        }
        for (Failed failed : lost) {
            end = patiently(() -> journal.append(failed, commit.clockMs()));
        }
        if (end >= 0) {
            journal.sync();
        }
        mark(written, true);
        publish(commit, written.ends, end);
        for (Runnable listener : commit.published()) {
            listener.run();
        }
    }

    private void mark(Written written, boolean commit) {
        for (Transaction open : written.transactions) {
            mark(open, commit);
        }
    }

    private void mark(Transaction open, boolean commit) {
        patiently(() ->
                unlessGone(() -> {
                    if (open.producerId == producers.main()) {
                        own.mark(
                                open.partition,
                                () -> log.mark(open.partition, open.producerId, commit));
                    } else {
                        log.mark(open.partition, open.producerId, commit);
                    }
                }));
    }

    /// Writes outputs without their markers. Dead letters are told at once, and once more should
    /// the query have to begin again: others write to their topic, and nobody shall wait there.
    private void keep(Commit commit, Written kept) {
        Written letters = new Written();
        write(
                commit.outputs(),
                partition -> partition.topic().equals(DeadLetters.TOPIC) ? letters : kept,
                new ArrayList<>());
        sync(letters.ends.keySet());
        mark(letters, true);
    }

    /// Writes what a step has made, but for topics that do not take it: then those who write there
    /// have failed, and nothing of theirs is in this step.
    ///
    /// @param lost gets those who failed
    private void write(
            StepOutputs outputs, Function<TopicPartition, Written> to, List<Failed> lost) {
        Map<String, String> refusals = new HashMap<>();
        Map<String, Set<String>> writers = new HashMap<>();
        outputs.forEach((writer, partition, inserted, block) -> {
            if (refused.containsKey(writer)) {
                return;
            }
            writers.computeIfAbsent(partition.topic(), topic -> new TreeSet<>()).add(writer);
            if (refusals.containsKey(partition.topic())) {
                return;
            }
            long producerId = inserted ? producers.inserts() : producers.main();
            Written written = to.apply(partition);
            try {
                patiently(() ->
                        unlessGone(() -> {
                            TopicLog.Written at = log.appendOpen(partition, producerId, block);
                            written.ends.put(partition, at.end());
                            written.transactions.add(new Transaction(partition, producerId));
                            if (!inserted && at.end() - at.first() == block.count()) {
                                own.wrote(partition, at.first(), at.end());
                            }
                        }));
            } catch (SqlException e) {
                if (e.state() != SqlState.LIMIT_EXCEEDED) {
                    throw e;
                }
                LOG.warn("{} does not take what {} writes", partition, writer, e);
                refusals.put(partition.topic(), e.getMessage());
                // Some of it may have been written.
                written.transactions.add(new Transaction(partition, producerId));
            }
        });
        refusals.forEach((topic, why) -> {
            for (int p = 0; p < log.topic(topic).map(TopicInfo::partitions).orElse(0); p++) {
                TopicPartition partition = new TopicPartition(topic, p);
                Written written = to.apply(partition);
                written.ends.remove(partition);
                for (Transaction open : List.copyOf(written.transactions)) {
                    if (open.partition.equals(partition)) {
                        written.transactions.remove(open);
                        mark(open, false);
                    }
                }
            }
            if (topic.equals(DeadLetters.TOPIC)) {
                return;
            }
            for (String writer : writers.get(topic)) {
                Failed failed =
                        new Failed(
                                writer,
                                "its topic \"" + topic + "\" does not take its records: " + why);
                refused.put(writer, failed);
                lost.add(failed);
                onRefused.accept(failed);
            }
        });
    }

    private void sync(Collection<TopicPartition> partitions) {
        if (partitions.isEmpty()) {
            return;
        }
        try {
            log.sync(partitions);
        } catch (SqlException e) {
            if (e.state() != SqlState.UNDEFINED_OBJECT) {
                throw e;
            }
            partitions.forEach(partition -> unlessGone(() -> log.sync(List.of(partition))));
        }
    }

    /// A topic somebody deleted under its query takes nothing more; others go on.
    private static void unlessGone(Runnable work) {
        try {
            work.run();
        } catch (SqlException e) {
            if (e.state() != SqlState.UNDEFINED_OBJECT) {
                throw e;
            }
        }
    }

    private static JournalRecord complete(JournalRecord record, Map<TopicPartition, Long> ends) {
        if (!(record instanceof JournalRecord.Step step) || ends.isEmpty()) {
            return record;
        }
        List<OutputEnd> outputs = new ArrayList<>();
        ends.forEach((partition, at) -> outputs.add(new OutputEnd(partition, at)));
        return new JournalRecord.Step(
                step.number(), step.scope(), step.joins(), step.clockMs(), step.cuts(), outputs);
    }

    private synchronized void publish(
            Commit commit, Map<TopicPartition, Long> ends, long newJournalEnd) {
        if (commit.step() > published.step()) {
            store.published(commit.step());
        }
        Map<TopicPartition, Long> outputEnds = new HashMap<>(published.outputEnds());
        for (JournalRecord record : commit.records()) {
            if (record instanceof JournalRecord.Step step) {
                step.outputs().forEach(o -> outputEnds.put(o.partition(), o.end()));
            }
        }
        outputEnds.putAll(ends);
        published = new Published(commit.step(), commit.positions(), outputEnds);
        if (newJournalEnd >= 0) {
            journalEnd = newJournalEnd;
        }
        if (commit.outputs() != null) {
            commit.outputs().clear();
            spare.add(commit.outputs());
        }
        pending--;
        notifyAll();
    }

    /// Finishes what was handed over, then ends the thread. Nobody may hand over any more.
    @Override
    public void close() {
        synchronized (this) {
            closing = true;
            notifyAll();
        }
        boolean interrupted = false;
        while (thread.isAlive()) {
            try {
                thread.join();
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
