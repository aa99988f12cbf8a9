package dev.weir.broker.request;

import dev.weir.broker.RawClient;
import dev.weir.broker.TestBroker;
import dev.weir.broker.protocol.TopicIds;

import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.message.FetchRequestData;
import org.apache.kafka.common.message.FetchRequestData.FetchPartition;
import org.apache.kafka.common.message.FetchRequestData.FetchTopic;
import org.apache.kafka.common.message.FetchRequestData.ForgottenTopic;
import org.apache.kafka.common.message.FetchResponseData;
import org.apache.kafka.common.message.FetchResponseData.PartitionData;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.record.internal.Records;

import java.io.IOException;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// Sends fetch requests of one version over one connection and shows the answers by partition.
final class Fetches implements AutoCloseable {
    static final int BY_NAME = 12;
    static final int BY_ID = 18;

    private final TestBroker broker;
    private final RawClient client;
    private final int version;
    private final Map<String, Uuid> ids;
    private final Map<Uuid, String> names;

    int maxWaitMs = 0;
    int minBytes = 1;
    int maxBytes = 1 << 20;
    byte isolation = 0;

    /// A partition to be fetched.
    record From(String topic, int index, long offset, int maxBytes) {
        From(String topic, int index, long offset) {
            this(topic, index, offset, 1 << 20);
        }
    }

    /// An answer, its partitions named like `topic-0` in the order they came in.
    record Answer(int error, int session, int throttleMs, Map<String, PartitionData> partitions) {
        List<String> names() {
            return List.copyOf(partitions.keySet());
        }

        int error(String partition) {
            return partitions.get(partition).errorCode();
        }

        int bytes(String partition) {
            return partitions.get(partition).records().sizeInBytes();
        }

        /// Where a client reads on that has taken in what came of a partition.
        long next(String partition, long from) {
            return next(partitions.get(partition), from);
        }

        static long next(PartitionData data, long from) {
            long next = from;
            for (var batch : ((Records) data.records()).batches()) {
                next = Math.max(next, batch.nextOffset());
            }
            return next;
        }
    }

    Fetches(TestBroker broker, int version) throws IOException {
        this(broker, version, new HashMap<>(), new HashMap<>());
    }

    private Fetches(TestBroker broker, int version, Map<String, Uuid> ids, Map<Uuid, String> names)
            throws IOException {
        this.broker = broker;
        this.version = version;
        this.ids = ids;
        this.names = names;
        this.client = broker.raw();
    }

    /// Another connection of the same client: they know topics by the same ids.
    Fetches another() throws IOException {
        return new Fetches(broker, version, ids, names);
    }

    Answer fetch(int session, int epoch, From... wanted) throws IOException {
        return receive(send(session, epoch, List.of(wanted), List.of()));
    }

    Answer forget(int session, int epoch, From... gone) throws IOException {
        return receive(send(session, epoch, List.of(), List.of(gone)));
    }

    int send(int session, int epoch, List<From> wanted, List<From> gone) throws IOException {
        var topics = new LinkedHashMap<String, FetchTopic>();
        for (var each : wanted) {
            topics.computeIfAbsent(each.topic, this::topic)
                    .partitions()
                    .add(
                            new FetchPartition()
                                    .setPartition(each.index)
                                    .setFetchOffset(each.offset)
                                    .setPartitionMaxBytes(each.maxBytes));
        }
        var forgotten = new LinkedHashMap<String, ForgottenTopic>();
        for (var each : gone) {
            forgotten.computeIfAbsent(each.topic, this::forgotten).partitions().add(each.index);
        }
        return send(
                new FetchRequestData()
                        .setSessionId(session)
                        .setSessionEpoch(epoch)
                        .setTopics(List.copyOf(topics.values()))
                        .setForgottenTopicsData(List.copyOf(forgotten.values())));
    }

    int send(FetchRequestData request) throws IOException {
        return client.send(
                ApiKeys.FETCH,
                version,
                request.setMaxWaitMs(maxWaitMs)
                        .setMinBytes(minBytes)
                        .setMaxBytes(maxBytes)
                        .setIsolationLevel(isolation));
    }

    Answer receive(int id) throws IOException {
        var response = (FetchResponseData) client.receive(ApiKeys.FETCH, version, id);
        var partitions = new LinkedHashMap<String, PartitionData>();
        for (var topic : response.responses()) {
            var name = version >= 13 ? names.get(topic.topicId()) : topic.topic();
            for (var data : topic.partitions()) {
                if (partitions.put(name + "-" + data.partitionIndex(), data) != null) {
                    throw new AssertionError(name + "-" + data.partitionIndex() + " came twice");
                }
            }
        }
        return new Answer(
                response.errorCode(), response.sessionId(), response.throttleTimeMs(), partitions);
    }

    /// Knows a topic by an id of its own choice, whatever the broker calls it.
    void know(String topic, Uuid id) {
        ids.put(topic, id);
        names.put(id, topic);
    }

    /// Asks the broker for the topic's id now, if it does not know one.
    void learnId(String topic) {
        var _ = id(topic);
    }

    /// Asks the broker for the topic's id next time.
    void forgetId(String topic) {
        ids.remove(topic);
    }

    FetchTopic topic(String name) {
        return version >= 13
                ? new FetchTopic().setTopicId(id(name))
                : new FetchTopic().setTopic(name);
    }

    private ForgottenTopic forgotten(String name) {
        return version >= 13
                ? new ForgottenTopic().setTopicId(id(name))
                : new ForgottenTopic().setTopic(name);
    }

    private Uuid id(String name) {
        if (!ids.containsKey(name)) {
            know(name, TopicIds.toWire(broker.broker().topics().get(name).id()));
        }
        return ids.get(name);
    }

    @Override
    public void close() throws IOException {
        client.close();
    }
}
