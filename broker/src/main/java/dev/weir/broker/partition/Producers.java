package dev.weir.broker.partition;

import dev.weir.broker.log.ActiveProducer;
import dev.weir.broker.log.Log;
import dev.weir.broker.log.OpenTransaction;

import java.nio.ByteBuffer;
import java.time.InstantSource;
import java.util.List;
import java.util.OptionalLong;

/// What a partition knows of those who wrote to it and of their transactions. Any thread: each
/// question takes the append lock, since appends change the answers.
final class Producers {
    private final Log log;
    private final InstantSource clock;
    private final Locks locks;

    Producers(Log log, InstantSource clock, Locks locks) {
        this.log = log;
        this.clock = clock;
        this.locks = locks;
    }

    /// See [Partition#verification].
    OptionalLong verification(long producerId, short producerEpoch) {
        locks.append.lock();
        try {
            return log.verification(producerId, producerEpoch);
        } finally {
            locks.append.unlock();
        }
    }

    /// See [Partition#beginVerification].
    OptionalLong beginVerification(ByteBuffer batch, boolean bumping) {
        locks.append.lock();
        try {
            return log.beginVerification(batch, bumping, clock.millis());
        } finally {
            locks.append.unlock();
        }
    }

    /// The term of the coordinator that ended a producer's last transaction here, -1 for none.
    int coordinatorEpoch(long producerId) {
        locks.append.lock();
        try {
            return log.coordinatorEpoch(producerId);
        } finally {
            locks.append.unlock();
        }
    }

    /// The producers whose state is kept.
    List<ActiveProducer> active() {
        locks.append.lock();
        try {
            return log.producers();
        } finally {
            locks.append.unlock();
        }
    }

    /// One more than the highest producer id of a client whose state is kept, 0 when there is none.
    long clientIdsEnd() {
        long end = 0;
        for (ActiveProducer producer : active()) {
            if (!OwnProducers.include(producer.producerId())) {
                end = Math.max(end, producer.producerId() + 1);
            }
        }
        return end;
    }

    /// Transactions without an end marker, oldest first, durable or not.
    List<OpenTransaction> openTransactions() {
        locks.append.lock();
        try {
            return log.openTransactions();
        } finally {
            locks.append.unlock();
        }
    }
}
