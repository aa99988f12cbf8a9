package dev.weir.sql.function;

import org.apache.calcite.sql.SqlFunction;
import org.apache.calcite.sql.SqlFunctionCategory;
import org.apache.calcite.sql.SqlKind;
import org.apache.calcite.sql.SqlOperator;
import org.apache.calcite.sql.SqlOperatorTable;
import org.apache.calcite.sql.fun.SqlLibraryOperators;
import org.apache.calcite.sql.type.InferTypes;
import org.apache.calcite.sql.type.OperandTypes;
import org.apache.calcite.sql.type.ReturnTypes;
import org.apache.calcite.sql.type.SqlReturnTypeInference;
import org.apache.calcite.sql.type.SqlTypeName;
import org.apache.calcite.sql.util.SqlOperatorTables;

import java.lang.reflect.Method;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/// Weir's own SQL functions. Every one returns NULL when an argument is NULL, unless it says
/// otherwise.
public final class Functions {
    /// `WEIR_WINDOW_START(rowtime, sizeMs)`: the start of the tumbling window that holds a row
    /// time; windows are aligned to the epoch, before it too.
    public static final SqlOperator WINDOW_START =
            hidden("WEIR_WINDOW_START(time BIGINT, size BIGINT) BIGINT", Windows.class, "start");

    /// `WEIR_WINDOW_END(start, sizeMs, graceMs, final)`: the end of a window, with what is known of
    /// when it closes; a grace period below 0 never ends.
    public static final SqlOperator WINDOW_END =
            hidden(
                    "WEIR_WINDOW_END(start BIGINT, size BIGINT, grace BIGINT, final BOOLEAN)"
                            + " BIGINT",
                    Windows.class,
                    "end");

    /// `WEIR_SESSION_START(rowtime, gapMs, graceMs, final)`: the start of a session, with what is
    /// known of when it closes; a grace period below 0 never ends. Groups are made by it and by
    /// [#SESSION_END] together, as nothing else: a row alone does not know its session.
    public static final SqlOperator SESSION_START = session("WEIR_SESSION_START");

    /// `WEIR_SESSION_END(rowtime, gapMs, graceMs, final)`: the end of a session.
    public static final SqlOperator SESSION_END = session("WEIR_SESSION_END");

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

    /// What is Calcite's, or has a form of its own in the grammar, as far as people are told of it.
    private static final SortedMap<String, Form> STANDARD =
            standard(
                    form("ABS", "ABS(x NUMBER) SAME", "x without its sign"),
                    form("ACOS", "ACOS(x DOUBLE) DOUBLE", "the arc cosine in radians"),
                    form(
                            "AS_VALUE",
                            "AS_VALUE(x ANY) SAME",
                            "x; copies a key column into the value"),
                    form("ASIN", "ASIN(x DOUBLE) DOUBLE", "the arc sine in radians"),
                    form("ATAN", "ATAN(x DOUBLE) DOUBLE", "the arc tangent in radians"),
                    form(
                            "ATAN2",
                            "ATAN2(y DOUBLE, x DOUBLE) DOUBLE",
                            "the angle of a point in radians"),
                    form(
                            "CARDINALITY",
                            "CARDINALITY(collection ANY) INT",
                            "the number of elements or entries"),
                    form("CBRT", "CBRT(x DOUBLE) DOUBLE", "the cube root"),
                    form(
                            "CEIL",
                            "CEIL(x NUMBER) SAME",
                            "the smallest whole number that is not below x; with TO unit the end of"
                                    + " a time unit"),
                    form(
                            "CHAR_LENGTH",
                            "CHAR_LENGTH(text VARCHAR) INT",
                            "the number of characters"),
                    form(
                            "COALESCE",
                            "COALESCE(value ANY...) WIDEST",
                            "the first value that is not NULL"),
                    form(
                            "CONCAT",
                            "CONCAT(text VARCHAR...) VARCHAR",
                            "the texts one behind the other; NULLs are left out"),
                    form("COS", "COS(x DOUBLE) DOUBLE", "the cosine of an angle in radians"),
                    form("COT", "COT(x DOUBLE) DOUBLE", "the cotangent of an angle in radians"),
                    form("CURRENT_DATE", "CURRENT_DATE DATE", "the day of the step, UTC"),
                    form(
                            "CURRENT_TIMESTAMP",
                            "CURRENT_TIMESTAMP TIMESTAMP",
                            "the time of the step"),
                    form("DEGREES", "DEGREES(x DOUBLE) DOUBLE", "degrees from radians"),
                    form("EXP", "EXP(x DOUBLE) DOUBLE", "e to the power of x"),
                    form(
                            "EXTRACT",
                            "EXTRACT(unit FROM time) BIGINT",
                            "a part of a time or date: YEAR, MONTH, DAY, HOUR, MINUTE, SECOND, …"),
                    form(
                            "FLOOR",
                            "FLOOR(x NUMBER) SAME",
                            "the largest whole number that is not above x; with TO unit the"
                                    + " beginning of a time unit"),
                    form(
                            "IFNULL",
                            "IFNULL(x ANY, other ANY) WIDEST",
                            "x, or the other if x is NULL"),
                    form(
                            "INITCAP",
                            "INITCAP(text VARCHAR) VARCHAR",
                            "each word with a capital first letter, the rest in lower case"),
                    form("LN", "LN(x DOUBLE) DOUBLE", "the natural logarithm"),
                    form("LOWER", "LOWER(text VARCHAR) VARCHAR", "the text in lower case"),
                    form(
                            "MOD",
                            "MOD(x NUMBER, y NUMBER) NUMBER",
                            "the remainder of x by y, with the sign of x"),
                    form("NOW", "NOW() TIMESTAMP", "the time of the step"),
                    form(
                            "NULLIF",
                            "NULLIF(x ANY, y ANY) SAME",
                            "NULL if x and y are equal, else x"),
                    form("NVL", "NVL(x ANY, other ANY) WIDEST", "x, or the other if x is NULL"),
                    form(
                            "OVERLAY",
                            "OVERLAY(text PLACING part FROM n [FOR length]) VARCHAR",
                            "the text with a part put over it from position n"),
                    form("PI", "PI() DOUBLE", "the number pi"),
                    form(
                            "POSITION",
                            "POSITION(part IN text) INT",
                            "where the part first is in the text, 0 if nowhere"),
                    form("POWER", "POWER(x DOUBLE, y DOUBLE) DOUBLE", "x to the power of y"),
                    form("RADIANS", "RADIANS(x DOUBLE) DOUBLE", "radians from degrees"),
                    form(
                            "REPLACE",
                            "REPLACE(text VARCHAR, from VARCHAR, to VARCHAR) VARCHAR",
                            "the text with all that is from replaced"),
                    form(
                            "ROUND",
                            "ROUND(x NUMBER[, digits INT]) SAME",
                            "x rounded to so many decimals, halves away from zero"),
                    form("SIGN", "SIGN(x NUMBER) SAME", "-1, 0 or 1"),
                    form("SIN", "SIN(x DOUBLE) DOUBLE", "the sine of an angle in radians"),
                    form("SQRT", "SQRT(x DOUBLE) DOUBLE", "the square root"),
                    form(
                            "SUBSTRING",
                            "SUBSTRING(text VARCHAR, from INT[, length INT]) VARCHAR",
                            "a part of the text, counted from 1"),
                    form("TAN", "TAN(x DOUBLE) DOUBLE", "the tangent of an angle in radians"),
                    form(
                            "TRIM",
                            "TRIM([BOTH | LEADING | TRAILING] [characters FROM] text) VARCHAR",
                            "the text without spaces, or other characters, at its ends"),
                    form(
                            "TRUNCATE",
                            "TRUNCATE(x NUMBER, digits INT) SAME",
                            "x cut to so many decimals"),
                    form(
                            "UNIX_TIMESTAMP",
                            "UNIX_TIMESTAMP() BIGINT",
                            "the time of the step in milliseconds since 1970"),
                    form("UPPER", "UPPER(text VARCHAR) VARCHAR", "the text in upper case"));

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
                    SESSION_START,
                    SESSION_END,
                    NOW,
                    UNIX_TIMESTAMP_NOW,
                    AS_VALUE,
                    SqlLibraryOperators.CONCAT_FUNCTION_WITH_NULL,
                    SqlLibraryOperators.IFNULL,
                    SqlLibraryOperators.NVL);

    private static final List<Class<?>> FAMILIES =
            List.of(
                    BytesFunctions.class,
                    CollectionFunctions.class,
                    JsonFunctions.class,
                    MathFunctions.class,
                    PatternFunctions.class,
                    TextFunctions.class,
                    TimeFunctions.class,
                    UrlFunctions.class);

    /// Those that are methods: the table is their annotations.
    private static final List<WeirFunction> OWN = own();

    private Functions() {}

    private static SqlOperator session(String name) {
        return hidden(
                name + "(time BIGINT, gap BIGINT, grace BIGINT, final BOOLEAN) BIGINT",
                Windows.class,
                "session");
    }

    /// The functions for the validator, to be chained with the standard table.
    public static SqlOperatorTable operatorTable() {
        List<SqlOperator> all = new ArrayList<>(ALL);
        all.addAll(OWN);
        return SqlOperatorTables.of(all);
    }

    private static List<WeirFunction> own() {
        List<WeirFunction> own = new ArrayList<>();
        for (Class<?> family : FAMILIES) {
            for (Method method : family.getMethods()) {
                Sql sql = method.getAnnotation(Sql.class);
                if (sql != null) {
                    for (String signature : sql.value()) {
                        own.add(new WeirFunction(method, new Signature(signature)));
                    }
                }
            }
        }
        own.sort(Comparator.comparing(WeirFunction::text));
        return List.copyOf(own);
    }

    /// One way to call a function.
    ///
    /// @param signature `NAME(parameter TYPE, …) TYPE`; types as SQL writes them, and ANY, ARRAY,
    ///   MAP, NUMBER for any such; as results SAME for the type of the first argument, WIDEST for
    ///   one that all arguments fit into, ELEMENT, KEY and VALUE for those of the first argument
    /// @param doc what it gives
    public record Form(String signature, String doc) {}

    /// The ways to call a function, for DESCRIBE FUNCTION; none for a name that is not known.
    public static List<Form> forms(String name) {
        List<Form> forms = new ArrayList<>();
        for (WeirFunction function : OWN) {
            if (function.getName().equalsIgnoreCase(name)) {
                forms.add(new Form(function.text(), function.doc()));
            }
        }
        STANDARD.forEach((known, form) -> {
            if (known.equalsIgnoreCase(name)) {
                forms.add(form);
            }
        });
        String aggregate = name.toUpperCase(Locale.ROOT);
        if (forms.isEmpty() && "AGGREGATE".equals(descriptions().get(aggregate))) {
            forms.add(new Form(aggregate + "(...)", "an aggregate function"));
        }
        return forms;
    }

    /// Name and kind (SCALAR or AGGREGATE) of every function a query may use, for SHOW FUNCTIONS.
    public static SortedMap<String, String> descriptions() {
        SortedMap<String, String> kinds = new TreeMap<>();
        STANDARD.keySet().forEach(name -> kinds.put(name, "SCALAR"));
        OWN.forEach(function -> kinds.put(function.getName(), "SCALAR"));
        for (String aggregate : AGGREGATES) {
            kinds.put(aggregate, "AGGREGATE");
        }
        return kinds;
    }

    /// A function that rewritten queries call, not people.
    private static SqlOperator hidden(String signature, Class<?> family, String method) {
        return Arrays.stream(family.getMethods())
                .filter(m -> m.getName().equals(method))
                .findFirst()
                .map(m -> new WeirFunction(m, new Signature(signature)))
                .orElseThrow(() -> new IllegalStateException("no method for " + signature));
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

    private static Map.Entry<String, Form> form(String name, String signature, String doc) {
        return Map.entry(name, new Form(signature, doc));
    }

    @SafeVarargs
    private static SortedMap<String, Form> standard(Map.Entry<String, Form>... forms) {
        SortedMap<String, Form> all = new TreeMap<>();
        for (Map.Entry<String, Form> form : forms) {
            all.put(form.getKey(), form.getValue());
        }
        return Collections.unmodifiableSortedMap(all);
    }
}
