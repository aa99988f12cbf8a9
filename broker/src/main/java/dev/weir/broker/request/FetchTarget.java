package dev.weir.broker.request;

import dev.weir.broker.partition.Partition;
import dev.weir.broker.partition.Watch;

import org.apache.kafka.common.message.FetchRequestData.FetchPartition;
import org.apache.kafka.common.utils.ImplicitLinkedHashCollection;

import java.util.UUID;
import java.util.function.Consumer;

/// A partition that a client fetches: what it wants of it and what it was last told about it.
///
/// There is one for each partition of each session, so it is small, and it is its own link in the
/// lists it is in. Guarded by the monitor of the `FetchTargets` it belongs to.
final class FetchTarget extends Watch implements ImplicitLinkedHashCollection.Element {
    private final Consumer<FetchTarget> onChange;
    private int previousSlot = ImplicitLinkedHashCollection.INVALID_INDEX;
    private int nextSlot = ImplicitLinkedHashCollection.INVALID_INDEX;

    /// Null when the client names its topics.
    final UUID topicId;

    /// Null while nobody knows a topic of that id.
    String topic;

    final int index;

    /// Null until it is found, and again when its topic is gone.
    Partition partition;

    // What the client asked for.
    long offset;
    int maxBytes;
    int leaderEpoch;
    int lastFetchedEpoch;

    // What the client was told last; -1 for nothing.
    long toldHighWatermark = -1;
    long toldLogStart = -1;

    /// Its place in the order in which partitions are served: the longer it was not served, the
    /// lower.
    long turn;

    /// Whether it is among those that the next answer has to look at.
    boolean ready;

    /// Whether the client has forgotten it.
    boolean gone;

    /// Bytes that a waiting fetch knows to be there.
    int available;

    /// @param onChange told of a change of the partition, by any thread
    FetchTarget(Consumer<FetchTarget> onChange, UUID topicId, String topic, int index) {
        this.onChange = onChange;
        this.topicId = topicId;
        this.topic = topic;
        this.index = index;
    }

    void ask(FetchPartition wanted) {
        offset = wanted.fetchOffset();
        maxBytes = wanted.partitionMaxBytes();
        leaderEpoch = wanted.currentLeaderEpoch();
        lastFetchedEpoch = wanted.lastFetchedEpoch();
    }

    @Override
    protected void changed() {
        onChange.accept(this);
    }

    @Override
    public int prev() {
        return previousSlot;
    }

    @Override
    public void setPrev(int slot) {
        previousSlot = slot;
    }

    @Override
    public int next() {
        return nextSlot;
    }

    @Override
    public void setNext(int slot) {
        nextSlot = slot;
    }

    /// The same partition for a client that names topics alike: by id, or by name.
    @Override
    public boolean equals(Object other) {
        return other instanceof FetchTarget that
                && index == that.index
                && (topicId == null
                        ? that.topicId == null && topic.equals(that.topic)
                        : topicId.equals(that.topicId));
    }

    @Override
    public int hashCode() {
        return 31 * index + (topicId == null ? topic.hashCode() : topicId.hashCode());
    }

    @Override
    public String toString() {
        return (topic == null ? topicId : topic) + "-" + index;
    }
}
