package dev.weir.sql.parse;

import org.apache.calcite.sql.SqlCall;
import org.apache.calcite.sql.SqlKind;
import org.apache.calcite.sql.SqlNode;
import org.apache.calcite.sql.SqlOperator;
import org.apache.calcite.sql.SqlSpecialOperator;
import org.apache.calcite.sql.SqlWriter;
import org.apache.calcite.sql.parser.SqlParserPos;

import java.util.List;

/// `source WINDOW TUMBLING (SIZE n unit, …)`, `WINDOW HOPPING (SIZE n unit, ADVANCE BY n unit, …)`
/// or `WINDOW SESSION (n unit, …)` in a FROM clause: ksqlDB's windows.
public final class WindowedFrom extends SqlCall {
    /// The shapes of windows.
    public enum Kind {
        TUMBLING,
        HOPPING,
        SESSION
    }

    /// Most windows that a row may be in.
    public static final int MOST_WINDOWS = 10_000;

    private static final SqlOperator OPERATOR = new SqlSpecialOperator("WINDOW", SqlKind.OTHER);

    private final SqlNode source;
    private final Kind kind;
    private final long sizeMs;
    private final long advanceMs;
    private final long graceMs;
    private final boolean isFinal;

    WindowedFrom(
            SqlParserPos pos,
            SqlNode source,
            Kind kind,
            long sizeMs,
            long advanceMs,
            long graceMs,
            boolean isFinal) {
        super(pos);
        this.source = source;
        this.kind = kind;
        this.sizeMs = sizeMs;
        this.advanceMs = advanceMs;
        this.graceMs = graceMs;
        this.isFinal = isFinal;
    }

    /// The same with EMIT FINAL.
    WindowedFrom asFinal() {
        return new WindowedFrom(pos, source, kind, sizeMs, advanceMs, graceMs, true);
    }

    /// The same window over something else.
    WindowedFrom over(SqlNode other) {
        return new WindowedFrom(
                getParserPosition(), other, kind, sizeMs, advanceMs, graceMs, isFinal);
    }

    /// What stands before WINDOW.
    public SqlNode source() {
        return source;
    }

    public Kind kind() {
        return kind;
    }

    /// Whether windows overlap.
    public boolean isHopping() {
        return kind == Kind.HOPPING;
    }

    /// Whether a window is as long as rows follow each other.
    public boolean isSession() {
        return kind == Kind.SESSION;
    }

    /// The window's length in milliseconds; of a session, the longest time between a row and the
    /// next.
    public long sizeMs() {
        return sizeMs;
    }

    /// From the start of a window to that of the next, in milliseconds.
    public long advanceMs() {
        return advanceMs;
    }

    /// How long after a window's end its rows still count, in milliseconds; -1 for ever. With EMIT
    /// FINAL it is 0 unless said otherwise.
    public long graceMs() {
        return isFinal ? Math.max(0, graceMs) : graceMs;
    }

    /// Whether a window's row comes once, when the window has closed.
    public boolean isFinal() {
        return isFinal;
    }

    @Override
    public SqlOperator getOperator() {
        return OPERATOR;
    }

    @Override
    public List<SqlNode> getOperandList() {
        return List.of(source);
    }

    @Override
    public SqlNode clone(SqlParserPos newPos) {
        return new WindowedFrom(newPos, source, kind, sizeMs, advanceMs, graceMs, isFinal);
    }

    @Override
    public void unparse(SqlWriter writer, int leftPrecedence, int rightPrecedence) {
        source.unparse(writer, leftPrecedence, rightPrecedence);
        String length =
                switch (kind) {
                    case TUMBLING -> "TUMBLING (SIZE " + sizeMs + " MILLISECONDS";
                    case HOPPING ->
                            "HOPPING (SIZE "
                                    + sizeMs
                                    + " MILLISECONDS, ADVANCE BY "
                                    + advanceMs
                                    + " MILLISECONDS";
                    case SESSION -> "SESSION (" + sizeMs + " MILLISECONDS";
                };
        writer.print(
                " WINDOW "
                        + length
                        + (graceMs < 0 ? "" : ", GRACE PERIOD " + graceMs + " MILLISECONDS")
                        + ")");
    }
}
