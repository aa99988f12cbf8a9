package dev.weir.sql.exec;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.sql.batch.Batch;
import dev.weir.sql.batch.Primitive;
import dev.weir.sql.catalog.Format;
import dev.weir.sql.catalog.Relation;
import dev.weir.sql.catalog.RelationColumn;
import dev.weir.sql.catalog.ScanColumn;
import dev.weir.sql.io.MemoryTopicLog;
import dev.weir.sql.io.RecordBlock;
import dev.weir.sql.io.TopicPartition;

import org.junit.jupiter.api.Test;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

class SourceReaderTest {
    private static final long ENGINE = 77;
    private static final Relation COPY =
            new Relation(
                    "copy",
                    Relation.Kind.STREAM,
                    List.of(new RelationColumn("n", Primitive.BIGINT, false)),
                    "numbers",
                    2,
                    Format.NONE,
                    Format.JSON,
                    ',',
                    ',',
                    Optional.empty(),
                    Optional.empty(),
                    true,
                    Optional.empty(),
                    Optional.empty(),
                    "");

    private final MemoryTopicLog log = new MemoryTopicLog();
    private final Origin origin = new Origin();
    private final List<String> seen = new ArrayList<>();

    SourceReaderTest() {
        log.createTopic("numbers", 2, Map.of());
    }

    private SourceReader reader() {
        SourceReader reader = new SourceReader(COPY, log, List.of(origin));
        reader.columns(List.of(new ScanColumn.Value(0, List.of())));
        return reader;
    }

    private void see(Batch batch) {
        for (int i = 0; i < batch.size(); i++) {
            int record = origin.record(i);
            assertThat(origin.knows("copy", i)).isTrue();
            seen.add(
                    batch.longs(0).get(batch.row(i))
                            + " at "
                            + origin.partition(record)
                            + ":"
                            + origin.block().offset(record));
        }
    }

    private void refuse(TopicPartition partition, RecordBlock block, int record, String error) {
        seen.add("refused at " + partition + ":" + block.offset(record));
    }

    @Test
    void what_the_engine_has_written_but_not_committed_is_no_input_yet() {
        SourceReader reader = reader();
        log.send("numbers", 0, 0, null, "{\"n\":1}");
        TopicPartition partition = new TopicPartition("numbers", 0);
        RecordBlock block = new RecordBlock();
        block.append(-1, 0, null, "{\"n\":2}".getBytes(StandardCharsets.UTF_8));
        log.appendOpen(partition, ENGINE, block);
        log.sync(List.of(partition));
        log.send("numbers", 0, 0, null, "{\"n\":3}");

        reader.take(reader.ends(ENGINE), this::see, this::refuse);
        assertThat(seen).containsExactly("1 at numbers-0:0");

        log.mark(partition, ENGINE, true);
        reader.take(reader.ends(ENGINE), this::see, this::refuse);
        assertThat(seen)
                .containsExactly("1 at numbers-0:0", "2 at numbers-0:1", "3 at numbers-0:2");
    }

    @Test
    void each_row_can_be_traced_to_its_record() {
        SourceReader reader = reader();
        log.send("numbers", 1, 0, null, "{\"n\":5}");
        log.send("numbers", 0, 0, null, "{");
        log.send("numbers", 0, 0, null, "{\"n\":6}");
        log.send("numbers", 1, 0, null, "{\"n\":7}");

        assertThat(reader.take(reader.ends(), this::see, this::refuse)).isEqualTo(4);

        assertThat(seen)
                .containsExactly(
                        "refused at numbers-0:0",
                        "6 at numbers-0:1",
                        "5 at numbers-1:0",
                        "7 at numbers-1:1");
        assertThat(reader.positions()).containsExactly(2, 2);
        assertThat(reader.lag(reader.ends())).isZero();
    }
}
