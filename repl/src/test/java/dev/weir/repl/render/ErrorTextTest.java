package dev.weir.repl.render;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.repl.client.StatementError;

import org.junit.jupiter.api.Test;

class ErrorTextTest {
    @Test
    void the_word_at_the_place_is_marked_in_its_line() {
        StatementError error =
                new StatementError("42703", "column \"amout\" does not exist", "Try amount.", 2, 8);
        assertThat(
                        ErrorText.of(
                                error,
                                "q.sql:7",
                                "SELECT item,\n\t本本 +  amout FROM orders",
                                Palette.PLAIN))
                .isEqualTo(
                        """
                        q.sql:7: ERROR:  column "amout" does not exist   [42703]
                           本本 +  amout FROM orders
                                   ^^^^^
                        HINT:   Try amount.
                        """);
    }

    @Test
    void a_place_at_the_end_of_the_text_is_marked_behind_it() {
        StatementError error = new StatementError("42601", "unexpected end", "", 1, 7);
        assertThat(ErrorText.of(error, "", "SELECT", Palette.PLAIN))
                .isEqualTo(
                        """
                        ERROR:  unexpected end   [42601]
                          SELECT
                                ^
                        """);
    }

    @Test
    void an_error_without_or_with_an_impossible_place_shows_no_line() {
        assertThat(ErrorText.of(StatementError.of("no"), "", "SELECT 1", Palette.PLAIN))
                .isEqualTo("ERROR:  no\n");
        assertThat(
                        ErrorText.of(
                                new StatementError("XX000", "no", "", 9, 1),
                                "",
                                "SELECT 1",
                                Palette.PLAIN))
                .isEqualTo("ERROR:  no   [XX000]\n");
    }
}
