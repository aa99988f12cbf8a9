package dev.weir.sql.plan;

import dev.weir.sql.batch.Schema;
import dev.weir.sql.catalog.Relation;
import dev.weir.sql.catalog.ScanColumn;

import org.apache.calcite.rel.core.JoinRelType;
import org.apache.calcite.rex.RexNode;

import java.util.List;
import java.util.stream.IntStream;

/// A physical operator over Z-set deltas. Each node says what its rows are and what is known of
/// them; [Traits] decides which operator runs it.
public sealed interface PlanNode {
    Schema schema();

    Traits traits();

    List<PlanNode> inputs();

    /// Records of a stream, in canonical order.
    record StreamScan(Relation relation, List<ScanColumn> columns, Schema schema, Traits traits)
            implements PlanNode {
        @Override
        public List<PlanNode> inputs() {
            return List.of();
        }
    }

    /// Rows of a table: its changes as retractions and insertions.
    record TableScan(Relation relation, List<ScanColumn> columns, Schema schema, Traits traits)
            implements PlanNode {
        @Override
        public List<PlanNode> inputs() {
            return List.of();
        }
    }

    /// Constant rows, each a list of literals in schema order. Object forms as in
    /// [dev.weir.sql.batch.SqlType]: Long for the LONG layout, Double, String or byte[], objects.
    record Values(List<List<Object>> rows, Schema schema, Traits traits) implements PlanNode {
        @Override
        public List<PlanNode> inputs() {
            return List.of();
        }
    }

    /// Keeps the rows whose condition is TRUE.
    record Filter(PlanNode input, RexNode condition, Schema schema, Traits traits)
            implements PlanNode {
        @Override
        public List<PlanNode> inputs() {
            return List.of(input);
        }
    }

    /// Computes columns. Expressions refer to the input's columns by index (RexInputRef).
    record Project(PlanNode input, List<RexNode> expressions, Schema schema, Traits traits)
            implements PlanNode {
        @Override
        public List<PlanNode> inputs() {
            return List.of(input);
        }
    }

    /// One row per group: the group columns, then the aggregates.
    ///
    /// @param close when groups close that are windows; null when never
    record Aggregate(
            PlanNode input,
            int[] groupColumns,
            List<AggregateCall> calls,
            WindowClose close,
            Schema schema,
            Traits traits)
            implements PlanNode {
        @Override
        public List<PlanNode> inputs() {
            return List.of(input);
        }
    }

    /// One row per group and session: the group columns, then the aggregates. Sessions grow and
    /// merge: then their rows are taken back.
    record Sessions(
            PlanNode input,
            int[] groupColumns,
            List<AggregateCall> calls,
            SessionWindow window,
            Schema schema,
            Traits traits)
            implements PlanNode {
        @Override
        public List<PlanNode> inputs() {
            return List.of(input);
        }

        /// The columns of the result that are neither aggregates nor bounds of the session.
        public int[] keyGroups() {
            return IntStream.range(0, groupColumns.length)
                    .filter(group -> group != window.start() && group != window.end())
                    .toArray();
        }

        /// The columns of the input that those are.
        public int[] keyColumns() {
            return IntStream.of(keyGroups()).map(group -> groupColumns[group]).toArray();
        }
    }

    /// A join that is kept up to date, of two tables or of two streams without bound: the left
    /// columns, then the right.
    ///
    /// @param type INNER, LEFT, RIGHT or FULL
    /// @param leftKeys columns equal to the right keys, one by one; none when every left row may
    ///   meet every right row
    /// @param residual further condition over the joined row, or null
    record Join(
            JoinRelType type,
            PlanNode left,
            PlanNode right,
            int[] leftKeys,
            int[] rightKeys,
            RexNode residual,
            Schema schema,
            Traits traits)
            implements PlanNode {
        @Override
        public List<PlanNode> inputs() {
            return List.of(left, right);
        }
    }

    /// Each row of the input with each of some constant rows: the input's columns, then the
    /// constants'.
    record Expand(PlanNode input, Values rows, Schema schema, Traits traits) implements PlanNode {
        @Override
        public List<PlanNode> inputs() {
            return List.of(input);
        }
    }

    /// The rows of all inputs (UNION ALL).
    record Union(List<PlanNode> inputs, Schema schema, Traits traits) implements PlanNode {}

    /// Each row of a stream with the row a table has for its key as of the stream row's time: the
    /// left columns, then the right.
    ///
    /// @param streamOnLeft whether the left side is the stream
    /// @param keepsUnmatched whether a stream row without a match comes with NULLs
    /// @param versions whether the table is one of a topic, so that each version of a row is known
    ///   with its time
    /// @param residual further condition over the joined row, or null
    record Lookup(
            boolean streamOnLeft,
            boolean keepsUnmatched,
            boolean versions,
            PlanNode left,
            PlanNode right,
            int[] leftKeys,
            int[] rightKeys,
            RexNode residual,
            Schema schema,
            Traits traits)
            implements PlanNode {
        @Override
        public List<PlanNode> inputs() {
            return List.of(left, right);
        }
    }

    /// Rows of two streams that are near each other in time: the left columns, then the right.
    ///
    /// @param beforeMs how much earlier than a left row a right one may be
    /// @param afterMs how much later
    /// @param graceMs how long after that rows are waited for
    /// @param residual further condition over the joined row, or null
    record StreamJoin(
            JoinRelType type,
            long beforeMs,
            long afterMs,
            long graceMs,
            PlanNode left,
            PlanNode right,
            int[] leftKeys,
            int[] rightKeys,
            RexNode residual,
            Schema schema,
            Traits traits)
            implements PlanNode {
        @Override
        public List<PlanNode> inputs() {
            return List.of(left, right);
        }
    }

    /// Sorts and cuts the whole result. Only in pull queries.
    ///
    /// @param columns sort columns, most significant first
    /// @param descending for each whether it descends
    /// @param nullsFirst for each whether NULLs come first
    /// @param limit most rows to return, or -1
    record Sort(
            PlanNode input,
            int[] columns,
            boolean[] descending,
            boolean[] nullsFirst,
            long offset,
            long limit,
            Schema schema,
            Traits traits)
            implements PlanNode {
        @Override
        public List<PlanNode> inputs() {
            return List.of(input);
        }
    }
}
