package dev.weir.sql.exec;

import dev.weir.sql.catalog.Relation;
import dev.weir.sql.error.SqlException;
import dev.weir.sql.error.SqlState;
import dev.weir.sql.io.TopicLog;
import dev.weir.sql.io.TopicPartition;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/// How far a query kept by the server is behind a topic that it reads, itself or through other
/// queries.
///
/// @param records offsets between what it has taken in and journalled, and the end of what can be
///   read, summed over the topic's partitions
public record QueryLag(String query, String topic, long records) {
    private static final Logger LOGGER = LoggerFactory.getLogger(QueryLag.class);

    /// The lags of queries at some moment. Of one that has failed, or that has not begun to be
    /// filled, nothing can be said. Any thread.
    static List<QueryLag> of(
            List<QueryNode> queries, Program program, Published published, TopicLog log) {
        Reading reading = new Reading(program, published, log, new HashMap<>());
        List<QueryLag> lags = new ArrayList<>();
        for (QueryNode query : queries) {
            Map<String, long[]> filled =
                    switch (query.state()) {
                        case BACKFILLING -> query.filledTo();
                        case RUNNING -> Map.of();
                        case FAILED -> null;
                    };
            if (filled == null) {
                continue;
            }
            Map<String, Long> byTopic = new TreeMap<>();
            reading.add(query.sources(), filled, new HashSet<>(), byTopic);
            String id = query.info().id();
            byTopic.forEach((topic, records) -> lags.add(new QueryLag(id, topic, records)));
        }
        return lags;
    }

    /// @param ends asked already
    private record Reading(
            Program program, Published published, TopicLog log, Map<TopicPartition, Long> ends) {

        /// @param filled where a query that is being filled has got to in its streams
        /// @param byTopic where two relations over one topic meet, the one that is further behind
        ///   counts
        void add(
                List<String> sources,
                Map<String, long[]> filled,
                Set<String> seen,
                Map<String, Long> byTopic) {
            for (String source : sources) {
                Node node = program.node(source).orElse(null);
                if (node == null || !seen.add(node.relation().name())) {
                    continue;
                }
                Relation relation = node.relation();
                long[] positions =
                        filled.getOrDefault(
                                relation.name(), published.positions().get(relation.name()));
                if (positions != null) {
                    note(relation.topic(), positions, byTopic);
                }
                if (node instanceof QueryNode query) {
                    // What it writes is handed on in the same step: its own sources count.
                    add(query.sources(), Map.of(), seen, byTopic);
                }
            }
        }

        private void note(String topic, long[] positions, Map<String, Long> byTopic) {
            try {
                byTopic.merge(topic, behind(topic, positions), Math::max);
            } catch (SqlException e) {
                // Of a topic that cannot be read nothing can be said; of the others it can.
                LOGGER.debug("how far topic {} was read cannot be told", topic, e);
            }
        }

        private long behind(String topic, long[] positions) {
            long behind = 0;
            for (int p = 0; p < positions.length; p++) {
                long end = ends.computeIfAbsent(new TopicPartition(topic, p), this::end);
                behind += Math.max(0, end - positions[p]);
            }
            return behind;
        }

        private long end(TopicPartition partition) {
            try {
                return log.endOffset(partition);
            } catch (SqlException e) {
                if (e.state() == SqlState.UNDEFINED_OBJECT) {
                    return 0; // the topic is gone, nothing more comes
                }
                throw e;
            }
        }
    }
}
