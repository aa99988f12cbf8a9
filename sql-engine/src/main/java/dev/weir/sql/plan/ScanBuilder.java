package dev.weir.sql.plan;

import dev.weir.sql.analyze.RelTypes;
import dev.weir.sql.analyze.RelationTable;
import dev.weir.sql.analyze.RowTraits;
import dev.weir.sql.batch.Field;
import dev.weir.sql.batch.Primitive;
import dev.weir.sql.batch.Schema;
import dev.weir.sql.batch.SqlType;
import dev.weir.sql.catalog.Relation;
import dev.weir.sql.catalog.ScanColumn;

import org.apache.calcite.rel.core.TableScan;
import org.apache.calcite.rel.type.RelDataType;
import org.apache.calcite.rex.RexFieldAccess;
import org.apache.calcite.rex.RexInputRef;
import org.apache.calcite.rex.RexNode;
import org.apache.calcite.rex.RexShuttle;
import org.apache.calcite.rex.RexVisitorImpl;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Comparator;
import java.util.List;

/// Finds what expressions read of a relation, down to the single field of a struct, and turns them
/// into expressions over a scan of just that.
final class ScanBuilder {
    private static final Comparator<ScanColumn> ORDER =
            Comparator.comparingInt(ScanBuilder::rank)
                    .thenComparing(ScanBuilder::path, Arrays::compare);

    private final Relation relation;
    private final List<ScanColumn> columns = new ArrayList<>();
    private final List<RelDataType> types = new ArrayList<>();
    private final BitSet whole = new BitSet();

    ScanBuilder(TableScan scan, List<RexNode> expressions) {
        relation = scan.getTable().unwrap(RelationTable.class).relation();
        for (RexNode expression : expressions) {
            expression.accept(new WholeColumns());
        }
        List<Leaf> leaves = new ArrayList<>();
        for (RexNode expression : expressions) {
            expression.accept(new LeafCollector(leaves));
        }
        leaves.stream()
                .sorted(Comparator.comparing(Leaf::column, ORDER))
                .forEach(leaf -> {
                    if (!columns.contains(leaf.column())) {
                        columns.add(leaf.column());
                        types.add(leaf.type());
                    }
                });
    }

    private record Leaf(ScanColumn column, RelDataType type) {}

    /// The expression over the scan's columns.
    RexNode rewrite(RexNode expression) {
        return expression.accept(
                new RexShuttle() {
                    @Override
                    public RexNode visitInputRef(RexInputRef ref) {
                        return ref(column(ref.getIndex(), List.of()));
                    }

                    @Override
                    public RexNode visitFieldAccess(RexFieldAccess access) {
                        Leaf leaf = leaf(access);
                        return leaf == null ? super.visitFieldAccess(access) : ref(leaf.column());
                    }
                });
    }

    Built scan() {
        List<Field> fields = new ArrayList<>();
        for (int i = 0; i < columns.size(); i++) {
            fields.add(new Field(Expressions.name(relation, columns.get(i)), type(i)));
        }
        Schema schema = new Schema(fields);
        RowTraits rows = RowTraits.of(relation).project(relationColumns());
        PlanNode node =
                relation.isTable()
                        ? new PlanNode.TableScan(
                                relation, List.copyOf(columns), schema, Built.traits(rows))
                        : new PlanNode.StreamScan(
                                relation, List.copyOf(columns), schema, Built.traits(rows));
        return new Built(node, rows);
    }

    /// For each scan column the relation's column it is, -1 for a part of one.
    private int[] relationColumns() {
        return columns.stream()
                .mapToInt(column ->
                        column instanceof ScanColumn.Value(int index, List<String> path)
                                        && path.isEmpty()
                                ? index
                                : -1)
                .toArray();
    }

    private SqlType type(int column) {
        return switch (columns.get(column)) {
            case ScanColumn.Value _ -> RelTypes.find(types.get(column)).orElseThrow();
            case ScanColumn.RowTime _, ScanColumn.RowOffset _ -> Primitive.BIGINT;
            case ScanColumn.RowPartition _ -> Primitive.INT;
        };
    }

    private ScanColumn column(int field, List<String> path) {
        int pseudo = field - relation.columns().size();
        return switch (pseudo) {
            case 0 -> new ScanColumn.RowTime();
            case 1 -> new ScanColumn.RowPartition();
            case 2 -> new ScanColumn.RowOffset();
            default -> new ScanColumn.Value(field, path);
        };
    }

    private RexInputRef ref(ScanColumn column) {
        int at = columns.indexOf(column);
        return new RexInputRef(at, types.get(at));
    }

    /// The struct field that a chain of accesses reads of a column, or null when the column is
    /// wanted whole or the chain starts elsewhere.
    private Leaf leaf(RexFieldAccess access) {
        List<String> path = new ArrayList<>();
        RexNode at = access;
        while (at instanceof RexFieldAccess outer) {
            path.addFirst(outer.getField().getName());
            at = outer.getReferenceExpr();
        }
        return at instanceof RexInputRef ref && !whole.get(ref.getIndex())
                ? new Leaf(column(ref.getIndex(), path), access.getType())
                : null;
    }

    private static int rank(ScanColumn column) {
        return switch (column) {
            case ScanColumn.Value value -> value.column();
            case ScanColumn.RowTime _ -> Integer.MAX_VALUE - 2;
            case ScanColumn.RowPartition _ -> Integer.MAX_VALUE - 1;
            case ScanColumn.RowOffset _ -> Integer.MAX_VALUE;
        };
    }

    private static String[] path(ScanColumn column) {
        return column instanceof ScanColumn.Value value
                ? value.path().toArray(String[]::new)
                : new String[0];
    }

    /// Marks the columns that some expression wants whole, not only fields of them. A struct that
    /// is reached both as a whole and through an outer one counts as whole.
    private final class WholeColumns extends RexVisitorImpl<Void> {
        WholeColumns() {
            super(true);
        }

        @Override
        public Void visitInputRef(RexInputRef ref) {
            whole.set(ref.getIndex());
            return null;
        }

        @Override
        public Void visitFieldAccess(RexFieldAccess access) {
            return leaf(access) == null && !startsAtColumn(access)
                    ? super.visitFieldAccess(access)
                    : null;
        }

        private static boolean startsAtColumn(RexFieldAccess access) {
            RexNode at = access;
            while (at instanceof RexFieldAccess outer) {
                at = outer.getReferenceExpr();
            }
            return at instanceof RexInputRef;
        }
    }

    private final class LeafCollector extends RexVisitorImpl<Void> {
        private final List<Leaf> leaves;

        LeafCollector(List<Leaf> leaves) {
            super(true);
            this.leaves = leaves;
        }

        @Override
        public Void visitInputRef(RexInputRef ref) {
            leaves.add(new Leaf(column(ref.getIndex(), List.of()), ref.getType()));
            return null;
        }

        @Override
        public Void visitFieldAccess(RexFieldAccess access) {
            Leaf leaf = leaf(access);
            if (leaf == null) {
                return super.visitFieldAccess(access);
            }
            leaves.add(leaf);
            return null;
        }
    }
}
