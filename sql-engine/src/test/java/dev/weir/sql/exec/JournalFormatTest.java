package dev.weir.sql.exec;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weir.sql.error.SqlException;
import dev.weir.sql.exec.JournalRecord.Cut;
import dev.weir.sql.exec.JournalRecord.Failed;
import dev.weir.sql.exec.JournalRecord.Opened;
import dev.weir.sql.exec.JournalRecord.OutputEnd;
import dev.weir.sql.exec.JournalRecord.Statement;
import dev.weir.sql.exec.JournalRecord.Step;
import dev.weir.sql.io.TopicPartition;

import org.junit.jupiter.api.Test;

import java.util.List;
import java.util.Map;
import java.util.Optional;

class JournalFormatTest {
    private static final Statement STATEMENT =
            new Statement(
                    7,
                    "CREATE STREAM größe WITH (…)",
                    true,
                    300,
                    70_000,
                    Map.of("auto.offset.reset", "latest"),
                    Map.of("orders", 4),
                    "id");
    private static final Step STEP =
            new Step(
                    Long.MAX_VALUE,
                    "totals",
                    true,
                    1_700_000_000_000L,
                    List.of(new Cut("orders", 3, 128, 1L << 40), new Cut("orders", 0, 5, 5)),
                    List.of(new OutputEnd(new TopicPartition("totals", 1), 99)));

    @Test
    void every_record_comes_back_as_it_was_written() {
        for (JournalRecord record :
                List.of(
                        new Opened(new Producers(4711, 4712)),
                        STATEMENT,
                        STEP,
                        new Failed("totals", "disk full"))) {
            assertThat(JournalFormat.read(JournalFormat.write(record))).isEqualTo(record);
        }
    }

    @Test
    void any_flipped_bit_is_noticed() {
        byte[] bytes = JournalFormat.write(STEP);
        for (int bit = 0; bit < bytes.length * 8; bit++) {
            byte[] damaged = bytes.clone();
            damaged[bit / 8] ^= (byte) (1 << (bit % 8));
            assertThatThrownBy(() -> JournalFormat.read(damaged))
                    .isInstanceOf(SqlException.class)
                    .hasMessageContaining("damaged");
        }
    }

    @Test
    void a_mark_comes_back_as_it_was_written() {
        Mark mark =
                new Mark(
                        12,
                        345,
                        new Producers(1000, 1001),
                        8,
                        4,
                        19,
                        List.of(
                                new Mark.Entry(STATEMENT, Mark.Fate.RUNNING, ""),
                                new Mark.Entry(
                                        STATEMENT,
                                        Mark.Fate.BACKFILLING,
                                        "",
                                        Optional.of(
                                                new Mark.Filling(
                                                        true,
                                                        Map.of("orders", new long[] {7, 0})))),
                                new Mark.Entry(STATEMENT, Mark.Fate.FAILED, "why")),
                        Map.of("orders", new long[] {1, 1L << 50, 0}),
                        List.of(new OutputEnd(new TopicPartition("totals", 0), 17)));

        Mark read = Mark.read(mark.write());

        assertThat(read).usingRecursiveComparison().isEqualTo(mark);
    }
}
