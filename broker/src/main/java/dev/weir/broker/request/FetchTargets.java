package dev.weir.broker.request;

import dev.weir.broker.partition.ReadLimit;
import dev.weir.broker.protocol.TopicIds;

import org.apache.kafka.common.message.FetchRequestData.FetchPartition;
import org.apache.kafka.common.message.FetchRequestData.FetchTopic;
import org.apache.kafka.common.message.FetchRequestData.ForgottenTopic;
import org.apache.kafka.common.utils.ImplicitLinkedHashCollection;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.UUID;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.Consumer;

/// The partitions of one fetch, or of a session of fetches.
///
/// A fetch looks at those that are *ready* alone: those that were asked for anew, returned
/// something or an error last time, or have changed since. The others have nothing to tell: they
/// were read to their end and are watched. So an idle fetch over a thousand partitions touches none
/// of them.
///
/// Its monitor guards it, since a client may use its session from another connection; [#changed] is
/// called without it, by whichever thread appends.
final class FetchTargets {
    private static final Comparator<FetchTarget> BY_TURN =
            Comparator.comparingLong((FetchTarget target) -> target.turn);

    private final boolean byId;
    private final ImplicitLinkedHashCollection<FetchTarget> all;
    private final ArrayList<FetchTarget> ready = new ArrayList<>();
    private final ConcurrentLinkedQueue<FetchTarget> changed = new ConcurrentLinkedQueue<>();
    private final Consumer<FetchTarget> onChange = this::changed;
    private volatile Runnable waiting; // written under the monitor
    private ReadLimit limit;
    private ReadableTopics readable;
    private long lastTurn;
    private boolean watching;
    private boolean closed;

    /// @param byId whether the client names topics by their ids
    FetchTargets(boolean byId, int expectedSize) {
        this.byId = byId;
        this.all = new ImplicitLinkedHashCollection<>(expectedSize);
    }

    boolean byId() {
        return byId;
    }

    int size() {
        return all.size();
    }

    /// What the client that asked last may read; null for everything.
    ReadableTopics readable() {
        return readable;
    }

    /// Whether its session is over: nothing may be watched any more.
    boolean isClosed() {
        return closed;
    }

    /// Takes in what a request asks for, and after it what it asks for no longer.
    ///
    /// @param newLimit how far the client may see, which is the same for all partitions
    /// @param nowReadable what the client may read; null for everything
    void update(
            List<FetchTopic> wanted,
            List<ForgottenTopic> forgotten,
            ReadLimit newLimit,
            ReadableTopics nowReadable) {
        for (var topic : wanted) {
            UUID id = byId ? TopicIds.fromWire(topic.topicId()) : null;
            for (var partition : topic.partitions()) {
                add(id, byId ? null : topic.topic(), partition);
            }
        }
        for (var topic : forgotten) {
            UUID id = byId ? TopicIds.fromWire(topic.topicId()) : null;
            for (int index : topic.partitions()) {
                forget(new FetchTarget(onChange, id, byId ? null : topic.topic(), index));
            }
        }
        if (!forgotten.isEmpty()) {
            keepReady();
        }
        if (limit != newLimit || !Objects.equals(readable, nowReadable)) {
            // Those read to one end are not at the other; those that could be read perhaps cannot.
            limit = newLimit;
            readable = nowReadable;
            all.forEach(this::makeReady);
        }
    }

    private void add(UUID id, String topic, FetchPartition wanted) {
        var target = new FetchTarget(onChange, id, topic, wanted.partition());
        var known = all.find(target);
        if (known == null) {
            all.mustAdd(target);
            target.turn = ++lastTurn;
            known = target;
        }
        known.ask(wanted);
        makeReady(known);
    }

    private void forget(FetchTarget probe) {
        var known = all.find(probe);
        if (known != null) {
            all.remove(known);
            known.gone = true;
            known.ready = false;
            lose(known);
        }
    }

    /// Those that the next answer has to look at, the one first that was not served for longest.
    FetchTarget[] ready() {
        takeChanged();
        ready.sort(BY_TURN);
        return ready.toArray(FetchTarget[]::new);
    }

    /// Makes those ready that have changed since the last call, and returns them.
    List<FetchTarget> takeChanged() {
        var target = changed.poll();
        if (target == null) {
            return List.of();
        }
        var taken = new ArrayList<FetchTarget>();
        for (; target != null; target = changed.poll()) {
            if (!target.gone) {
                makeReady(target);
                taken.add(target);
            }
        }
        return taken;
    }

    private void makeReady(FetchTarget target) {
        if (!target.ready) {
            target.ready = true;
            target.available = 0;
            ready.add(target);
        }
    }

    /// It was served, so the others come first.
    void served(FetchTarget target) {
        target.turn = ++lastTurn;
    }

    /// Takes note that its partition is not what the client means, or of no interest to it any
    /// more.
    static void lose(FetchTarget target) {
        if (target.partition != null) {
            target.partition.unwatch(target);
            target.partition = null;
        }
    }

    /// Leaves those alone that were marked as not ready.
    void keepReady() {
        ready.removeIf(target -> !target.ready);
    }

    /// Watches a partition that was read, unless the session is over.
    ///
    /// @return whether a change from now on will be told
    boolean watch(FetchTarget target) {
        if (closed) {
            return false;
        }
        watching = true;
        target.partition.watch(target);
        return true;
    }

    /// Called by whichever thread changed the partition.
    void changed(FetchTarget target) {
        changed.add(target);
        var waker = waiting;
        if (waker != null) {
            waker.run();
        }
    }

    /// Whether something changed since it was last asked for.
    boolean hasChanged() {
        return !changed.isEmpty();
    }

    /// Runs something whenever a partition changes, from any thread. A fetch that waited before
    /// waits no longer.
    void wait(Runnable waker) {
        waiting = waker;
    }

    void stopWaiting(Runnable waker) {
        if (waiting == waker) {
            waiting = null;
        }
    }

    /// Lets whoever waits look again.
    void wakeUp() {
        var waker = waiting;
        if (waker != null) {
            waker.run();
        }
    }

    /// Watches nothing any more.
    synchronized void close() {
        closed = true;
        for (var target : watching ? all : List.<FetchTarget>of()) {
            if (target.partition != null) {
                target.partition.unwatch(target);
            }
        }
        wakeUp();
    }
}
