package dev.weir.server.session;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class KeywordsTest {
    @Test
    void space_and_comments_before_a_word_do_not_count() {
        assertThat(Keywords.first(" \n-- why\n/* because */ select 1")).isEqualTo("SELECT");
    }

    @Test
    void words_end_at_the_first_other_character() {
        assertThat(Keywords.first("COPY (SELECT 1) TO STDOUT", 3)).containsExactly("COPY", "(");
        assertThat(Keywords.first("SET 'a'='b'", 2)).containsExactly("SET", "'");
    }

    @Test
    void a_word_may_have_a_dollar_sign_in_it() {
        assertThat(Keywords.first("FETCH$ 2 FROM c", 2)).containsExactly("FETCH$", "2");
    }

    @Test
    void a_statement_without_words_has_no_keyword() {
        assertThat(Keywords.first("  -- nothing")).isEmpty();
        assertThat(Keywords.first("/* never closed")).isEmpty();
    }
}
