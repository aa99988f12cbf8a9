package dev.weir.repl.render;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.repl.client.Cell;
import dev.weir.repl.client.ResultColumn;
import dev.weir.repl.client.ResultHead;
import dev.weir.repl.client.Row;

import org.jline.builtins.ScreenTerminal;
import org.junit.jupiter.api.Test;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.TreeMap;
import java.util.stream.Stream;

class LiveTableTest {
    private static final List<ResultColumn> COLUMNS =
            List.of(new ResultColumn("item", "VARCHAR"), new ResultColumn("n", "BIGINT"));
    private static final int WIDE = 60;
    private static final int HIGH = 24;

    private final LiveTable table = table(Optional.of(List.of(0)));

    @Test
    void a_row_is_rewritten_where_it_stands_and_the_newest_change_is_marked() {
        table.apply(List.of(row("pen", 1), row("ink", 1)));
        assertThat(frame(WIDE, HIGH))
                .isEqualTo(
                        """
                         item | n
                        ------+---
                         pen  | 1
                         ink  | 1
                        live query q7: 2 rows, 2 changes; Ctrl-C ends it
                        """);
        table.apply(List.of(row("pen", 12)));
        assertThat(frame(WIDE, HIGH))
                .isEqualTo(
                        """
                         item |  n
                        ------+----
                        *pen  | 12
                         ink  |  1
                        live query q7: 2 rows, 3 changes; Ctrl-C ends it
                        """);
    }

    @Test
    void a_row_that_went_away_leaves_and_its_place_closes() {
        table.apply(List.of(row("pen", 1), row("ink", 1), row("cap", 1)));
        table.apply(List.of(gone("ink")));
        assertThat(shown(WIDE, HIGH)).containsExactly(" pen  | 1", " cap  | 1");
        table.apply(List.of(gone("pen"), gone("cap"), gone("never there")));
        assertThat(shown(WIDE, HIGH)).isEmpty();
    }

    @Test
    void what_does_not_fit_is_counted_and_a_change_of_it_takes_the_quietest_place() {
        table.apply(List.of(row("a", 1), row("b", 1), row("c", 1), row("d", 1)));
        // Head and rule, two rows, what is hidden, the status, and the cursor below.
        assertThat(frame(WIDE, 7))
                .isEqualTo(
                        """
                         item | n
                        ------+---
                         c    | 1
                         d    | 1
                         … 2 more
                        live query q7: 4 rows, 4 changes; Ctrl-C ends it
                        """);
        table.apply(List.of(row("c", 2), row("a", 2)));
        assertThat(shown(WIDE, 7)).containsExactly("*c    | 2", "*a    | 2");
        table.apply(List.of(row("b", 2)));
        assertThat(shown(WIDE, 7)).containsExactly("*b    | 2", " a    | 2");
        table.apply(List.of(gone("b")));
        assertThat(shown(WIDE, 7)).as("one more fits").hasSize(3).contains(" a    | 2");
    }

    @Test
    void a_terminal_that_grows_shows_more_and_one_that_shrinks_less() {
        for (int i = 0; i < 30; i++) {
            table.apply(List.of(row("row" + i, i)));
        }
        for (int height = 1; height < 40; height++) {
            List<String> lines = table.frame(WIDE, height, false);
            int least = 5;
            assertThat(lines.size()).isLessThanOrEqualTo(Math.max(least, height - 1));
        }
        assertThat(shown(WIDE, 40)).hasSize(30);
        assertThat(shown(WIDE, 10)).hasSize(5);
        assertThat(shown(WIDE, 40)).hasSize(30);
    }

    @Test
    void no_line_is_wider_than_the_terminal_whatever_is_in_it() {
        table.apply(List.of(row("日本語のとても長い品名です", 1), row("two\nlines\u001b[31m", 2)));
        for (int width = 1; width < 50; width++) {
            for (String line : table.frame(width, HIGH, false)) {
                assertThat(TextWidth.of(line)).as(line).isLessThanOrEqualTo(width);
            }
        }
        assertThat(shown(50, HIGH).get(1)).startsWith(" two\\nlines\\x1b[31m");
    }

    @Test
    void without_a_known_key_equal_rows_are_counted_one_by_one() {
        LiveTable bag = table(Optional.empty());
        bag.apply(List.of(row("pen", 1), row("pen", 1), row("ink", 1)));
        bag.apply(List.of(new Row(row("pen", 1).cells(), true)));
        assertThat(shown(bag, WIDE, HIGH)).containsExactly(" pen  | 1", " ink  | 1");
        bag.apply(List.of(new Row(row("pen", 1).cells(), true), row("pen", 1)));
        assertThat(shown(bag, WIDE, HIGH)).containsExactlyInAnyOrder("*pen  | 1", " ink  | 1");
    }

    @Test
    void a_table_of_one_row_has_a_key_without_columns() {
        LiveTable total = table(Optional.of(List.of()));
        total.apply(List.of(row("all", 1)));
        total.apply(List.of(row("all", 2)));
        assertThat(shown(total, WIDE, HIGH)).containsExactly(" all  | 2");
    }

    @Test
    void of_a_table_too_large_to_keep_the_rows_that_changed_last_stay() {
        LiveTable small =
                new LiveTable(
                        new ResultHead(COLUMNS, true, "", true, Optional.of(List.of(0))),
                        Palette.PLAIN,
                        3);
        for (int i = 0; i < 9; i++) {
            small.apply(List.of(row("r" + i, i)));
        }
        assertThat(small.frame(WIDE, 6, false))
                .contains(" … over 2 more", "live query: over 3 rows, 9 changes; Ctrl-C ends it");
        assertThat(shown(small, WIDE, HIGH))
                .containsExactlyInAnyOrder(" r6   | 6", " r7   | 7", " r8   | 8");
    }

    @Test
    void the_last_frame_stays_and_offers_nothing_to_press() {
        table.apply(List.of(row("pen", 1)));
        assertThat(table.frame(WIDE, HIGH, true)).endsWith("(1 row, 1 change)");
    }

    /// Any sequence of changes, painted at any moments, leaves a terminal with the rows that a
    /// plain map has, and nothing of what was there before.
    @Test
    void painting_only_what_differs_comes_to_the_same_as_painting_all() {
        for (int round = 0; round < 40; round++) {
            long seed = 4_711L + round;
            Random random = new Random(seed);
            LiveTable live = table(Optional.of(List.of(0)));
            Repaint repaint = new Repaint();
            ScreenTerminal screen = new ScreenTerminal(WIDE, HIGH);
            screen.write("weir> SELECT;\r\n");
            Map<String, Integer> expected = new HashMap<>();
            List<String> frame = List.of();
            for (int i = 0; i < 60; i++) {
                String item = "item" + random.nextInt(1 + random.nextInt(30));
                if (random.nextInt(3) == 0) {
                    live.apply(List.of(gone(item)));
                    expected.remove(item);
                } else {
                    int n = random.nextInt(1000);
                    live.apply(List.of(row(item, n)));
                    expected.put(item, n);
                }
                if (random.nextInt(4) == 0 || i == 59) {
                    frame = live.frame(WIDE, HIGH, false);
                    screen.write(repaint.next(frame));
                }
            }
            List<String> lines = lines(screen);
            int top = lines.indexOf(frame.getFirst().stripTrailing());
            assertThat(lines.subList(top, lines.size()))
                    .as("seed " + seed)
                    .isEqualTo(frame.stream().map(String::stripTrailing).toList());
            Map<String, Integer> found = new TreeMap<>();
            for (String line : shownRows(frame)) {
                String[] cells = line.substring(1).split("\\|", -1);
                found.put(cells[0].strip(), Integer.parseInt(cells[1].strip()));
            }
            assertThat(expected).as("seed " + seed).containsAllEntriesOf(found);
            assertThat(found).as("seed " + seed).hasSize(Math.min(expected.size(), room(expected)));
        }
    }

    private static int room(Map<String, Integer> rows) {
        return rows.size() > HIGH - 4 ? HIGH - 5 : HIGH - 4;
    }

    /// The lines of a screen without the empty ones below.
    private static List<String> lines(ScreenTerminal screen) {
        List<String> lines =
                new ArrayList<>(
                        Stream.of(screen.toString().split("\n", -1))
                                .map(String::stripTrailing)
                                .toList());
        while (!lines.isEmpty() && lines.getLast().isEmpty()) {
            lines.removeLast();
        }
        return lines;
    }

    private String frame(int width, int height) {
        StringBuilder text = new StringBuilder();
        table.frame(width, height, false).forEach(line -> text.append(line).append('\n'));
        return text.toString();
    }

    private List<String> shown(int width, int height) {
        return shown(table, width, height);
    }

    private static List<String> shown(LiveTable table, int width, int height) {
        return shownRows(table.frame(width, height, false));
    }

    private static List<String> shownRows(List<String> frame) {
        return frame.stream().skip(2).filter(line -> line.contains("|")).toList();
    }

    private static LiveTable table(Optional<List<Integer>> key) {
        return new LiveTable(new ResultHead(COLUMNS, true, "q7", true, key), Palette.PLAIN);
    }

    private static Row row(String item, int n) {
        return new Row(List.of(new Cell.Text(item), new Cell.Literal(Integer.toString(n))), false);
    }

    private static Row gone(String item) {
        return new Row(List.of(new Cell.Text(item), Cell.Null.NULL), true);
    }
}
