package dev.weir.repl.shell;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;

class StatementSplitterTest {
    private static final String SCRIPT =
            """
            -- a comment; with a semicolon
            SELECT 'it''s; fine' FROM "a;b"; SELECT `c;d` -- inside; stays
              , 2 - 1;

            /* block; /* comment */ ;;
            INSERT INTO t VALUES ('--', "/*", 3 / 4 /*/ still; inside */);
            SELECT 1 -- the end\
            """;

    @Test
    void semicolons_in_quotes_and_comments_cut_nothing() {
        assertThat(StatementSplitter.split(SCRIPT))
                .containsExactly(
                        piece(2, "SELECT 'it''s; fine' FROM \"a;b\""),
                        piece(2, "SELECT `c;d` -- inside; stays\n  , 2 - 1"),
                        piece(6, "INSERT INTO t VALUES ('--', \"/*\", 3 / 4 /*/ still; inside */)"),
                        piece(7, "SELECT 1 -- the end"));
    }

    @Test
    void where_the_text_is_cut_into_pieces_does_not_matter() {
        long seed = 20_261_121;
        Random random = new Random(seed);
        for (int run = 0; run < 200; run++) {
            StatementSplitter splitter = new StatementSplitter();
            List<StatementSplitter.Piece> pieces = new ArrayList<>();
            int at = 0;
            while (at < SCRIPT.length()) {
                int end = Math.min(SCRIPT.length(), at + 1 + random.nextInt(9));
                pieces.addAll(splitter.feed(SCRIPT.substring(at, end)));
                at = end;
            }
            splitter.finish().ifPresent(pieces::add);
            assertThat(pieces)
                    .as("seed " + seed + ", run " + run)
                    .isEqualTo(StatementSplitter.split(SCRIPT));
        }
    }

    @Test
    void the_prompt_goes_on_until_the_semicolon() {
        assertThat(StatementParser.isComplete("SELECT 1")).isFalse();
        assertThat(StatementParser.isComplete("SELECT 1;")).isTrue();
        assertThat(StatementParser.isComplete("SELECT 1; -- so\n")).isTrue();
        assertThat(StatementParser.isComplete("SELECT 1; SELECT")).isFalse();
        assertThat(StatementParser.isComplete("SELECT ';")).isFalse();
        assertThat(StatementParser.isComplete("SELECT 1 /* ;")).isFalse();
        assertThat(StatementParser.isComplete("/* SELECT 1;")).isFalse();
        assertThat(StatementParser.isComplete("")).isTrue();
        assertThat(StatementParser.isComplete("exit")).isTrue();
        assertThat(StatementParser.isComplete("help;")).isTrue();
        assertThat(StatementParser.isComplete("\\format csv")).isTrue();
        assertThat(StatementParser.isComplete("help me")).isFalse();
    }

    @Test
    void shell_commands_are_told_from_statements() {
        assertThat(ShellCommand.parse("  EXIT ; ")).contains(new ShellCommand.Quit());
        assertThat(ShellCommand.parse("\\q")).contains(new ShellCommand.Quit());
        assertThat(ShellCommand.parse("\\format json"))
                .contains(new ShellCommand.SetFormat("json"));
        assertThat(ShellCommand.parse("\\d orders"))
                .contains(new ShellCommand.Shorthand("DESCRIBE orders"));
        assertThat(ShellCommand.parse("\\nonsense"))
                .contains(new ShellCommand.Wrong("unknown command \\nonsense; \\? lists them"));
        assertThat(ShellCommand.parse("SELECT 1;")).isEmpty();
        assertThat(ShellCommand.parse("exit the building;")).isEmpty();
    }

    private static StatementSplitter.Piece piece(int line, String text) {
        return new StatementSplitter.Piece(text, line);
    }
}
