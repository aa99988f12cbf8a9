package dev.weir.sql.exec;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.weir.sql.error.SqlException;
import dev.weir.sql.error.SqlState;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;

/// Text between delimiters of one's choice, into tables and out of queries.
@Timeout(60)
class DelimitedTest {
    private static final List<String> HARD =
            List.of("a|b", "a b", "tab\there", "two\nlines", "a \"quote\"", "a,b;c", "", "-1.5");

    @TempDir Path dir;

    @ParameterizedTest
    @ValueSource(strings = {"|", ";", ",", "TAB", "space", "-", ".", "1", "é"})
    void any_text_survives_between_any_delimiters(String delimiter) {
        try (EngineFixture engine = new EngineFixture(dir)) {
            engine.run(
                    "CREATE TABLE t (k1 INT PRIMARY KEY, k2 VARCHAR PRIMARY KEY, s VARCHAR, d"
                            + " DOUBLE, day DATE) WITH (FORMAT = 'DELIMITED', KEY_DELIMITER = '"
                            + delimiter
                            + "', VALUE_DELIMITER = '"
                            + delimiter
                            + "')");
            for (int i = 0; i < HARD.size(); i++) {
                String text = "'" + HARD.get(i) + "'";
                engine.run(
                        "INSERT INTO t VALUES ("
                                + i
                                + ", "
                                + text
                                + ", "
                                + text
                                + ", -1.5, '2024-02-29')");
            }
            engine.run("INSERT INTO t VALUES (99, 'n', NULL, NULL, NULL)");
            for (int i = 0; i < HARD.size(); i++) {
                Object[] row =
                        engine.run("SELECT k2, s, d, day FROM t WHERE k1 = " + i)
                                .asRows()
                                .rows()
                                .getFirst();
                assertThat(Arrays.toString(row))
                        .isEqualTo("[" + HARD.get(i) + ", " + HARD.get(i) + ", -1.5, 2024-02-29]");
            }
            assertThat(engine.run("SELECT s, d, day FROM t WHERE k1 = 99").asRows().rows())
                    .map(Arrays::toString)
                    .containsExactly("[null, null, null]");
        }
    }

    @Test
    void records_of_others_are_read_with_their_delimiter() throws InterruptedException {
        try (EngineFixture engine = new EngineFixture(dir)) {
            engine.run(
                    "CREATE STREAM s (a INT, b VARCHAR, c DOUBLE) WITH (VALUE_FORMAT ="
                            + " 'DELIMITED', VALUE_DELIMITER = '|', PARTITIONS = 1)");
            engine.run("CREATE TABLE n AS SELECT b, SUM(a) AS total FROM s GROUP BY b");
            engine.send("s", 1, null, "1|x,y|2.5");
            engine.send("s", 2, null, "2|\"x,y\"|");
            engine.send("s", 3, null, "4|\"p|q\"|1e3");
            engine.send("s", 4, null, "8,x,1");
            assertThat(engine.run("SELECT b, total FROM n").asRows().rows())
                    .map(Arrays::toString)
                    .containsExactlyInAnyOrder("[x,y, 3]", "[p|q, 4]");
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '~',
            quoteCharacter = '`',
            textBlock =
                    """
                    VALUE_FORMAT = 'DELIMITED', VALUE_DELIMITER = '||'
                    VALUE_FORMAT = 'DELIMITED', VALUE_DELIMITER = ''
                    VALUE_FORMAT = 'DELIMITED', VALUE_DELIMITER = '"'
                    VALUE_FORMAT = 'DELIMITED', VALUE_DELIMITER = '😀'
                    VALUE_FORMAT = 'JSON', VALUE_DELIMITER = '|'
                    VALUE_FORMAT = 'DELIMITED', KEY_DELIMITER = '|'
                    VALUE_DELIMITER = '|'
                    """)
    void what_cannot_delimit_is_refused(String properties) {
        try (EngineFixture engine = new EngineFixture(dir)) {
            SqlException refused =
                    catchThrowableOfType(
                            SqlException.class,
                            () -> engine.run("CREATE STREAM s (a INT) WITH (" + properties + ")"));
            assertThat(refused).as(properties).isNotNull();
            assertThat(refused.state()).isEqualTo(SqlState.INVALID_PARAMETER);
            assertThat(refused.position()).isPresent();
            assertThat(refused.hint()).isPresent();
        }
    }
}
