package dev.weir.sql.function;

import org.apache.calcite.rel.type.RelDataType;
import org.apache.calcite.schema.impl.ScalarFunctionImpl;
import org.apache.calcite.sql.SqlAggFunction;
import org.apache.calcite.sql.SqlFunction;
import org.apache.calcite.sql.SqlFunctionCategory;
import org.apache.calcite.sql.SqlIdentifier;
import org.apache.calcite.sql.SqlKind;
import org.apache.calcite.sql.SqlOperator;
import org.apache.calcite.sql.SqlOperatorTable;
import org.apache.calcite.sql.fun.SqlLibraryOperators;
import org.apache.calcite.sql.fun.SqlStdOperatorTable;
import org.apache.calcite.sql.parser.SqlParserPos;
import org.apache.calcite.sql.type.InferTypes;
import org.apache.calcite.sql.type.OperandTypes;
import org.apache.calcite.sql.type.ReturnTypes;
import org.apache.calcite.sql.type.SqlReturnTypeInference;
import org.apache.calcite.sql.type.SqlTypeFamily;
import org.apache.calcite.sql.type.SqlTypeName;
import org.apache.calcite.sql.type.SqlTypeTransforms;
import org.apache.calcite.sql.util.SqlOperatorTables;
import org.apache.calcite.sql.validate.SqlUserDefinedFunction;

import java.lang.reflect.Method;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;

/// Weir's own SQL functions. Every one returns NULL when an argument is NULL, unless it says
/// otherwise.
public final class Functions {
    private static final SqlReturnTypeInference VARCHAR = nullable(SqlTypeName.VARCHAR);
    private static final SqlReturnTypeInference INTEGER = nullable(SqlTypeName.INTEGER);
    private static final SqlReturnTypeInference BIGINT = nullable(SqlTypeName.BIGINT);
    private static final SqlReturnTypeInference DATE = nullable(SqlTypeName.DATE);
    private static final SqlReturnTypeInference TIMESTAMP =
            ReturnTypes.explicit(SqlTypeName.TIMESTAMP, 3).andThen(SqlTypeTransforms.TO_NULLABLE);
    private static final SqlReturnTypeInference TEXTS =
            ReturnTypes.explicit(SqlTypeName.VARCHAR)
                    .andThen(SqlTypeTransforms.TO_NULLABLE)
                    .andThen(SqlTypeTransforms.TO_ARRAY)
                    .andThen(SqlTypeTransforms.TO_NULLABLE);

    private static final SqlTypeFamily TEXT = SqlTypeFamily.CHARACTER;
    private static final SqlTypeFamily WHOLE = SqlTypeFamily.EXACT_NUMERIC;
    private static final SqlTypeFamily INSTANT = SqlTypeFamily.TIMESTAMP;

    /// `WEIR_WINDOW_START(rowtime, sizeMs)`: the start of the tumbling window that holds a row
    /// time; windows are aligned to the epoch, before it too.
    public static final SqlOperator WINDOW_START =
            function("WEIR_WINDOW_START", Windows.class, "start", BIGINT, WHOLE, WHOLE);

    /// `WEIR_WINDOW_END(start, sizeMs, graceMs, final)`: the end of a window, with what is known of
    /// when it closes; a grace period below 0 never ends.
    public static final SqlOperator WINDOW_END =
            function(
                    "WEIR_WINDOW_END",
                    Windows.class,
                    "end",
                    BIGINT,
                    WHOLE,
                    WHOLE,
                    WHOLE,
                    SqlTypeFamily.BOOLEAN);

    /// `NOW()`: the step's time.
    public static final SqlOperator NOW =
            clock("NOW", ReturnTypes.explicit(SqlTypeName.TIMESTAMP, 3));

    /// `UNIX_TIMESTAMP()`: the step's time in milliseconds.
    public static final SqlOperator UNIX_TIMESTAMP_NOW =
            clock("UNIX_TIMESTAMP", ReturnTypes.explicit(SqlTypeName.BIGINT));

    /// `AS_VALUE(x)`: x. ksqlDB copies a key column into the value with it.
    public static final SqlOperator AS_VALUE =
            new SqlFunction(
                    "AS_VALUE",
                    SqlKind.OTHER_FUNCTION,
                    ReturnTypes.ARG0,
                    InferTypes.RETURN_TYPE,
                    OperandTypes.ANY,
                    SqlFunctionCategory.USER_DEFINED_FUNCTION) {
                @Override
                public boolean isDeterministic() {
                    // Keeps Calcite from folding a call it has no implementation for.
                    return false;
                }
            };

    /// Calcite's functions that kernels can run, as far as SHOW FUNCTIONS tells of them.
    private static final Set<String> STANDARD =
            Set.of(
                    "ABS",
                    "CEIL",
                    "CHAR_LENGTH",
                    "COALESCE",
                    "CURRENT_TIMESTAMP",
                    "EXP",
                    "EXTRACT",
                    "FLOOR",
                    "INITCAP",
                    "LN",
                    "LOG10",
                    "LOWER",
                    "MOD",
                    "NULLIF",
                    "OVERLAY",
                    "POSITION",
                    "POWER",
                    "REPLACE",
                    "ROUND",
                    "SIGN",
                    "SQRT",
                    "SUBSTRING",
                    "TRIM",
                    "TRUNCATE",
                    "UPPER");

    private static final List<String> AGGREGATES =
            List.of(
                    "ARRAY_AGG",
                    "AVG",
                    "BOOL_AND",
                    "BOOL_OR",
                    "COLLECT_LIST",
                    "COLLECT_SET",
                    "CORRELATION",
                    "COUNT",
                    "COUNT_DISTINCT",
                    "EARLIEST_BY_OFFSET",
                    "HISTOGRAM",
                    "LATEST_BY_OFFSET",
                    "LISTAGG",
                    "MAX",
                    "MIN",
                    "STDDEV_POP",
                    "STDDEV_SAMP",
                    "STRING_AGG",
                    "SUM",
                    "TOPK",
                    "TOPKDISTINCT",
                    "VAR_POP",
                    "VAR_SAMP");

    private static final List<SqlOperator> ALL =
            List.of(
                    WINDOW_START,
                    WINDOW_END,
                    NOW,
                    UNIX_TIMESTAMP_NOW,
                    AS_VALUE,
                    SqlLibraryOperators.CONCAT_FUNCTION_WITH_NULL,
                    SqlLibraryOperators.IFNULL,
                    function("LEN", TextFunctions.class, "length", INTEGER, TEXT),
                    function("LENGTH", TextFunctions.class, "length", INTEGER, TEXT),
                    function("LCASE", TextFunctions.class, "lower", VARCHAR, TEXT),
                    function("UCASE", TextFunctions.class, "upper", VARCHAR, TEXT),
                    function("LTRIM", TextFunctions.class, "trimLeft", VARCHAR, TEXT),
                    function("RTRIM", TextFunctions.class, "trimRight", VARCHAR, TEXT),
                    function("REVERSE", TextFunctions.class, "reverse", VARCHAR, TEXT),
                    function("INSTR", TextFunctions.class, "position", INTEGER, TEXT, TEXT),
                    function(
                            "INSTR",
                            TextFunctions.class,
                            "position",
                            INTEGER,
                            TEXT,
                            TEXT,
                            SqlTypeFamily.INTEGER),
                    function("SPLIT", TextFunctions.class, "split", TEXTS, TEXT, TEXT),
                    function("FROM_UNIXTIME", TimeFunctions.class, "same", TIMESTAMP, WHOLE),
                    function("UNIX_TIMESTAMP", TimeFunctions.class, "same", BIGINT, INSTANT),
                    function(
                            "FORMAT_TIMESTAMP",
                            TimeFunctions.class,
                            "format",
                            VARCHAR,
                            INSTANT,
                            TEXT),
                    function(
                            "FORMAT_TIMESTAMP",
                            TimeFunctions.class,
                            "format",
                            VARCHAR,
                            INSTANT,
                            TEXT,
                            TEXT),
                    function(
                            "PARSE_TIMESTAMP", TimeFunctions.class, "parse", TIMESTAMP, TEXT, TEXT),
                    function(
                            "PARSE_TIMESTAMP",
                            TimeFunctions.class,
                            "parse",
                            TIMESTAMP,
                            TEXT,
                            TEXT,
                            TEXT),
                    function(
                            "TIMESTAMPTOSTRING",
                            TimeFunctions.class,
                            "format",
                            VARCHAR,
                            WHOLE,
                            TEXT),
                    function(
                            "TIMESTAMPTOSTRING",
                            TimeFunctions.class,
                            "format",
                            VARCHAR,
                            WHOLE,
                            TEXT,
                            TEXT),
                    function("STRINGTOTIMESTAMP", TimeFunctions.class, "parse", BIGINT, TEXT, TEXT),
                    function(
                            "STRINGTOTIMESTAMP",
                            TimeFunctions.class,
                            "parse",
                            BIGINT,
                            TEXT,
                            TEXT,
                            TEXT),
                    function(
                            "FORMAT_DATE",
                            TimeFunctions.class,
                            "formatDate",
                            VARCHAR,
                            SqlTypeFamily.DATE,
                            TEXT),
                    function("PARSE_DATE", TimeFunctions.class, "parseDate", DATE, TEXT, TEXT));

    private Functions() {}

    /// The functions for the validator, to be chained with the standard table.
    public static SqlOperatorTable operatorTable() {
        return SqlOperatorTables.of(ALL);
    }

    /// Name and kind (SCALAR or AGGREGATE) of every function a query may use, for SHOW FUNCTIONS.
    public static SortedMap<String, String> descriptions() {
        SortedMap<String, String> kinds = new TreeMap<>();
        for (SqlOperator operator : SqlStdOperatorTable.instance().getOperatorList()) {
            if (operator instanceof SqlFunction
                    && !(operator instanceof SqlAggFunction)
                    && STANDARD.contains(operator.getName())) {
                kinds.put(operator.getName(), "SCALAR");
            }
        }
        for (SqlOperator operator : ALL) {
            kinds.put(operator.getName(), "SCALAR");
        }
        kinds.remove(WINDOW_START.getName());
        kinds.remove(WINDOW_END.getName());
        for (String aggregate : AGGREGATES) {
            kinds.put(aggregate, "AGGREGATE");
        }
        return kinds;
    }

    private static SqlReturnTypeInference nullable(SqlTypeName type) {
        return ReturnTypes.explicit(type).andThen(SqlTypeTransforms.TO_NULLABLE);
    }

    private static SqlOperator clock(String name, SqlReturnTypeInference type) {
        return new SqlFunction(
                name,
                SqlKind.OTHER_FUNCTION,
                type,
                null,
                OperandTypes.NILADIC,
                SqlFunctionCategory.TIMEDATE) {
            @Override
            public boolean isDynamicFunction() {
                return true;
            }

            @Override
            public boolean isDeterministic() {
                return false;
            }
        };
    }

    /// A function implemented by the public static method with as many parameters as families.
    private static SqlOperator function(
            String name,
            Class<?> family,
            String method,
            SqlReturnTypeInference returns,
            SqlTypeFamily... parameters) {
        Method body =
                Arrays.stream(family.getMethods())
                        .filter(m -> m.getName().equals(method))
                        .filter(m -> m.getParameterCount() == parameters.length)
                        .findFirst()
                        .orElseThrow(() -> new IllegalStateException("no method for " + name));
        return new SqlUserDefinedFunction(
                new SqlIdentifier(name, SqlParserPos.ZERO),
                SqlKind.OTHER_FUNCTION,
                returns,
                InferTypes.FIRST_KNOWN,
                OperandTypes.operandMetadata(
                        List.of(parameters),
                        factory -> {
                            List<RelDataType> types = new ArrayList<>();
                            for (SqlTypeFamily parameter : parameters) {
                                types.add(parameter.getDefaultConcreteType(factory));
                            }
                            return types;
                        },
                        i -> "arg" + i,
                        i -> false),
                ScalarFunctionImpl.create(body));
    }
}
