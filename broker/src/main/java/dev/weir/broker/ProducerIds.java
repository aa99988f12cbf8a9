package dev.weir.broker;

import dev.weir.broker.partition.OwnProducers;
import dev.weir.broker.topic.MetadataLog;
import dev.weir.broker.topic.MetadataRecord.ProducerIdsReserved;

import java.util.List;

/// Hands out producer ids, each once in the life of the data directory. Any thread.
///
/// Ids are reserved in blocks: a block is on disk before its first id is given away, and what is
/// left of it is skipped after a restart.
public final class ProducerIds {
    private static final long BLOCK = 1000;

    private final MetadataLog log;
    private long next;
    private long reserved;

    /// @param log where blocks are reserved
    /// @param firstFree one more than the highest id that may have been given away
    ProducerIds(MetadataLog log, long firstFree) {
        this.log = log;
        this.next = firstFree;
        this.reserved = firstFree;
    }

    /// A producer id of this process itself nobody had before; see [OwnProducers]. Waits like
    /// [#allocate].
    public long allocateOwn() {
        return OwnProducers.FIRST + allocate();
    }

    /// A producer id for a client, which nobody had before. Waits for the disk once in a thousand
    /// calls.
    ///
    /// @throws dev.weir.broker.error.BrokerException with `KAFKA_STORAGE_ERROR` if the disk fails
    public synchronized long allocate() {
        if (next == reserved) {
            log.append(List.of(new ProducerIdsReserved(reserved + BLOCK)));
            reserved += BLOCK;
        }
        return next++;
    }
}
