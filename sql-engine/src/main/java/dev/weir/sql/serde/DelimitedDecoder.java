package dev.weir.sql.serde;

import dev.weir.sql.batch.Column;
import dev.weir.sql.batch.Primitive;
import dev.weir.sql.batch.SqlType;
import dev.weir.sql.error.SqlException;
import dev.weir.sql.error.SqlState;

import java.util.Base64;
import java.util.List;

/// Fields separated by a delimiter. A field in double quotes may hold delimiters, line ends and,
/// doubled, quotes. A field that is empty and not quoted is NULL. There must be as many fields as
/// columns.
final class DelimitedDecoder implements ValueDecoder {
    private final List<Wanted> wanted;
    private final char delimiter;
    private final String[] texts;
    private final Object[] values;
    private String error;

    /// @param columns how many columns the text has
    DelimitedDecoder(List<Wanted> wanted, int columns, char delimiter) {
        this.delimiter = delimiter;
        this.wanted = List.copyOf(wanted);
        this.texts = new String[columns];
        this.values = new Object[wanted.size()];
        for (Wanted column : wanted) {
            checkSupported(column.leaf());
        }
    }

    static void checkSupported(SqlType type) {
        if (!(type instanceof Primitive) && !(type instanceof SqlType.Decimal)) {
            throw new SqlException(
                    SqlState.FEATURE_NOT_SUPPORTED,
                    null,
                    "the DELIMITED format has no type " + type.sql(),
                    "Use the format JSON.");
        }
    }

    @Override
    public boolean parse(byte[] data, int offset, int length) {
        try {
            int invalid = Utf8.firstInvalid(data, offset, length);
            if (invalid >= 0) {
                throw new DecodeFailure("invalid UTF-8 at byte " + (invalid - offset));
            }
            split(TextValues.text(data, offset, offset + length));
            for (int i = 0; i < values.length; i++) {
                Wanted column = wanted.get(i);
                String text = texts[column.position()];
                try {
                    values[i] = text == null ? null : value(column.leaf(), text);
                } catch (DecodeFailure bad) {
                    throw new DecodeFailure("field \"" + column.name() + "\": " + bad.getMessage());
                }
            }
            return true;
        } catch (DecodeFailure failure) {
            error = failure.getMessage();
            return false;
        }
    }

    private void split(String line) {
        int count = 0;
        int at = 0;
        while (true) {
            String field;
            if (at < line.length() && line.charAt(at) == '"') {
                StringBuilder text = new StringBuilder();
                int from = at + 1;
                int quote = line.indexOf('"', from);
                while (quote >= 0 && quote + 1 < line.length() && line.charAt(quote + 1) == '"') {
                    text.append(line, from, quote + 1);
                    from = quote + 2;
                    quote = line.indexOf('"', from);
                }
                if (quote < 0) {
                    throw new DecodeFailure("field " + (count + 1) + " has no closing quote");
                }
                field = text.append(line, from, quote).toString();
                at = quote + 1;
                if (at < line.length() && line.charAt(at) != delimiter) {
                    throw new DecodeFailure(
                            "unexpected text after the quotes of field " + (count + 1));
                }
            } else {
                int end = line.indexOf(delimiter, at);
                int to = end < 0 ? line.length() : end;
                field = to == at ? null : line.substring(at, to);
                at = to;
            }
            if (count < texts.length) {
                texts[count] = field;
            }
            count++;
            if (at >= line.length()) {
                break;
            }
            at++;
        }
        if (count != texts.length) {
            throw new DecodeFailure("expected " + texts.length + " fields, got " + count);
        }
    }

    private static Object value(SqlType type, String text) {
        return switch (type) {
            case Primitive primitive -> {
                byte[] bytes = text.getBytes(java.nio.charset.StandardCharsets.UTF_8);
                yield switch (primitive) {
                    case BOOLEAN -> TextValues.truth(text) ? 1L : 0L;
                    case INT -> {
                        long number = TextValues.whole(text);
                        if ((int) number != number) {
                            throw new DecodeFailure(text + " is out of range for INT");
                        }
                        yield number;
                    }
                    case BIGINT -> TextValues.whole(text);
                    case DOUBLE -> TextValues.real(text);
                    case VARCHAR -> text;
                    case BYTES -> {
                        try {
                            yield Base64.getDecoder().decode(text);
                        } catch (IllegalArgumentException bad) {
                            throw new DecodeFailure("invalid Base64");
                        }
                    }
                    case DATE -> TextValues.date(bytes, 0, bytes.length);
                    case TIME -> TextValues.time(bytes, 0, bytes.length);
                    case TIMESTAMP -> TextValues.timestamp(bytes, 0, bytes.length);
                };
            }
            case SqlType.Decimal(int precision, int scale) ->
                    TextValues.fit(TextValues.decimal(text), precision, scale);
            default -> throw new IllegalStateException("unsupported " + type.sql());
        };
    }

    @Override
    public void append(int column, Column into) {
        Values.append(into, values[column]);
    }

    @Override
    public String error() {
        return error;
    }
}
