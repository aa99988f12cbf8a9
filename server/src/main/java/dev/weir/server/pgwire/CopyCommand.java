package dev.weir.server.pgwire;

import dev.weir.sql.error.SqlException;
import dev.weir.sql.error.SqlState;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// What a COPY statement says.
///
/// @param query what to copy out, when it is a query
/// @param relation what to copy, when it is not
/// @param columns of the relation, empty for all
/// @param out TO STDOUT, else FROM STDIN
record CopyCommand(
        Optional<String> query,
        String relation,
        List<String> columns,
        boolean out,
        CopyOptions options) {
    /// @param words after COPY
    static CopyCommand parse(Words words) {
        Optional<String> query = Optional.empty();
        String relation = "";
        List<String> columns = new ArrayList<>();
        if (words.peek().is("(")) {
            query = Optional.of(words.parenthesis());
        } else {
            relation = words.writtenName();
            while (words.take(".")) {
                relation = words.writtenName();
            }
            if (words.take("(")) {
                do {
                    columns.add(words.writtenName());
                } while (words.take(","));
                words.expect(")");
            }
        }
        boolean out = words.take("to");
        if (out) {
            words.expect("stdout");
        } else {
            words.expect("from");
            words.expect("stdin");
        }
        if (query.isPresent() && !out) {
            throw words.unexpected();
        }
        CopyOptions options = options(words);
        words.end();
        return new CopyCommand(query, relation, columns, out, options);
    }

    /// What copies out, as a query.
    String select() {
        return query.orElseGet(() ->
                "SELECT "
                        + (columns.isEmpty()
                                ? "*"
                                : String.join(", ", columns.stream().map(Names::quoted).toList()))
                        + " FROM "
                        + Names.quoted(relation));
    }

    private static CopyOptions options(Words words) {
        var _ = words.take("with");
        boolean parenthesized = words.take("(");
        Optional<Boolean> csv = Optional.empty();
        Optional<String> delimiter = Optional.empty();
        Optional<String> nullText = Optional.empty();
        Optional<String> quote = Optional.empty();
        Optional<String> escape = Optional.empty();
        boolean header = false;
        while (!words.isAtEnd() && !words.peek().is(")")) {
            String option = words.name();
            switch (option) {
                case "csv" -> csv = Optional.of(true);
                case "text" -> csv = Optional.of(false);
                case "binary" -> throw unsupported("binary");
                case "format" -> {
                    String format = words.next().text();
                    if (!format.equals("csv") && !format.equals("text")) {
                        throw unsupported(format);
                    }
                    csv = Optional.of(format.equals("csv"));
                }
                case "header" ->
                        header =
                                words.isAtEnd()
                                        || words.peek().is(",")
                                        || words.peek().is(")")
                                        || !words.peek().isName()
                                        || isOn(words.next().text());
                case "delimiter", "delimiters" -> delimiter = Optional.of(value(words));
                case "null" -> nullText = Optional.of(value(words));
                case "quote" -> quote = Optional.of(value(words));
                case "escape" -> escape = Optional.of(value(words));
                case "encoding" -> {
                    String encoding = value(words);
                    if (!encoding.replace("-", "").equalsIgnoreCase("utf8")) {
                        throw new SqlException(
                                SqlState.INVALID_PARAMETER,
                                "COPY knows the encoding UTF8 only, not " + encoding);
                    }
                }
                default ->
                        throw new SqlException(
                                SqlState.SYNTAX_ERROR, "COPY has no option \"" + option + "\"");
            }
            var _ = words.take(",");
        }
        if (parenthesized) {
            words.expect(")");
        }
        CopyOptions base = csv.orElse(false) ? CopyOptions.CSV : CopyOptions.TEXT;
        char quoting = one("quote", quote, base.quote());
        return new CopyOptions(
                base.csv(),
                one("delimiter", delimiter, base.delimiter()),
                nullText.orElse(base.nullText()),
                header,
                quoting,
                one("escape", escape, quoting));
    }

    private static boolean isOn(String text) {
        return !List.of("false", "off", "0").contains(text);
    }

    private static String value(Words words) {
        var _ = words.take("as");
        return words.next().text();
    }

    private static char one(String option, Optional<String> given, char otherwise) {
        if (given.isPresent() && (given.get().length() != 1 || given.get().charAt(0) > 126)) {
            throw new SqlException(
                    SqlState.INVALID_PARAMETER,
                    "COPY " + option + " must be a single one-byte character");
        }
        return given.map(text -> text.charAt(0)).orElse(otherwise);
    }

    private static SqlException unsupported(String format) {
        return new SqlException(
                SqlState.FEATURE_NOT_SUPPORTED,
                null,
                "COPY format \"" + format + "\" is not supported",
                "text and csv are.");
    }
}
