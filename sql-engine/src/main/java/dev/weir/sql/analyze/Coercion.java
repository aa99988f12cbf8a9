package dev.weir.sql.analyze;

import dev.weir.sql.error.SqlException;
import dev.weir.sql.error.SqlState;

import org.apache.calcite.rel.type.RelDataType;
import org.apache.calcite.rel.type.RelDataTypeFactory;
import org.apache.calcite.sql.SqlCall;
import org.apache.calcite.sql.SqlCallBinding;
import org.apache.calcite.sql.SqlKind;
import org.apache.calcite.sql.SqlLiteral;
import org.apache.calcite.sql.SqlNode;
import org.apache.calcite.sql.SqlNodeList;
import org.apache.calcite.sql.fun.SqlStdOperatorTable;
import org.apache.calcite.sql.type.SqlTypeName;
import org.apache.calcite.sql.type.SqlTypeUtil;
import org.apache.calcite.sql.validate.SqlValidator;
import org.apache.calcite.sql.validate.SqlValidatorScope;
import org.apache.calcite.sql.validate.implicit.TypeCoercionImpl;

import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;

/// Calcite's implicit casts, without those between text and numbers: as in PostgreSQL and ksqlDB
/// they are type errors, said when the statement is analyzed and not row by row. Text literals that
/// are numbers pass, and `||` takes anything.
final class Coercion extends TypeCoercionImpl {
    Coercion(RelDataTypeFactory types, SqlValidator validator) {
        super(types, validator);
    }

    @Override
    protected boolean coerceOperandType(
            SqlValidatorScope scope, SqlCall call, int index, RelDataType target) {
        SqlNode operand = call.operand(index);
        if (operand.getKind() != SqlKind.DEFAULT && scope != null) {
            RelDataType type = validator.deriveType(scope, operand);
            boolean fromText = SqlTypeUtil.isCharacter(type) && isNumberOrBoolean(target);
            boolean toText = isNumberOrBoolean(type) && SqlTypeUtil.isCharacter(target);
            if ((fromText && !isNumber(operand))
                    || (toText && !call.getOperator().equals(SqlStdOperatorTable.CONCAT))) {
                return false;
            }
        }
        return super.coerceOperandType(scope, call, index, target);
    }

    @Override
    public boolean binaryComparisonCoercion(SqlCallBinding binding) {
        checkComparable(binding, binding.operands());
        return super.binaryComparisonCoercion(binding);
    }

    @Override
    public boolean inOperationCoercion(SqlCallBinding binding) {
        List<SqlNode> operands = new ArrayList<>();
        operands.add(binding.operand(0));
        if (binding.operand(1) instanceof SqlNodeList list) {
            operands.addAll(list.getList());
        }
        checkComparable(binding, operands);
        return super.inOperationCoercion(binding);
    }

    /// Calcite itself lets comparisons of text with numbers pass.
    private void checkComparable(SqlCallBinding binding, List<SqlNode> operands) {
        RelDataType text = null;
        RelDataType number = null;
        for (SqlNode operand : operands) {
            RelDataType type = validator.deriveType(binding.getScope(), operand);
            if (SqlTypeUtil.isCharacter(type) && !isNumber(operand)) {
                text = type;
            } else if (isNumberOrBoolean(type)) {
                number = type;
            }
        }
        if (text != null && number != null) {
            throw new SqlException(
                    SqlState.DATATYPE_MISMATCH,
                    Refusals.position(binding.getCall().getParserPosition()),
                    "cannot compare " + number.getSqlTypeName() + " with text",
                    "CAST one side to the type of the other.");
        }
    }

    private static boolean isNumberOrBoolean(RelDataType type) {
        return SqlTypeUtil.isNumeric(type) || SqlTypeUtil.isBoolean(type);
    }

    private static boolean isNumber(SqlNode operand) {
        if (!(operand instanceof SqlLiteral literal) || literal.getTypeName() != SqlTypeName.CHAR) {
            return false;
        }
        try {
            return new BigDecimal(literal.getValueAs(String.class).strip()).precision() > 0;
        } catch (NumberFormatException e) {
            return false;
        }
    }
}
