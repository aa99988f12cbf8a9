package dev.weir.broker.request;

import dev.weir.broker.error.BrokerException;
import dev.weir.broker.error.ErrorCode;
import dev.weir.broker.partition.Partition;
import dev.weir.broker.partition.ReadLimit;
import dev.weir.broker.partition.ReadResult;
import dev.weir.broker.protocol.TopicIds;
import dev.weir.broker.protocol.WireErrors;
import dev.weir.broker.topic.Topic;
import dev.weir.broker.topic.Topics;

import org.apache.kafka.common.message.FetchRequestData;
import org.apache.kafka.common.message.FetchResponseData;
import org.apache.kafka.common.message.FetchResponseData.AbortedTransaction;
import org.apache.kafka.common.message.FetchResponseData.EpochEndOffset;
import org.apache.kafka.common.message.FetchResponseData.FetchableTopicResponse;
import org.apache.kafka.common.message.FetchResponseData.NodeEndpoint;
import org.apache.kafka.common.message.FetchResponseData.PartitionData;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;

/// One fetch request on its way to its answer. Owned by its event loop; what it shares with other
/// fetches of its session is guarded by the [FetchTargets].
///
/// It reads the partitions that are ready. If that is not enough it waits: for a change of any of
/// its partitions, which it measures then without looking at the others, or for the time to pass.
/// What is answered follows Apache Kafka: an answer within a session leaves out partitions about
/// which there is nothing new, and those that returned records go to the end of the queue.
final class Fetch {
    private static final Logger LOGGER = LoggerFactory.getLogger(Fetch.class);

    /// The most one response carries, whatever the client allows.
    private static final int MAX_RESPONSE_BYTES = 55 * 1024 * 1024;

    /// Before it, clients do not know `KAFKA_STORAGE_ERROR`.
    private static final short FIRST_WITH_STORAGE_ERROR = 6;

    private static final short FIRST_WITH_LEADERS = 16;

    private final Exchange exchange;
    private final FetchRequestData body;
    private final Topics topics;
    private final FetchTargets targets;
    private final FetchSession session;
    private final int epochAfter;
    private final FetchSessions begins;
    private final ReadLimit limit;
    private final ReadableTopics readable;
    private final Node node;
    private final RequestMetrics metrics;

    private final short version;
    private final boolean fromFollower;
    private final int maxBytes;
    private final int minBytes;
    private final AtomicBoolean wakeUpPending = new AtomicBoolean();
    private final Runnable waker = this::wakeUp;
    private Future<?> deadline;
    private boolean done;

    // What the last reading found.
    private FetchTarget[] read = {};
    private Found[] found = {};
    private long available;
    private boolean urgent;

    // The topic that was last asked about in this reading, and whether it may be read.
    private String decidedTopic;
    private boolean decided;

    /// What a reading found of one partition.
    private sealed interface Found {
        /// @param absent whether there is no such partition or none the client may know of, which
        ///   is no reason to answer at once
        record Failure(short code, boolean absent) implements Found {}

        record Diverging(ReadResult result, int epoch, long endOffset) implements Found {}

        record Records(ReadResult result) implements Found {}
    }

    /// @param session the session it belongs to, under the epoch that was just set, or null
    /// @param begins where to begin a session with the answer, or null
    Fetch(
            Exchange exchange,
            FetchRequestData body,
            Topics topics,
            FetchTargets targets,
            FetchSession session,
            FetchSessions begins,
            ReadLimit limit,
            Node node,
            RequestMetrics metrics) {
        this.exchange = exchange;
        this.body = body;
        this.topics = topics;
        this.targets = targets;
        this.session = session;
        this.epochAfter = session == null ? 0 : session.epoch();
        this.limit = limit;
        this.readable = targets.readable();
        this.node = node;
        this.metrics = metrics;
        this.version = exchange.request().version();
        this.fromFollower = body.replicaId() >= 0 || body.replicaState().replicaId() >= 0;
        this.begins = fromFollower ? null : begins;
        this.maxBytes = Math.min(body.maxBytes(), MAX_RESPONSE_BYTES);
        this.minBytes = Math.min(body.minBytes(), maxBytes);
    }

    /// Answers now or waits.
    void start() {
        boolean enough;
        synchronized (targets) {
            read();
            enough = body.maxWaitMs() <= 0 || isEnough();
            if (!enough) {
                watchAll();
                targets.wait(waker);
            }
        }
        if (enough) {
            answer();
            return;
        }
        // As in Kafka a connection waits for one fetch at a time: what waits takes room, and the
        // next
        // request of a session counts on the answer to this one.
        exchange.holdFollowing();
        exchange.finishEarly(this::answer);
        deadline = exchange.runAfter(body.maxWaitMs(), this::answer);
        if (targets.hasChanged()) {
            wakeUp();
        }
    }

    /// Called by whichever thread changed a partition.
    private void wakeUp() {
        if (wakeUpPending.compareAndSet(false, true)) {
            exchange.runLater(() -> {
                wakeUpPending.set(false);
                lookAgain();
            });
        }
    }

    private void lookAgain() {
        if (done) {
            return;
        }
        boolean enough;
        synchronized (targets) {
            enough = isOver() || targets.isClosed() || changesAreEnough();
        }
        if (enough) {
            answer();
        }
    }

    private boolean isOver() {
        return session != null && session.epoch() != epochAfter;
    }

    private boolean isEnough() {
        return urgent || available >= minBytes;
    }

    // ---------------------------------------------------------------- reading

    /// Reads all that are ready.
    private void read() {
        read = targets.ready();
        found = new Found[read.length];
        available = 0;
        urgent = false;
        decidedTopic = null;
        int left = maxBytes;
        int absent = 0;
        boolean first = true;
        for (int i = 0; i < read.length; i++) {
            var target = read[i];
            var each = read(target, left, first);
            found[i] = each;
            target.available = 0;
            switch (each) {
                case Found.Failure(var _, var isAbsent) -> {
                    urgent |= !isAbsent;
                    absent += isAbsent ? 1 : 0;
                }
                case Found.Diverging _ -> urgent = true;
                case Found.Records(var result) -> {
                    int bytes = result.slice().length();
                    if (bytes > 0) {
                        first = false;
                        left = Math.max(0, left - bytes);
                        target.available = bytes;
                        urgent |= result.olderSegment();
                    } else if (target.offset < readableEnd(result)) {
                        target.available = cutOff(target);
                    }
                    available += target.available;
                }
            }
        }
        // A partition that is not there is no reason to answer at once, unless none is there.
        urgent |= absent == targets.size();
    }

    private Found read(FetchTarget target, int left, boolean wholeFirstBatch) {
        try {
            short code = find(target);
            if (code == ErrorCode.NONE) {
                try {
                    return readFound(target, left, wholeFirstBatch);
                } catch (BrokerException e) {
                    if (e.code() != ErrorCode.UNKNOWN_TOPIC_OR_PARTITION) {
                        throw e;
                    }
                    // Its topic was deleted, and perhaps there is another of that name.
                    FetchTargets.lose(target);
                    code = find(target);
                    if (code == ErrorCode.NONE) {
                        return readFound(target, left, wholeFirstBatch);
                    }
                }
            }
            return new Found.Failure(code, code != WireErrors.INCONSISTENT_TOPIC_ID);
        } catch (BrokerException e) {
            return new Found.Failure(e.code(), false);
        } catch (RuntimeException e) {
            LOGGER.error("read of {} failed", target, e);
            return new Found.Failure(ErrorCode.UNKNOWN_SERVER_ERROR, false);
        }
    }

    private Found readFound(FetchTarget target, int left, boolean wholeFirstBatch) {
        var partition = target.partition;
        LeaderEpochs.check(partition, target.leaderEpoch);
        if (fromFollower) {
            throw new BrokerException(
                    target.leaderEpoch >= 0
                            ? ErrorCode.UNKNOWN_LEADER_EPOCH
                            : ErrorCode.NOT_LEADER_OR_FOLLOWER,
                    target + " has no replica but its leader");
        }
        if (target.lastFetchedEpoch >= 0) {
            if (target.lastFetchedEpoch > partition.leaderEpoch()) {
                throw new BrokerException(
                        ErrorCode.OFFSET_OUT_OF_RANGE,
                        "leader epoch " + target.lastFetchedEpoch + " is not known");
            }
            long end = partition.logEndOffset();
            if (target.offset > end) {
                return new Found.Diverging(
                        partition.read(end, 0, limit, false), partition.leaderEpoch(), end);
            }
        }
        int most = Math.max(0, Math.min(left, target.maxBytes));
        return new Found.Records(partition.read(target.offset, most, limit, wholeFirstBatch));
    }

    /// Finds the partition of a target, unless it was found before. A topic that may not be read is
    /// refused whether it is there or not, and nothing that happens to it wakes up its client.
    ///
    /// @return why it cannot be found, or `NONE`
    private short find(FetchTarget target) {
        if (target.partition != null && mayRead(target.topic)) {
            return ErrorCode.NONE;
        }
        Topic topic;
        if (target.topicId == null) {
            topic = topics.find(target.topic).orElse(null);
        } else {
            topic = topics.find(target.topicId).orElse(null);
            if (topic != null) {
                target.topic = topic.name();
            } else if (target.topic == null) {
                return ErrorCode.UNKNOWN_TOPIC_ID;
            }
        }
        if (!mayRead(target.topic)) {
            FetchTargets.lose(target);
            return WireErrors.TOPIC_AUTHORIZATION_FAILED;
        }
        if (!has(topic, target.index)) {
            boolean another =
                    topic == null
                            && target.topicId != null
                            && has(topics.find(target.topic).orElse(null), target.index);
            return another
                    ? WireErrors.INCONSISTENT_TOPIC_ID
                    : ErrorCode.UNKNOWN_TOPIC_OR_PARTITION;
        }
        target.partition = topic.partitions().get(target.index);
        return ErrorCode.NONE;
    }

    /// Asks once for all partitions of a topic that follow one another.
    private boolean mayRead(String topic) {
        if (readable == null) {
            return true;
        }
        if (!topic.equals(decidedTopic)) {
            decidedTopic = topic;
            decided = readable.includes(topic);
        }
        return decided;
    }

    private static boolean has(Topic topic, int index) {
        return topic != null && index >= 0 && index < topic.partitions().size();
    }

    private long readableEnd(ReadResult result) {
        return limit == ReadLimit.LAST_STABLE_OFFSET
                ? result.lastStableOffset()
                : result.highWatermark();
    }

    /// How much there is of a partition that returned nothing because its first batch is larger
    /// than it may be.
    private int cutOff(FetchTarget target) {
        try {
            return bytesOf(target, measure(target));
        } catch (BrokerException e) {
            urgent = true;
            return 0;
        }
    }

    private ReadResult measure(FetchTarget target) {
        return target.partition.read(target.offset, Math.max(0, target.maxBytes), limit, true);
    }

    private static int bytesOf(FetchTarget target, ReadResult result) {
        return Math.min(result.slice().length(), Math.max(0, target.maxBytes));
    }

    // ---------------------------------------------------------------- waiting

    /// Watches all that were read; the others are watched already.
    private void watchAll() {
        for (int i = 0; i < read.length; i++) {
            if (found[i] instanceof Found.Records(var result)) {
                watch(read[i], result);
            }
        }
        forgetReading();
    }

    private void forgetReading() {
        read = new FetchTarget[0];
        found = new Found[0];
    }

    /// Watches a partition from how it was read on.
    private void watch(FetchTarget target, ReadResult result) {
        if (targets.watch(target) && !isAsRead(target.partition, result)) {
            targets.changed(target);
        }
    }

    private static boolean isAsRead(Partition partition, ReadResult result) {
        try {
            return partition.highWatermark() == result.highWatermark()
                    && partition.lastStableOffset() == result.lastStableOffset()
                    && partition.logStartOffset() == result.logStartOffset();
        } catch (BrokerException e) {
            return false;
        }
    }

    private boolean changesAreEnough() {
        for (var target : targets.takeChanged()) {
            if (target.partition == null || !targets.watch(target)) {
                return true;
            }
            available -= target.available;
            try {
                var result = measure(target);
                target.available = bytesOf(target, result);
                urgent |= result.olderSegment();
            } catch (BrokerException e) {
                return true;
            }
            available += target.available;
        }
        return isEnough();
    }

    // ---------------------------------------------------------------- answering

    /// Answers with what there is.
    private void answer() {
        if (done) {
            return;
        }
        done = true;
        FetchResponseData response;
        synchronized (targets) {
            targets.stopWaiting(waker);
            if (isOver()) {
                response =
                        new FetchResponseData()
                                .setErrorCode(WireErrors.INVALID_FETCH_SESSION_EPOCH)
                                .setSessionId(session.id());
            } else {
                if (deadline != null) {
                    read(); // it waited: what was read before is old
                }
                response = respond();
            }
        }
        if (deadline != null) {
            deadline.cancel(false);
        }
        if (session == null) {
            int id = begins == null ? FetchSession.NONE : begins.begin(targets);
            if (id == FetchSession.NONE) {
                targets.close();
            }
            response.setSessionId(id);
        }
        forgetReading();
        exchange.reply(response);
    }

    private FetchResponseData respond() {
        var response = new FetchResponseData();
        if (session != null) {
            response.setSessionId(session.id());
        }
        var absent = new ArrayList<FetchTarget>(0);
        long bytes = 0;
        for (int i = 0; i < read.length; i++) {
            var target = read[i];
            switch (found[i]) {
                case Found.Failure(var code, var isAbsent) -> {
                    if (isAbsent) {
                        absent.add(target);
                    } else {
                        add(response, target, failure(target, code, response));
                    }
                }
                case Found.Diverging(var result, var epoch, var endOffset) -> {
                    var data = data(target, result);
                    data.setDivergingEpoch(
                            new EpochEndOffset().setEpoch(epoch).setEndOffset(endOffset));
                    add(response, target, data);
                    tell(target, result);
                }
                case Found.Records(var result) -> {
                    int length = result.slice().length();
                    bytes += length;
                    if (length > 0 || session == null || isNews(target, result)) {
                        add(response, target, data(target, result));
                        tell(target, result);
                    }
                    if (length > 0) {
                        // The order of a full fetch is its client's.
                        if (session != null) {
                            targets.served(target);
                        }
                    } else if (target.offset >= readableEnd(result)) {
                        rest(target, result);
                    }
                }
            }
        }
        for (int i = 0; i < read.length && !absent.isEmpty(); i++) {
            if (found[i] instanceof Found.Failure(var code, var isAbsent) && isAbsent) {
                add(response, read[i], failure(read[i], code, response));
            }
        }
        targets.keepReady();
        metrics.fetchedBytes.add(bytes);
        return response;
    }

    private static boolean isNews(FetchTarget target, ReadResult result) {
        return target.toldHighWatermark != result.highWatermark()
                || target.toldLogStart != result.logStartOffset();
    }

    private static void tell(FetchTarget target, ReadResult result) {
        target.toldHighWatermark = result.highWatermark();
        target.toldLogStart = result.logStartOffset();
    }

    /// Leaves a partition alone that was read to its end, until it changes.
    private void rest(FetchTarget target, ReadResult result) {
        if (session == null && begins == null) {
            return;
        }
        if (targets.watch(target) && isAsRead(target.partition, result)) {
            target.ready = false;
        }
    }

    private void add(FetchResponseData response, FetchTarget target, PartitionData data) {
        var topic = response.responses().isEmpty() ? null : response.responses().getLast();
        boolean same =
                topic != null
                        && (target.topicId == null
                                ? topic.topic().equals(target.topic)
                                : TopicIds.fromWire(topic.topicId()).equals(target.topicId));
        if (!same) {
            topic = new FetchableTopicResponse();
            if (target.topicId == null) {
                topic.setTopic(target.topic);
            } else {
                topic.setTopicId(TopicIds.toWire(target.topicId));
            }
            response.responses().add(topic);
        }
        topic.partitions().add(data);
    }

    private PartitionData data(FetchTarget target, ReadResult result) {
        return new PartitionData()
                .setPartitionIndex(target.index)
                .setHighWatermark(result.highWatermark())
                .setLastStableOffset(result.lastStableOffset())
                .setLogStartOffset(result.logStartOffset())
                .setAbortedTransactions(
                        limit == ReadLimit.LAST_STABLE_OFFSET ? aborted(result) : null)
                .setRecords(
                        result.slice().length() == 0
                                ? MemoryRecords.EMPTY
                                : new SliceRegion(result.slice(), target.partition.traffic()));
    }

    private static List<AbortedTransaction> aborted(ReadResult result) {
        var list = new ArrayList<AbortedTransaction>(result.aborted().size());
        for (var each : result.aborted()) {
            list.add(
                    new AbortedTransaction()
                            .setProducerId(each.producerId())
                            .setFirstOffset(each.firstOffset()));
        }
        return list;
    }

    /// What is said of a partition that cannot be read. Whatever the client knows of it is void, so
    /// that it is told of it again when it can be read.
    private PartitionData failure(FetchTarget target, short code, FetchResponseData response) {
        target.toldHighWatermark = -1;
        target.toldLogStart = -1;
        var data =
                new PartitionData()
                        .setPartitionIndex(target.index)
                        .setErrorCode(
                                code == ErrorCode.KAFKA_STORAGE_ERROR
                                                && version < FIRST_WITH_STORAGE_ERROR
                                        ? ErrorCode.NOT_LEADER_OR_FOLLOWER
                                        : code)
                        .setHighWatermark(-1)
                        .setLastStableOffset(-1)
                        .setLogStartOffset(-1)
                        .setAbortedTransactions(null)
                        .setRecords(MemoryRecords.EMPTY);
        boolean wrongLeader =
                code == ErrorCode.NOT_LEADER_OR_FOLLOWER || code == ErrorCode.FENCED_LEADER_EPOCH;
        if (wrongLeader && version >= FIRST_WITH_LEADERS && target.partition != null) {
            data.currentLeader()
                    .setLeaderId(node.id())
                    .setLeaderEpoch(target.partition.leaderEpoch());
            if (response.nodeEndpoints().isEmpty()) {
                response.nodeEndpoints()
                        .add(
                                new NodeEndpoint()
                                        .setNodeId(node.id())
                                        .setHost(node.host())
                                        .setPort(node.port()));
            }
        }
        return data;
    }
}
