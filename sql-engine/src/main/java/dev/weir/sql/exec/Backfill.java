package dev.weir.sql.exec;

import dev.weir.sql.batch.Batch;
import dev.weir.sql.catalog.Relation;
import dev.weir.sql.exec.JournalRecord.Cut;
import dev.weir.sql.io.TopicLog;
import dev.weir.sql.operator.Output;
import dev.weir.sql.operator.TableReader;
import dev.weir.sql.state.PointStates;
import dev.weir.sql.state.StateSnapshot;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Brings the scans of a new query from nothing to where the main sequence stands: tables from
/// snapshots, streams from their topics by readers of its own. Belongs to the thread that steps the
/// query.
final class Backfill {
    private final List<Circuit.Scan> tables = new ArrayList<>();
    private final Map<String, SourceReader> readers = new LinkedHashMap<>();
    private final Map<String, Feed> feeds = new LinkedHashMap<>();
    private final int lanes;
    private boolean placed;
    private boolean started;

    /// Finds the rows a table keeps.
    @FunctionalInterface
    interface TableRows {
        PointStates of(Relation table);
    }

    /// @param origins one for each lane that shares the query
    Backfill(List<Circuit.Scan> scans, TopicLog log, List<Origin> origins) {
        lanes = origins.size();
        for (Circuit.Scan scan : scans) {
            Relation relation = scan.relation();
            if (relation.isTable()) {
                tables.add(scan);
                continue;
            }
            feeds.computeIfAbsent(relation.name(), name -> new Feed(relation, null, lanes))
                    .subscribe(scan);
            readers.computeIfAbsent(
                    relation.name(), name -> new SourceReader(relation, log, origins));
        }
        feeds.forEach((name, feed) -> {
            readers.get(name).columns(feed.wanted());
            feed.available(feed.wanted());
        });
    }

    /// The readers of its streams.
    Iterable<SourceReader> readers() {
        return readers.values();
    }

    SourceReader reader(String relation) {
        return readers.get(relation);
    }

    /// True once it is settled where its streams are read from.
    boolean isPlaced() {
        return placed;
    }

    void place() {
        placed = true;
    }

    /// True once the tables have been delivered, all of them in one step as far as the journal
    /// knows.
    boolean isStarted() {
        return started;
    }

    /// The tables have been delivered, or are being delivered from now on.
    void start() {
        started = true;
    }

    /// Where its tables go in.
    List<Circuit.Scan> tables() {
        return tables;
    }

    /// The next offsets of its streams, by relation.
    Map<String, long[]> positions() {
        Map<String, long[]> positions = new LinkedHashMap<>();
        readers.forEach((name, reader) -> positions.put(name, reader.positions()));
        return positions;
    }

    /// Goes on where a checkpoint stands.
    ///
    /// @param positions empty when it had not begun
    void restore(boolean wasStarted, Map<String, long[]> positions) {
        started = wasStarted;
        if (positions.keySet().containsAll(readers.keySet())) {
            placed = true;
            readers.forEach((name, reader) -> reader.seek(positions.get(name)));
        }
    }

    /// Delivers the tables' rows to a lane: those it keeps; or all, to a query that no lanes share.
    /// That lane's thread.
    void tables(int lane, StateSnapshot snapshot, TableRows rows) {
        for (Circuit.Scan scan : tables) {
            Relation table = scan.relation();
            Output output = scan.outputs().get(lane);
            ScanView view =
                    ScanView.of(table, ScanView.columnsOf(table), scan.columns(), scan.schema());
            TableReader reader =
                    new TableReader(table.schema(), table.keyColumns(), rows.of(table));
            Optional<Batch> key = KeyLookup.key(scan);
            if (key.isPresent()) {
                Batch found = Batch.of(table.schema());
                if ((lanes == 1 || reader.lane(key.get(), 0) == lane)
                        && reader.lookup(snapshot, key.get(), 0, found)) {
                    output.emit(scan.ofSnapshot(view.of(found)));
                }
            } else if (lanes == 1) {
                reader.scan(snapshot, batch -> output.emit(scan.ofSnapshot(view.of(batch))));
            } else {
                reader.scan(snapshot, lane, batch -> output.emit(scan.ofSnapshot(view.of(batch))));
            }
        }
    }

    /// Delivers the records of one stream up to `to`. For a query that no lanes share.
    ///
    /// @return the records read
    long take(String relation, long[] to, SourceReader.Undecoded undecoded) {
        Feed feed = feeds.get(relation);
        return readers.get(relation).take(to, batch -> feed.emit(0, batch), undecoded);
    }

    /// Says which lane reads what up to `to`.
    void divide(Map<String, long[]> to, int readingLanes) {
        to.forEach((relation, ends) -> readers.get(relation).divide(ends, readingLanes));
    }

    /// Delivers a lane's part of the records of one stream. That lane's thread.
    ///
    /// @return the records read
    long take(int lane, String relation, SourceReader.Undecoded undecoded) {
        Feed feed = feeds.get(relation);
        return readers.get(relation).take(lane, batch -> feed.emit(lane, batch), undecoded);
    }

    /// All lanes have read their parts.
    void arrive(Map<String, long[]> to) {
        to.forEach((relation, ends) -> readers.get(relation).arrive(ends));
    }

    /// The next slice towards the targets, about `maxRows` records long. Each partition gives its
    /// part of what is left: operators that go by stream time must not see the end of one before
    /// the beginning of another.
    ///
    /// @param targets where to stop, by relation
    /// @return where this slice stops, by relation
    Map<String, long[]> slice(Map<String, long[]> targets, int maxRows) {
        Map<String, long[]> slice = new LinkedHashMap<>();
        long left = lag(targets);
        for (SourceReader reader : readers.values()) {
            long[] target = targets.get(reader.relation().name());
            long[] to = reader.positions();
            for (int p = 0; p < to.length; p++) {
                long behind = Math.max(0, target[p] - to[p]);
                long part = left <= maxRows ? behind : (long) ((double) behind * maxRows / left);
                to[p] += Math.min(behind, Math.max(1, part));
            }
            slice.put(reader.relation().name(), to);
        }
        return slice;
    }

    /// True when a slice that ends at `to` ends at the targets.
    static boolean isLevel(Map<String, long[]> to, Map<String, long[]> targets) {
        for (Map.Entry<String, long[]> entry : to.entrySet()) {
            long[] target = targets.get(entry.getKey());
            for (int p = 0; p < target.length; p++) {
                if (entry.getValue()[p] < target[p]) {
                    return false;
                }
            }
        }
        return true;
    }

    /// Records still to be read.
    long lag(Map<String, long[]> targets) {
        long lag = 0;
        for (SourceReader reader : readers.values()) {
            lag += Math.max(0, reader.lag(targets.get(reader.relation().name())));
        }
        return lag;
    }

    /// What a slice takes in, partition by partition.
    ///
    /// @param all whether to name partitions that do not move
    List<Cut> cuts(Map<String, long[]> to, boolean all) {
        List<Cut> cuts = new ArrayList<>();
        for (SourceReader reader : readers.values()) {
            String name = reader.relation().name();
            long[] ends = to.get(name);
            for (int p = 0; p < ends.length; p++) {
                if (all || ends[p] > reader.position(p)) {
                    cuts.add(new Cut(name, p, reader.position(p), ends[p]));
                }
            }
        }
        return cuts;
    }
}
