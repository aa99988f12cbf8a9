package dev.weir.server.pgwire.catalog;

import dev.weir.server.pgwire.catalog.CatalogSyntax.CatalogSelect;
import dev.weir.server.pgwire.catalog.CatalogSyntax.Expression;
import dev.weir.sql.error.SqlException;
import dev.weir.sql.error.SqlState;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;

/// PostgreSQL's SELECT, as far as clients use it on the catalog.
final class CatalogParser {
    private static final Set<String> CLAUSES =
            Set.of(
                    "from",
                    "where",
                    "group",
                    "having",
                    "order",
                    "limit",
                    "offset",
                    "union",
                    "intersect",
                    "except",
                    "on",
                    "using",
                    "join",
                    "left",
                    "right",
                    "full",
                    "inner",
                    "cross",
                    "natural",
                    "and",
                    "or",
                    "not",
                    "then",
                    "when",
                    "else",
                    "end",
                    "as",
                    "is",
                    "in",
                    "like",
                    "ilike",
                    "between",
                    "asc",
                    "desc",
                    "collate",
                    "for",
                    "fetch",
                    "with",
                    "window",
                    "operator",
                    "nulls",
                    "similar",
                    "over",
                    "filter");

    /// Functions that are written without parentheses.
    private static final Set<String> BARE =
            Set.of(
                    "current_user",
                    "session_user",
                    "user",
                    "current_role",
                    "current_catalog",
                    "current_schema",
                    "current_date",
                    "current_timestamp");

    private static final Set<String> COMPARISONS = Set.of("=", "<>", "!=", "<", "<=", ">", ">=");

    private final String statement;
    private final List<Token> tokens;
    private int at;
    private int parameters;

    private CatalogParser(String statement, List<Token> tokens) {
        this.statement = statement;
        this.tokens = tokens;
    }

    /// @param parameters how many there are
    record Parsed(CatalogSelect select, int parameters) {}

    /// @throws SqlException SYNTAX_ERROR
    static Parsed parse(String statement, List<Token> tokens) {
        CatalogParser parser = new CatalogParser(statement, tokens);
        CatalogSelect select = parser.query();
        if (parser.peek().kind() != Token.Kind.END) {
            throw parser.unexpected();
        }
        return new Parsed(select, parser.parameters);
    }

    // ---- Queries

    private CatalogSelect query() {
        CatalogSelect.Body body = body(0);
        List<Expression.Order> order = orderBy();
        Optional<Expression> limit = Optional.empty();
        Optional<Expression> offset = Optional.empty();
        while (true) {
            if (take("limit")) {
                limit = take("all") ? Optional.empty() : Optional.of(expression());
            } else if (take("offset")) {
                offset = Optional.of(expression());
                var _ = take("rows") || take("row");
            } else {
                return new CatalogSelect(body, order, limit, offset);
            }
        }
    }

    /// INTERSECT binds tighter than UNION and EXCEPT.
    private CatalogSelect.Body body(int level) {
        CatalogSelect.Body left = level == 1 ? simple() : body(1);
        while (level == 0 ? peek().is("union") || peek().is("except") : peek().is("intersect")) {
            String operator = next().text();
            boolean all = take("all");
            var _ = take("distinct");
            CatalogSelect.Body right = level == 1 ? simple() : body(1);
            left = new CatalogSelect.SetOperation(operator, all, left, right);
        }
        return left;
    }

    private CatalogSelect.Body simple() {
        if (take("(")) {
            CatalogSelect.Body body = body(0);
            expect(")");
            return body;
        }
        if (take("values")) {
            List<List<Expression>> rows = new ArrayList<>();
            do {
                expect("(");
                rows.add(expressions());
                expect(")");
            } while (take(","));
            return new CatalogSelect.Values(rows);
        }
        expect("select");
        boolean distinct = take("distinct");
        var _ = take("all");
        List<CatalogSelect.Item> items = new ArrayList<>();
        do {
            items.add(item());
        } while (take(","));
        List<CatalogSelect.Source> from = new ArrayList<>();
        if (take("from")) {
            do {
                from.add(joined());
            } while (take(","));
        }
        Optional<Expression> where = take("where") ? Optional.of(expression()) : Optional.empty();
        List<Expression> groupBy = List.of();
        if (take("group")) {
            expect("by");
            groupBy = expressions();
        }
        Optional<Expression> having = take("having") ? Optional.of(expression()) : Optional.empty();
        return new CatalogSelect.Select(distinct, items, from, where, groupBy, having);
    }

    private CatalogSelect.Item item() {
        if (take("*")) {
            return new CatalogSelect.Item(new Expression.Star(""), Optional.empty());
        }
        if (peek().isName() && tokens.get(at + 1).is(".") && tokens.get(at + 2).is("*")) {
            String qualifier = next().text();
            at += 2;
            return new CatalogSelect.Item(new Expression.Star(qualifier), Optional.empty());
        }
        Expression value = expression();
        Optional<String> alias = Optional.empty();
        if (take("as")) {
            alias = Optional.of(next().text());
        } else if (isAlias()) {
            alias = Optional.of(next().text());
        }
        return new CatalogSelect.Item(value, alias);
    }

    private boolean isAlias() {
        return peek().kind() == Token.Kind.QUOTED_NAME
                || (peek().kind() == Token.Kind.WORD && !CLAUSES.contains(peek().text()));
    }

    private CatalogSelect.Source joined() {
        CatalogSelect.Source left = source();
        while (true) {
            boolean natural = take("natural");
            String kind;
            if (take("join") || (peek().is("inner") && take("inner") && take("join"))) {
                kind = "INNER";
            } else if (peek().is("left") || peek().is("right") || peek().is("full")) {
                kind = next().text().toUpperCase(Locale.ROOT);
                var _ = take("outer");
                expect("join");
            } else if (take("cross")) {
                expect("join");
                kind = "CROSS";
            } else {
                return left;
            }
            if (natural) {
                throw unexpected();
            }
            // LATERAL is how functions are joined anyway.
            CatalogSelect.Source right = source();
            Optional<Expression> condition = Optional.empty();
            List<String> using = List.of();
            if (take("on")) {
                condition = Optional.of(expression());
            } else if (take("using")) {
                using = names();
            }
            left = new CatalogSelect.Join(kind, left, right, condition, using);
        }
    }

    private List<String> names() {
        expect("(");
        List<String> names = new ArrayList<>();
        do {
            names.add(name());
            // The columns of a function's rows may be given types, too.
            if (peek().isName()) {
                var _ = type();
            }
        } while (take(","));
        expect(")");
        return names;
    }

    private CatalogSelect.Source source() {
        var _ = take("lateral") || take("only");
        if (take("(")) {
            if (peek().is("select") || peek().is("values") || peek().is("(")) {
                int start = at;
                try {
                    CatalogSelect nested = query();
                    expect(")");
                    return aliased(nested);
                } catch (SqlException e) {
                    // A join may begin with a parenthesis as well.
                    if (!tokens.get(start).is("(")) {
                        throw e;
                    }
                    at = start;
                }
            }
            CatalogSelect.Source inner = joined();
            expect(")");
            return inner;
        }
        String schema = "";
        String name = name();
        if (take(".")) {
            schema = name;
            name = name();
        }
        if (take("(")) {
            List<Expression> arguments = peek().is(")") ? List.of() : expressions();
            expect(")");
            boolean ordinality = take("with");
            if (ordinality) {
                expect("ordinality");
            }
            Alias alias = alias(name);
            return new CatalogSelect.Rows(
                    new Expression.Call(name, arguments), alias.name, alias.columns, ordinality);
        }
        Alias alias = alias(name);
        return new CatalogSelect.Table(schema, name, alias.name, alias.columns);
    }

    private CatalogSelect.Source aliased(CatalogSelect nested) {
        Alias alias = alias("");
        return new CatalogSelect.Nested(nested, alias.name, alias.columns);
    }

    private record Alias(String name, List<String> columns) {}

    private Alias alias(String otherwise) {
        String name = otherwise;
        if (take("as") || isAlias()) {
            name = name();
        }
        return new Alias(name, peek().is("(") ? names() : List.of());
    }

    private List<Expression.Order> orderBy() {
        List<Expression.Order> order = new ArrayList<>();
        if (take("order")) {
            expect("by");
            do {
                Expression by = expression();
                boolean descending = take("desc");
                var _ = take("asc");
                boolean nullsFirst = descending;
                if (take("nulls")) {
                    nullsFirst = take("first");
                    var _ = take("last");
                }
                order.add(new Expression.Order(by, descending, nullsFirst));
            } while (take(","));
        }
        return order;
    }

    // ---- Expressions, from loose to tight

    private List<Expression> expressions() {
        List<Expression> list = new ArrayList<>();
        do {
            list.add(expression());
        } while (take(","));
        return list;
    }

    private Expression expression() {
        Expression left = conjunction();
        while (take("or")) {
            left = new Expression.Binary("or", left, conjunction());
        }
        return left;
    }

    private Expression conjunction() {
        Expression left = negation();
        while (take("and")) {
            left = new Expression.Binary("and", left, negation());
        }
        return left;
    }

    private Expression negation() {
        return take("not") ? new Expression.Not(negation()) : predicate();
    }

    private Expression predicate() {
        Expression left = comparison();
        while (true) {
            boolean not = peek().is("not");
            Token after = not ? tokens.get(at + 1) : peek();
            if (after.is("in")) {
                at += not ? 2 : 1;
                left = negated(not, in(left));
            } else if (after.is("like") || after.is("ilike")) {
                at += not ? 2 : 1;
                Expression like = new Expression.Binary(after.text(), left, comparison());
                if (take("escape")) {
                    var _ = comparison();
                }
                left = negated(not, like);
            } else if (after.is("between")) {
                at += not ? 2 : 1;
                Expression low = comparison();
                expect("and");
                left =
                        negated(
                                not,
                                new Expression.Binary(
                                        "and",
                                        new Expression.Binary(">=", left, low),
                                        new Expression.Binary("<=", left, comparison())));
            } else if (take("is")) {
                boolean isNot = take("not");
                if (take("null")) {
                    left = negated(isNot, new Expression.IsNull(left));
                } else if (take("true") || peek().is("false")) {
                    boolean wanted = !take("false");
                    left =
                            negated(
                                    isNot,
                                    new Expression.Binary(
                                            "is not distinct from",
                                            left,
                                            new Expression.Literal(wanted, CatalogType.BOOL)));
                } else {
                    expect("distinct");
                    expect("from");
                    left =
                            negated(
                                    !isNot,
                                    new Expression.Binary(
                                            "is not distinct from", left, comparison()));
                }
            } else {
                return left;
            }
        }
    }

    private static Expression negated(boolean not, Expression expression) {
        return not ? new Expression.Not(expression) : expression;
    }

    private Expression in(Expression left) {
        expect("(");
        Expression result =
                peek().is("select") || peek().is("values")
                        ? new Expression.Quantified(
                                left, "=", false, new Expression.ArrayQuery(query()))
                        : new Expression.In(left, expressions());
        expect(")");
        return result;
    }

    private Expression comparison() {
        Expression left = other();
        while (peek().kind() == Token.Kind.SIGN && COMPARISONS.contains(peek().text())) {
            String operator = next().text();
            left = quantified(left, operator.equals("!=") ? "<>" : operator);
        }
        return left;
    }

    private Expression quantified(Expression left, String operator) {
        if (peek().is("any") || peek().is("some") || peek().is("all")) {
            boolean all = next().is("all");
            expect("(");
            Expression right =
                    peek().is("select") ? new Expression.ArrayQuery(query()) : expression();
            expect(")");
            return new Expression.Quantified(left, operator, all, right);
        }
        return new Expression.Binary(operator, left, other());
    }

    /// `~`, `||` and whatever else.
    private Expression other() {
        Expression left = sum();
        while (true) {
            if (peek().is("operator")) {
                at++;
                expect("(");
                while (peek().isName()) {
                    at++;
                    expect(".");
                }
                String operator = next().text();
                expect(")");
                left = quantified(left, operator.equals("!=") ? "<>" : operator);
            } else if (peek().kind() == Token.Kind.SIGN
                    && "~!@#%^&|?".indexOf(peek().text().charAt(0)) >= 0
                    && !peek().is("!=")) {
                String operator = next().text();
                left = new Expression.Binary(operator, left, sum());
            } else {
                return left;
            }
        }
    }

    private Expression sum() {
        Expression left = product();
        while (peek().is("+") || peek().is("-")) {
            left = new Expression.Binary(next().text(), left, product());
        }
        return left;
    }

    private Expression product() {
        Expression left = unary();
        while (peek().is("*") || peek().is("/")) {
            left = new Expression.Binary(next().text(), left, unary());
        }
        return left;
    }

    private Expression unary() {
        if (take("-")) {
            return new Expression.Negative(unary());
        }
        var _ = take("+");
        return postfix(primary());
    }

    private Expression postfix(Expression start) {
        Expression value = start;
        while (true) {
            if (take("::")) {
                value = new Expression.Cast(value, type());
            } else if (take("[")) {
                value = new Expression.Subscript(value, expression());
                expect("]");
            } else if (take("collate")) {
                var _ = name();
                while (take(".")) {
                    var _ = next();
                }
            } else if (peek().is(".") && !(start instanceof Expression.Column)) {
                at++;
                value = new Expression.FieldOf(value, name());
            } else {
                return value;
            }
        }
    }

    private CatalogType type() {
        Token first = peek();
        String name = name();
        while (take(".")) {
            name = name();
        }
        if (name.equals("double")) {
            expect("precision");
            name = "float8";
        } else if (name.equals("character") && take("varying")) {
            name = "varchar";
        } else if (name.equals("timestamp") && take("with")) {
            expect("time");
            expect("zone");
            name = "timestamptz";
        }
        if (peek().is("(")) {
            at++;
            var _ = expressions();
            expect(")");
        }
        CatalogType type =
                first.kind() == Token.Kind.QUOTED_NAME && name.equals("char")
                        ? CatalogType.CHAR
                        : CatalogType.named(name).orElse(CatalogType.TEXT);
        boolean array = false;
        while (take("[")) {
            array = true;
            if (peek().kind() == Token.Kind.NUMBER) {
                at++;
            }
            expect("]");
        }
        return array ? type.array() : type;
    }

    private Expression primary() {
        Token token = peek();
        switch (token.kind()) {
            case NUMBER -> {
                at++;
                return number(token.text());
            }
            case STRING -> {
                at++;
                return new Expression.Literal(token.text(), CatalogType.TEXT);
            }
            case PARAMETER -> {
                at++;
                int number = Integer.parseInt(token.text());
                parameters = Math.max(parameters, number);
                return new Expression.Parameter(number - 1);
            }
            case SIGN -> {
                if (take("(")) {
                    Expression inner =
                            peek().is("select") || peek().is("values")
                                    ? new Expression.Scalar(query())
                                    : expression();
                    expect(")");
                    return inner instanceof Expression.Column && peek().is(".")
                            ? new Expression.FieldOf(inner, fieldName())
                            : inner;
                }
                throw unexpected();
            }
            case WORD -> {
                Expression keyword = keyword(token);
                return keyword == null ? named() : keyword;
            }
            case QUOTED_NAME -> {
                return named();
            }
            case END -> throw unexpected();
        }
        throw unexpected();
    }

    private String fieldName() {
        expect(".");
        return name();
    }

    private static Expression number(String text) {
        if (text.chars().allMatch(Character::isDigit) && text.length() < 19) {
            long value = Long.parseLong(text);
            return new Expression.Literal(
                    value, value <= Integer.MAX_VALUE ? CatalogType.INT4 : CatalogType.INT8);
        }
        return new Expression.Literal(Double.parseDouble(text), CatalogType.FLOAT8);
    }

    /// @return null when the word is a name
    private Expression keyword(Token token) {
        boolean call = tokens.get(at + 1).is("(");
        return switch (token.text()) {
            case "null" -> literal(null, CatalogType.TEXT);
            case "true" -> literal(true, CatalogType.BOOL);
            case "false" -> literal(false, CatalogType.BOOL);
            case "case" -> {
                at++;
                yield caseOf();
            }
            case "exists" -> {
                at += 2;
                CatalogSelect query = query();
                expect(")");
                yield new Expression.Exists(query);
            }
            case "array" -> {
                at++;
                if (take("[")) {
                    List<Expression> elements = peek().is("]") ? List.of() : expressions();
                    expect("]");
                    yield new Expression.ArrayOf(elements);
                }
                expect("(");
                CatalogSelect query = query();
                expect(")");
                yield new Expression.ArrayQuery(query);
            }
            case "cast" -> {
                at++;
                expect("(");
                Expression operand = expression();
                expect("as");
                CatalogType type = type();
                expect(")");
                yield new Expression.Cast(operand, type);
            }
            case "trim", "substring", "position", "extract", "overlay" ->
                    call ? special(token.text()) : null;
            default -> {
                if (!call && BARE.contains(token.text()) && !tokens.get(at + 1).is(".")) {
                    at++;
                    yield new Expression.Call(token.text(), List.of());
                }
                yield null;
            }
        };
    }

    private Expression literal(Object value, CatalogType type) {
        at++;
        return new Expression.Literal(value, type);
    }

    private Expression caseOf() {
        Optional<Expression> operand =
                peek().is("when") ? Optional.empty() : Optional.of(expression());
        List<Expression.When> whens = new ArrayList<>();
        while (take("when")) {
            Expression condition = expression();
            expect("then");
            whens.add(new Expression.When(condition, expression()));
        }
        Optional<Expression> otherwise =
                take("else") ? Optional.of(expression()) : Optional.empty();
        expect("end");
        return new Expression.Case(operand, whens, otherwise);
    }

    /// Functions with words between their arguments.
    private Expression special(String function) {
        at += 2;
        String name = function;
        List<Expression> arguments = new ArrayList<>();
        if (function.equals("trim")) {
            name = take("leading") ? "ltrim" : take("trailing") ? "rtrim" : "btrim";
            var _ = take("both");
            if (!peek().is("from")) {
                arguments.add(expression());
            }
            if (take("from")) {
                arguments.addFirst(expression());
            }
        } else {
            arguments.add(expression());
            while (take("from") || take("for") || take("in") || take(",")) {
                arguments.add(expression());
            }
        }
        expect(")");
        return new Expression.Call(name, arguments);
    }

    /// A column or a function, with or without a schema.
    private Expression named() {
        String qualifier = "";
        String name = name();
        while (peek().is(".") && tokens.get(at + 1).isName()) {
            at++;
            qualifier = name;
            name = name();
        }
        if (!take("(")) {
            return peek().kind() == Token.Kind.STRING && CatalogType.named(name).isPresent()
                    ? new Expression.Cast(
                            new Expression.Literal(next().text(), CatalogType.TEXT),
                            CatalogType.named(name).get())
                    : new Expression.Column(qualifier, name);
        }
        List<Expression> arguments = new ArrayList<>();
        var _ = take("distinct") || take("variadic");
        if (take("*")) {
            expect(")");
        } else {
            if (!peek().is(")") && !peek().is("order")) {
                arguments.addAll(expressions());
            }
            // Rows come in the order in which they are; that of an aggregate is not kept.
            var _ = orderBy();
            expect(")");
        }
        if (take("over")) {
            expect("(");
            List<Expression> partition = List.of();
            if (take("partition")) {
                expect("by");
                partition = expressions();
            }
            List<Expression.Order> order = orderBy();
            expect(")");
            return new Expression.Window(name, partition, order);
        }
        return new Expression.Call(name, arguments);
    }

    // ---- Tokens

    private Token peek() {
        return tokens.get(at);
    }

    private Token next() {
        return tokens.get(at++);
    }

    private boolean take(String word) {
        if (peek().is(word)) {
            at++;
            return true;
        }
        return false;
    }

    private void expect(String word) {
        if (!take(word)) {
            throw unexpected();
        }
    }

    private String name() {
        if (!peek().isName()) {
            throw unexpected();
        }
        return next().text();
    }

    private SqlException unexpected() {
        Token token = peek();
        return new SqlException(
                SqlState.SYNTAX_ERROR,
                Lexer.position(statement, token.start()),
                token.kind() == Token.Kind.END
                        ? "syntax error at end of input"
                        : "syntax error at or near \""
                                + statement.substring(token.start(), token.end())
                                + "\"",
                "Queries to pg_catalog and information_schema are read as PostgreSQL's; some of its"
                        + " grammar is not there.");
    }
}
