package dev.weir.sql.exec;

import dev.weir.sql.io.TopicPartition;

import java.util.Map;

/// What everybody may see: the last step that is journalled, how far it read, and how far it wrote.
///
/// @param step its number; 0 before the first
/// @param positions for each relation that is read its next offsets by partition; the arrays are
///   not changed any more
/// @param outputEnds one past the last record of derived relations in each partition
record Published(long step, Map<String, long[]> positions, Map<TopicPartition, Long> outputEnds) {
    static final Published NOTHING = new Published(0, Map.of(), Map.of());
}
