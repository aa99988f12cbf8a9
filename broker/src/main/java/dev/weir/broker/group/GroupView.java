package dev.weir.broker.group;

import org.apache.kafka.common.TopicPartition;

import java.util.List;

/// A group as somebody sees it who looks on from outside.
///
/// @param type how its members agree: `Classic`, `Consumer`, `Streams`, …
/// @param protocol what they agree by: the assignor, or the kind of a classic group without members
/// @param state such as `Stable` or `Empty`
/// @param positions what the group has committed or a member reads, by topic and partition
public record GroupView(
        String name,
        String type,
        String protocol,
        String state,
        List<Member> members,
        List<Position> positions) {
    /// Said where there is no such offset.
    public static final long NONE = -1;

    public GroupView {
        members = List.copyOf(members);
        positions = List.copyOf(positions);
    }

    /// A consumer.
    ///
    /// @param instanceId of a static member, else empty
    /// @param host where it is, as the broker saw it
    public record Member(
            String id,
            String instanceId,
            String clientId,
            String host,
            List<TopicPartition> assigned) {
        public Member {
            assigned = List.copyOf(assigned);
        }
    }

    /// How far a group has read a partition.
    ///
    /// @param committed the offset of the next record to read, or [#NONE]
    /// @param end the offset after the last record that can be read, or [#NONE] where the partition
    ///   cannot be used or is gone
    /// @param reader the member that reads it, or null
    public record Position(TopicPartition partition, long committed, long end, Member reader) {
        /// Records between the committed offset and the end, or [#NONE] where one of them is not
        /// known.
        public long lag() {
            return committed == NONE || end == NONE ? NONE : Math.max(0, end - committed);
        }
    }

    /// Records not read yet, of the partitions where that is known.
    public long lag() {
        return positions.stream().mapToLong(p -> Math.max(0, p.lag())).sum();
    }
}
