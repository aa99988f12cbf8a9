package dev.weir.server.pgwire.catalog;

import java.util.Locale;

/// A word, literal or sign of a statement.
///
/// @param text of a word in lower case, of a quoted name or a literal what it means
/// @param start where it begins in the statement
/// @param end one past where it ends
public record Token(Kind kind, String text, int start, int end) {
    /// What there is.
    public enum Kind {
        WORD,
        QUOTED_NAME,
        STRING,
        NUMBER,
        PARAMETER,
        SIGN,
        END
    }

    /// True for this word, whatever the case, or this sign.
    public boolean is(String wanted) {
        return (kind == Kind.WORD || kind == Kind.SIGN)
                && text.equals(wanted.toLowerCase(Locale.ROOT));
    }

    /// True for what can be a name.
    public boolean isName() {
        return kind == Kind.WORD || kind == Kind.QUOTED_NAME;
    }
}
