package dev.weir.server.pgwire;

import dev.weir.server.pgwire.catalog.Lexer;
import dev.weir.server.pgwire.catalog.Token;
import dev.weir.sql.error.SqlException;
import dev.weir.sql.error.SqlState;

import java.util.List;

/// The tokens of a command, taken from the front.
final class Words {
    private final String statement;
    private final List<Token> tokens;
    private int at;

    Words(String statement, List<Token> tokens) {
        this.statement = statement;
        this.tokens = tokens;
    }

    Token peek() {
        return tokens.get(at);
    }

    boolean isAtEnd() {
        return peek().kind() == Token.Kind.END;
    }

    /// Takes that word or sign if it comes next.
    boolean take(String word) {
        if (peek().is(word)) {
            at++;
            return true;
        }
        return false;
    }

    /// @throws SqlException SYNTAX_ERROR when something else comes next
    void expect(String word) {
        if (!take(word)) {
            throw unexpected();
        }
    }

    /// @throws SqlException SYNTAX_ERROR when no name comes next
    String name() {
        if (!peek().isName()) {
            throw unexpected();
        }
        return tokens.get(at++).text();
    }

    /// A name as it is written, for what keeps its case.
    String writtenName() {
        Token token = peek();
        String name = name();
        return token.kind() == Token.Kind.WORD
                ? statement.substring(token.start(), token.end())
                : name;
    }

    /// @throws SqlException SYNTAX_ERROR when the command goes on
    void end() {
        if (!isAtEnd()) {
            throw unexpected();
        }
    }

    Token next() {
        return tokens.get(at++);
    }

    /// The text from the next token on.
    String rest() {
        return statement.substring(peek().start());
    }

    /// Takes a parenthesis with all it holds.
    ///
    /// @return what it holds
    String parenthesis() {
        expect("(");
        int start = tokens.get(at - 1).end();
        int depth = 1;
        while (true) {
            Token token = next();
            if (token.kind() == Token.Kind.END) {
                at--;
                throw unexpected();
            }
            depth += token.is("(") ? 1 : token.is(")") ? -1 : 0;
            if (depth == 0) {
                return statement.substring(start, token.start());
            }
        }
    }

    SqlException unexpected() {
        Token token = peek();
        return new SqlException(
                SqlState.SYNTAX_ERROR,
                Lexer.position(statement, token.start()),
                token.kind() == Token.Kind.END
                        ? "syntax error at end of input"
                        : "syntax error at or near \""
                                + statement.substring(token.start(), token.end())
                                + "\"",
                null);
    }
}
