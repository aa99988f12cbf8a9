package dev.weir.sql.analyze;

import dev.weir.sql.batch.Field;
import dev.weir.sql.batch.Primitive;
import dev.weir.sql.batch.Schema;
import dev.weir.sql.batch.SqlType;
import dev.weir.sql.error.SqlException;
import dev.weir.sql.error.SqlState;

import org.apache.calcite.adapter.java.JavaTypeFactory;
import org.apache.calcite.jdbc.JavaTypeFactoryImpl;
import org.apache.calcite.rel.type.RelDataType;
import org.apache.calcite.rel.type.RelDataTypeFactory;
import org.apache.calcite.rel.type.RelDataTypeField;
import org.apache.calcite.rel.type.RelDataTypeSystem;
import org.apache.calcite.rel.type.RelDataTypeSystemImpl;
import org.apache.calcite.sql.type.SqlTypeName;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// Weir's types as Calcite's and back.
public final class RelTypes {
    static final int DECIMAL_DIGITS = 38;
    private static final int TIME_DIGITS = 3;

    /// Times to the millisecond; DECIMAL to 38 digits; SUM of INT is BIGINT, so that it does not
    /// overflow where the rows do not; AVG is DOUBLE.
    public static final RelDataTypeSystem SYSTEM =
            new RelDataTypeSystemImpl() {
                @Override
                public int getDefaultPrecision(SqlTypeName type) {
                    return switch (type) {
                        case TIMESTAMP, TIME -> TIME_DIGITS;
                        case DECIMAL -> DECIMAL_DIGITS;
                        default -> super.getDefaultPrecision(type);
                    };
                }

                @Override
                public int getMaxPrecision(SqlTypeName type) {
                    return switch (type) {
                        case TIMESTAMP, TIME -> TIME_DIGITS;
                        case DECIMAL -> DECIMAL_DIGITS;
                        default -> super.getMaxPrecision(type);
                    };
                }

                @Override
                public int getMaxScale(SqlTypeName type) {
                    return type == SqlTypeName.DECIMAL ? DECIMAL_DIGITS : super.getMaxScale(type);
                }

                @Override
                public RelDataType deriveSumType(RelDataTypeFactory factory, RelDataType argument) {
                    RelDataType sum =
                            switch (argument.getSqlTypeName()) {
                                case TINYINT, SMALLINT, INTEGER ->
                                        factory.createSqlType(SqlTypeName.BIGINT);
                                case FLOAT, REAL -> factory.createSqlType(SqlTypeName.DOUBLE);
                                case DECIMAL ->
                                        factory.createSqlType(
                                                SqlTypeName.DECIMAL,
                                                DECIMAL_DIGITS,
                                                argument.getScale());
                                default -> argument;
                            };
                    return factory.createTypeWithNullability(sum, argument.isNullable());
                }

                @Override
                public RelDataType deriveAvgAggType(
                        RelDataTypeFactory factory, RelDataType argument) {
                    return factory.createTypeWithNullability(
                            factory.createSqlType(SqlTypeName.DOUBLE), argument.isNullable());
                }

                @Override
                public boolean shouldConvertRaggedUnionTypesToVarying() {
                    return true;
                }
            };

    private RelTypes() {}

    /// A factory of types of this system.
    public static JavaTypeFactory factory() {
        return new JavaTypeFactoryImpl(SYSTEM);
    }

    /// The type as Calcite's, nullable as all columns are.
    public static RelDataType toRel(SqlType type, RelDataTypeFactory factory) {
        RelDataType rel =
                switch (type) {
                    case Primitive primitive ->
                            switch (primitive) {
                                case BOOLEAN -> factory.createSqlType(SqlTypeName.BOOLEAN);
                                case INT -> factory.createSqlType(SqlTypeName.INTEGER);
                                case BIGINT -> factory.createSqlType(SqlTypeName.BIGINT);
                                case DOUBLE -> factory.createSqlType(SqlTypeName.DOUBLE);
                                case VARCHAR -> factory.createSqlType(SqlTypeName.VARCHAR);
                                case BYTES -> factory.createSqlType(SqlTypeName.VARBINARY);
                                case DATE -> factory.createSqlType(SqlTypeName.DATE);
                                case TIME -> factory.createSqlType(SqlTypeName.TIME, TIME_DIGITS);
                                case TIMESTAMP ->
                                        factory.createSqlType(SqlTypeName.TIMESTAMP, TIME_DIGITS);
                            };
                    case SqlType.Decimal(int precision, int scale) ->
                            factory.createSqlType(SqlTypeName.DECIMAL, precision, scale);
                    case SqlType.Array(SqlType element) ->
                            factory.createArrayType(toRel(element, factory), -1);
                    case SqlType.MapOf(SqlType key, SqlType value) ->
                            factory.createMapType(toRel(key, factory), toRel(value, factory));
                    case SqlType.Struct(List<Field> fields) ->
                            factory.createStructType(
                                    fields.stream().map(f -> toRel(f.type(), factory)).toList(),
                                    fields.stream().map(Field::name).toList());
                };
        return factory.createTypeWithNullability(rel, true);
    }

    /// The type as Weir's, if there is one.
    public static Optional<SqlType> find(RelDataType type) {
        return switch (type.getSqlTypeName()) {
            case BOOLEAN -> Optional.of(Primitive.BOOLEAN);
            case TINYINT, SMALLINT, INTEGER -> Optional.of(Primitive.INT);
            case BIGINT -> Optional.of(Primitive.BIGINT);
            case FLOAT, REAL, DOUBLE -> Optional.of(Primitive.DOUBLE);
            // A column of nothing but NULL has no type; text is what everybody can read.
            case CHAR, VARCHAR, NULL -> Optional.of(Primitive.VARCHAR);
            case BINARY, VARBINARY -> Optional.of(Primitive.BYTES);
            case DATE -> Optional.of(Primitive.DATE);
            case TIME -> Optional.of(Primitive.TIME);
            case TIMESTAMP -> Optional.of(Primitive.TIMESTAMP);
            case DECIMAL -> Optional.of(new SqlType.Decimal(type.getPrecision(), type.getScale()));
            case ARRAY -> find(type.getComponentType()).map(SqlType.Array::new);
            case MAP ->
                    find(type.getKeyType())
                            .flatMap(key ->
                                    find(type.getValueType())
                                            .map(value -> new SqlType.MapOf(key, value)));
            case ROW -> struct(type);
            default -> Optional.empty();
        };
    }

    /// The row type as a schema.
    ///
    /// @throws SqlException FEATURE_NOT_SUPPORTED when a column's type is none of Weir's
    public static Schema schema(RelDataType rowType) {
        List<Field> fields = new ArrayList<>();
        for (RelDataTypeField field : rowType.getFieldList()) {
            SqlType type =
                    find(field.getType())
                            .orElseThrow(() ->
                                    new SqlException(
                                            SqlState.FEATURE_NOT_SUPPORTED,
                                            null,
                                            "column \""
                                                    + field.getName()
                                                    + "\" has the type "
                                                    + field.getType().getSqlTypeName()
                                                    + ", which a result cannot have",
                                            "CAST it to another type."));
            fields.add(new Field(field.getName(), type));
        }
        return new Schema(fields);
    }

    private static Optional<SqlType> struct(RelDataType type) {
        List<Field> fields = new ArrayList<>();
        for (RelDataTypeField field : type.getFieldList()) {
            Optional<SqlType> fieldType = find(field.getType());
            if (fieldType.isEmpty()) {
                return Optional.empty();
            }
            fields.add(new Field(field.getName(), fieldType.get()));
        }
        return Optional.of(new SqlType.Struct(fields));
    }
}
