package dev.weir.broker;

import dev.weir.broker.partition.OwnProducers;
import dev.weir.broker.request.ProducerIdSource;
import dev.weir.broker.topic.MetadataLog;
import dev.weir.broker.topic.MetadataRecord.ProducerIdsReserved;

import java.util.List;
import java.util.OptionalLong;

/// Hands out producer ids, each once in the life of the data directory. Any thread.
///
/// Ids are reserved in blocks: a block is on disk before its first id is given away, and what is
/// left of it is skipped after a restart.
public final class ProducerIds implements ProducerIdSource {
    private static final long BLOCK = 1000;

    private final MetadataLog log;

    /// Held by who waits for the disk, so that nobody waits for that who need not.
    private final Object reserving = new Object();

    private long next; // guarded by this, as is the next
    private long reserved; // changed by who is reserving

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

    @Override
    public synchronized OptionalLong ready() {
        return next < reserved ? OptionalLong.of(next++) : OptionalLong.empty();
    }

    /// A producer id for a client, which nobody had before. Waits for the disk once in a thousand
    /// calls.
    ///
    /// @throws dev.weir.broker.error.BrokerException with `KAFKA_STORAGE_ERROR` if the disk fails
    @Override
    public long allocate() {
        var ready = ready();
        if (ready.isPresent()) {
            return ready.getAsLong();
        }
        synchronized (reserving) {
            ready = ready(); // another one may have reserved meanwhile
            if (ready.isPresent()) {
                return ready.getAsLong();
            }
            long end = reservedEnd() + BLOCK;
            log.append(List.of(new ProducerIdsReserved(end)));
            return begin(end);
        }
    }

    private synchronized long reservedEnd() {
        return reserved;
    }

    /// The first id of a block that is on disk.
    private synchronized long begin(long end) {
        reserved = end;
        return next++;
    }
}
