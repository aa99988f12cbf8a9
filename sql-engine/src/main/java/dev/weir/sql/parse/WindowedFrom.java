package dev.weir.sql.parse;

import org.apache.calcite.sql.SqlCall;
import org.apache.calcite.sql.SqlKind;
import org.apache.calcite.sql.SqlNode;
import org.apache.calcite.sql.SqlOperator;
import org.apache.calcite.sql.SqlSpecialOperator;
import org.apache.calcite.sql.SqlWriter;
import org.apache.calcite.sql.parser.SqlParserPos;

import java.util.List;

/// `source WINDOW TUMBLING (SIZE n unit)` in a FROM clause: ksqlDB's window.
public final class WindowedFrom extends SqlCall {
    private static final SqlOperator OPERATOR =
            new SqlSpecialOperator("WINDOW TUMBLING", SqlKind.OTHER);

    private final SqlNode source;
    private final long sizeMs;

    WindowedFrom(SqlParserPos pos, SqlNode source, long sizeMs) {
        super(pos);
        this.source = source;
        this.sizeMs = sizeMs;
    }

    /// What stands before WINDOW.
    public SqlNode source() {
        return source;
    }

    /// The window's length in milliseconds.
    public long sizeMs() {
        return sizeMs;
    }

    /// The same window over something else.
    WindowedFrom over(SqlNode other) {
        return new WindowedFrom(getParserPosition(), other, sizeMs);
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
        return new WindowedFrom(pos, source, sizeMs);
    }

    @Override
    public void unparse(SqlWriter writer, int leftPrecedence, int rightPrecedence) {
        source.unparse(writer, leftPrecedence, rightPrecedence);
        writer.print(" WINDOW TUMBLING (SIZE " + sizeMs + " MILLISECONDS)");
    }
}
