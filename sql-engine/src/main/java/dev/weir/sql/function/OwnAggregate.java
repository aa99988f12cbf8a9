package dev.weir.sql.function;

import org.apache.calcite.rel.type.RelDataType;
import org.apache.calcite.sql.SqlAggFunction;
import org.apache.calcite.sql.SqlCall;
import org.apache.calcite.sql.SqlFunctionCategory;
import org.apache.calcite.sql.SqlKind;
import org.apache.calcite.sql.SqlNode;
import org.apache.calcite.sql.SqlOperatorBinding;
import org.apache.calcite.sql.type.OperandTypes;
import org.apache.calcite.sql.type.ReturnTypes;
import org.apache.calcite.sql.type.SqlOperandTypeChecker;
import org.apache.calcite.sql.type.SqlReturnTypeInference;
import org.apache.calcite.sql.type.SqlTypeFamily;
import org.apache.calcite.sql.type.SqlTypeName;
import org.apache.calcite.sql.type.SqlTypeTransforms;
import org.apache.calcite.sql.validate.SqlValidator;
import org.apache.calcite.sql.validate.SqlValidatorScope;
import org.apache.calcite.util.Optionality;

/// An aggregate function that Calcite does not have in this form, with what its call says beside
/// its arguments: that is part of the operator, so that it need not become a column.
public final class OwnAggregate extends SqlAggFunction {
    private final Kind function;
    private final int most;
    private final boolean isList;
    private final boolean nulls;
    private final String separator;

    /// What it computes.
    public enum Kind {
        EARLIEST,
        LATEST,
        COLLECT,
        TOP,
        HISTOGRAM,
        JOIN,
        VAR_POP,
        VAR_SAMP,
        STDDEV_POP,
        STDDEV_SAMP,
        CORRELATION
    }

    private OwnAggregate(
            Kind kind, int most, boolean isList, boolean nulls, String separator, String name) {
        super(
                name,
                null,
                SqlKind.OTHER_FUNCTION,
                returns(kind, isList),
                null,
                operands(kind),
                SqlFunctionCategory.USER_DEFINED_FUNCTION,
                false,
                false,
                Optionality.FORBIDDEN);
        this.function = kind;
        this.most = most;
        this.isList = isList;
        this.nulls = nulls;
        this.separator = separator;
    }

    /// A function without anything to say.
    public static OwnAggregate of(Kind kind) {
        return new OwnAggregate(kind, 1, false, false, "", kind.name());
    }

    /// All values, NULL too.
    public static OwnAggregate collect() {
        return new OwnAggregate(Kind.COLLECT, 1, true, true, "", "COLLECT");
    }

    /// The greatest `most` values.
    public static OwnAggregate top(int most) {
        return new OwnAggregate(Kind.TOP, most, true, false, "", "TOP(" + most + ")");
    }

    /// EARLIEST or LATEST.
    ///
    /// @param most how many values, as a list; -1 for the one value itself
    public static OwnAggregate ofOrder(Kind kind, int most, boolean nulls) {
        // The name tells calls apart that say different things.
        return new OwnAggregate(
                kind,
                Math.max(1, most),
                most >= 0,
                nulls,
                "",
                kind + "(" + most + (nulls ? ", NULLS" : "") + ")");
    }

    /// All texts with a separator between.
    public static OwnAggregate join(String separator) {
        return new OwnAggregate(Kind.JOIN, 1, false, false, separator, "JOIN(" + separator + ")");
    }

    public Kind function() {
        return function;
    }

    /// How many values are kept at most.
    public int most() {
        return most;
    }

    public boolean isList() {
        return isList;
    }

    /// Whether NULL counts as a value.
    public boolean takesNulls() {
        return nulls;
    }

    public String separator() {
        return separator;
    }

    private static SqlReturnTypeInference returns(Kind kind, boolean isList) {
        return switch (kind) {
            case EARLIEST, LATEST -> isList ? list() : ReturnTypes.ARG0_FORCE_NULLABLE;
            case COLLECT, TOP -> list();
            case HISTOGRAM ->
                    binding ->
                            binding.getTypeFactory()
                                    .createTypeWithNullability(
                                            binding.getTypeFactory()
                                                    .createMapType(
                                                            binding.getTypeFactory()
                                                                    .createSqlType(
                                                                            SqlTypeName.VARCHAR),
                                                            nullableBigint(binding)),
                                            true);
            case JOIN -> explicit(SqlTypeName.VARCHAR);
            case VAR_POP, VAR_SAMP, STDDEV_POP, STDDEV_SAMP, CORRELATION ->
                    explicit(SqlTypeName.DOUBLE);
        };
    }

    private static RelDataType nullableBigint(SqlOperatorBinding binding) {
        return binding.getTypeFactory()
                .createTypeWithNullability(
                        binding.getTypeFactory().createSqlType(SqlTypeName.BIGINT), true);
    }

    private static SqlReturnTypeInference list() {
        return ReturnTypes.ARG0_FORCE_NULLABLE
                .andThen(SqlTypeTransforms.TO_ARRAY)
                .andThen(SqlTypeTransforms.FORCE_NULLABLE);
    }

    private static SqlReturnTypeInference explicit(SqlTypeName type) {
        return ReturnTypes.explicit(type).andThen(SqlTypeTransforms.FORCE_NULLABLE);
    }

    private static SqlOperandTypeChecker operands(Kind kind) {
        return switch (kind) {
            case EARLIEST, LATEST, COLLECT, TOP -> OperandTypes.ANY;
            case HISTOGRAM, JOIN -> OperandTypes.family(SqlTypeFamily.CHARACTER);
            case VAR_POP, VAR_SAMP, STDDEV_POP, STDDEV_SAMP -> OperandTypes.NUMERIC;
            case CORRELATION -> OperandTypes.NUMERIC_NUMERIC;
        };
    }

    /// Not looked up by its name, as it is in no table.
    @Override
    public RelDataType deriveType(SqlValidator validator, SqlValidatorScope scope, SqlCall call) {
        for (SqlNode operand : call.getOperandList()) {
            validator.deriveType(scope, operand);
        }
        return validateOperands(validator, scope, call);
    }
}
