package dev.weir.repl.render;

import dev.weir.repl.client.Cell;
import dev.weir.repl.client.ResultColumn;
import dev.weir.repl.client.Row;

import java.util.List;

/// Comma-separated values after RFC 4180, with a header line and `\n` line ends. NULL is an empty
/// field and the empty text is `""`, as PostgreSQL writes them. A row that went away is its key
/// followed by empty fields.
final class CsvWriter implements ResultWriter {
    private final Lines out;

    CsvWriter(Lines out) {
        this.out = out;
    }

    @Override
    public void begin(List<ResultColumn> columns, boolean live) {
        StringBuilder line = new StringBuilder();
        for (ResultColumn column : columns) {
            appendField(line, column.name());
        }
        out.add(line);
        out.flush();
    }

    @Override
    public void rows(List<Row> rows) {
        StringBuilder line = new StringBuilder();
        for (Row row : rows) {
            line.setLength(0);
            boolean first = true;
            for (Cell cell : row.cells()) {
                if (cell != Cell.Null.NULL) {
                    appendField(line, first, cell.text());
                } else if (!first) {
                    line.append(',');
                }
                first = false;
            }
            out.add(line);
        }
        out.flush();
    }

    @Override
    public void end() {
        out.flush();
    }

    private static void appendField(StringBuilder line, String text) {
        appendField(line, line.isEmpty(), text);
    }

    private static void appendField(StringBuilder line, boolean first, String text) {
        if (!first) {
            line.append(',');
        }
        if (text.isEmpty() || needsQuotes(text)) {
            line.append('"').append(text.replace("\"", "\"\"")).append('"');
        } else {
            line.append(text);
        }
    }

    private static boolean needsQuotes(String text) {
        for (int i = 0; i < text.length(); i++) {
            switch (text.charAt(i)) {
                case '"', ',', '\n', '\r' -> {
                    return true;
                }
                default -> {
                    // An ordinary character.
                }
            }
        }
        return text.charAt(0) == ' ' || text.charAt(text.length() - 1) == ' ';
    }
}
