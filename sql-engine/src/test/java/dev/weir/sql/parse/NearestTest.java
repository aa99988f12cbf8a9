package dev.weir.sql.parse;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

import java.util.List;

class NearestTest {
    @Test
    void a_mistyped_name_finds_the_one_that_was_meant() {
        List<String> names = List.of("amount", "account", "item");

        assertThat(Nearest.to("amout", names)).contains("amount");
        assertThat(Nearest.to("AMUONT", names)).contains("amount");
        assertThat(Nearest.to("itme", names)).contains("item");
    }

    @Test
    void a_name_far_from_all_finds_none() {
        assertThat(Nearest.to("customer", List.of("amount", "item"))).isEmpty();
        assertThat(Nearest.to("x", List.of("y"))).isEmpty();
    }

    @Test
    void a_swap_of_neighbours_is_one_edit() {
        assertThat(Nearest.distance("form", "from")).isEqualTo(1);
        assertThat(Nearest.distance("kitten", "sitting")).isEqualTo(3);
        assertThat(Nearest.distance("", "abc")).isEqualTo(3);
    }
}
