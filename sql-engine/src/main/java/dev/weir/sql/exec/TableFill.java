package dev.weir.sql.exec;

import dev.weir.sql.batch.Batch;
import dev.weir.sql.catalog.Relation;
import dev.weir.sql.operator.Output;
import dev.weir.sql.operator.TableReader;
import dev.weir.sql.state.StateSnapshot;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/// Delivers the rows of the tables that a new query scans, in slices between which the main
/// sequence goes on changing them.
///
/// First come all rows as of one snapshot; then, round by round, what has changed from that
/// snapshot to a newer one. Each round has less to tell than the one before, until the last one
/// ends where the main sequence stands. So the query never meets a change of a row it has not seen.
/// The tables remember, meanwhile, what the keys that change held in the snapshot.
///
/// Belongs to the thread that steps the query; lanes deliver what they keep.
final class TableFill implements AutoCloseable {
    private final List<Circuit.Scan> tables;
    private final Backfill.TableRows rows;
    private final LaneFill[] lanes;

    /// What has been delivered, or is being delivered in the first round.
    private StateSnapshot base;

    /// Up to where this round goes; null in the first and between two.
    private StateSnapshot target;

    private boolean scanned;

    /// How far a lane is in a round.
    private static final class LaneFill {
        int table;
        TableReader.Slices slices;
        ScanView view;

        void close() {
            if (slices != null) {
                slices.close();
                slices = null;
            }
        }
    }

    /// @param tables scans of tables
    /// @param lanes how many keep the tables' rows
    /// @param base owned from here on
    TableFill(List<Circuit.Scan> tables, Backfill.TableRows rows, int lanes, StateSnapshot base) {
        this.tables = tables;
        this.rows = rows;
        this.base = base;
        this.lanes = new LaneFill[lanes];
        Arrays.setAll(this.lanes, lane -> new LaneFill());
    }

    int lanes() {
        return lanes.length;
    }

    /// Delivers a lane's next rows; nothing when it has come to the end of the round. That lane's
    /// thread.
    ///
    /// @param records about how many to look at
    void next(int lane, int records) {
        LaneFill fill = lanes[lane];
        if (fill.slices == null && !open(lane, fill)) {
            return;
        }
        Output output = output(tables.get(fill.table), lane);
        ScanView view = fill.view;
        if (!fill.slices.next(records, batch -> output.emit(view.of(batch)))) {
            fill.close();
            fill.table++;
        }
    }

    private static Output output(Circuit.Scan scan, int lane) {
        List<Output> outputs = scan.outputs();
        return outputs.get(outputs.size() == 1 ? 0 : lane);
    }

    /// Opens the table that is next in this round.
    private boolean open(int lane, LaneFill fill) {
        // A table of which one key is wanted is looked up when everything else is there.
        while (fill.table < tables.size() && KeyLookup.key(tables.get(fill.table)).isPresent()) {
            fill.table++;
        }
        if (fill.table == tables.size()) {
            return false;
        }
        Circuit.Scan scan = tables.get(fill.table);
        TableReader reader = reader(scan);
        fill.slices = scanned ? reader.changes(base, target, lane) : reader.slices(base, lane);
        fill.view = view(scan);
        return true;
    }

    private TableReader reader(Circuit.Scan scan) {
        Relation relation = scan.relation();
        return new TableReader(relation.schema(), relation.keyColumns(), rows.of(relation));
    }

    private static ScanView view(Circuit.Scan scan) {
        Relation relation = scan.relation();
        return ScanView.of(relation, ScanView.columnsOf(relation), scan.columns(), scan.schema());
    }

    /// Ends the round if all lanes have come to its end.
    void endRound() {
        if (isBetweenRounds()) {
            return;
        }
        for (LaneFill lane : lanes) {
            if (lane.table < tables.size()) {
                return;
            }
        }
        for (LaneFill lane : lanes) {
            lane.table = 0;
        }
        scanned = true;
        if (target != null) {
            base.close();
            base = target;
            target = null;
        }
    }

    /// True when a round has ended and the next has not begun.
    boolean isBetweenRounds() {
        return scanned && target == null;
    }

    /// The step up to which everything has been delivered, between two rounds.
    long step() {
        return base.step();
    }

    /// Begins a round that goes on to a newer snapshot.
    ///
    /// @param to owned from here on
    void round(StateSnapshot to) {
        target = to;
    }

    /// Delivers what a lane looks up: now the scans are where the main sequence stands. That lane's
    /// thread.
    void finish(int lane) {
        for (Circuit.Scan scan : tables) {
            Optional<Batch> key = KeyLookup.key(scan);
            if (key.isEmpty()) {
                continue;
            }
            TableReader reader = reader(scan);
            Batch found = Batch.of(scan.relation().schema());
            if (reader.lane(key.get(), 0) == lane && reader.lookup(base, key.get(), 0, found)) {
                output(scan, lane).emit(scan.ofSnapshot(view(scan).of(found)));
            }
        }
    }

    @Override
    public void close() {
        for (LaneFill lane : lanes) {
            lane.close();
        }
        if (target != null) {
            target.close();
            target = null;
        }
        base.close();
    }
}
