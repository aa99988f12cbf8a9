package dev.weir.repl.shell;

import java.util.Locale;
import java.util.Set;

/// The words that the shell colours and completes.
final class Keywords {
    private static final Set<String> ALL =
            Set.of(
                    """
                    ALL ALTER AND ANALYZE ANY ARRAY AS ASC ASSERT AVG BETWEEN BIGINT BOOLEAN BY BYTES
                    CANCEL CASCADE CASE CAST CHANGES COLUMN CONNECTOR CONNECTORS CONSUMER COPY COUNT CREATE CROSS
                    CUMULATE DATE DAY DAYS DECIMAL DEFINE DELETE DESC DESCRIBE DISTINCT DOUBLE DROP ELSE
                    EMIT END EXCEPT EXISTS EXPLAIN EXTENDED FALSE FINAL FOR FROM FULL FUNCTION FUNCTIONS
                    GRACE GROUP GROUPS HAVING HOP HOPPING HOUR HOURS IF IN INNER INSERT INT INTEGER INTERSECT
                    INTERVAL INTO IS JOIN KEY LEFT LIKE LIMIT LIST MAP MATERIALIZED MAX MIN MINUTE
                    MINUTES MONTH NOT NULL OFFSET ON OR ORDER OUTER OVER PARTITION PARTITIONS PAUSE
                    PERIOD PRIMARY PRINT PROPERTIES QUERIES QUERY REPLACE RESUME RIGHT SECOND SECONDS
                    SELECT SESSION SET SHOW SIZE STDOUT STREAM STREAMS STRING STRUCT SUM TABLE TABLES
                    TERMINATE THEN TIME TIMESTAMP TO TOPIC TOPICS TRUE TUMBLE TUMBLING TYPE TYPES
                    UNDEFINE UNION UNSET UPDATE USING VALUES VARCHAR VARIABLES VIEW WATERMARK WHEN WHERE
                    WINDOW WITH WITHIN YEAR
                    """
                            .strip()
                            .split("\\s+", -1));

    private Keywords() {}

    static boolean contains(String word) {
        return ALL.contains(word.toUpperCase(Locale.ROOT));
    }

    static Set<String> all() {
        return ALL;
    }
}
