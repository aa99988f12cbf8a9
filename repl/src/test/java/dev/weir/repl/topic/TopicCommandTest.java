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
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;

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
