package dev.weir.sql.plan;

import dev.weir.sql.batch.SqlType;

/// One aggregate function over the rows of a group.
///
/// @param argument index of the input column, or -1 for COUNT(*)
/// @param second index of the second argument's column, or -1
/// @param filter index of a BOOLEAN input column that rows must pass, or -1
/// @param options what else the call says
/// @param type type of the result
public record AggregateCall(
        Kind kind, int argument, int second, int filter, Options options, SqlType type) {
    /// The aggregate functions. All ignore NULL arguments unless [Options#nulls] says otherwise;
    /// over no rows all are NULL but COUNT, which is 0, and those that give a list or a map, which
    /// are empty.
    public enum Kind {
        COUNT,
        SUM,
        MIN,
        MAX,
        AVG,
        VAR_POP,
        VAR_SAMP,
        STDDEV_POP,
        STDDEV_SAMP,
        /// Pearson's correlation of the two arguments.
        CORRELATION,
        /// The first value that came, or with [Options#isList] the first few.
        EARLIEST,
        /// The last value that came, or with [Options#isList] the last few.
        LATEST,
        /// All values, as they came; of an input with retractions in their order.
        COLLECT,
        /// The greatest few.
        TOP,
        /// How often each text came.
        HISTOGRAM,
        /// All texts, as they came, with a separator between.
        JOIN
    }

    /// What a call says beside its arguments.
    ///
    /// @param distinct takes each value once
    /// @param most how many values EARLIEST, LATEST and TOP keep
    /// @param isList whether EARLIEST and LATEST give a list
    /// @param nulls whether NULL counts as a value
    /// @param separator of JOIN
    public record Options(
            boolean distinct, int most, boolean isList, boolean nulls, String separator) {
        /// Nothing.
        public static final Options NONE = new Options(false, 1, false, false, "");

        /// Each value once.
        public static final Options DISTINCT = new Options(true, 1, false, false, "");

        Options asDistinct() {
            return new Options(true, most, isList, nulls, separator);
        }
    }

    /// A function of one argument at most, with nothing to say.
    public AggregateCall(Kind kind, int argument, int filter, SqlType type) {
        this(kind, argument, -1, filter, Options.NONE, type);
    }

    /// Whether the values of two groups make the value of both together.
    public boolean isMergeable() {
        return switch (kind) {
            case MIN, MAX -> true;
            case COUNT, SUM, AVG, VAR_POP, VAR_SAMP, STDDEV_POP, STDDEV_SAMP, CORRELATION ->
                    !options.distinct();
            case EARLIEST, LATEST, COLLECT, TOP, HISTOGRAM, JOIN -> false;
        };
    }

    /// Whether it can follow rows that are taken back.
    public boolean isRetractable() {
        return switch (kind) {
            case COUNT,
                    SUM,
                    MIN,
                    MAX,
                    AVG,
                    VAR_POP,
                    VAR_SAMP,
                    STDDEV_POP,
                    STDDEV_SAMP,
                    CORRELATION,
                    COLLECT,
                    TOP,
                    HISTOGRAM,
                    JOIN ->
                    true;
            case EARLIEST, LATEST -> false;
        };
    }
}
