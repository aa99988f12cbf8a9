package dev.weir.repl.shell;

import static org.assertj.core.api.Assertions.assertThat;

import org.jline.utils.AttributedString;
import org.jline.utils.AttributedStyle;
import org.junit.jupiter.api.Test;

import java.util.Map;
import java.util.Random;
import java.util.stream.Collectors;

/// Colours are shown as a letter below each character: Keyword, Text, Number, Comment, Wrong, shell
/// command (S); a dot for none.
class SqlHighlighterTest {
    private static final Map<AttributedStyle, String> LETTERS =
            Map.of(
                    SqlHighlighter.KEYWORD, "K",
                    SqlHighlighter.TEXT, "T",
                    SqlHighlighter.NUMBER, "N",
                    SqlHighlighter.COMMENT, "C",
                    SqlHighlighter.WRONG, "W",
                    SqlHighlighter.COMMAND, "S",
                    AttributedStyle.DEFAULT, ".");

    @Test
    void words_text_numbers_and_comments_differ() {
        assertColours("select a1, 'it''s' FROM t -- so", "KKKKKK.....TTTTTTT.KKKK...CCCCC");
        assertColours("x > 1.5e-3 AND \"from\" < 2", "....NNNNNN.KKK..........N");
        assertColours("/* select */ AS", "CCCCCCCCCCCC.KK");
    }

    @Test
    void what_has_no_end_is_red() {
        assertColours("SELECT 'pen", "KKKKKK.WWWW");
        assertColours("SELECT `it", "KKKKKK.WWW");
        assertColours("1 /* so", "N.WWWWW");
    }

    @Test
    void a_bracket_without_partner_is_red_once_the_statement_is_over() {
        assertColours("f(a))", "....W");
        assertColours("f((a", "....");
        assertColours("f((a);", ".W....");
        assertColours("f(')')", "..TTT.");
    }

    @Test
    void a_command_of_the_shell_is_no_sql() {
        assertColours("\\d select", "SS.......");
    }

    /// Whatever is typed, and however it is cut, the line stays as it was typed.
    @Test
    void colouring_changes_no_character() {
        String alphabet = "aS1'\"`-/*();. \n\\日😀e+";
        for (int round = 0; round < 500; round++) {
            long seed = 99L + round;
            Random random = new Random(seed);
            String text =
                    random.ints(
                                    random.nextInt(30),
                                    0,
                                    alphabet.codePointCount(0, alphabet.length()))
                            .mapToObj(i -> alphabet.codePoints().skip(i).limit(1).toArray())
                            .map(points -> new String(points, 0, points.length))
                            .collect(Collectors.joining());
            assertThat(SqlHighlighter.highlight(text).toString())
                    .as("seed " + seed)
                    .isEqualTo(text);
        }
    }

    private static void assertColours(String text, String colours) {
        AttributedString styled = SqlHighlighter.highlight(text);
        StringBuilder letters = new StringBuilder();
        for (int i = 0; i < styled.length(); i++) {
            letters.append(LETTERS.getOrDefault(styled.styleAt(i), "?"));
        }
        assertThat(letters).as(text).hasToString(colours);
    }
}
