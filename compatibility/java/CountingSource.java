import org.apache.kafka.common.config.ConfigDef;
import org.apache.kafka.connect.connector.Task;
import org.apache.kafka.connect.data.Schema;
import org.apache.kafka.connect.source.ConnectorTransactionBoundaries;
import org.apache.kafka.connect.source.ExactlyOnceSupport;
import org.apache.kafka.connect.source.SourceConnector;
import org.apache.kafka.connect.source.SourceRecord;
import org.apache.kafka.connect.source.SourceTask;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/// A source for Kafka Connect that counts: `0`, `1`, `2` … to its setting `last`, and says itself
/// where transactions end, after each 50th. It goes on from the offset that was committed with its
/// records.
public final class CountingSource extends SourceConnector {
    private static final int IN_A_TRANSACTION = 50;
    private static final int IN_A_POLL = 10;

    private Map<String, String> settings;

    @Override
    public void start(Map<String, String> given) {
        settings = given;
    }

    @Override
    public Class<? extends Task> taskClass() {
        return Counter.class;
    }

    @Override
    public List<Map<String, String>> taskConfigs(int most) {
        return List.of(settings);
    }

    @Override
    public void stop() {}

    @Override
    public ConfigDef config() {
        return new ConfigDef()
                .define("topic", ConfigDef.Type.STRING, ConfigDef.Importance.HIGH, "where to")
                .define("last", ConfigDef.Type.INT, ConfigDef.Importance.HIGH, "how far");
    }

    @Override
    public String version() {
        return "1";
    }

    @Override
    public ExactlyOnceSupport exactlyOnceSupport(Map<String, String> given) {
        return ExactlyOnceSupport.SUPPORTED;
    }

    @Override
    public ConnectorTransactionBoundaries canDefineTransactionBoundaries(
            Map<String, String> given) {
        return ConnectorTransactionBoundaries.SUPPORTED;
    }

    /// The task, which counts.
    public static final class Counter extends SourceTask {
        private static final Map<String, String> PARTITION = Map.of("counter", "only");

        private String topic;
        private long last;
        private long next;

        @Override
        public String version() {
            return "1";
        }

        @Override
        public void start(Map<String, String> settings) {
            topic = settings.get("topic");
            last = Long.parseLong(settings.get("last"));
            var offset = context.offsetStorageReader().offset(PARTITION);
            next = offset == null ? 0 : (Long) offset.get("next");
        }

        @Override
        public List<SourceRecord> poll() throws InterruptedException {
            Thread.sleep(30); // slow enough to be killed on the way
            if (next > last) {
                return null;
            }
            var records = new ArrayList<SourceRecord>();
            for (int i = 0; i < IN_A_POLL && next <= last; i++) {
                var record =
                        new SourceRecord(
                                PARTITION,
                                Map.of("next", next + 1),
                                topic,
                                0,
                                Schema.STRING_SCHEMA,
                                Long.toString(next));
                next++;
                if (next % IN_A_TRANSACTION == 0) {
                    context.transactionContext().commitTransaction(record);
                }
                records.add(record);
            }
            return records;
        }

        @Override
        public void stop() {}
    }
}
