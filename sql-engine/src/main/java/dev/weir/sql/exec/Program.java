package dev.weir.sql.exec;

import dev.weir.sql.catalog.Catalog;
import dev.weir.sql.catalog.Relation;
import dev.weir.sql.error.SqlException;
import dev.weir.sql.error.SqlState;
import dev.weir.sql.exec.JournalRecord.Cut;
import dev.weir.sql.exec.JournalRecord.Failed;
import dev.weir.sql.exec.JournalRecord.Statement;
import dev.weir.sql.io.TopicInfo;
import dev.weir.sql.io.TopicLog;
import dev.weir.sql.state.PointStates;
import dev.weir.sql.state.StateStore;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.LongAdder;

/// Everything that runs: the relations in the order in which they were made, which is an order in
/// which each comes after those it reads. It carries out what the journal says, once when it is
/// written and again when it is replayed.
///
/// Belongs to the worker (to the recovering thread before that starts), but for what is said to be
/// for any thread.
final class Program {
    /// Kafka's default of `max.message.bytes`, which limits a batch.
    private static final int MOST_BATCH_BYTES = 1_048_588;

    /// What a batch of one record takes beside its key and value, generously.
    private static final int BATCH_OVERHEAD = 256;

    private final TopicLog log;
    private final StateStore store;
    private final Runnable signal;
    private final OwnOffsets own;
    private final Lanes lanes;
    private final List<Origin> origins = new ArrayList<>();
    private final StepTime time = new StepTime();
    private final LongAdder deadLetters = new LongAdder();
    private final LongAdder rowsIn = new LongAdder();
    private final List<LiveQuery> live = new ArrayList<>();
    private final Map<String, Backfill> backfills = new LinkedHashMap<>();
    private volatile Map<String, Node> nodes = new LinkedHashMap<>();
    private volatile Set<String> written = Set.of(DeadLetters.TOPIC);
    private volatile Catalog catalog = Catalog.EMPTY;
    private Producers producers;
    private long step;
    private long nextSequence;
    private long nextQuery = 1;
    private int nextOperator = 1;

    /// @param signal called when there is more to read
    /// @param own gets to know what is read of derived streams' topics
    Program(TopicLog log, StateStore store, Lanes lanes, OwnOffsets own, Runnable signal) {
        this.own = own;
        this.log = log;
        this.store = store;
        this.lanes = lanes;
        this.signal = signal;
        for (int lane = 0; lane < lanes.count(); lane++) {
            origins.add(new Origin());
        }
    }

    /// Any thread.
    Catalog catalog() {
        return catalog;
    }

    /// The relations in the order in which they were made; not changed any more. Any thread.
    Iterable<Node> nodes() {
        return nodes.values();
    }

    /// Any thread.
    Optional<Node> node(String relation) {
        return Optional.ofNullable(nodes.get(fold(relation)));
    }

    /// Any thread.
    List<QueryNode> queries() {
        List<QueryNode> queries = new ArrayList<>();
        for (Node node : nodes.values()) {
            if (node instanceof QueryNode query && !query.isTerminated()) {
                queries.add(query);
            }
        }
        return queries;
    }

    /// The derived relations that read a relation, ended queries included. Any thread.
    List<QueryNode> readers(String relation) {
        List<QueryNode> readers = new ArrayList<>();
        for (Node node : nodes.values()) {
            if (node instanceof QueryNode query
                    && query.sources().stream().anyMatch(relation::equalsIgnoreCase)) {
                readers.add(query);
            }
        }
        return readers;
    }

    /// The queries that insert into a stream. Any thread.
    List<QueryNode> writers(String stream) {
        return queries().stream()
                .filter(query -> query.target().filter(stream::equalsIgnoreCase).isPresent())
                .toList();
    }

    /// Any thread.
    long deadLetters() {
        return deadLetters.sum();
    }

    /// Records read so far. Any thread.
    long rowsIn() {
        return rowsIn.sum();
    }

    /// The last step computed.
    long step() {
        return step;
    }

    long nextSequence() {
        return nextSequence;
    }

    long nextQuery() {
        return nextQuery;
    }

    int nextOperator() {
        return nextOperator;
    }

    /// How many lanes share the work.
    int lanes() {
        return lanes.count();
    }

    /// Settles under which producers the engine writes. Before anything else.
    void writesAs(Producers engine) {
        producers = engine;
    }

    /// Goes on where a checkpoint stands.
    void restore(Mark mark) {
        step = mark.step();
        nextSequence = mark.nextSequence();
        nextQuery = mark.nextQuery();
        nextOperator = mark.nextOperator();
    }

    /// The rows of a table. Any thread.
    PointStates rows(Relation table) {
        return node(table.name())
                .flatMap(Node::rows)
                .orElseThrow(() ->
                        new SqlException(
                                SqlState.UNDEFINED_TABLE,
                                "table \"" + table.name() + "\" does not exist any more"));
    }

    // ---- Relations

    /// Makes the node of a relation; nothing runs yet and nobody sees it.
    Node make(Statement statement, Definition definition) {
        return switch (definition) {
            case Definition.Source(Relation relation, _) ->
                    new SourceNode(relation, statement, log, store, signal, origins, deadLetters);
            case Definition.Derived(var relation, var plan, var sources, _, var target) -> {
                QueryNode query =
                        new QueryNode(
                                relation,
                                statement,
                                plan,
                                sources,
                                target,
                                mostBytes(relation.topic()),
                                log,
                                signal,
                                producers.main(),
                                own,
                                store,
                                time,
                                origins,
                                deadLetters);
                check(query.scans());
                yield query;
            }
        };
    }

    private int mostBytes(String topic) {
        String limit =
                log.topic(topic).map(info -> info.config().get("max.message.bytes")).orElse(null);
        return (limit == null ? MOST_BATCH_BYTES : Integer.parseInt(limit)) - BATCH_OVERHEAD;
    }

    /// Refuses scans that ask for what a relation does not have while it flows.
    static void check(List<Circuit.Scan> scans) {
        for (Circuit.Scan scan : scans) {
            Relation relation = scan.relation();
            if (relation.isTable() || relation.isDerived()) {
                ScanView.of(relation, ScanView.columnsOf(relation), scan.columns(), scan.schema());
            }
        }
    }

    /// Makes a relation part of the program. It replaces one of the same name.
    void add(Node node) {
        drop(node.relation().name());
        Map<String, Node> next = new LinkedHashMap<>(nodes);
        next.put(fold(node.relation().name()), node);
        become(next);
        if (isNamed(node)) {
            catalog = catalog.with(node.relation());
        }
        Statement statement = node.statement();
        nextSequence = Math.max(nextSequence, statement.sequence() + 1);
        if (node instanceof QueryNode query) {
            nextQuery = Math.max(nextQuery, statement.queryNumber() + 1);
            nextOperator = Math.max(nextOperator, query.circuit().nextOperator());
        } else {
            nextOperator = Math.max(nextOperator, statement.firstOperator() + 1);
        }
    }

    /// Takes note of a statement that made no relation.
    void counted(Statement statement) {
        nextSequence = Math.max(nextSequence, statement.sequence() + 1);
    }

    /// Ends a relation and forgets its rows. Nobody may read it any more.
    void drop(String name) {
        Node node = nodes.get(fold(name));
        if (node == null) {
            return;
        }
        for (LiveQuery query : List.copyOf(live)) {
            if (query.reads(name)) {
                detach(query);
                query.fail(
                        new SqlException(
                                SqlState.QUERY_CANCELED,
                                "\"" + node.relation().name() + "\" was dropped"));
            }
        }
        switch (node) {
            case QueryNode query -> {
                leave(query);
                for (int o = node.statement().firstOperator();
                        o < query.circuit().nextOperator();
                        o++) {
                    store.drop(o);
                }
            }
            case SourceNode _ -> store.drop(node.statement().firstOperator());
        }
        node.close();
        backfills.remove(node.relation().name());
        Map<String, Node> next = new LinkedHashMap<>(nodes);
        next.remove(fold(name));
        become(next);
        if (isNamed(node)) {
            catalog = catalog.without(name);
        }
    }

    /// Whether statements can name its relation.
    private static boolean isNamed(Node node) {
        return !(node instanceof QueryNode query) || query.target().isEmpty();
    }

    /// Ends the query of a relation; its rows stay, unless they are not all there yet: then there
    /// are none. Of a query that inserts nothing stays.
    void terminate(QueryNode query) {
        if (query.target().isPresent()) {
            drop(query.relation().name());
            return;
        }
        leave(query);
        Backfill backfill = backfills.remove(query.relation().name());
        QueryNode ended = query;
        if (query.state() == QueryInfo.State.BACKFILLING
                && (backfill == null || !backfill.isStarted())) {
            ended = emptied(query);
        }
        ended.terminate();
        for (int o = ended.circuit().firstOperator(); o < ended.circuit().nextOperator(); o++) {
            store.drop(o);
        }
    }

    /// Puts a query in the place of one whose tables were delivered in part, which the journal
    /// knows nothing of. Nobody reads it yet.
    QueryNode emptied(QueryNode query) {
        for (int o = query.statement().firstOperator(); o < query.circuit().nextOperator(); o++) {
            store.reset(o);
        }
        query.close();
        QueryNode empty =
                (QueryNode)
                        make(
                                query.statement(),
                                new Definition.Derived(
                                        query.relation(),
                                        query.plan(),
                                        query.sources(),
                                        null,
                                        query.target()));
        Map<String, Node> next = new LinkedHashMap<>(nodes);
        next.put(fold(query.relation().name()), empty);
        become(next);
        return empty;
    }

    private void leave(QueryNode query) {
        for (Circuit.Scan scan : query.scans()) {
            if (query.takes(scan)) {
                node(scan.relation().name()).ifPresent(node -> node.unsubscribe(scan, true));
            }
        }
    }

    /// Makes a filled query part of the main sequence.
    void join(QueryNode query) {
        Backfill backfill = backfills.remove(query.relation().name());
        for (Circuit.Scan scan : query.scans()) {
            if (query.takes(scan)) {
                continue;
            }
            Node source = node(scan.relation().name()).orElseThrow();
            boolean first = !source.relation().isTable() && source.reader().isEmpty();
            source.subscribe(scan, true);
            if (first && backfill != null) {
                source.reader()
                        .orElseThrow()
                        .seek(backfill.reader(source.relation().name()).positions());
            }
        }
        query.joined(step);
    }

    /// Lets a query of a session take part.
    void attach(LiveQuery query) {
        for (Circuit.Scan scan : query.scans()) {
            Node source =
                    node(scan.relation().name())
                            .orElseThrow(() ->
                                    new SqlException(
                                            SqlState.UNDEFINED_TABLE,
                                            "\""
                                                    + scan.relation().name()
                                                    + "\" does not exist any more"));
            boolean first = !source.relation().isTable() && source.reader().isEmpty();
            source.subscribe(scan, false);
            if (first) {
                source.reader()
                        .orElseThrow()
                        .seek(query.backfill().reader(source.relation().name()).positions());
            }
        }
        live.add(query);
    }

    /// Ends its part, and frees its state; nothing when it has none.
    void detach(LiveQuery query) {
        if (live.remove(query)) {
            for (Circuit.Scan scan : query.scans()) {
                node(scan.relation().name()).ifPresent(node -> node.unsubscribe(scan, false));
            }
            query.release();
        }
    }

    List<LiveQuery> live() {
        return live;
    }

    // ---- Steps

    /// Relations whose topics are read.
    List<Node> readable() {
        List<Node> readable = new ArrayList<>();
        for (Node node : nodes.values()) {
            if (node.reader().isPresent()) {
                readable.add(node);
            }
        }
        return readable;
    }

    private void become(Map<String, Node> next) {
        Set<String> topics = new HashSet<>();
        topics.add(DeadLetters.TOPIC);
        for (Node node : next.values()) {
            if (node instanceof QueryNode) {
                topics.add(node.relation().topic());
            }
        }
        written = topics;
        nodes = next;
    }

    /// True when the engine writes to that topic. Any thread.
    boolean writes(String topic) {
        return written.contains(topic);
    }

    /// A step of the main sequence: reads each source up to where it is said.
    ///
    /// @param number its number; that of the step before when nothing durable is read
    /// @param outputs takes what is written; null in a replay
    /// @return what could not go on
    List<Failed> run(long number, long clockMs, Map<Node, long[]> to, StepOutputs outputs) {
        long rows = 0;
        for (Map.Entry<Node, long[]> entry : to.entrySet()) {
            rows += entry.getKey().reader().orElseThrow().lag(entry.getValue());
        }
        boolean shared = lanes.shares(rows);
        begin(number, clockMs, outputs, shared);
        to.forEach((source, ends) -> source.divide(ends, shared));
        lanes.run(
                shared,
                lane -> {
                    for (Node source : to.keySet()) {
                        rowsIn.add(source.take(lane));
                    }
                });
        to.forEach(Node::arrive);
        for (Node node : nodes.values()) {
            if (!(node instanceof QueryNode query)
                    || query.takesPart()
                    || query.reader().isPresent()) {
                end(node, shared);
            }
        }
        List<Failed> failed = failures();
        for (LiveQuery query : List.copyOf(live)) {
            query.endStep();
        }
        return failed;
    }

    /// Ends a node's part of the step, stage by stage.
    private void end(Node node, boolean shared) {
        for (int stage = 0; stage < node.stages() && !node.isBroken(); stage++) {
            int ended = stage;
            lanes.run(shared && lanes.shares(node.work(stage)), lane -> node.endStage(ended, lane));
        }
        node.endStep();
    }

    /// @param shared whether lanes run at the same time
    private void begin(long number, long clockMs, StepOutputs outputs, boolean shared) {
        if (number != step) {
            store.beginStep(number);
            step = number;
        }
        time.set(clockMs);
        for (LiveQuery query : live) {
            query.clock(clockMs);
        }
        for (Node node : nodes.values()) {
            switch (node) {
                case SourceNode source -> source.begin(outputs, shared);
                case QueryNode query -> query.begin(outputs, number, shared);
            }
        }
    }

    /// The backfill of a query that is not level yet.
    Backfill backfill(QueryNode query) {
        return backfills.computeIfAbsent(
                query.relation().name(), name -> new Backfill(query.scans(), log, origins));
    }

    /// Queries that are not level yet.
    List<QueryNode> unfilled() {
        List<QueryNode> unfilled = new ArrayList<>();
        for (QueryNode query : queries()) {
            if (query.state() == QueryInfo.State.BACKFILLING) {
                unfilled.add(query);
            }
        }
        return unfilled;
    }

    /// Delivers the rows of a new query's tables to a lane, or what is still missing of them.
    @FunctionalInterface
    interface Tables {
        void deliver(int lane);
    }

    /// Delivers some rows of the tables of a query that is not level yet: part of the step that
    /// [#fill] will be.
    ///
    /// @param rows how many, about
    /// @return what could not go on
    List<Failed> fillTables(
            QueryNode query, long rows, Tables tables, long clockMs, StepOutputs outputs) {
        store.beginStep(step);
        time.set(clockMs);
        boolean shared = lanes.shares(rows);
        query.begin(outputs, step, shared);
        lanes.run(
                shared,
                lane -> {
                    try {
                        tables.deliver(lane);
                    } catch (RuntimeException e) {
                        query.broke(lane, e);
                    }
                });
        end(query, shared);
        return failures();
    }

    /// The tables of a query are level: from the next step on it gets their changes.
    void tablesLevel(QueryNode query) {
        for (Circuit.Scan scan : query.scans()) {
            if (scan.relation().isTable()) {
                node(scan.relation().name()).orElseThrow().subscribe(scan, true);
            }
        }
        query.tablesLevel();
    }

    /// A step that fills a query: first the tables, then slices of the streams.
    ///
    /// @param to where to read the streams to, by relation
    /// @param tables delivers the tables in the first step; null when there is nothing to deliver
    /// @return what could not go on
    List<Failed> fill(
            QueryNode query,
            long number,
            long clockMs,
            Map<String, long[]> to,
            Tables tables,
            StepOutputs outputs) {
        Backfill backfill = backfill(query);
        boolean first = !backfill.isStarted();
        // Nobody knows how many rows the tables have.
        boolean shared = lanes.shares(first ? Long.MAX_VALUE : backfill.lag(to));
        begin(number, clockMs, outputs, shared);
        if (first) {
            backfill.start();
            query.start();
        }
        backfill.divide(to, shared ? lanes.count() : 1);
        lanes.run(
                shared,
                lane -> {
                    try {
                        if (first && tables != null) {
                            tables.deliver(lane);
                        }
                        StepOutputs mine = StepOutputs.of(outputs, lane, shared);
                        for (String relation : to.keySet()) {
                            var undecoded = undecoded(query, relation, mine);
                            rowsIn.add(backfill.take(lane, relation, undecoded));
                        }
                    } catch (RuntimeException e) {
                        for (SourceReader reader : backfill.readers()) {
                            if (reader.isLogFailure(lane, e)) {
                                throw e;
                            }
                        }
                        query.broke(lane, e);
                    }
                });
        backfill.arrive(to);
        if (first) {
            tablesLevel(query);
        }
        end(query, shared);
        return failures();
    }

    /// Reports records that cannot be decoded, unless the main sequence has reported them already.
    private SourceReader.Undecoded undecoded(
            QueryNode query, String relation, StepOutputs outputs) {
        if (node(relation).orElseThrow().isDurable() || outputs == null) {
            return (partition, block, record, error) -> {};
        }
        return (partition, block, record, error) -> {
            deadLetters.increment();
            DeadLetters.record(outputs, query.relation().name(), partition, block, record, error);
        };
    }

    /// Stops a relation that has failed, and what reads it.
    ///
    /// @return what could not go on, the relation first, even if it had stopped before
    List<Failed> stop(Failed failure) {
        List<Failed> failed = new ArrayList<>();
        node(failure.relation()).ifPresent(node -> stop(node, failure.error(), failed));
        if (failed.isEmpty()) {
            failed.add(failure);
        }
        return failed;
    }

    /// Stops a relation whose topic is another one now, and what reads it.
    ///
    /// @return what could not go on; empty when the topic is the same, or gone
    List<Failed> stopReplaced(Node source) {
        List<Failed> failed = new ArrayList<>();
        if (source.error().isEmpty() && isReplaced(source)) {
            stop(
                    source,
                    "its topic \""
                            + source.relation().topic()
                            + "\" was deleted and created again; DROP and CREATE what reads the"
                            + " new one",
                    failed);
        }
        return failed;
    }

    /// Whether its topic was deleted and another made under the same name, whose records are not
    /// what its readers go on with.
    private boolean isReplaced(Node node) {
        return log.topicId(node.relation().topic())
                .filter(id -> !id.equals(node.statement().topicId()))
                .isPresent();
    }

    /// Stops a relation whose topic has a partition that cannot be used, and what reads it.
    ///
    /// @return what could not go on; empty when all of the topic can be used, or it is gone
    List<Failed> stopOffline(Node node) {
        List<Failed> failed = new ArrayList<>();
        if (!isReplaced(node)) {
            log.topic(node.relation().topic())
                    .flatMap(TopicInfo::offlineReason)
                    .ifPresent(reason ->
                            stop(
                                    node,
                                    reason
                                            + "; DROP it, or CREATE it again when the topic can be"
                                            + " used",
                                    failed));
        }
        return failed;
    }

    /// Sources that are read, or will be by queries being filled.
    List<Node> wanted() {
        List<Node> wanted = readable();
        for (QueryNode query : unfilled()) {
            for (String name : query.sources()) {
                if (node(name).orElse(null) instanceof SourceNode source
                        && !wanted.contains(source)) {
                    wanted.add(source);
                }
            }
        }
        return wanted;
    }

    /// Ends the push queries over a stream whose records were removed before they were read, and
    /// lets others go on behind the gap. Persistent queries hold what they have to read.
    void passRemoved(Node source) {
        SourceReader reader = source.reader().orElseThrow();
        if (source.isDurable() || !reader.isOvertaken()) {
            return;
        }
        for (LiveQuery query : List.copyOf(live)) {
            if (query.reads(source.relation().name())) {
                detach(query);
                query.fail(
                        new SqlException(
                                SqlState.LIMIT_EXCEEDED,
                                null,
                                "records of \""
                                        + source.relation().name()
                                        + "\" were removed before the query could read them",
                                "Start it again; a longer retention.ms keeps records longer."));
            }
        }
        source.reader().ifPresent(SourceReader::atLeastStart);
    }

    /// Stops what failed in this step, and what reads it: it may have seen half a step.
    private List<Failed> failures() {
        List<Failed> failed = new ArrayList<>();
        for (Node node : nodes.values()) {
            node.takeFailure().ifPresent(cause -> stop(node, describe(cause), failed));
        }
        return failed;
    }

    private static String describe(RuntimeException cause) {
        return cause instanceof SqlException ? cause.getMessage() : cause.toString();
    }

    private void stop(Node node, String error, List<Failed> failed) {
        if (node.error().isPresent() || (node instanceof QueryNode query && query.isTerminated())) {
            return;
        }
        fail(node, error);
        failed.add(new Failed(node.relation().name(), error));
        for (QueryNode reader : readers(node.relation().name())) {
            stop(reader, "its source \"" + node.relation().name() + "\" failed: " + error, failed);
        }
    }

    /// Stops a relation; its rows stay, what it wrote in this step does not.
    void fail(Node node, String error) {
        if (node instanceof QueryNode query) {
            leave(query);
            backfills.remove(node.relation().name());
        }
        node.dropOutputs();
        node.fail(error);
        for (LiveQuery query : List.copyOf(live)) {
            if (query.reads(node.relation().name())) {
                detach(query);
                query.fail(
                        new SqlException(
                                SqlState.INTERNAL_ERROR,
                                null,
                                "\"" + node.relation().name() + "\" failed: " + error,
                                "SHOW QUERIES tells more."));
            }
        }
    }

    /// Next offsets of all that is read, or only of what lasts.
    Map<String, long[]> positions(boolean durableOnly) {
        Map<String, long[]> positions = new HashMap<>();
        for (Node source : readable()) {
            if (!durableOnly || source.isDurable()) {
                positions.put(source.relation().name(), source.reader().orElseThrow().positions());
            }
        }
        return positions;
    }

    /// What a step takes in.
    static List<Cut> cuts(Map<Node, long[]> to) {
        List<Cut> cuts = new ArrayList<>();
        to.forEach((source, ends) -> {
            if (source.isDurable()) {
                SourceReader reader = source.reader().orElseThrow();
                for (int p = 0; p < ends.length; p++) {
                    if (ends[p] > reader.position(p)) {
                        cuts.add(new Cut(source.relation().name(), p, reader.position(p), ends[p]));
                    }
                }
            }
        });
        return cuts;
    }

    private static String fold(String name) {
        return name.toLowerCase(Locale.ROOT);
    }
}
