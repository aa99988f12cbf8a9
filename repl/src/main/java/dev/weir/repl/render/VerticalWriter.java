package dev.weir.repl.render;

import dev.weir.repl.client.Cell;
import dev.weir.repl.client.ResultColumn;
import dev.weir.repl.client.Row;

import java.util.List;

/// Each row as a record: a line a column.
final class VerticalWriter implements ResultWriter {
    private static final int RULE_WIDTH = 32;

    private final Lines out;
    private final Palette palette;
    private List<ResultColumn> columns = List.of();
    private int nameWidth;
    private long shown;

    VerticalWriter(Lines out, Palette palette) {
        this.out = out;
        this.palette = palette;
    }

    @Override
    public void begin(List<ResultColumn> resultColumns, boolean live) {
        columns = List.copyOf(resultColumns);
        for (ResultColumn column : columns) {
            nameWidth =
                    Math.max(nameWidth, TextWidth.of(TextWidth.printable(column.name(), false)));
        }
    }

    @Override
    public void rows(List<Row> rows) {
        for (Row row : rows) {
            shown++;
            String title = "[ " + (row.deleted() ? "deleted" : "row") + " " + shown + " ]";
            String line = palette.horizontal();
            out.add(line + title + line.repeat(Math.max(1, RULE_WIDTH - title.length())));
            for (int i = 0; i < columns.size() && i < row.cells().size(); i++) {
                show(columns.get(i), row.cells().get(i), row.deleted());
            }
        }
        out.flush();
    }

    @Override
    public void end() {
        if (shown == 0) {
            out.add("(0 rows)");
        }
        out.flush();
    }

    private void show(ResultColumn column, Cell cell, boolean deleted) {
        if (deleted && cell == Cell.Null.NULL) {
            return;
        }
        String name = TextWidth.printable(column.name(), false);
        String gap = " ".repeat(nameWidth - TextWidth.of(name));
        String indent = "\n" + " ".repeat(nameWidth + 1) + palette.vertical() + " ";
        String text = TextWidth.printable(cell.text(), true).replace("\n", indent);
        out.add(palette.bold(name) + gap + " " + palette.vertical() + " " + text);
    }
}
