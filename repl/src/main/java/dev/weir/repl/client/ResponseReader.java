package dev.weir.repl.client;

import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.exc.StreamReadException;
import tools.jackson.core.json.JsonFactory;

import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// Reads an answer of `POST /statement`: JSON objects, one a line.
///
/// ```
/// {"columns":[{"name":"item","type":"VARCHAR"}],"live":true,"queryId":"q7","table":true,"key":[0]}
/// {"rows":[["pen"],["ink"]],"times":[1,2],"deleted":[false,true]}
/// {"done":{"tag":"SELECT","message":"2 rows"}}
/// {"error":{"sqlState":"42P01","message":"…","hint":"…","line":1,"column":15}}
/// ```
///
/// Members that it does not know are skipped, so that a newer server can add some.
public final class ResponseReader {
    private static final JsonFactory FACTORY = new JsonFactory();

    private final ResponseHandler handler;

    public ResponseReader(ResponseHandler handler) {
        this.handler = handler;
    }

    /// Reads up to the end of the answer.
    ///
    /// @return true when the answer was whole: it ended in `done` or `error`
    /// @throws IOException when the connection ends early or the text is no such answer
    public boolean read(InputStream body) throws IOException {
        try (JsonParser parser = FACTORY.createParser(ObjectReadContext.empty(), body)) {
            boolean ended = false;
            while (!ended) {
                JsonToken token = parser.nextToken();
                if (token == null) {
                    return false;
                }
                if (token != JsonToken.START_OBJECT) {
                    throw new IOException("not an answer to a statement: " + parser.getString());
                }
                ended = readMessage(parser);
            }
            return true;
        } catch (StreamReadException e) {
            throw new IOException("not an answer to a statement: " + e.getOriginalMessage(), e);
        } catch (tools.jackson.core.exc.JacksonIOException e) {
            throw e.getCause();
        }
    }

    /// Reads one line; true when it was the last.
    private boolean readMessage(JsonParser parser) throws IOException {
        List<ResultColumn> columns = null;
        List<List<Cell>> rows = null;
        List<Boolean> deleted = List.of();
        boolean live = false;
        boolean table = false;
        List<Integer> key = null;
        String queryId = "";
        boolean ended = false;
        while (parser.nextToken() != JsonToken.END_OBJECT) {
            String member = parser.currentName();
            JsonToken value = parser.nextToken();
            switch (member) {
                case "columns" -> columns = readColumns(parser);
                case "live" -> live = value == JsonToken.VALUE_TRUE;
                case "table" -> table = value == JsonToken.VALUE_TRUE;
                case "key" -> key = readIndexes(parser);
                case "queryId" -> queryId = stringOrEmpty(parser, value);
                case "rows" -> rows = readRows(parser);
                case "deleted" -> deleted = readFlags(parser);
                case "done" -> {
                    readDone(parser);
                    ended = true;
                }
                case "error" -> {
                    readError(parser);
                    ended = true;
                }
                default -> parser.skipChildren();
            }
        }
        if (columns != null) {
            handler.columns(head(columns, live, queryId, table, key));
        }
        if (rows != null && !rows.isEmpty()) {
            List<Row> together = new ArrayList<>(rows.size());
            for (int i = 0; i < rows.size(); i++) {
                together.add(new Row(rows.get(i), i < deleted.size() && deleted.get(i)));
            }
            handler.rows(together);
        }
        return ended;
    }

    private static ResultHead head(
            List<ResultColumn> columns,
            boolean live,
            String queryId,
            boolean table,
            List<Integer> key)
            throws IOException {
        try {
            return new ResultHead(columns, live, queryId, table, Optional.ofNullable(key));
        } catch (IllegalArgumentException e) {
            throw new IOException("not an answer to a statement: " + e.getMessage(), e);
        }
    }

    private static List<ResultColumn> readColumns(JsonParser parser) {
        List<ResultColumn> columns = new ArrayList<>();
        while (parser.nextToken() == JsonToken.START_OBJECT) {
            String name = "";
            String type = "";
            while (parser.nextToken() != JsonToken.END_OBJECT) {
                String member = parser.currentName();
                JsonToken value = parser.nextToken();
                switch (member) {
                    case "name" -> name = stringOrEmpty(parser, value);
                    case "type" -> type = stringOrEmpty(parser, value);
                    default -> parser.skipChildren();
                }
            }
            columns.add(new ResultColumn(name, type));
        }
        return columns;
    }

    private static List<List<Cell>> readRows(JsonParser parser) {
        List<List<Cell>> rows = new ArrayList<>();
        while (parser.nextToken() == JsonToken.START_ARRAY) {
            List<Cell> cells = new ArrayList<>();
            for (JsonToken t = parser.nextToken();
                    t != JsonToken.END_ARRAY;
                    t = parser.nextToken()) {
                cells.add(readCell(parser, t));
            }
            rows.add(cells);
        }
        return rows;
    }

    private static Cell readCell(JsonParser parser, JsonToken token) {
        return switch (token) {
            case VALUE_NULL -> Cell.Null.NULL;
            case VALUE_STRING -> new Cell.Text(parser.getString());
            case START_ARRAY, START_OBJECT -> {
                StringBuilder nested = new StringBuilder();
                copy(parser, token, nested);
                yield new Cell.Literal(nested.toString());
            }
            default -> new Cell.Literal(parser.getString());
        };
    }

    /// Copies a value as compact JSON; numbers keep every digit as they came.
    private static void copy(JsonParser parser, JsonToken token, StringBuilder out) {
        switch (token) {
            case START_ARRAY -> {
                out.append('[');
                boolean first = true;
                for (JsonToken t = parser.nextToken();
                        t != JsonToken.END_ARRAY;
                        t = parser.nextToken()) {
                    if (!first) {
                        out.append(',');
                    }
                    first = false;
                    copy(parser, t, out);
                }
                out.append(']');
            }
            case START_OBJECT -> {
                out.append('{');
                boolean first = true;
                while (parser.nextToken() != JsonToken.END_OBJECT) {
                    if (!first) {
                        out.append(',');
                    }
                    first = false;
                    Json.appendQuoted(out, parser.currentName());
                    out.append(':');
                    copy(parser, parser.nextToken(), out);
                }
                out.append('}');
            }
            case VALUE_STRING -> Json.appendQuoted(out, parser.getString());
            default -> out.append(parser.getString());
        }
    }

    private static List<Integer> readIndexes(JsonParser parser) {
        List<Integer> indexes = new ArrayList<>();
        if (parser.currentToken() == JsonToken.START_ARRAY) {
            for (JsonToken t = parser.nextToken();
                    t != JsonToken.END_ARRAY;
                    t = parser.nextToken()) {
                indexes.add(intOrZero(parser, t));
            }
        }
        return indexes;
    }

    private static List<Boolean> readFlags(JsonParser parser) {
        List<Boolean> flags = new ArrayList<>();
        if (parser.currentToken() == JsonToken.START_ARRAY) {
            for (JsonToken t = parser.nextToken();
                    t != JsonToken.END_ARRAY;
                    t = parser.nextToken()) {
                flags.add(t == JsonToken.VALUE_TRUE);
            }
        }
        return flags;
    }

    private void readDone(JsonParser parser) {
        String tag = "";
        String message = "";
        while (parser.nextToken() != JsonToken.END_OBJECT) {
            String member = parser.currentName();
            JsonToken value = parser.nextToken();
            switch (member) {
                case "tag" -> tag = stringOrEmpty(parser, value);
                case "message" -> message = stringOrEmpty(parser, value);
                default -> parser.skipChildren();
            }
        }
        handler.done(tag, message);
    }

    private void readError(JsonParser parser) {
        String sqlState = "";
        String message = "";
        String hint = "";
        int line = 0;
        int column = 0;
        while (parser.nextToken() != JsonToken.END_OBJECT) {
            String member = parser.currentName();
            JsonToken value = parser.nextToken();
            switch (member) {
                case "sqlState" -> sqlState = stringOrEmpty(parser, value);
                case "message" -> message = stringOrEmpty(parser, value);
                case "hint" -> hint = stringOrEmpty(parser, value);
                case "line" -> line = intOrZero(parser, value);
                case "column" -> column = intOrZero(parser, value);
                default -> parser.skipChildren();
            }
        }
        handler.error(new StatementError(sqlState, message, hint, line, column));
    }

    private static String stringOrEmpty(JsonParser parser, JsonToken token) {
        return token == JsonToken.VALUE_STRING ? parser.getString() : "";
    }

    private static int intOrZero(JsonParser parser, JsonToken token) {
        return token == JsonToken.VALUE_NUMBER_INT ? parser.getIntValue() : 0;
    }
}
