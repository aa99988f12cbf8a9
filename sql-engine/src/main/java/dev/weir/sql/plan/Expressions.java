package dev.weir.sql.plan;

import dev.weir.sql.analyze.RelTypes;
import dev.weir.sql.analyze.RelationTable;
import dev.weir.sql.batch.Schema;
import dev.weir.sql.catalog.Relation;
import dev.weir.sql.catalog.ScanColumn;

import org.apache.calcite.avatica.util.TimeUnitRange;
import org.apache.calcite.rex.RexCall;
import org.apache.calcite.rex.RexFieldAccess;
import org.apache.calcite.rex.RexInputRef;
import org.apache.calcite.rex.RexLiteral;
import org.apache.calcite.rex.RexNode;
import org.apache.calcite.sql.SqlKind;
import org.apache.calcite.sql.SqlOperator;
import org.apache.calcite.sql.SqlSyntax;
import org.apache.calcite.util.DateString;
import org.apache.calcite.util.NlsString;
import org.apache.calcite.util.TimeString;
import org.apache.calcite.util.TimestampString;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/// Row expressions as a reader knows them: columns by name, operators between their operands.
final class Expressions {
    private Expressions() {}

    static String text(RexNode node, Schema input) {
        return text(node, input, false);
    }

    static String name(Schema schema, int column) {
        return column < schema.size() ? schema.field(column).name() : "$" + column;
    }

    /// What a scan takes of a relation: a column, a field of one as `column->field`, ROWTIME, ….
    static String name(Relation relation, ScanColumn column) {
        return switch (column) {
            case ScanColumn.Value(int index, List<String> path) -> {
                List<String> names = new ArrayList<>();
                names.add(relation.columns().get(index).name());
                names.addAll(path);
                yield String.join("->", names);
            }
            case ScanColumn.RowTime _ -> RelationTable.ROWTIME;
            case ScanColumn.RowPartition _ -> RelationTable.ROWPARTITION;
            case ScanColumn.RowOffset _ -> RelationTable.ROWOFFSET;
        };
    }

    private static String text(RexNode node, Schema input, boolean nested) {
        return switch (node) {
            case RexInputRef ref -> name(input, ref.getIndex());
            case RexLiteral literal -> literal(literal);
            case RexFieldAccess access ->
                    text(access.getReferenceExpr(), input, true)
                            + "->"
                            + access.getField().getName();
            case RexCall call -> call(call, input, nested);
            default -> node.toString();
        };
    }

    private static String call(RexCall call, Schema input, boolean nested) {
        SqlOperator operator = call.getOperator();
        List<RexNode> operands = call.getOperands();
        if (call.getKind() == SqlKind.CAST || call.getKind() == SqlKind.SAFE_CAST) {
            String type =
                    RelTypes.find(call.getType())
                            .map(t -> t.sql())
                            .orElse(call.getType().toString());
            return "CAST(" + text(operands.getFirst(), input, false) + " AS " + type + ")";
        }
        if (call.getKind() == SqlKind.ITEM) {
            return text(operands.get(0), input, true) + "[" + text(operands.get(1), input) + "]";
        }
        if (call.getKind() == SqlKind.CASE) {
            return caseText(operands, input);
        }
        SqlSyntax syntax = operator.getSyntax();
        boolean infix = syntax == SqlSyntax.BINARY || call.getKind() == SqlKind.LIKE;
        if (infix && operands.size() >= 2) {
            String text =
                    operands.stream()
                            .map(o -> text(o, input, true))
                            .collect(Collectors.joining(" " + operator.getName() + " "));
            return nested ? "(" + text + ")" : text;
        }
        if (syntax == SqlSyntax.POSTFIX) {
            String text = text(operands.getFirst(), input, true) + " " + operator.getName();
            return nested ? "(" + text + ")" : text;
        }
        if (syntax == SqlSyntax.PREFIX && operands.size() == 1) {
            String separator = operator.getName().equals("-") ? "" : " ";
            return operator.getName() + separator + text(operands.getFirst(), input, true);
        }
        return operator.getName()
                + operands.stream()
                        .map(o -> text(o, input, false))
                        .collect(Collectors.joining(", ", "(", ")"));
    }

    private static String caseText(List<RexNode> operands, Schema input) {
        StringBuilder text = new StringBuilder("CASE");
        for (int i = 0; i + 1 < operands.size(); i += 2) {
            text.append(" WHEN ").append(text(operands.get(i), input, false));
            text.append(" THEN ").append(text(operands.get(i + 1), input, false));
        }
        return text.append(" ELSE ")
                .append(text(operands.getLast(), input, false))
                .append(" END")
                .toString();
    }

    private static String literal(RexLiteral literal) {
        if (literal.isNull()) {
            return "NULL";
        }
        if (literal.getValue() instanceof TimeUnitRange range) {
            return range.name();
        }
        if (literal.getValue() instanceof NlsString text) {
            return "'" + text.getValue().replace("'", "''") + "'";
        }
        return switch (literal.getType().getSqlTypeName()) {
            case TIMESTAMP -> "TIMESTAMP '" + literal.getValueAs(TimestampString.class) + "'";
            case DATE -> "DATE '" + literal.getValueAs(DateString.class) + "'";
            case TIME -> "TIME '" + literal.getValueAs(TimeString.class) + "'";
            default -> String.valueOf(literal.getValue());
        };
    }
}
