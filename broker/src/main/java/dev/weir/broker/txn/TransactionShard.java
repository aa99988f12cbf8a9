package dev.weir.broker.txn;

import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.ApiException;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.coordinator.common.runtime.CoordinatorResult;
import org.apache.kafka.coordinator.common.runtime.CoordinatorShard;
import org.apache.kafka.coordinator.transaction.TransactionState;
import org.apache.kafka.server.common.TransactionVersion;
import org.apache.kafka.timeline.SnapshotRegistry;
import org.apache.kafka.timeline.TimelineHashMap;

import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.LongSupplier;

/// The transactional ids of one partition of `__transaction_state`.
///
/// Each operation looks at the state and answers with the records that make it true; only [#replay]
/// changes anything. Called by one event thread at a time.
final class TransactionShard implements CoordinatorShard<TransactionChange> {
    /// The protocol of ends that the server decides on its own. Its bump of the epoch is what shuts
    /// out the present owner; where the epochs are used up the next one has a new producer id.
    private static final TransactionVersion OWN = TransactionVersion.TV_2;

    private final TimelineHashMap<String, Transaction> transactions;
    private final InstantSource clock;
    private final LongSupplier producerIds;
    private long decisions;

    /// A transactional id and its transaction.
    record Named(String transactionalId, Transaction transaction) {}

    /// @param producerIds gives ids nobody had before; may wait for the disk
    TransactionShard(SnapshotRegistry snapshots, InstantSource clock, LongSupplier producerIds) {
        this.transactions = new TimelineHashMap<>(snapshots, 0);
        this.clock = clock;
        this.producerIds = producerIds;
    }

    @Override
    public void replay(
            long offset, long producerId, short producerEpoch, TransactionChange change) {
        if (change.now() == null) {
            transactions.remove(change.transactionalId());
        } else {
            transactions.put(change.transactionalId(), change.now());
        }
    }

    // ---------------------------------------------------------------- owners

    /// Gives an id to a producer. Where a transaction is open it is aborted instead, and the answer
    /// is that transaction, decided.
    ///
    /// @param expected who the producer says it is, [ProducerIdentity#NONE] for a new one
    CoordinatorResult<Transaction, TransactionChange> initialize(
            String id, int timeoutMs, ProducerIdentity expected) {
        long nowMs = clock.millis();
        var now = transactions.get(id);
        if (now == null) {
            now = Transaction.created(producerIds.getAsLong(), timeoutMs, nowMs);
        }
        if (!expected.equals(ProducerIdentity.NONE) && !mayContinue(now, expected)) {
            throw Errors.PRODUCER_FENCED.exception(
                    "producer id " + expected.producerId() + " no longer owns \"" + id + "\"");
        }
        return switch (now.state()) {
            case PREPARE_COMMIT, PREPARE_ABORT -> throw busy(id);
            case COMPLETE_COMMIT, COMPLETE_ABORT, EMPTY -> {
                boolean same = expected.epoch() != Transaction.NO_EPOCH;
                boolean rotate =
                        now.isEpochExhausted() && (!same || expected.epoch() == now.epoch());
                yield changed(
                        id,
                        rotate
                                ? now.rotated(producerIds.getAsLong(), same, timeoutMs, nowMs)
                                : now.initialized(expected.epoch(), timeoutMs, nowMs));
            }
            // The abort's epoch is given to nobody new; the client asks again and gets the one
            // after.
            case ONGOING -> decide(id, now, false, OWN);
            case DEAD, PREPARE_EPOCH_FENCE -> throw neverStored(id, now);
        };
    }

    private static boolean mayContinue(Transaction now, ProducerIdentity expected) {
        return now.epoch() == Transaction.NO_EPOCH
                || expected.producerId() == now.producerId()
                || (expected.producerId() == now.previousProducerId()
                        && expected.epoch() >= Transaction.LAST_EPOCH);
    }

    // ---------------------------------------------------------------- partitions

    /// Makes partitions part of the open transaction, or of a new one.
    CoordinatorResult<Void, TransactionChange> add(
            String id,
            ProducerIdentity producer,
            Set<TopicPartition> partitions,
            TransactionVersion clientVersion) {
        var now = owned(id, producer);
        if (now.isEnding()) {
            throw busy(id);
        }
        if (now.state() == TransactionState.ONGOING && now.partitions().containsAll(partitions)) {
            return new CoordinatorResult<>(List.of(), null);
        }
        var next = now.with(partitions, clientVersion, clock.millis());
        return new CoordinatorResult<>(List.of(new TransactionChange(id, next)), null);
    }

    /// The transaction as of a durable offset, for a producer that must own it.
    Transaction ongoing(String id, ProducerIdentity producer, long offset) {
        var now = checked(id, producer, transactions.get(id, offset));
        if (now.isEnding()) {
            throw busy(id);
        }
        return now;
    }

    private Transaction owned(String id, ProducerIdentity producer) {
        return checked(id, producer, transactions.get(id));
    }

    private static Transaction checked(String id, ProducerIdentity producer, Transaction now) {
        if (now == null || now.producerId() != producer.producerId()) {
            throw unmapped(id, producer);
        }
        if (now.epoch() != producer.epoch()) {
            throw fenced(id, producer, now);
        }
        return now;
    }

    // ---------------------------------------------------------------- ends

    /// Decides the end of a transaction. The answer is what it is now: decided, or already
    /// completed if the request repeats one whose answer was lost.
    CoordinatorResult<Transaction, TransactionChange> end(
            String id,
            ProducerIdentity producer,
            boolean commit,
            TransactionVersion clientVersion) {
        return clientVersion.supportsEpochBump()
                ? endBumping(id, producer, commit, clientVersion)
                : endKeeping(id, producer, commit);
    }

    /// Ends of clients before transaction version 2, whose epoch stays.
    private CoordinatorResult<Transaction, TransactionChange> endKeeping(
            String id, ProducerIdentity producer, boolean commit) {
        var now = owned(id, producer);
        return switch (now.state()) {
            case ONGOING -> decide(id, now, commit, TransactionVersion.TV_0);
            case COMPLETE_COMMIT -> repeated(id, now, commit);
            case COMPLETE_ABORT -> repeated(id, now, !commit);
            case PREPARE_COMMIT -> throw commit ? busy(id) : wrongState(id, now, commit);
            case PREPARE_ABORT -> throw commit ? wrongState(id, now, commit) : busy(id);
            case EMPTY -> throw wrongState(id, now, commit);
            case DEAD, PREPARE_EPOCH_FENCE -> throw neverStored(id, now);
        };
    }

    /// Ends of clients of transaction version 2. Since each end bumps the epoch, a request with the
    /// epoch before the bump repeats one that was served.
    private CoordinatorResult<Transaction, TransactionChange> endBumping(
            String id,
            ProducerIdentity producer,
            boolean commit,
            TransactionVersion clientVersion) {
        var now = transactions.get(id);
        if (now == null) {
            throw unmapped(id, producer);
        }
        boolean repeatsBeforeRotation =
                now.previousProducerId() == producer.producerId()
                        && producer.epoch() == Transaction.LAST_EPOCH
                        && now.epoch() == 0;
        boolean repeats = now.epoch() == producer.epoch() + 1 || repeatsBeforeRotation;
        boolean current = now.epoch() == producer.epoch();
        if (now.producerId() != producer.producerId() && !repeatsBeforeRotation) {
            throw unmapped(id, producer);
        }
        return switch (now.state()) {
            case ONGOING -> {
                if (!current) {
                    throw fenced(id, producer, now);
                }
                yield decide(id, now, commit, clientVersion);
            }
            case EMPTY -> {
                if (!current) {
                    throw fenced(id, producer, now);
                }
                if (commit) {
                    throw wrongState(id, now, true);
                }
                yield decide(id, now, false, clientVersion);
            }
            case PREPARE_COMMIT, PREPARE_ABORT -> {
                if (!repeats) {
                    throw fenced(id, producer, now);
                }
                throw commit == now.isCommitting() ? busy(id) : wrongState(id, now, commit);
            }
            case COMPLETE_COMMIT, COMPLETE_ABORT -> {
                if (!repeats && !current) {
                    throw fenced(id, producer, now);
                }
                boolean committed = now.state() == TransactionState.COMPLETE_COMMIT;
                if (repeats) {
                    yield repeated(id, now, commit == committed);
                }
                if (commit) {
                    throw wrongState(id, now, true);
                }
                // The client may not know whether anything was added: aborting nothing is fine.
                yield decide(id, now, false, clientVersion);
            }
            case DEAD, PREPARE_EPOCH_FENCE -> throw neverStored(id, now);
        };
    }

    private CoordinatorResult<Transaction, TransactionChange> decide(
            String id, Transaction now, boolean commit, TransactionVersion clientVersion) {
        long nextId =
                clientVersion.supportsEpochBump() && now.isEpochExhausted()
                        ? producerIds.getAsLong()
                        : Transaction.NO_ID;
        return changed(id, now.decided(commit, clientVersion, nextId, ++decisions, clock.millis()));
    }

    private static CoordinatorResult<Transaction, TransactionChange> repeated(
            String id, Transaction now, boolean sameEnd) {
        if (!sameEnd) {
            throw wrongState(id, now, now.state() == TransactionState.COMPLETE_ABORT);
        }
        return new CoordinatorResult<>(List.of(), now);
    }

    /// Notes that all markers of a decided transaction are durable. Nothing if that was noted
    /// before, even if the same producer has ended its next transaction since.
    ///
    /// @return what it is then
    CoordinatorResult<Transaction, TransactionChange> complete(String id, Transaction decided) {
        var now = transactions.get(id);
        if (!decided.equals(now)) {
            return new CoordinatorResult<>(List.of(), now);
        }
        return changed(id, now.completed(clock.millis()));
    }

    /// The transactions whose end is durably decided and was not completed since.
    List<Named> ending(long offset) {
        var found = new ArrayList<Named>();
        for (var each : transactions.entrySet(offset)) {
            var decided = each.getValue();
            if (decided.isEnding() && decided.equals(transactions.get(each.getKey()))) {
                found.add(new Named(each.getKey(), decided));
            }
        }
        return found;
    }

    /// The ids whose transaction has been open for too long.
    List<String> overdue(long offset) {
        var found = new ArrayList<String>();
        for (var each : transactions.entrySet(offset)) {
            if (isOverdue(each.getValue(), clock.millis())) {
                found.add(each.getKey());
            }
        }
        return found;
    }

    /// Decides to abort a transaction that has been open for too long.
    ///
    /// @return what it is then, or null if it is over or another one meanwhile
    CoordinatorResult<Transaction, TransactionChange> abortOverdue(String id) {
        var now = transactions.get(id);
        return now != null && isOverdue(now, clock.millis())
                ? decide(id, now, false, OWN)
                : new CoordinatorResult<>(List.of(), null);
    }

    private static boolean isOverdue(Transaction now, long nowMs) {
        return now.state() == TransactionState.ONGOING && nowMs - now.startMs() > now.timeoutMs();
    }

    /// Forgets ids that nobody has used for a time.
    CoordinatorResult<Integer, TransactionChange> forgetIdle(long idleMs) {
        long nowMs = clock.millis();
        var records = new ArrayList<TransactionChange>();
        for (var each : transactions.entrySet()) {
            var now = each.getValue();
            if (now.state().isExpirationAllowed() && nowMs - now.updateMs() >= idleMs) {
                records.add(new TransactionChange(each.getKey(), null));
            }
        }
        return new CoordinatorResult<>(records, records.size(), null, true, false);
    }

    // ---------------------------------------------------------------- the view from outside

    /// What is known of an id as of a durable offset, or null.
    Transaction find(String id, long offset) {
        return transactions.get(id, offset);
    }

    /// All ids as of a durable offset.
    List<Named> all(long offset) {
        var found = new ArrayList<Named>();
        for (Map.Entry<String, Transaction> each : transactions.entrySet(offset)) {
            found.add(new Named(each.getKey(), each.getValue()));
        }
        return found;
    }

    private static CoordinatorResult<Transaction, TransactionChange> changed(
            String id, Transaction next) {
        return new CoordinatorResult<>(List.of(new TransactionChange(id, next)), next);
    }

    private static ApiException busy(String id) {
        return Errors.CONCURRENT_TRANSACTIONS.exception(
                "the transaction of \"" + id + "\" is being ended");
    }

    private static ApiException unmapped(String id, ProducerIdentity producer) {
        return Errors.INVALID_PRODUCER_ID_MAPPING.exception(
                "producer id " + producer.producerId() + " does not own \"" + id + "\"");
    }

    private static ApiException fenced(String id, ProducerIdentity producer, Transaction now) {
        return Errors.PRODUCER_FENCED.exception(
                "producer of \""
                        + id
                        + "\" sent epoch "
                        + producer.epoch()
                        + ", its epoch is "
                        + now.epoch());
    }

    private static ApiException wrongState(String id, Transaction now, boolean commit) {
        return Errors.INVALID_TXN_STATE.exception(
                "cannot "
                        + (commit ? "commit" : "abort")
                        + " the transaction of \""
                        + id
                        + "\", which is "
                        + now.state().stateName());
    }

    private static IllegalStateException neverStored(String id, Transaction now) {
        return new IllegalStateException("\"" + id + "\" is " + now.state().stateName());
    }
}
