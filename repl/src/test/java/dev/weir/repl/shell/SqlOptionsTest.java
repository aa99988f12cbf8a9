package dev.weir.repl.shell;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weir.repl.client.ServerAddress;
import dev.weir.repl.render.Format;

import org.junit.jupiter.api.Test;

import java.nio.file.Path;

class SqlOptionsTest {
    @Test
    void options_take_their_value_after_a_space_or_an_equals_sign() {
        SqlOptions options =
                SqlOptions.parse(
                        new String[] {
                            "--server=http://h:1", "-e", "SELECT 1", "--format", "JSONL"
                        });
        assertThat(options.server()).isEqualTo(new ServerAddress("h", 1));
        assertThat(options.execute()).contains("SELECT 1");
        assertThat(options.format()).isEqualTo(Format.JSONL);
        assertThat(SqlOptions.parse(new String[] {"-f", "-"}).file()).contains(Path.of("-"));
    }

    @Test
    void wrong_use_is_named() {
        assertThatThrownBy(() -> SqlOptions.parse(new String[] {"--nonsense"}))
                .hasMessageContaining("--nonsense");
        assertThatThrownBy(() -> SqlOptions.parse(new String[] {"-e"}))
                .hasMessageContaining("needs a value");
        assertThatThrownBy(() -> SqlOptions.parse(new String[] {"--format", "xml"}))
                .hasMessageContaining("table, vertical, csv, json or jsonl");
        assertThatThrownBy(() -> SqlOptions.parse(new String[] {"-e", "x", "-f", "y"}))
                .hasMessageContaining("exclude");
    }
}
