package dev.weir.broker.topic;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;

/// One decision about the broker as a whole. What is not in such a record did not happen.
///
/// Each is stored as a kind byte, a version byte and the fields in the order of the components.
public sealed interface MetadataRecord {

    /// The data directory was made for a new cluster.
    record ClusterCreated(String clusterId) implements MetadataRecord {}

    /// A topic exists from here on.
    record TopicCreated(UUID id, String name, int partitions, Map<String, String> configs)
            implements MetadataRecord {
        public TopicCreated {
            configs = Map.copyOf(configs);
        }
    }

    /// A topic has this many partitions from here on, more than before.
    record PartitionsAdded(UUID id, int partitions) implements MetadataRecord {}

    /// These partitions of a topic have files from here on, until it is deleted. If they are
    /// missing, they were lost.
    record PartitionsStored(UUID id, List<Integer> partitions) implements MetadataRecord {
        public PartitionsStored {
            partitions = List.copyOf(partitions);
        }
    }

    /// A topic has exactly these settings of its own from here on.
    record ConfigsChanged(UUID id, Map<String, String> configs) implements MetadataRecord {
        public ConfigsChanged {
            configs = Map.copyOf(configs);
        }
    }

    /// A topic is gone for everybody; its files may still be there.
    record DeletionStarted(UUID id) implements MetadataRecord {}

    /// The files of a deleted topic are gone too.
    record DeletionFinished(UUID id) implements MetadataRecord {}

    /// Producer ids below `end` may have been handed out.
    record ProducerIdsReserved(long end) implements MetadataRecord {}

    /// A decision of an administrator about groups, clients or users, kept by [AdminSettings].
    sealed interface AdminChange extends MetadataRecord {}

    /// Something other than a topic has exactly these settings of its own from here on.
    ///
    /// @param type Kafka's number of the kind of resource, such as that of groups
    record ResourceConfigsChanged(byte type, String name, Map<String, String> configs)
            implements AdminChange {
        public ResourceConfigsChanged {
            configs = Map.copyOf(configs);
        }
    }

    /// Clients have exactly these quotas from here on.
    ///
    /// @param entity whom they hold for: names by `user`, `client-id` and `ip`, where
    ///   [AdminSettings#DEFAULT_NAME] stands for all without quotas of their own
    record QuotasChanged(Map<String, String> entity, Map<String, Double> quotas)
            implements AdminChange {
        public QuotasChanged {
            entity = Map.copyOf(entity);
            quotas = Map.copyOf(quotas);
        }
    }

    /// A user can prove who it is in this way from here on.
    record ScramCredentialSet(String user, ScramCredential credential) implements AdminChange {}

    /// A user cannot any more.
    ///
    /// @param mechanism Kafka's number of it
    record ScramCredentialRemoved(String user, byte mechanism) implements AdminChange {}

    /// An access rule is there from here on.
    record AccessRuleAdded(AccessRule rule) implements AdminChange {}

    /// It is not any more.
    record AccessRuleRemoved(AccessRule rule) implements AdminChange {}

    /// The record as bytes.
    default byte[] encode() {
        var bytes = new ByteArrayOutputStream(64);
        try (var out = new DataOutputStream(bytes)) {
            switch (this) {
                case ClusterCreated(var clusterId) -> {
                    head(out, 1);
                    out.writeUTF(clusterId);
                }
                case TopicCreated(var id, var name, var partitions, var configs) -> {
                    head(out, 2);
                    write(out, id);
                    out.writeUTF(name);
                    out.writeInt(partitions);
                    write(out, configs);
                }
                case PartitionsAdded(var id, var partitions) -> {
                    head(out, 3);
                    write(out, id);
                    out.writeInt(partitions);
                }
                case ConfigsChanged(var id, var configs) -> {
                    head(out, 4);
                    write(out, id);
                    write(out, configs);
                }
                case DeletionStarted(var id) -> {
                    head(out, 5);
                    write(out, id);
                }
                case DeletionFinished(var id) -> {
                    head(out, 6);
                    write(out, id);
                }
                case ProducerIdsReserved(var end) -> {
                    head(out, 7);
                    out.writeLong(end);
                }
                case ResourceConfigsChanged(var type, var name, var configs) -> {
                    head(out, 8);
                    out.writeByte(type);
                    out.writeUTF(name);
                    write(out, configs);
                }
                case QuotasChanged(var entity, var quotas) -> {
                    head(out, 9);
                    write(out, entity);
                    out.writeInt(quotas.size());
                    for (var quota : new TreeMap<>(quotas).entrySet()) {
                        out.writeUTF(quota.getKey());
                        out.writeDouble(quota.getValue());
                    }
                }
                case ScramCredentialSet(var user, var credential) -> {
                    head(out, 10);
                    out.writeUTF(user);
                    out.writeByte(credential.mechanism());
                    out.writeInt(credential.iterations());
                    out.writeUTF(credential.salt());
                    out.writeUTF(credential.storedKey());
                    out.writeUTF(credential.serverKey());
                }
                case ScramCredentialRemoved(var user, var mechanism) -> {
                    head(out, 11);
                    out.writeUTF(user);
                    out.writeByte(mechanism);
                }
                case AccessRuleAdded(var rule) -> {
                    head(out, 12);
                    write(out, rule);
                }
                case AccessRuleRemoved(var rule) -> {
                    head(out, 13);
                    write(out, rule);
                }
                case PartitionsStored(var id, var partitions) -> {
                    head(out, 14);
                    write(out, id);
                    out.writeInt(partitions.size());
                    for (int index : partitions) {
                        out.writeInt(index);
                    }
                }
            }
        } catch (IOException impossible) {
            throw new UncheckedIOException(impossible);
        }
        return bytes.toByteArray();
    }

    /// Reads a record back.
    ///
    /// @throws IllegalStateException if the bytes are not one of ours: written by a later version,
    ///   or damaged in spite of a matching checksum
    static MetadataRecord decode(byte[] bytes) {
        try (var in = new DataInputStream(new ByteArrayInputStream(bytes))) {
            int kind = in.readByte();
            int version = in.readByte();
            if (version != 0) {
                throw new IllegalStateException(
                        "metadata record of kind " + kind + " has unknown version " + version);
            }
            return switch (kind) {
                case 1 -> new ClusterCreated(in.readUTF());
                case 2 -> new TopicCreated(readId(in), in.readUTF(), in.readInt(), readMap(in));
                case 3 -> new PartitionsAdded(readId(in), in.readInt());
                case 4 -> new ConfigsChanged(readId(in), readMap(in));
                case 5 -> new DeletionStarted(readId(in));
                case 6 -> new DeletionFinished(readId(in));
                case 7 -> new ProducerIdsReserved(in.readLong());
                case 8 -> new ResourceConfigsChanged(in.readByte(), in.readUTF(), readMap(in));
                case 9 -> new QuotasChanged(readMap(in), readQuotas(in));
                case 10 -> new ScramCredentialSet(in.readUTF(), readCredential(in));
                case 11 -> new ScramCredentialRemoved(in.readUTF(), in.readByte());
                case 12 -> new AccessRuleAdded(readRule(in));
                case 13 -> new AccessRuleRemoved(readRule(in));
                case 14 -> new PartitionsStored(readId(in), readIndexes(in));
                default ->
                        throw new IllegalStateException("metadata record of unknown kind " + kind);
            };
        } catch (IOException e) {
            throw new IllegalStateException("metadata record ends too early", e);
        }
    }

    private static void head(DataOutputStream out, int kind) throws IOException {
        out.writeByte(kind);
        out.writeByte(0);
    }

    private static void write(DataOutputStream out, UUID id) throws IOException {
        out.writeLong(id.getMostSignificantBits());
        out.writeLong(id.getLeastSignificantBits());
    }

    private static void write(DataOutputStream out, Map<String, String> map) throws IOException {
        out.writeInt(map.size());
        for (var entry : new TreeMap<>(map).entrySet()) {
            out.writeUTF(entry.getKey());
            out.writeUTF(entry.getValue());
        }
    }

    private static UUID readId(DataInputStream in) throws IOException {
        return new UUID(in.readLong(), in.readLong());
    }

    private static List<Integer> readIndexes(DataInputStream in) throws IOException {
        var indexes = new ArrayList<Integer>();
        for (int left = in.readInt(); left > 0; left--) {
            indexes.add(in.readInt());
        }
        return indexes;
    }

    private static Map<String, String> readMap(DataInputStream in) throws IOException {
        var map = new TreeMap<String, String>();
        for (int left = in.readInt(); left > 0; left--) {
            map.put(in.readUTF(), in.readUTF());
        }
        return map;
    }

    private static Map<String, Double> readQuotas(DataInputStream in) throws IOException {
        var quotas = new TreeMap<String, Double>();
        for (int left = in.readInt(); left > 0; left--) {
            quotas.put(in.readUTF(), in.readDouble());
        }
        return quotas;
    }

    private static ScramCredential readCredential(DataInputStream in) throws IOException {
        return new ScramCredential(
                in.readByte(), in.readInt(), in.readUTF(), in.readUTF(), in.readUTF());
    }

    private static void write(DataOutputStream out, AccessRule rule) throws IOException {
        out.writeByte(rule.resourceType());
        out.writeUTF(rule.resourceName());
        out.writeByte(rule.patternType());
        out.writeUTF(rule.principal());
        out.writeUTF(rule.host());
        out.writeByte(rule.operation());
        out.writeByte(rule.permission());
    }

    private static AccessRule readRule(DataInputStream in) throws IOException {
        return new AccessRule(
                in.readByte(),
                in.readUTF(),
                in.readByte(),
                in.readUTF(),
                in.readUTF(),
                in.readByte(),
                in.readByte());
    }
}
