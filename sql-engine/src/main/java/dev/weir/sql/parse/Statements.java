package dev.weir.sql.parse;

import dev.weir.sql.error.Position;
import dev.weir.sql.error.SqlException;
import dev.weir.sql.error.SqlState;

import org.apache.calcite.avatica.util.Casing;
import org.apache.calcite.runtime.CalciteContextException;
import org.apache.calcite.sql.parser.SqlAbstractParserImpl.LexicalState;
import org.apache.calcite.sql.validate.SqlConformanceEnum;

import java.io.StringReader;
import java.util.List;

/// Text to statements.
public final class Statements {
    private static final int MAX_NAME = 249;

    private Statements() {}

    /// Splits a script at its semicolons. Comments and quoted text may contain them; what is empty
    /// or only comment is left out. The texts keep their comments and come without the semicolon.
    ///
    /// @throws SqlException SYNTAX_ERROR when a quote or comment is not closed
    public static List<String> split(String script) {
        return Script.split(script);
    }

    /// Parses one statement; a semicolon at its end is tolerated.
    ///
    /// @param foldUp unquoted names become upper case
    /// @return parameters are dynamic parameters in it, `$1` with the index 0
    /// @throws SqlException with position and hint
    public static Statement parse(String statement, boolean foldUp) {
        if (Script.split(statement).isEmpty()) {
            throw new SqlException(
                    SqlState.SYNTAX_ERROR,
                    new Position(1, 1),
                    "the statement is empty",
                    "Write a statement such as SHOW STREAMS.");
        }
        // Room for a token as long as the statement: the buffer grows by a constant, so that a long
        // literal would take quadratic time.
        SimpleCharStream text =
                new SimpleCharStream(
                        new StringReader(statement), 1, 1, Math.max(4096, statement.length() + 1));
        text.setTabSize(1);
        Words words = new Words(text);
        WeirParser parser = new WeirParser(words);
        parser.setQuotedCasing(Casing.UNCHANGED);
        parser.setUnquotedCasing(foldUp ? Casing.TO_UPPER : Casing.UNCHANGED);
        parser.setIdentifierMaxLength(MAX_NAME);
        parser.setConformance(SqlConformanceEnum.LENIENT);
        parser.switchTo(LexicalState.DQID);
        try {
            Statement parsed = parser.StatementEof();
            Expansion.check(parsed);
            return Parameters.numbered(parsed, words.parameters());
        } catch (ParseException e) {
            throw SyntaxErrors.of(e, statement);
        } catch (TokenMgrError e) {
            throw SyntaxErrors.of(e, statement);
        } catch (CalciteContextException e) {
            throw SyntaxErrors.of(e, statement);
        } catch (StackOverflowError e) {
            throw new SqlException(
                    SqlState.LIMIT_EXCEEDED,
                    new Position(1, 1),
                    "the statement is nested too deeply",
                    "Split it: a view of its own for the inner part, or a shorter expression.",
                    e);
        }
    }
}
