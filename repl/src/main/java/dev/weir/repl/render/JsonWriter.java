package dev.weir.repl.render;

import dev.weir.repl.client.Json;
import dev.weir.repl.client.ResultColumn;
import dev.weir.repl.client.Row;

import java.util.List;

/// Each row as a JSON object on a line of its own, either alone (JSON lines) or in one array. A row
/// that went away carries `"@deleted":true`.
final class JsonWriter implements ResultWriter {
    private final Lines out;
    private final boolean inArray;
    private String[] names = {};
    private boolean any;

    JsonWriter(Lines out, boolean inArray) {
        this.out = out;
        this.inArray = inArray;
    }

    @Override
    public void begin(List<ResultColumn> columns, boolean live) {
        names = columns.stream().map(column -> Json.quote(column.name())).toArray(String[]::new);
        if (inArray) {
            out.add("[");
            out.flush();
        }
    }

    @Override
    public void rows(List<Row> rows) {
        StringBuilder line = new StringBuilder();
        for (Row row : rows) {
            line.setLength(0);
            // The comma leads, since whether another row follows is not known yet.
            line.append(inArray && any ? ",{" : "{");
            for (int i = 0; i < names.length && i < row.cells().size(); i++) {
                line.append(i == 0 ? "" : ",").append(names[i]).append(':');
                line.append(row.cells().get(i).json());
            }
            line.append(row.deleted() ? ",\"@deleted\":true}" : "}");
            any = true;
            out.add(line);
        }
        out.flush();
    }

    @Override
    public void end() {
        if (inArray) {
            out.add("]");
        }
        out.flush();
    }
}
