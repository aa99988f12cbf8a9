package dev.weir.sql.parse;

import static java.util.Map.entry;

import dev.weir.sql.error.Checkpoint;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;

/// The lexer, but with fewer reserved words: `timestamp`, `count` or `year` are names of columns
/// unless what stands beside them makes them something else. The grammar itself cannot tell, as it
/// reserves a word everywhere or nowhere.
///
/// It also reads parameters: `$1` as PostgreSQL's clients write them, and `?`.
final class Words extends WeirParserTokenManager {
    /// When a word keeps its meaning.
    private enum Meaning {
        /// Before text or a length: `DATE '2024-01-01'`, `TIMESTAMP(3)`. As types they are found by
        /// name.
        LITERAL,
        /// Before a parenthesis: `COUNT(…)`.
        FUNCTION,
        /// In an interval, after TO, before a parenthesis, and first in EXTRACT and its like.
        UNIT,
        /// In AT TIME ZONE.
        ZONE,
        /// After GRACE.
        GRACE,
        /// Never.
        NAME
    }

    private static final Map<Integer, Meaning> WORDS =
            Map.ofEntries(
                    entry(WeirParserConstants.DATE, Meaning.LITERAL),
                    entry(WeirParserConstants.TIME, Meaning.LITERAL),
                    entry(WeirParserConstants.TIMESTAMP, Meaning.LITERAL),
                    entry(WeirParserConstants.AVG, Meaning.FUNCTION),
                    entry(WeirParserConstants.COUNT, Meaning.FUNCTION),
                    entry(WeirParserConstants.MAX, Meaning.FUNCTION),
                    entry(WeirParserConstants.MIN, Meaning.FUNCTION),
                    entry(WeirParserConstants.POSITION, Meaning.FUNCTION),
                    entry(WeirParserConstants.POWER, Meaning.FUNCTION),
                    entry(WeirParserConstants.RANK, Meaning.FUNCTION),
                    entry(WeirParserConstants.SUM, Meaning.FUNCTION),
                    entry(WeirParserConstants.YEAR, Meaning.UNIT),
                    entry(WeirParserConstants.MONTH, Meaning.UNIT),
                    entry(WeirParserConstants.DAY, Meaning.UNIT),
                    entry(WeirParserConstants.HOUR, Meaning.UNIT),
                    entry(WeirParserConstants.MINUTE, Meaning.UNIT),
                    entry(WeirParserConstants.SECOND, Meaning.UNIT),
                    entry(WeirParserConstants.AT, Meaning.ZONE),
                    entry(WeirParserConstants.PERIOD, Meaning.GRACE),
                    entry(WeirParserConstants.USER, Meaning.NAME));

    private static final Set<Integer> BEFORE_UNITS =
            Set.of(
                    WeirParserConstants.QUOTED_STRING,
                    WeirParserConstants.UNSIGNED_INTEGER_LITERAL,
                    WeirParserConstants.TO);

    private static final Set<Integer> TAKING_UNITS =
            Set.of(
                    WeirParserConstants.EXTRACT,
                    WeirParserConstants.TIMESTAMPADD,
                    WeirParserConstants.TIMESTAMPDIFF,
                    WeirParserConstants.TIMESTAMP_DIFF,
                    WeirParserConstants.DATE_DIFF);

    private static final Set<Integer> AFTER_TYPES =
            Set.of(
                    WeirParserConstants.QUOTED_STRING,
                    WeirParserConstants.LPAREN,
                    WeirParserConstants.ZONE);

    private static final Pattern PARAMETER = Pattern.compile("\\$[1-9][0-9]{0,4}");

    private final List<Integer> parameters = new ArrayList<>();
    private final ArrayDeque<Token> ahead = new ArrayDeque<>(2);
    private int last;
    private int beforeLast;

    Words(SimpleCharStream text) {
        super(text);
    }

    @Override
    public Token getNextToken() {
        Checkpoint.pass();
        Token token = ahead.isEmpty() ? super.getNextToken() : ahead.poll();
        Meaning meaning = WORDS.get(token.kind);
        if (meaning != null && !keeps(meaning, peek())) {
            token.kind = WeirParserConstants.IDENTIFIER;
        }
        if (token.kind == WeirParserConstants.IDENTIFIER
                && PARAMETER.matcher(token.image).matches()) {
            token.kind = WeirParserConstants.HOOK;
            parameters.add(Integer.parseInt(token.image.substring(1)));
        } else if (token.kind == WeirParserConstants.HOOK) {
            parameters.add(parameters.size() + 1);
        }
        beforeLast = last;
        last = token.kind;
        return token;
    }

    /// The numbers of the parameters, from 1, in the order in which they stand.
    List<Integer> parameters() {
        return parameters;
    }

    private boolean keeps(Meaning meaning, int next) {
        return switch (meaning) {
            case LITERAL -> AFTER_TYPES.contains(next);
            case FUNCTION -> next == WeirParserConstants.LPAREN;
            case UNIT ->
                    next == WeirParserConstants.LPAREN
                            || BEFORE_UNITS.contains(last)
                            || (last == WeirParserConstants.LPAREN
                                    && TAKING_UNITS.contains(beforeLast));
            case ZONE -> next == WeirParserConstants.TIME || next == WeirParserConstants.LOCAL;
            case GRACE -> last == WeirParserConstants.GRACE;
            case NAME -> false;
        };
    }

    private int peek() {
        if (ahead.isEmpty()) {
            ahead.add(super.getNextToken());
        }
        return ahead.peek().kind;
    }
}
