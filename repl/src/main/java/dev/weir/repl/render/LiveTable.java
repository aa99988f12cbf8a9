package dev.weir.repl.render;

import dev.weir.repl.client.Cell;
import dev.weir.repl.client.ResultColumn;
import dev.weir.repl.client.ResultHead;
import dev.weir.repl.client.Row;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/// The present rows of a live table, laid out to fit a terminal.
///
/// A row stays where it is while it is shown. When not all of them fit, a change of a hidden row
/// brings it to the place of the row that has changed least lately, so that what happens is always
/// in sight. What changed last is marked in the margin.
///
/// Keeps [#MOST_ROWS] rows; of larger tables those that changed last. Belongs to one thread at a
/// time.
public final class LiveTable {
    static final int MOST_ROWS = 50_000;
    private static final int MOST_COLUMN_WIDTH = 60;

    private final ResultHead head;
    private final Palette palette;
    private final int mostRows;
    private final int[] widths;
    // From the row that changed least lately to the one that changed last.
    private final LinkedHashMap<Id, Row> rows = new LinkedHashMap<>();
    private final Map<List<Cell>, Integer> copies = new HashMap<>();
    private final List<Id> visible = new ArrayList<>();
    private final LinkedHashSet<Id> visibleByAge = new LinkedHashSet<>();
    private final LinkedHashSet<Id> changed = new LinkedHashSet<>();
    private Set<Id> marked = Set.of();
    private boolean first = true;
    private boolean overflowed;
    private long changes;

    /// What tells a row from all others.
    ///
    /// @param copy 0, or the number among equal rows of a table without a known key
    private record Id(List<Cell> key, int copy) {}

    public LiveTable(ResultHead head, Palette palette) {
        this(head, palette, MOST_ROWS);
    }

    LiveTable(ResultHead head, Palette palette, int mostRows) {
        this.head = head;
        this.palette = palette;
        this.mostRows = mostRows;
        widths = new int[head.columns().size()];
        for (int i = 0; i < widths.length; i++) {
            widths[i] = TextWidth.of(name(i));
        }
    }

    public void apply(List<Row> delta) {
        for (Row row : delta) {
            changes++;
            if (row.deleted()) {
                delete(row);
            } else {
                put(row);
            }
        }
    }

    private void put(Row row) {
        Id id = new Id(key(row), 0);
        if (head.key().isEmpty()) {
            id = new Id(row.cells(), copies.merge(row.cells(), 1, Integer::sum));
        }
        rows.putLast(id, row);
        changed.addLast(id);
        if (visibleByAge.contains(id)) {
            visibleByAge.addLast(id);
        }
        if (rows.size() > mostRows) {
            overflowed = true;
            forget(rows.firstEntry().getKey());
        }
    }

    private void delete(Row row) {
        Id id = new Id(key(row), 0);
        if (head.key().isEmpty()) {
            Integer copy = copies.get(row.cells());
            if (copy == null) {
                return;
            }
            id = new Id(row.cells(), copy);
            copies.computeIfPresent(row.cells(), (_, n) -> n == 1 ? null : n - 1);
        }
        forget(id);
    }

    private void forget(Id id) {
        rows.remove(id);
        changed.remove(id);
        if (visibleByAge.remove(id)) {
            visible.remove(id);
        }
    }

    private List<Cell> key(Row row) {
        return head.key().orElse(List.of()).stream()
                .map(i -> i < row.cells().size() ? row.cells().get(i) : Cell.Null.NULL)
                .toList();
    }

    /// The lines to show now, one less than the terminal is high at most: the cursor stands below.
    ///
    /// @param width columns of the terminal; lines are cut there
    /// @param height lines of the terminal
    /// @param last true when the query has ended and this is what stays on the screen
    public List<String> frame(int width, int height, boolean last) {
        int room = Math.max(1, height - 1 - 3);
        if (rows.size() > room) {
            // A line tells how many are hidden.
            room = Math.max(1, room - 1);
        }
        choose(room);
        if (!changed.isEmpty()) {
            // All rows of the first frame are new, which is nothing to point at.
            marked = first ? Set.of() : Set.copyOf(changed);
            changed.clear();
            first = false;
        }
        visible.forEach(id -> widen(rows.get(id)));
        List<String> lines = new ArrayList<>(visible.size() + 4);
        lines.add(palette.bold(cut(header(), width)));
        lines.add(cut(rule(), width));
        for (Id id : visible) {
            boolean isMarked = marked.contains(id);
            String line = cut(line(rows.get(id), isMarked), width);
            lines.add(isMarked ? palette.green(line) : line);
        }
        int hidden = rows.size() - visible.size();
        if (hidden > 0) {
            lines.add(
                    palette.faint(
                            cut(" … " + (overflowed ? "over " : "") + hidden + " more", width)));
        }
        lines.add(palette.faint(cut(status(last), width)));
        return lines;
    }

    /// Fills the lines there are, leaving rows where they stand.
    private void choose(int room) {
        while (visible.size() > room) {
            Id oldest = visibleByAge.removeFirst();
            visible.remove(oldest);
        }
        // Of more changes than lines only the last ones would stay anyway.
        int skip = Math.max(0, changed.size() - room);
        for (Id id : changed) {
            if (skip-- > 0 || visibleByAge.contains(id)) {
                continue;
            }
            if (visible.size() < room) {
                visible.add(id);
            } else {
                Id oldest = visibleByAge.removeFirst();
                visible.set(visible.indexOf(oldest), id);
            }
            visibleByAge.addLast(id);
        }
        if (visible.size() < Math.min(room, rows.size())) {
            for (Id id : rows.sequencedKeySet().reversed()) {
                if (visible.size() == room) {
                    break;
                }
                if (visibleByAge.add(id)) {
                    visibleByAge.addFirst(id);
                    visible.add(id);
                }
            }
        }
    }

    private void widen(Row row) {
        for (int i = 0; i < widths.length; i++) {
            widths[i] =
                    Math.max(widths[i], Math.min(MOST_COLUMN_WIDTH, TextWidth.of(text(row, i))));
        }
    }

    private String header() {
        StringBuilder line = new StringBuilder();
        for (int i = 0; i < widths.length; i++) {
            append(line, i, name(i));
        }
        return line.toString();
    }

    private String rule() {
        StringBuilder line = new StringBuilder();
        for (int i = 0; i < widths.length; i++) {
            line.append(i == 0 ? "" : palette.cross())
                    .append(palette.horizontal().repeat(widths[i] + 2));
        }
        return line.toString();
    }

    private String line(Row row, boolean isMarked) {
        StringBuilder line = new StringBuilder();
        for (int i = 0; i < widths.length; i++) {
            append(line, i, cut(text(row, i), Math.max(1, widths[i])));
        }
        if (isMarked && !line.isEmpty()) {
            line.setCharAt(0, '*');
        }
        return line.toString();
    }

    private void append(StringBuilder line, int i, String text) {
        String gap = " ".repeat(Math.max(0, widths[i] - TextWidth.of(text)));
        boolean right = head.columns().get(i).isNumeric();
        boolean end = i == widths.length - 1;
        line.append(i == 0 ? " " : palette.vertical() + " ")
                .append(right ? gap : "")
                .append(text)
                .append(right || end ? "" : gap)
                .append(end ? "" : " ");
    }

    private String status(boolean last) {
        String counts =
                String.format(
                        Locale.ROOT,
                        "%s%d %s, %d %s",
                        overflowed ? "over " : "",
                        rows.size(),
                        rows.size() == 1 ? "row" : "rows",
                        changes,
                        changes == 1 ? "change" : "changes");
        if (last) {
            return "(" + counts + ")";
        }
        String name = head.queryId().isEmpty() ? "live query" : "live query " + head.queryId();
        return name + ": " + counts + "; Ctrl-C ends it";
    }

    private String name(int i) {
        ResultColumn column = head.columns().get(i);
        return TextWidth.printable(column.name(), false);
    }

    private static String text(Row row, int i) {
        return i < row.cells().size() ? TextWidth.printable(row.cells().get(i).text(), false) : "";
    }

    private static String cut(String text, int width) {
        return TextWidth.cut(text, width);
    }
}
