package dev.weir.repl.topic;

import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.PartitionInfo;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

import java.io.BufferedOutputStream;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.Callable;

@Command(
        name = "consume",
        description = {
            "Prints the records of a topic as they come, until Ctrl-C.",
            "Reads all partitions itself; with --group it shares them with the group's other"
                    + " members, goes on where the group was, and commits what it printed."
        })
final class ConsumeRecords implements Callable<Integer> {
    private static final Duration POLL = Duration.ofMillis(200);

    @Mixin private ServerOption server;
    @Mixin private TopicName topic;
    @Spec private CommandSpec spec;

    @Option(
            names = "--from-beginning",
            description = "the records there are, too, not only new ones")
    private boolean fromBeginning;

    @Option(names = "--offset", paramLabel = "N", description = "starts there; needs --partition")
    private Long offset;

    @Option(names = "--partition", paramLabel = "N", description = "only this partition")
    private Integer partition;

    @Option(
            names = "--group",
            paramLabel = "GROUP",
            description = "reads as a member of this consumer group")
    private String group;

    @Option(names = "--max-messages", paramLabel = "N", description = "leaves after N records")
    private long maxMessages = Long.MAX_VALUE;

    @Option(
            names = {"-e", "--exit"},
            description = "leaves at the end of what is there now")
    private boolean exitAtEnd;

    @Option(
            names = "--timeout-ms",
            paramLabel = "MS",
            description = "leaves when nothing came for so long")
    private long timeoutMs = Long.MAX_VALUE;

    @Option(names = "--print-key", description = "the key before the value")
    private boolean printKey;

    @Option(names = "--print-partition", description = "partition and offset before the record")
    private boolean printPartition;

    @Option(names = "--print-offset", description = "the offset before the record")
    private boolean printOffset;

    @Option(names = "--print-timestamp", description = "the time in milliseconds before the record")
    private boolean printTimestamp;

    @Option(
            names = "--key-separator",
            paramLabel = "TEXT",
            description = "between what is printed of a record (default: a tab)")
    private String separator = "\t";

    @Option(
            names = "--key-format",
            paramLabel = "FORMAT",
            defaultValue = "string",
            description = "string, int, long, double or hex (default: ${DEFAULT-VALUE})")
    private BytesFormat keyFormat = BytesFormat.STRING;

    @Option(
            names = "--value-format",
            paramLabel = "FORMAT",
            defaultValue = "string",
            description = "as for keys")
    private BytesFormat valueFormat = BytesFormat.STRING;

    @Option(
            names = {"--isolation", "--isolation-level"},
            paramLabel = "LEVEL",
            defaultValue = "read_committed",
            description = "read_committed or read_uncommitted (default: ${DEFAULT-VALUE})")
    private String isolation = "read_committed";

    @Option(
            names = {"--property", "--formatter-property"},
            paramLabel = "KEY=VALUE",
            description =
                    "print.key, print.timestamp, print.partition, print.offset, print.value,"
                            + " key.separator or null.literal, as Kafka's tool takes them")
    private Map<String, String> properties = Map.of();

    private boolean printValue = true;
    private byte[] nullLiteral = "null".getBytes(StandardCharsets.US_ASCII);

    @Override
    public Integer call() throws Exception {
        String name = topic.required();
        applyProperties();
        Properties settings = consumerSettings();
        settings.putAll(server.connect().properties());
        long printed = 0;
        try (KafkaConsumer<byte[], byte[]> consumer =
                        new KafkaConsumer<>(
                                settings,
                                new ByteArrayDeserializer(),
                                new ByteArrayDeserializer());
                OutputStream out =
                        new BufferedOutputStream(
                                new FileOutputStream(FileDescriptor.out), 64 << 10)) {
            start(consumer, name);
            printed = copy(consumer, out);
        }
        spec.commandLine()
                .getErr()
                .println("consumed " + printed + (printed == 1 ? " record" : " records"));
        return 0;
    }

    /// @throws UsageException for options that do not go together
    Properties consumerSettings() {
        if (offset != null && partition == null) {
            throw new UsageException("--offset needs --partition");
        }
        if (offset != null && fromBeginning) {
            throw new UsageException("--offset and --from-beginning exclude each other");
        }
        if (group != null && partition != null) {
            throw new UsageException("--group and --partition exclude each other");
        }
        if (maxMessages < 0) {
            throw new UsageException("--max-messages must not be negative, got " + maxMessages);
        }
        Properties settings = new Properties();
        String level = isolation.toLowerCase(Locale.ROOT);
        switch (level) {
            case "read_committed", "read_uncommitted" -> settings.put("isolation.level", level);
            default ->
                    throw new UsageException(
                            "--isolation must be read_committed or read_uncommitted, got "
                                    + isolation);
        }
        settings.put("enable.auto.commit", "false");
        settings.put("allow.auto.create.topics", "false");
        settings.put("auto.offset.reset", group == null || fromBeginning ? "earliest" : "latest");
        if (group != null) {
            settings.put("group.id", group);
        }
        settings.put("default.api.timeout.ms", "15000");
        return settings;
    }

    private void applyProperties() {
        for (Map.Entry<String, String> property : properties.entrySet()) {
            boolean on = Boolean.parseBoolean(property.getValue());
            switch (property.getKey()) {
                case "print.key" -> printKey = on;
                case "print.timestamp" -> printTimestamp = on;
                case "print.partition" -> printPartition = on;
                case "print.offset" -> printOffset = on;
                case "print.value" -> printValue = on;
                case "null.literal" ->
                        nullLiteral = property.getValue().getBytes(StandardCharsets.UTF_8);
                case "key.separator" -> separator = property.getValue();
                default -> throw new UsageException("unknown property " + property.getKey());
            }
        }
    }

    private void start(KafkaConsumer<byte[], byte[]> consumer, String name) {
        List<PartitionInfo> there = consumer.partitionsFor(name);
        List<TopicPartition> wanted =
                there == null
                        ? List.of()
                        : there.stream()
                                .map(info -> new TopicPartition(name, info.partition()))
                                .filter(p -> partition == null || p.partition() == partition)
                                .toList();
        if (wanted.isEmpty()) {
            throw new KafkaException(
                    there == null || there.isEmpty()
                            ? "there is no topic " + name
                            : "topic " + name + " has no partition " + partition);
        }
        if (group != null) {
            consumer.subscribe(List.of(name));
            return;
        }
        consumer.assign(wanted);
        if (offset != null) {
            consumer.seek(wanted.getFirst(), offset);
        } else if (fromBeginning) {
            consumer.seekToBeginning(wanted);
        } else {
            consumer.seekToEnd(wanted);
            // Now, not at the first poll: a record sent after the start must be printed.
            wanted.forEach(consumer::position);
        }
    }

    private long copy(KafkaConsumer<byte[], byte[]> consumer, OutputStream out) throws IOException {
        Map<TopicPartition, Long> ends = new HashMap<>();
        Map<TopicPartition, OffsetAndMetadata> done = new HashMap<>();
        byte[] between = separator.getBytes(StandardCharsets.UTF_8);
        long printed = 0;
        long lastRecordNanos = System.nanoTime();
        while (printed < maxMessages && !(exitAtEnd && atEnd(consumer, ends))) {
            ConsumerRecords<byte[], byte[]> records = consumer.poll(POLL);
            if (exitAtEnd && ends.isEmpty()) {
                // A group hands out partitions some time after the start.
                ends.putAll(consumer.endOffsets(consumer.assignment()));
            }
            for (ConsumerRecord<byte[], byte[]> record : records) {
                Long end = ends.get(new TopicPartition(record.topic(), record.partition()));
                if (printed == maxMessages || (end != null && record.offset() >= end)) {
                    continue;
                }
                print(record, between, out);
                done.put(
                        new TopicPartition(record.topic(), record.partition()),
                        new OffsetAndMetadata(record.offset() + 1));
                printed++;
            }
            out.flush();
            if (group != null && !done.isEmpty()) {
                consumer.commitSync(done);
                done.clear();
            }
            if (!records.isEmpty()) {
                lastRecordNanos = System.nanoTime();
            } else if ((System.nanoTime() - lastRecordNanos) / 1_000_000 > timeoutMs) {
                break;
            }
        }
        return printed;
    }

    private static boolean atEnd(
            KafkaConsumer<byte[], byte[]> consumer, Map<TopicPartition, Long> ends) {
        return !ends.isEmpty()
                && ends.entrySet().stream()
                        .filter(end -> consumer.assignment().contains(end.getKey()))
                        .allMatch(end -> consumer.position(end.getKey()) >= end.getValue());
    }

    private void print(ConsumerRecord<byte[], byte[]> record, byte[] between, OutputStream out)
            throws IOException {
        if (printTimestamp) {
            out.write(Long.toString(record.timestamp()).getBytes(StandardCharsets.US_ASCII));
            out.write(between);
        }
        if (printPartition) {
            out.write(Integer.toString(record.partition()).getBytes(StandardCharsets.US_ASCII));
            out.write(between);
            out.write(Long.toString(record.offset()).getBytes(StandardCharsets.US_ASCII));
            out.write(between);
        }
        if (printOffset && !printPartition) {
            out.write(Long.toString(record.offset()).getBytes(StandardCharsets.US_ASCII));
            out.write(between);
        }
        if (printKey) {
            out.write(record.key() == null ? nullLiteral : keyFormat.text(record.key()));
            if (printValue) {
                out.write(between);
            }
        }
        if (printValue) {
            out.write(record.value() == null ? nullLiteral : valueFormat.text(record.value()));
        }
        out.write('\n');
    }
}
