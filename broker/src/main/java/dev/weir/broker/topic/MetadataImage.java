package dev.weir.broker.topic;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;

/// What all records of the [MetadataLog] up to some point add up to. [#apply] alone changes it,
/// during recovery and in normal life. Not thread-safe: replayed by the opener of the log, then
/// owned by [Topics].
public final class MetadataImage {
    /// A topic as described, without its partitions' logs.
    ///
    /// @param configs the settings it has of its own
    public record Description(UUID id, String name, int partitions, Map<String, String> configs) {}

    private String clusterId = "";
    private long producerIdsEnd;
    private final Map<UUID, Description> topics = new LinkedHashMap<>();
    private final Map<UUID, Description> deleting = new LinkedHashMap<>();
    private final Map<UUID, BitSet> stored = new HashMap<>(); // of topics that exist
    private final AdminSettings.Image admin = new AdminSettings.Image();

    /// Takes one record in.
    public void apply(MetadataRecord event) {
        switch (event) {
            case MetadataRecord.ClusterCreated(var id) -> clusterId = id;
            case MetadataRecord.TopicCreated(var id, var name, var partitions, var configs) ->
                    topics.put(id, new Description(id, name, partitions, configs));
            case MetadataRecord.PartitionsAdded(var id, var partitions) ->
                    topics.computeIfPresent(
                            id, (_, t) -> new Description(id, t.name, partitions, t.configs));
            case MetadataRecord.ConfigsChanged(var id, var configs) ->
                    topics.computeIfPresent(
                            id, (_, t) -> new Description(id, t.name, t.partitions, configs));
            case MetadataRecord.PartitionsStored(var id, var partitions) -> {
                if (topics.containsKey(id)) {
                    var all = stored.computeIfAbsent(id, _ -> new BitSet());
                    partitions.forEach(all::set);
                }
            }
            case MetadataRecord.DeletionStarted(var id) -> {
                stored.remove(id);
                var gone = topics.remove(id);
                if (gone != null) {
                    deleting.put(id, gone);
                }
            }
            case MetadataRecord.DeletionFinished(var id) -> deleting.remove(id);
            case MetadataRecord.ProducerIdsReserved(var end) ->
                    producerIdsEnd = Math.max(producerIdsEnd, end);
            case MetadataRecord.AdminChange change -> AdminSettings.apply(admin, change);
        }
    }

    /// The part about groups, clients and users, which [AdminSettings] owns after the replay.
    AdminSettings.Image admin() {
        return admin;
    }

    /// The cluster's id, empty before there is one.
    public String clusterId() {
        return clusterId;
    }

    /// One more than the highest producer id that may have been handed out.
    public long producerIdsEnd() {
        return producerIdsEnd;
    }

    /// The topics that exist.
    public Collection<Description> topics() {
        return topics.values();
    }

    /// Whether a partition of a topic that exists is known to have files.
    boolean isStored(UUID topic, int partition) {
        var all = stored.get(topic);
        return all != null && all.get(partition);
    }

    /// Deleted topics whose files may still be there.
    public Collection<Description> deleting() {
        return deleting.values();
    }

    /// The fewest records that add up to this image.
    public List<MetadataRecord> snapshot() {
        var records = new ArrayList<MetadataRecord>();
        records.add(new MetadataRecord.ClusterCreated(clusterId));
        records.add(new MetadataRecord.ProducerIdsReserved(producerIdsEnd));
        for (var t : deleting.values()) {
            records.add(new MetadataRecord.TopicCreated(t.id, t.name, t.partitions, t.configs));
            records.add(new MetadataRecord.DeletionStarted(t.id));
        }
        for (var t : topics.values()) {
            records.add(new MetadataRecord.TopicCreated(t.id, t.name, t.partitions, t.configs));
            var all = stored.get(t.id);
            if (all != null) {
                records.add(
                        new MetadataRecord.PartitionsStored(t.id, all.stream().boxed().toList()));
            }
        }
        records.addAll(admin.snapshot());
        return records;
    }
}
