package dev.weir.repl.render;

import dev.weir.repl.client.Cell;
import dev.weir.repl.client.ResultColumn;
import dev.weir.repl.client.Row;

import java.util.ArrayList;
import java.util.List;

/// Rows below aligned headers, numbers to the right.
///
/// Widths come from the first rows: of a finite result up to [#ROWS_MEASURED] are held back to
/// measure them, of a live one only those that came first, since a live row is shown at once. A
/// wider value later widens its column from there on. In a live result a `-` in the margin marks a
/// row that went away.
final class TableWriter implements ResultWriter {
    private static final int ROWS_MEASURED = 1_000;

    private final Lines out;
    private final Palette palette;
    private final List<Row> held = new ArrayList<>();
    private List<ResultColumn> columns = List.of();
    private int[] widths = new int[0];
    private boolean live;
    private boolean headerShown;
    private long shown;

    TableWriter(Lines out, Palette palette) {
        this.out = out;
        this.palette = palette;
    }

    @Override
    public void begin(List<ResultColumn> resultColumns, boolean isLive) {
        columns = List.copyOf(resultColumns);
        live = isLive;
        widths = new int[columns.size()];
        for (int i = 0; i < widths.length; i++) {
            widths[i] = Math.max(TextWidth.of(header(i)), isLive ? usualWidth(columns.get(i)) : 0);
        }
    }

    @Override
    public void rows(List<Row> rows) {
        if (headerShown) {
            show(rows);
            out.flush();
            return;
        }
        held.addAll(rows);
        if (live || held.size() >= ROWS_MEASURED) {
            showHeld();
        }
    }

    @Override
    public void end() {
        if (!headerShown) {
            showHeld();
        }
        String what = live ? "change" : "row";
        out.add("(" + shown + " " + what + (shown == 1 ? "" : "s") + ")");
        out.flush();
    }

    private void showHeld() {
        for (Row row : held) {
            widen(row);
        }
        showHeader();
        show(held);
        held.clear();
        out.flush();
    }

    private void showHeader() {
        headerShown = true;
        StringBuilder names = new StringBuilder();
        StringBuilder rule = new StringBuilder();
        for (int i = 0; i < widths.length; i++) {
            String name = header(i);
            int gap = widths[i] - TextWidth.of(name);
            // Centred over text as psql does it would wander as columns widen; follow the values.
            boolean right = columns.get(i).isNumeric();
            names.append(i == 0 ? " " : palette.vertical() + " ")
                    .append(right ? " ".repeat(gap) : "")
                    .append(palette.bold(name))
                    .append(right || i == widths.length - 1 ? "" : " ".repeat(gap))
                    .append(i == widths.length - 1 ? "" : " ");
            rule.append(i == 0 ? "" : palette.cross())
                    .append(palette.horizontal().repeat(widths[i] + 2));
        }
        out.add(names);
        out.add(rule);
    }

    private void show(List<Row> rows) {
        for (Row row : rows) {
            widen(row);
            int height = 1;
            for (int i = 0; i < widths.length; i++) {
                height = Math.max(height, 1 + newlines(text(row, i)));
            }
            for (int part = 0; part < height; part++) {
                out.add(line(row, part, height));
            }
            shown++;
        }
    }

    /// One line of a row; a value that holds line ends takes several.
    private StringBuilder line(Row row, int part, int height) {
        StringBuilder line = new StringBuilder();
        for (int i = 0; i < widths.length; i++) {
            String text = text(row, i);
            String shownText = height == 1 ? text : part(text, part);
            int gap = Math.max(0, widths[i] - TextWidth.of(shownText));
            boolean right = columns.get(i).isNumeric();
            String margin = row.deleted() && i == 0 ? "-" : " ";
            line.append(i == 0 ? margin : palette.vertical() + " ")
                    .append(right ? " ".repeat(gap) : "")
                    .append(shownText)
                    .append(right || i == widths.length - 1 ? "" : " ".repeat(gap))
                    .append(i == widths.length - 1 ? "" : " ");
        }
        return line;
    }

    private void widen(Row row) {
        for (int i = 0; i < widths.length; i++) {
            String text = text(row, i);
            int parts = 1 + newlines(text);
            for (int part = 0; part < parts; part++) {
                widths[i] = Math.max(widths[i], TextWidth.of(part(text, part)));
            }
        }
    }

    private String header(int i) {
        return TextWidth.printable(columns.get(i).name(), false);
    }

    private static String text(Row row, int i) {
        if (i >= row.cells().size()) {
            return "";
        }
        Cell cell = row.cells().get(i);
        // Of a row that went away only the key is known.
        return row.deleted() && cell == Cell.Null.NULL
                ? ""
                : TextWidth.printable(cell.text(), true);
    }

    private static int newlines(String text) {
        int count = 0;
        for (int i = text.indexOf('\n'); i >= 0; i = text.indexOf('\n', i + 1)) {
            count++;
        }
        return count;
    }

    private static String part(String text, int part) {
        int start = 0;
        for (int i = 0; i < part; i++) {
            int newline = text.indexOf('\n', start);
            if (newline < 0) {
                return "";
            }
            start = newline + 1;
        }
        int end = text.indexOf('\n', start);
        return end < 0 ? text.substring(start) : text.substring(start, end);
    }

    /// A width that most values of the type fit in, for results whose later rows are not known yet.
    private static int usualWidth(ResultColumn column) {
        return switch (column.type()) {
            case "BOOLEAN" -> 5;
            case "INT", "INTEGER" -> 6;
            case "TIMESTAMP" -> 24;
            case "DATE" -> 10;
            case "TIME" -> 12;
            case "BIGINT", "DOUBLE" -> 10;
            default -> column.isNumeric() ? 10 : 12;
        };
    }
}
