package dev.weir.sql.function;

import org.apache.calcite.rel.type.RelDataType;
import org.apache.calcite.rel.type.RelDataTypeFactory;
import org.apache.calcite.sql.SqlCallBinding;
import org.apache.calcite.sql.SqlOperandCountRange;
import org.apache.calcite.sql.SqlOperator;
import org.apache.calcite.sql.SqlOperatorBinding;
import org.apache.calcite.sql.type.OperandTypes;
import org.apache.calcite.sql.type.ReturnTypes;
import org.apache.calcite.sql.type.SqlOperandCountRanges;
import org.apache.calcite.sql.type.SqlOperandMetadata;
import org.apache.calcite.sql.type.SqlReturnTypeInference;
import org.apache.calcite.sql.type.SqlTypeFamily;
import org.apache.calcite.sql.type.SqlTypeName;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// A function's name, parameters and result, read from `NAME(parameter TYPE, …) TYPE`.
///
/// Types are those of SQL; ARRAY, MAP and ANY take any such. A last parameter `value ANY...` may
/// come any number of times, also never. As results there are also SAME (the type of the first
/// argument), WIDEST (what all arguments fit into, and are converted to), ELEMENT (of the array
/// that comes first), `ARRAY<KEY>`, `ARRAY<VALUE>` (of the map that comes first) and
/// `ARRAY<VARCHAR>`.
final class Signature implements SqlOperandMetadata {
    private static final Pattern FORM = Pattern.compile("(\\w+)\\((.*)\\) ([\\w<>, ]+)");

    private record Parameter(String name, String type) {}

    private final String text;
    private final String name;
    private final List<Parameter> parameters = new ArrayList<>();
    private final boolean variadic;
    private final String result;

    Signature(String text) {
        Matcher form = FORM.matcher(text);
        if (!form.matches()) {
            throw new IllegalStateException("no signature: " + text);
        }
        this.text = text;
        name = form.group(1);
        result = form.group(3);
        boolean open = false;
        if (!form.group(2).isEmpty()) {
            for (String parameter : form.group(2).split(", ", -1)) {
                String[] words = parameter.split(" ", 2);
                open = words[1].endsWith("...");
                parameters.add(new Parameter(words[0], words[1].replace("...", "")));
            }
        }
        variadic = open;
    }

    String name() {
        return name;
    }

    /// As it was written.
    String text() {
        return text;
    }

    /// Parameters that come once.
    int fixed() {
        return variadic ? parameters.size() - 1 : parameters.size();
    }

    boolean isVariadic() {
        return variadic;
    }

    boolean unifies() {
        return result.equals("WIDEST");
    }

    SqlReturnTypeInference result() {
        return switch (result) {
            case "SAME" -> binding -> nullable(binding, binding.getOperandType(0));
            case "WIDEST" -> ReturnTypes.LEAST_RESTRICTIVE.andThen(Signature::nullable);
            case "ELEMENT" ->
                    binding -> nullable(binding, binding.getOperandType(0).getComponentType());
            case "ARRAY<KEY>" -> binding -> array(binding, binding.getOperandType(0).getKeyType());
            case "ARRAY<VALUE>" ->
                    binding -> array(binding, binding.getOperandType(0).getValueType());
            case "ARRAY<VARCHAR>" -> binding -> array(binding, type(binding, "VARCHAR"));
            case "ARRAY<BIGINT>" -> binding -> array(binding, type(binding, "BIGINT"));
            case "MAP<VARCHAR, VARCHAR>" ->
                    binding ->
                            nullable(
                                    binding,
                                    binding.getTypeFactory()
                                            .createMapType(
                                                    type(binding, "VARCHAR"),
                                                    nullable(binding, type(binding, "VARCHAR"))));
            default -> binding -> nullable(binding, type(binding, result));
        };
    }

    private static RelDataType type(SqlOperatorBinding binding, String type) {
        RelDataTypeFactory factory = binding.getTypeFactory();
        return switch (type) {
            case "VARCHAR" -> factory.createSqlType(SqlTypeName.VARCHAR);
            case "INT" -> factory.createSqlType(SqlTypeName.INTEGER);
            case "BIGINT" -> factory.createSqlType(SqlTypeName.BIGINT);
            case "DOUBLE" -> factory.createSqlType(SqlTypeName.DOUBLE);
            case "BOOLEAN" -> factory.createSqlType(SqlTypeName.BOOLEAN);
            case "BYTES" -> factory.createSqlType(SqlTypeName.VARBINARY);
            case "DATE" -> factory.createSqlType(SqlTypeName.DATE);
            case "TIME" -> factory.createSqlType(SqlTypeName.TIME, 3);
            case "TIMESTAMP" -> factory.createSqlType(SqlTypeName.TIMESTAMP, 3);
            default -> throw new IllegalStateException("no type " + type);
        };
    }

    private static RelDataType nullable(SqlOperatorBinding binding, RelDataType type) {
        return binding.getTypeFactory().createTypeWithNullability(type, true);
    }

    private static RelDataType array(SqlOperatorBinding binding, RelDataType element) {
        return nullable(
                binding, binding.getTypeFactory().createArrayType(nullable(binding, element), -1));
    }

    private static SqlTypeFamily family(String type) {
        return switch (type) {
            case "VARCHAR" -> SqlTypeFamily.CHARACTER;
            case "INT" -> SqlTypeFamily.INTEGER;
            case "BIGINT" -> SqlTypeFamily.EXACT_NUMERIC;
            case "DOUBLE", "NUMBER" -> SqlTypeFamily.NUMERIC;
            case "BOOLEAN" -> SqlTypeFamily.BOOLEAN;
            case "BYTES" -> SqlTypeFamily.BINARY;
            case "DATE" -> SqlTypeFamily.DATE;
            case "TIME" -> SqlTypeFamily.TIME;
            case "TIMESTAMP" -> SqlTypeFamily.TIMESTAMP;
            case "ARRAY" -> SqlTypeFamily.ARRAY;
            case "MAP" -> SqlTypeFamily.MAP;
            case "ANY" -> SqlTypeFamily.ANY;
            default -> throw new IllegalStateException("no type " + type);
        };
    }

    /// The types that NULLs and parameters of a statement are taken for.
    void infer(RelDataTypeFactory factory, RelDataType[] operands) {
        for (int i = 0; i < operands.length; i++) {
            String type = parameters.get(Math.min(i, parameters.size() - 1)).type();
            operands[i] =
                    type.equals("ANY")
                            ? factory.createSqlType(SqlTypeName.VARCHAR)
                            : family(type).getDefaultConcreteType(factory);
        }
    }

    // ---- what the validator asks

    @Override
    public List<RelDataType> paramTypes(RelDataTypeFactory factory) {
        List<RelDataType> types = new ArrayList<>();
        for (int i = 0; i < fixed(); i++) {
            types.add(family(parameters.get(i).type()).getDefaultConcreteType(factory));
        }
        return types;
    }

    @Override
    public List<String> paramNames() {
        return parameters.subList(0, fixed()).stream().map(Parameter::name).toList();
    }

    @Override
    public boolean isFixedParameters() {
        return !variadic;
    }

    @Override
    public boolean checkOperandTypes(SqlCallBinding binding, boolean throwOnFailure) {
        List<SqlTypeFamily> families = new ArrayList<>();
        for (int i = 0; i < binding.getOperandCount(); i++) {
            families.add(family(parameters.get(Math.min(i, parameters.size() - 1)).type()));
        }
        return families.isEmpty()
                || OperandTypes.family(families).checkOperandTypes(binding, throwOnFailure);
    }

    @Override
    public SqlOperandCountRange getOperandCountRange() {
        return variadic
                ? SqlOperandCountRanges.from(unifies() ? fixed() + 1 : fixed())
                : SqlOperandCountRanges.of(parameters.size());
    }

    @Override
    public String getAllowedSignatures(SqlOperator operator, String operatorName) {
        return text;
    }
}
