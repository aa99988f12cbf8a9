package dev.weir.sql.exec;

import dev.weir.sql.exec.JournalRecord.Cut;
import dev.weir.sql.exec.JournalRecord.Failed;
import dev.weir.sql.exec.JournalRecord.Opened;
import dev.weir.sql.exec.JournalRecord.OutputEnd;
import dev.weir.sql.exec.JournalRecord.Statement;
import dev.weir.sql.exec.JournalRecord.Step;
import dev.weir.sql.io.TopicInfo;
import dev.weir.sql.io.TopicLog;
import dev.weir.sql.io.TopicLog.OpenTransaction;
import dev.weir.sql.io.TopicPartition;
import dev.weir.sql.state.StateSnapshot;
import dev.weir.sql.state.StateStore;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/// Brings the engine back to the end of its journal:
///
/// 1. reads the journal behind the checkpoint, to know how far outputs have happened;
/// 2. ends the transactions a crash left open: commits those of journalled steps, aborts others;
/// 3. makes the relations the checkpoint knew, over their restored state;
/// 4. carries out the journal behind it: statements are analyzed again, steps read exactly what
///    they read the first time and write nothing.
///
/// Runs on the thread that starts the engine.
final class Recovery {
    private static final Logger LOG = LoggerFactory.getLogger(Recovery.class);

    private final TopicLog log;
    private final Journal journal;
    private final StateStore store;
    private final Program program;
    private final Optional<Mark> mark;
    private final Map<TopicPartition, Long> outputEnds = new HashMap<>();
    private final Set<SourceNode> fresh = new HashSet<>();
    private final List<Failed> failedNow = new ArrayList<>();
    private Producers producers;
    private boolean refilled;
    private long journalEnd;

    Recovery(TopicLog log, Journal journal, StateStore store, Program program) {
        this.log = log;
        this.journal = journal;
        this.store = store;
        this.program = program;
        mark = store.restoredMark().map(Mark::read);
    }

    /// What the engine writes under.
    Producers producers() {
        return producers;
    }

    /// One past the last journal record.
    long journalEnd() {
        return journalEnd;
    }

    /// Where the restored checkpoint stands; empty for none.
    Map<String, long[]> restoredPositions() {
        return mark.map(Mark::positions).orElse(Map.of());
    }

    /// True when the journal went on behind the checkpoint.
    boolean replayed() {
        return journalEnd > mark.map(Mark::journalOffset).orElse(0L);
    }

    /// True when the journal behind the checkpoint fills queries, which may read what others have
    /// read long ago.
    boolean refilled() {
        return refilled;
    }

    /// What may be seen.
    Published published() {
        return new Published(program.step(), program.positions(false), new HashMap<>(outputEnds));
    }

    /// What failed in the replay though it had not failed before; to be journalled.
    List<Failed> failedNow() {
        return failedNow;
    }

    void run(long nowMs) {
        long from = mark.map(Mark::journalOffset).orElse(0L);
        mark.ifPresent(this::survey);
        journalEnd = journal.read(from, (offset, entry) -> survey(entry));
        if (producers == null) {
            producers = new Producers(log.newProducerId(), log.newProducerId());
            journalEnd = journal.append(new Opened(producers), nowMs);
            journal.sync();
        }
        program.writesAs(producers);
        endTransactions();
        mark.ifPresent(this::restore);
        program.nodes().forEach(node -> failedNow.addAll(program.stopOffline(node)));
        store.published(program.step());
        if (from < journalEnd) {
            journal.read(from, (offset, entry) -> replay(entry));
        }
        for (SourceNode source : fresh) {
            source.reader().ifPresent(SourceReader::seekToStart);
        }
    }

    private void survey(Mark restored) {
        producers = restored.producers();
        restored.outputEnds().forEach(o -> outputEnds.put(o.partition(), o.end()));
    }

    private void survey(JournalRecord entry) {
        switch (entry) {
            case Opened(Producers engine) -> producers = engine;
            case Step step -> {
                for (OutputEnd output : step.outputs()) {
                    outputEnds.put(output.partition(), output.end());
                }
            }
            case Statement _, Failed _ -> {}
        }
    }

    private void endTransactions() {
        List<TopicPartition> ended = new ArrayList<>();
        for (TopicInfo topic : log.topics()) {
            for (int p = 0; p < topic.partitions(); p++) {
                if (topic.offline().containsKey(p)) {
                    continue; // what writes there will not go on
                }
                TopicPartition partition = new TopicPartition(topic.name(), p);
                for (long producerId : producers.both()) {
                    if (endTransaction(partition, producerId)) {
                        ended.add(partition);
                    }
                }
            }
        }
        if (!ended.isEmpty()) {
            log.sync(ended);
        }
    }

    private boolean endTransaction(TopicPartition partition, long producerId) {
        OpenTransaction open = log.openTransaction(partition, producerId).orElse(null);
        if (open == null) {
            return false;
        }
        long journalled = outputEnds.getOrDefault(partition, 0L);
        boolean commit = open.endOffset() <= journalled;
        if (!commit && open.firstOffset() < journalled) {
            throw new IllegalStateException(
                    "the open transaction of "
                            + partition
                            + " from "
                            + open.firstOffset()
                            + " to "
                            + open.endOffset()
                            + " is journalled in part, up to "
                            + journalled);
        }
        log.mark(partition, producerId, commit);
        LOG.info(
                "{} the transaction of {} that a crash left open at offset {}",
                commit ? "committed" : "aborted",
                partition,
                open.firstOffset());
        return true;
    }

    private void restore(Mark restored) {
        program.restore(restored);
        for (Mark.Entry entry : restored.entries()) {
            Node node = define(entry.statement());
            switch (entry.fate()) {
                case RUNNING -> {
                    if (node instanceof QueryNode query) {
                        program.join(query);
                    }
                }
                case BACKFILLING -> filling((QueryNode) node, entry.filling().orElseThrow());
                case TERMINATED -> {
                    QueryNode query = (QueryNode) node;
                    // Whatever there is of it is all there will be.
                    program.backfill(query).restore(true, Map.of());
                    program.terminate(query);
                    if (!entry.error().isEmpty()) {
                        program.fail(query, entry.error());
                    }
                }
                case FAILED -> program.fail(node, entry.error());
            }
        }
        // Adding them counted them again.
        program.restore(restored);
        for (Node source : program.readable()) {
            long[] positions = restored.positions().get(source.relation().name());
            if (positions == null) {
                throw new IllegalStateException(
                        "the checkpoint has no position of \"" + source.relation().name() + "\"");
            }
            source.reader().orElseThrow().seek(positions);
        }
    }

    private void filling(QueryNode query, Mark.Filling filling) {
        // Tables delivered in part are delivered again, to a query that has seen nothing.
        QueryNode node = filling.started() ? query : program.emptied(query);
        program.backfill(node).restore(filling.started(), filling.positions());
        if (filling.started()) {
            program.tablesLevel(node);
        }
    }

    private Node define(Statement statement) {
        return switch (Ddl.replayed(statement, program.catalog()).orElse(null)) {
            case Ddl.Change.Define(Definition definition, _) -> {
                Node node = program.make(statement, definition);
                program.add(node);
                yield node;
            }
            case null, default ->
                    throw new IllegalStateException(
                            "no statement that makes a relation: " + statement.text());
        };
    }

    private void replay(JournalRecord entry) {
        switch (entry) {
            case Opened _ -> {}
            case Statement statement -> replay(statement);
            case Failed failed -> {
                // What reads it has failed too; that is journalled behind it, unless a crash came
                // in between.
                failedNow.removeIf(f -> f.relation().equals(failed.relation()));
                List<Failed> stopped = program.stop(failed);
                failedNow.addAll(stopped.subList(1, stopped.size()));
            }
            case Step step -> {
                if (step.number() != program.step() + 1) {
                    throw new IllegalStateException(
                            "the journal goes from step "
                                    + program.step()
                                    + " to step "
                                    + step.number());
                }
                if (step.scope().equals(JournalRecord.MAIN)) {
                    failedNow.addAll(program.run(step.number(), step.clockMs(), cuts(step), null));
                } else {
                    fill(step);
                }
                store.published(step.number());
            }
        }
    }

    private void replay(Statement statement) {
        Ddl.Change change =
                Ddl.replayed(statement, program.catalog())
                        .orElseThrow(() ->
                                new IllegalStateException(
                                        "no statement that changes the catalog: "
                                                + statement.text()));
        switch (change) {
            case Ddl.Change.Define(Definition definition, _) -> {
                Node node = program.make(statement, definition);
                program.add(node);
                failedNow.addAll(program.stopOffline(node));
                if (node instanceof SourceNode source && source.reader().isPresent()) {
                    fresh.add(source);
                }
            }
            case Ddl.Change.Drop(String relation, _, _, _) -> {
                program.drop(relation);
                failedNow.removeIf(failed -> failed.relation().equals(relation));
            }
            case Ddl.Change.Terminate(Optional<String> queryId) ->
                    program.queries().stream()
                            .filter(q -> Ddl.names(queryId, q))
                            .forEach(program::terminate);
        }
        program.counted(statement);
    }

    private Map<Node, long[]> cuts(Step step) {
        Map<Node, long[]> to = new LinkedHashMap<>();
        for (Cut cut : step.cuts()) {
            Node source =
                    program.node(cut.source())
                            .orElseThrow(() ->
                                    new IllegalStateException(
                                            "step "
                                                    + step.number()
                                                    + " reads \""
                                                    + cut.source()
                                                    + "\", which is not"));
            failedNow.addAll(program.stopReplaced(source));
            if (source.error().isPresent()) {
                continue;
            }
            SourceReader reader = source.reader().orElseThrow();
            if (source instanceof SourceNode made && fresh.remove(made)) {
                reader.seekToStart();
            }
            if (reader.position(cut.partition()) != cut.from()) {
                if (reader.position(cut.partition()) > cut.from()) {
                    throw new IllegalStateException(
                            "step "
                                    + step.number()
                                    + " reads \""
                                    + cut.source()
                                    + "\" from "
                                    + cut.from()
                                    + ", but the state has read it to "
                                    + reader.position(cut.partition()));
                }
                reader.seek(cut.partition(), cut.from());
            }
            to.computeIfAbsent(source, s -> reader.positions())[cut.partition()] = cut.to();
        }
        return to;
    }

    private void fill(Step step) {
        for (Cut cut : step.cuts()) {
            if (program.node(cut.source()).orElse(null) instanceof SourceNode source) {
                failedNow.addAll(program.stopReplaced(source));
            }
        }
        if (!(program.node(step.scope()).orElse(null) instanceof QueryNode query)
                || query.error().isPresent()) {
            program.run(step.number(), step.clockMs(), Map.of(), null);
            return;
        }
        refilled = true;
        Backfill backfill = program.backfill(query);
        backfill.place();
        Map<String, long[]> to = new LinkedHashMap<>();
        for (Cut cut : step.cuts()) {
            SourceReader reader = backfill.reader(cut.source());
            reader.seek(cut.partition(), cut.from());
            to.computeIfAbsent(cut.source(), s -> reader.positions())[cut.partition()] = cut.to();
        }
        try (StateSnapshot snapshot = store.snapshot()) {
            failedNow.addAll(
                    program.fill(
                            query,
                            step.number(),
                            step.clockMs(),
                            to,
                            lane -> backfill.tables(lane, snapshot, program::rows),
                            null));
        }
        if (step.joins() && query.error().isEmpty()) {
            program.join(query);
        }
    }
}
