package dev.weir.sql.parse;

import org.apache.calcite.sql.SqlCall;
import org.apache.calcite.sql.SqlKind;
import org.apache.calcite.sql.SqlNode;
import org.apache.calcite.sql.SqlOperator;
import org.apache.calcite.sql.SqlSpecialOperator;
import org.apache.calcite.sql.SqlWriter;
import org.apache.calcite.sql.parser.SqlParserPos;

import java.util.List;
import java.util.OptionalLong;

/// `source WITHIN (before, after) GRACE PERIOD grace` on the right of a join: how far apart in time
/// the rows of two streams may be.
public final class WithinFrom extends SqlCall {
    private static final SqlOperator OPERATOR = new SqlSpecialOperator("WITHIN", SqlKind.OTHER);

    private final SqlNode source;
    private final long beforeMs;
    private final long afterMs;
    private final OptionalLong graceMs;

    WithinFrom(
            SqlParserPos pos, SqlNode source, long beforeMs, long afterMs, OptionalLong graceMs) {
        super(pos);
        this.source = source;
        this.beforeMs = beforeMs;
        this.afterMs = afterMs;
        this.graceMs = graceMs;
    }

    /// What stands before WITHIN.
    public SqlNode source() {
        return source;
    }

    /// How much earlier than a left row a right one may be, in milliseconds.
    public long beforeMs() {
        return beforeMs;
    }

    /// How much later than a left row a right one may be, in milliseconds.
    public long afterMs() {
        return afterMs;
    }

    /// How long late rows are waited for, in milliseconds; empty when it is not said.
    public OptionalLong graceMs() {
        return graceMs;
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
    public SqlNode clone(SqlParserPos pos) {
        return new WithinFrom(pos, source, beforeMs, afterMs, graceMs);
    }

    @Override
    public void unparse(SqlWriter writer, int leftPrecedence, int rightPrecedence) {
        source.unparse(writer, leftPrecedence, rightPrecedence);
        writer.print(" WITHIN (" + beforeMs + " MILLISECONDS, " + afterMs + " MILLISECONDS)");
        graceMs.ifPresent(ms -> writer.print(" GRACE PERIOD " + ms + " MILLISECONDS"));
    }
}
