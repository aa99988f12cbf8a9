package dev.weir.sql.analyze;

import java.util.Collection;
import java.util.Map;
import java.util.OptionalInt;

/// The context of a statement that is only explained: it takes no number.
record DryRun(AnalyzerContext context) implements AnalyzerContext {
    @Override
    public OptionalInt topicPartitions(String topic) {
        return context.topicPartitions(topic);
    }

    @Override
    public Collection<String> topicNames() {
        return context.topicNames();
    }

    @Override
    public long nextQueryNumber() {
        return 0;
    }

    @Override
    public Map<String, String> properties() {
        return context.properties();
    }

    @Override
    public int defaultPartitions() {
        return context.defaultPartitions();
    }

    @Override
    public long nowMs() {
        return context.nowMs();
    }
}
