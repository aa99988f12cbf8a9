package dev.weir.repl.topic;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weir.repl.client.ExitCode;

import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.common.KafkaException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import picocli.CommandLine;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;

@Timeout(value = 30, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class TopicCommandTest {
    private final StringWriter err = new StringWriter();

    @Test
    void create_takes_partitions_and_settings() {
        NewTopic topic =
                parsed(
                                CreateTopic.class,
                                "create --topic orders --partitions 4 --config retention.ms=5"
                                        + " --config cleanup.policy=compact,delete")
                        .newTopic();
        assertThat(topic.name()).isEqualTo("orders");
        assertThat(topic.numPartitions()).isEqualTo(4);
        assertThat(topic.configs())
                .isEqualTo(Map.of("retention.ms", "5", "cleanup.policy", "compact,delete"));
        assertThat(parsed(CreateTopic.class, "create orders").newTopic().numPartitions())
                .as("left to the server")
                .isEqualTo(-1);
    }

    @Test
    void produce_understands_kafkas_spelling_of_keys() {
        for (String spelling :
                List.of(
                        "produce t --parse-key --key-separator :",
                        "produce --broker-list h:1 t --property parse.key=true"
                                + " --property key.separator=:",
                        "produce t --reader-property parse.key=true --key-separator :")) {
            ProduceRecords.KeyedLine record =
                    parsed(ProduceRecords.class, spelling).lineFormat().parse(bytes("k:v:w"), 1);
            assertThat(record.key()).as(spelling).isEqualTo(bytes("k"));
            assertThat(record.value()).as(spelling).isEqualTo(bytes("v:w"));
        }
    }

    @Test
    void the_separator_is_a_tab_and_a_line_without_it_is_named() {
        ProduceRecords.LineFormat format =
                parsed(ProduceRecords.class, "produce t --parse-key --null-marker NULL")
                        .lineFormat();
        assertThat(format.parse(bytes("k\tNULL"), 1).value()).isNull();
        assertThat(format.parse(bytes("\tv"), 1).key()).isEmpty();
        assertThatThrownBy(() -> format.parse(bytes("kv"), 7))
                .isInstanceOf(KafkaException.class)
                .hasMessageContaining("line 7");
        assertThat(
                        parsed(ProduceRecords.class, "produce t")
                                .lineFormat()
                                .parse(bytes("k\tv"), 1)
                                .key())
                .isNull();
    }

    @Test
    void consume_reads_committed_records_unless_told_otherwise() {
        assertThat(parsed(ConsumeRecords.class, "consume t").consumerSettings())
                .containsEntry("isolation.level", "read_committed");
        assertThat(
                        parsed(ConsumeRecords.class, "consume t --isolation-level READ_UNCOMMITTED")
                                .consumerSettings())
                .containsEntry("isolation.level", "read_uncommitted");
        assertThat(parsed(ConsumeRecords.class, "consume t -e").consumerSettings())
                .as("no group")
                .doesNotContainKey("group.id");
    }

    @Test
    void a_group_begins_with_what_is_new_unless_told_otherwise_and_commits_what_was_printed() {
        assertThat(parsed(ConsumeRecords.class, "consume t --group g").consumerSettings())
                .containsEntry("group.id", "g")
                .containsEntry("auto.offset.reset", "latest")
                .containsEntry("enable.auto.commit", "false");
        assertThat(
                        parsed(ConsumeRecords.class, "consume t --group g --from-beginning")
                                .consumerSettings())
                .containsEntry("auto.offset.reset", "earliest");
    }

    @Test
    void partitions_and_times_of_a_reset_are_read_as_kafka_writes_them() {
        assertThat(ResetGroup.parse(List.of("a", "b:2,0", "c.d:1")))
                .isEqualTo(Map.of("a", Set.of(), "b", Set.of(0, 2), "c.d", Set.of(1)));
        assertThat(ResetGroup.duration("P1DT2H")).isEqualTo(Duration.ofHours(26));
        Instant noon = Instant.parse("2026-01-31T12:00:00Z");
        assertThat(ResetGroup.dateTime("2026-01-31T12:00:00")).isEqualTo(noon);
        assertThat(ResetGroup.dateTime("2026-01-31T13:00:00.000+01:00")).isEqualTo(noon);
        assertThatThrownBy(() -> ResetGroup.parse(List.of("a:")))
                .isInstanceOf(UsageException.class);
        assertThatThrownBy(() -> ResetGroup.duration("-PT1H")).isInstanceOf(UsageException.class);
        assertThatThrownBy(() -> ResetGroup.dateTime("noon")).isInstanceOf(UsageException.class);
    }

    @Test
    void a_reset_needs_exactly_one_target() {
        for (String wrong :
                List.of(
                        "reset g",
                        "reset g --to-earliest --to-latest",
                        "reset g --to-earliest --execute --dry-run",
                        "reset g --to-earliest --all-topics --topic a",
                        "reset --to-earliest",
                        "reset g --shift-by")) {
            int exit = GroupCommand.run(words(wrong), new PrintWriter(err), new PrintWriter(err));
            assertThat(exit).as(wrong).isEqualTo(ExitCode.USAGE);
        }
    }

    @Test
    void wrong_use_exits_with_2_before_anything_is_sent() {
        for (String wrong :
                List.of(
                        "",
                        "nonsense",
                        "create",
                        "create t --partitions 0",
                        "create t --partitions many",
                        "create a --topic b",
                        "produce t --property parse.keys=true",
                        "consume t --offset 5",
                        "consume t --isolation none",
                        "consume t --group g --partition 0",
                        "alter t",
                        "alter t --config a=1 --delete-config a",
                        "list --server nonsense")) {
            assertThat(run(wrong)).as(wrong).isEqualTo(ExitCode.USAGE);
            assertThat(err.toString()).as(wrong).isNotEmpty();
            err.getBuffer().setLength(0);
        }
    }

    @Test
    void no_broker_exits_with_3_at_once() {
        for (String command : List.of("list", "create t", "describe", "consume t", "delete t")) {
            assertThat(run(command + " -b 127.0.0.1:1"))
                    .as(command)
                    .isEqualTo(ExitCode.CANNOT_CONNECT);
        }
        assertThat(err.toString()).startsWith("cannot connect to 127.0.0.1:1");
    }

    @Test
    void lines_are_found_wherever_reads_are_cut() throws IOException {
        String text = "one\n\ntwo\r\n" + "x".repeat(200_000) + "\nlast";
        long seed = 7;
        Random random = new Random(seed);
        LineReader reader =
                new LineReader(
                        new ByteArrayInputStream(bytes(text)) {
                            @Override
                            public synchronized int read(byte[] to, int offset, int length) {
                                return super.read(
                                        to, offset, Math.min(length, 1 + random.nextInt(5_000)));
                            }
                        });
        List<String> lines = new ArrayList<>();
        for (byte[] line = reader.next(); line != null; line = reader.next()) {
            lines.add(new String(line, StandardCharsets.UTF_8));
        }
        assertThat(lines)
                .as("seed " + seed)
                .containsExactly("one", "", "two", "x".repeat(200_000), "last");
        assertThat(reader.line()).isEqualTo(5);
        assertThat(new LineReader(InputStream.nullInputStream()).next()).isNull();
    }

    private int run(String arguments) {
        return TopicCommand.commandLine()
                .setErr(new PrintWriter(err, true))
                .execute(words(arguments));
    }

    private static <T> T parsed(Class<T> type, String arguments) {
        CommandLine commandLine = TopicCommand.commandLine();
        commandLine.parseArgs(words(arguments));
        CommandLine command = commandLine.getParseResult().subcommand().commandSpec().commandLine();
        return type.cast(command.getCommand());
    }

    private static String[] words(String arguments) {
        return arguments.isEmpty() ? new String[0] : arguments.split(" ", -1);
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
