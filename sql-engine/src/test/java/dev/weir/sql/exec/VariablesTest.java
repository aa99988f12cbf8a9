package dev.weir.sql.exec;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

import java.util.Map;

class VariablesTest {
    private static String substitute(String text) {
        return Variables.substitute(text, Map.of("a", "1", "price", "$5 \\ '"));
    }

    @Test
    void names_ignore_case_and_values_stand_as_they_are() {
        assertThat(substitute("x ${a} ${A} '${Price}'")).isEqualTo("x 1 1 '$5 \\ ''");
    }

    @Test
    void what_is_no_variable_stays() {
        assertThat(substitute("$a ${b} ${} ${a b} $ { a }"))
                .isEqualTo("$a ${b} ${} ${a b} $ { a }");
    }

    @Test
    void a_doubled_sign_is_no_reference() {
        assertThat(substitute("$${a} ${a}")).isEqualTo("${a} 1");
        assertThat(Variables.substitute("$${a}", Map.of())).isEqualTo("${a}");
    }
}
