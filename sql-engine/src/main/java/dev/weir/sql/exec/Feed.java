package dev.weir.sql.exec;

import dev.weir.sql.batch.Batch;
import dev.weir.sql.catalog.Relation;
import dev.weir.sql.catalog.ScanColumn;

import java.util.ArrayList;
import java.util.List;

/// Hands the delta of a relation to the scans that read it, each through its own columns: what a
/// lane has computed goes to that lane's output of the scan. A scan with a single output, of a
/// query that no lanes share, gets the delta of all lanes at the end ([#gather]).
///
/// Belongs to the thread that steps the circuits, but for [#emit], which each lane calls.
final class Feed {
    private final Relation relation;
    private final int lanes;
    private final List<Subscription> subscriptions = new ArrayList<>();
    private List<ScanColumn> available;

    /// @param available what column i of the batches will be; null when that depends on who
    ///   subscribes and is said later
    Feed(Relation relation, List<ScanColumn> available, int lanes) {
        this.relation = relation;
        this.available = available == null ? null : List.copyOf(available);
        this.lanes = lanes;
    }

    private final class Subscription {
        final Circuit.Scan scan;
        final boolean gathers;
        final ScanView[] views = new ScanView[lanes];
        final Batch[] gathered = new Batch[lanes];

        Subscription(Circuit.Scan scan) {
            this.scan = scan;
            gathers = scan.outputs().size() < lanes;
            if (gathers && scan.outputs().size() != 1) {
                throw new IllegalStateException(
                        scan.outputs().size() + " outputs for " + lanes + " lanes");
            }
            for (int lane = 0; lane < lanes && gathers; lane++) {
                gathered[lane] = Batch.of(scan.schema());
            }
        }

        void look() {
            for (int lane = 0; lane < lanes; lane++) {
                views[lane] = ScanView.of(relation, available, scan.columns(), scan.schema());
            }
        }

        void emit(int lane, Batch delta) {
            Batch seen = views[lane].of(delta);
            if (!gathers) {
                scan.outputs().get(lane).emit(seen);
                return;
            }
            for (int i = 0; i < seen.size(); i++) {
                gathered[lane].appendRow(seen, seen.row(i), seen.weight(seen.row(i)));
            }
        }

        void gather() {
            for (Batch batch : gathered) {
                if (batch != null && !batch.isEmpty()) {
                    scan.outputs().getFirst().emit(batch);
                    batch.clear();
                }
            }
        }
    }

    /// Lets a scan read from the next delta on.
    void subscribe(Circuit.Scan scan) {
        Subscription subscription = new Subscription(scan);
        if (available != null) {
            subscription.look();
        }
        subscriptions.add(subscription);
    }

    void unsubscribe(Circuit.Scan scan) {
        subscriptions.removeIf(s -> s.scan.outputs().equals(scan.outputs()));
    }

    boolean isUnread() {
        return subscriptions.isEmpty();
    }

    /// Says what the columns of the batches are from now on.
    void available(List<ScanColumn> columns) {
        available = List.copyOf(columns);
        for (Subscription subscription : subscriptions) {
            subscription.look();
        }
    }

    /// The columns that scans ask for, each once, in the order of asking.
    List<ScanColumn> wanted() {
        List<ScanColumn> wanted = new ArrayList<>();
        for (Subscription subscription : subscriptions) {
            for (ScanColumn column : subscription.scan.columns()) {
                if (!wanted.contains(column)) {
                    wanted.add(column);
                }
            }
        }
        return wanted;
    }

    /// Hands on what a lane has computed. That lane's thread.
    void emit(int lane, Batch delta) {
        if (delta.isEmpty()) {
            return;
        }
        for (int i = 0; i < subscriptions.size(); i++) {
            subscriptions.get(i).emit(lane, delta);
        }
    }

    /// Hands on what was gathered of all lanes in the step.
    void gather() {
        for (int i = 0; i < subscriptions.size(); i++) {
            subscriptions.get(i).gather();
        }
    }
}
