package dev.weir.sql.expr;

import dev.weir.sql.error.SqlException;
import dev.weir.sql.error.SqlState;

import org.apache.calcite.DataContext;
import org.apache.calcite.adapter.enumerable.EnumUtils;
import org.apache.calcite.adapter.enumerable.RexToLixTranslator;
import org.apache.calcite.adapter.java.JavaTypeFactory;
import org.apache.calcite.linq4j.tree.BlockBuilder;
import org.apache.calcite.linq4j.tree.Expression;
import org.apache.calcite.linq4j.tree.Expressions;
import org.apache.calcite.linq4j.tree.ParameterExpression;
import org.apache.calcite.rel.type.RelDataType;
import org.apache.calcite.rex.RexBuilder;
import org.apache.calcite.rex.RexCall;
import org.apache.calcite.rex.RexLiteral;
import org.apache.calcite.rex.RexNode;
import org.apache.calcite.rex.RexProgramBuilder;
import org.apache.calcite.sql.SqlFunction;
import org.apache.calcite.sql.validate.SqlConformanceEnum;

import java.lang.reflect.Type;
import java.util.ArrayList;
import java.util.List;

/// Writes one call of a function Weir has no own code for as a static Java method over boxed
/// values, by Calcite's translator to linq4j.
final class CallTranslator {
    private final RexBuilder rexBuilder;
    private final JavaTypeFactory types;

    CallTranslator(RexBuilder rexBuilder, JavaTypeFactory types) {
        this.rexBuilder = rexBuilder;
        this.types = types;
    }

    /// A method of that name whose parameters are the call's operands but literals.
    String method(String name, RexCall call) {
        List<RexNode> operands = new ArrayList<>();
        List<ParameterExpression> parameters = new ArrayList<>();
        var rowType = types.builder();
        for (RexNode operand : call.getOperands()) {
            if (isInlined(operand)) {
                operands.add(operand);
                continue;
            }
            RelDataType type = types.createTypeWithNullability(operand.getType(), true);
            operands.add(rexBuilder.makeInputRef(type, parameters.size()));
            rowType.add("p" + parameters.size(), type);
            parameters.add(Expressions.parameter(javaClass(type), "p" + parameters.size()));
        }
        RelDataType resultType = types.createTypeWithNullability(call.getType(), true);
        RexNode rewritten = rexBuilder.makeCall(resultType, call.getOperator(), operands);
        try {
            RexProgramBuilder program = new RexProgramBuilder(rowType.build(), rexBuilder);
            program.addProject(rewritten, "r");
            BlockBuilder block = new BlockBuilder();
            List<Expression> results =
                    RexToLixTranslator.translateProjects(
                            program.getProgram(),
                            types,
                            SqlConformanceEnum.DEFAULT,
                            block,
                            null,
                            null,
                            DataContext.ROOT,
                            (b, index, storageType) -> input(parameters.get(index), storageType),
                            null);
            block.add(Expressions.return_(null, results.getFirst()));
            StringBuilder source = new StringBuilder("  private static Object ").append(name);
            source.append('(');
            for (ParameterExpression parameter : parameters) {
                source.append(source.charAt(source.length() - 1) == '(' ? "" : ", ")
                        .append(((Class<?>) parameter.getType()).getCanonicalName())
                        .append(' ')
                        .append(parameter.name);
            }
            return source.append(") ").append(block.toBlock()).append('\n').toString();
        } catch (RuntimeException untranslatable) {
            throw unsupported(call, untranslatable);
        }
    }

    /// Whether an operand is written into the method instead of being passed.
    static boolean isInlined(RexNode operand) {
        return operand instanceof RexLiteral;
    }

    /// The class of a nullable value in the method.
    Type javaClass(RelDataType type) {
        return types.getJavaClass(types.createTypeWithNullability(type, true));
    }

    private static Expression input(ParameterExpression parameter, Type storageType) {
        return storageType == null ? parameter : EnumUtils.convert(parameter, storageType);
    }

    static SqlException unsupported(RexNode node, Throwable cause) {
        String what =
                switch (node) {
                    case RexCall call when call.getOperator() instanceof SqlFunction ->
                            "the function " + call.getOperator().getName();
                    case RexCall call ->
                            "the operator "
                                    + call.getOperator().getName()
                                    + " with the type "
                                    + call.getType();
                    default -> "the expression " + node;
                };
        return new SqlException(
                SqlState.FEATURE_NOT_SUPPORTED,
                null,
                what + " is not supported",
                "SHOW FUNCTIONS lists what there is.",
                cause);
    }
}
