package dev.weir.sql.exec;

import dev.weir.sql.batch.Batch;
import dev.weir.sql.batch.Schema;
import dev.weir.sql.catalog.Relation;
import dev.weir.sql.catalog.ScanColumn;
import dev.weir.sql.operator.Output;

import java.util.ArrayList;
import java.util.List;

/// Hands the delta of a relation to the scans that read it, each through its own columns. Belongs
/// to the thread that steps the circuits.
final class Feed {
    private final Relation relation;
    private final List<Subscription> subscriptions = new ArrayList<>();
    private List<ScanColumn> available;

    /// @param available what column i of the batches will be; null when that depends on who
    ///   subscribes and is said later
    Feed(Relation relation, List<ScanColumn> available) {
        this.relation = relation;
        this.available = available == null ? null : List.copyOf(available);
    }

    private static final class Subscription {
        final List<ScanColumn> columns;
        final Schema schema;
        final Output output;
        ScanView view;

        Subscription(List<ScanColumn> columns, Schema schema, Output output) {
            this.columns = columns;
            this.schema = schema;
            this.output = output;
        }
    }

    /// Lets a scan read from the next delta on.
    void subscribe(List<ScanColumn> columns, Schema schema, Output output) {
        Subscription subscription = new Subscription(columns, schema, output);
        if (available != null) {
            subscription.view = ScanView.of(relation, available, columns, schema);
        }
        subscriptions.add(subscription);
    }

    void unsubscribe(Output output) {
        subscriptions.removeIf(s -> s.output == output);
    }

    boolean isUnread() {
        return subscriptions.isEmpty();
    }

    /// Says what the columns of the batches are from now on.
    void available(List<ScanColumn> columns) {
        available = List.copyOf(columns);
        for (Subscription subscription : subscriptions) {
            subscription.view =
                    ScanView.of(relation, available, subscription.columns, subscription.schema);
        }
    }

    /// The columns that scans ask for, each once, in the order of asking.
    List<ScanColumn> wanted() {
        List<ScanColumn> wanted = new ArrayList<>();
        for (Subscription subscription : subscriptions) {
            for (ScanColumn column : subscription.columns) {
                if (!wanted.contains(column)) {
                    wanted.add(column);
                }
            }
        }
        return wanted;
    }

    void emit(Batch delta) {
        if (delta.isEmpty()) {
            return;
        }
        for (int i = 0; i < subscriptions.size(); i++) {
            Subscription subscription = subscriptions.get(i);
            subscription.output.emit(subscription.view.of(delta));
        }
    }
}
