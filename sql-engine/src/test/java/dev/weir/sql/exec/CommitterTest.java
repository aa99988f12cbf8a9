package dev.weir.sql.exec;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.sql.error.SqlException;
import dev.weir.sql.exec.JournalRecord.Cut;
import dev.weir.sql.exec.JournalRecord.OutputEnd;
import dev.weir.sql.exec.JournalRecord.Step;
import dev.weir.sql.io.MemoryTopicLog;
import dev.weir.sql.io.TopicPartition;
import dev.weir.sql.state.StateStore;

import org.junit.jupiter.api.Test;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;

class CommitterTest {
    private static final TopicPartition OUT = new TopicPartition("out", 0);

    private static final Producers PRODUCERS = new Producers(77, 78);

    private static Commit step(long number, StepOutputs outputs) {
        return new Commit(
                List.of(
                        new Step(
                                number,
                                JournalRecord.MAIN,
                                false,
                                0,
                                List.of(new Cut("in", 0, number - 1, number)),
                                List.of())),
                outputs,
                number,
                Map.of(),
                0,
                List.of(),
                new Commit.Holding.Nothing());
    }

    private static List<JournalRecord> journal(MemoryTopicLog log) {
        List<JournalRecord> records = new ArrayList<>();
        new Journal(log).read(0, (offset, record) -> records.add(record));
        return records;
    }

    @Test
    void a_step_is_journalled_with_its_output_ends_and_becomes_visible() throws Exception {
        MemoryTopicLog log = new MemoryTopicLog();
        log.createTopic("out", 1, Map.of());
        try (StateStore store = StateStore.inMemory();
                Committer committer =
                        new Committer(
                                log,
                                new Journal(log),
                                store,
                                PRODUCERS,
                                Published.NOTHING,
                                0,
                                new OwnOffsets())) {
            committer.start();
            for (int i = 1; i <= 3; i++) {
                committer.awaitRoom();
                StepOutputs outputs = committer.outputs();
                outputs.block("r", OUT)
                        .append(-1, i, null, ("v" + i).getBytes(StandardCharsets.UTF_8));
                committer.submit(step(i, outputs));
            }
            committer.drain();
            assertThat(committer.published().step()).isEqualTo(3);
        }
        // A record and a commit marker for each step.
        assertThat(journal(log))
                .map(record -> ((Step) record).outputs())
                .containsExactly(
                        List.of(new OutputEnd(OUT, 1)),
                        List.of(new OutputEnd(OUT, 3)),
                        List.of(new OutputEnd(OUT, 5)));
        assertThat(log.committed("out"))
                .map(MemoryTopicLog.Entry::valueText)
                .containsExactly("v1", "v2", "v3");
    }

    @Test
    void wherever_power_fails_nothing_is_journalled_whose_outputs_could_be_lost() {
        for (int seed = 0; seed < 200; seed++) {
            Random random = new Random(seed);
            MemoryTopicLog log = new MemoryTopicLog();
            log.createTopic("out", 1, Map.of());
            Journal journal = new Journal(log);
            log.failAfterWrites(random.nextInt(20));
            try (StateStore store = StateStore.inMemory();
                    Committer committer =
                            new Committer(
                                    log,
                                    journal,
                                    store,
                                    PRODUCERS,
                                    Published.NOTHING,
                                    0,
                                    new OwnOffsets())) {
                committer.start();
                for (int i = 1; i <= 5; i++) {
                    committer.awaitRoom();
                    StepOutputs outputs = committer.outputs();
                    outputs.block("r", OUT)
                            .append(-1, i, null, ("v" + i).getBytes(StandardCharsets.UTF_8));
                    committer.submit(step(i, outputs));
                }
                committer.drain();
            } catch (SqlException | InterruptedException e) {
                assertThat(e).as("seed %s", seed).hasMessageContaining("the engine has stopped");
            }
            MemoryTopicLog after = log.afterPowerLoss(random);
            for (JournalRecord record : journal(after)) {
                for (OutputEnd output : ((Step) record).outputs()) {
                    assertThat(after.endOffset(output.partition()))
                            .as("seed %s", seed)
                            .isGreaterThanOrEqualTo(output.end());
                }
            }
        }
    }
}
