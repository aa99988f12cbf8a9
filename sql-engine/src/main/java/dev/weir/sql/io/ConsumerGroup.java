package dev.weir.sql.io;

import java.util.List;
import java.util.OptionalLong;

/// A group of consumers and how far it has read.
///
/// @param type which protocol its members speak: `classic`, `consumer`, …
/// @param protocol how they share the partitions, such as `range`; empty when nobody has said so
/// @param state such as `Stable` or `Empty`
/// @param members those that are in the group now
/// @param positions by topic and partition
public record ConsumerGroup(
        String name,
        String type,
        String protocol,
        String state,
        List<Member> members,
        List<Position> positions) {
    public ConsumerGroup {
        members = List.copyOf(members);
        positions = List.copyOf(positions);
    }

    /// A consumer.
    ///
    /// @param host where it is, as the broker saw it
    public record Member(String id, String clientId, String host) {}

    /// How far the group has read a partition.
    ///
    /// @param committed the offset of the record to be read next; empty before the first commit
    /// @param end the offset behind the last record that can be read; empty when the topic is gone
    /// @param reader the member that reads it, or null
    public record Position(
            TopicPartition partition, OptionalLong committed, OptionalLong end, Member reader) {
        /// Records left to read, where both offsets are known.
        public OptionalLong lag() {
            return committed.isEmpty() || end.isEmpty()
                    ? OptionalLong.empty()
                    : OptionalLong.of(Math.max(0, end.getAsLong() - committed.getAsLong()));
        }
    }
}
