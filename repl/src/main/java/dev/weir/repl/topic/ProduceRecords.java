package dev.weir.repl.topic;

import org.apache.kafka.common.KafkaException;

import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.Callable;

@Command(name = "produce", description = "Sends each line of standard input as a record.")
final class ProduceRecords implements Callable<Integer> {
    @Mixin private ServerOption server;
    @Mixin private TopicName topic;
    @Spec private CommandSpec spec;

    @Option(names = "--parse-key", description = "a line is key, separator, value")
    private boolean parseKey;

    @Option(
            names = "--key-separator",
            paramLabel = "TEXT",
            description = "between key and value (default: a tab)")
    private String keySeparator = "\t";

    @Option(
            names = "--null-marker",
            paramLabel = "TEXT",
            description = "a key or value that stands for null; a null value deletes a row")
    private String nullMarker;

    @Option(
            names = "--partition",
            paramLabel = "N",
            description = "the partition (default: chosen by the key)")
    private Integer partition;

    @Option(
            names = {"--acks", "--request-required-acks"},
            paramLabel = "ACKS",
            defaultValue = "all",
            description = "all (on disk), 1 or 0 (default: ${DEFAULT-VALUE})")
    private String acks = "all";

    @Option(
            names = {"--compression", "--compression-codec"},
            paramLabel = "CODEC",
            arity = "1",
            defaultValue = "none",
            description = "none, gzip, snappy, lz4 or zstd (default: ${DEFAULT-VALUE})")
    private String compression = "none";

    @Option(
            names = {"--property", "--reader-property"},
            paramLabel = "KEY=VALUE",
            description = "parse.key, key.separator or null.marker, as Kafka's tool takes them")
    private Map<String, String> properties = new LinkedHashMap<>();

    @Option(
            names = {"--producer-property", "--command-property"},
            paramLabel = "KEY=VALUE",
            description = "a setting of the Kafka producer")
    private Map<String, String> producerProperties = new LinkedHashMap<>();

    @Override
    public Integer call() throws Exception {
        String name = topic.required();
        LineFormat format = lineFormat();
        Properties settings = server.connect().properties();
        settings.put("acks", acks);
        settings.put("compression.type", compression);
        if (!acks.equals("all") && !acks.equals("-1")) {
            settings.put("enable.idempotence", "false");
        }
        settings.putAll(producerProperties);
        long count;
        try (InputStream in = new FileInputStream(FileDescriptor.in);
                RecordProducer producer = new RecordProducer(settings)) {
            LineReader lines = new LineReader(in);
            for (byte[] line = lines.next(); line != null; line = lines.next()) {
                KeyedLine record = format.parse(line, lines.line());
                producer.send(name, partition, null, record.key(), record.value());
            }
            producer.flush();
            count = lines.line();
        }
        spec.commandLine()
                .getErr()
                .println("produced " + count + (count == 1 ? " record" : " records"));
        return 0;
    }

    /// Brings the options and Kafka's properties together.
    LineFormat lineFormat() {
        boolean withKey = parseKey;
        String separator = keySeparator;
        String marker = nullMarker;
        for (Map.Entry<String, String> property : properties.entrySet()) {
            switch (property.getKey()) {
                case "parse.key" -> withKey = Boolean.parseBoolean(property.getValue());
                case "key.separator" -> separator = property.getValue();
                case "null.marker" -> marker = property.getValue();
                default -> throw new UsageException("unknown property " + property.getKey());
            }
        }
        if (separator.isEmpty()) {
            throw new UsageException("--key-separator must not be empty");
        }
        return new LineFormat(
                withKey,
                separator.getBytes(StandardCharsets.UTF_8),
                marker == null ? null : marker.getBytes(StandardCharsets.UTF_8));
    }

    /// @param key null for none
    /// @param value null for a deletion
    record KeyedLine(byte[] key, byte[] value) {}

    /// How a line becomes a record.
    ///
    /// @param nullMarker null when nothing stands for null
    record LineFormat(boolean parseKey, byte[] separator, byte[] nullMarker) {
        KeyedLine parse(byte[] line, long number) {
            if (!parseKey) {
                return new KeyedLine(null, unmarked(line));
            }
            int at = indexOf(line, separator);
            if (at < 0) {
                throw new KafkaException(
                        "no key separator in line " + number + "; the lines before it were sent");
            }
            return new KeyedLine(
                    unmarked(Arrays.copyOf(line, at)),
                    unmarked(Arrays.copyOfRange(line, at + separator.length, line.length)));
        }

        private byte[] unmarked(byte[] bytes) {
            return nullMarker != null && Arrays.equals(nullMarker, bytes) ? null : bytes;
        }

        private static int indexOf(byte[] text, byte[] part) {
            for (int i = 0; i + part.length <= text.length; i++) {
                if (Arrays.equals(text, i, i + part.length, part, 0, part.length)) {
                    return i;
                }
            }
            return -1;
        }
    }
}
