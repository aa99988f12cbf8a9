package dev.weir.broker.protocol;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weir.broker.RawClient;

import org.apache.kafka.common.message.AddPartitionsToTxnRequestData;
import org.apache.kafka.common.message.AddPartitionsToTxnRequestData.AddPartitionsToTxnTopic;
import org.apache.kafka.common.message.CreateTopicsRequestData;
import org.apache.kafka.common.message.CreateTopicsRequestData.CreatableTopic;
import org.apache.kafka.common.message.CreateTopicsRequestData.CreatableTopicConfig;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.utils.ImplicitLinkedHashCollection;
import org.junit.jupiter.api.Test;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.function.IntFunction;

/// Counts, not times: what is refused took minutes.
class KeyedCollectionsTest {
    private static final int LAST_OF_CLIENTS = 3;

    private static final EnumSet<ApiKeys> NOT_SERVED =
            EnumSet.of(
                    ApiKeys.ADD_RAFT_VOTER,
                    ApiKeys.UPDATE_RAFT_VOTER,
                    ApiKeys.BEGIN_QUORUM_EPOCH,
                    ApiKeys.END_QUORUM_EPOCH,
                    ApiKeys.BROKER_REGISTRATION,
                    ApiKeys.CONTROLLER_REGISTRATION,
                    ApiKeys.SHARE_FETCH,
                    ApiKeys.SHARE_ACKNOWLEDGE,
                    ApiKeys.ALTER_SHARE_GROUP_OFFSETS);

    @Test
    void every_request_with_a_keyed_collection_is_bounded() {
        for (var api : EnumSet.complementOf(NOT_SERVED)) {
            if (!api.hasValidVersion()) {
                continue;
            }
            boolean keyed =
                    Arrays.stream(api.messageType.newRequest().getClass().getDeclaredClasses())
                            .anyMatch(ImplicitLinkedHashCollection.class::isAssignableFrom);
            var reach = KeyedCollections.reach(api, api.latestVersion());
            assertThat(reach != KeyedCollections.Reach.NONE).as(api.name).isEqualTo(keyed);
        }
    }

    @Test
    void one_name_many_times_is_refused() throws Exception {
        assertThat(read(50, _ -> "t")).isEqualTo(50);
        assertThatThrownBy(() -> read(1000, _ -> "t"))
                .isInstanceOf(MalformedRequestException.class)
                .hasMessageContaining("equal or have colliding hash codes");
    }

    @Test
    void names_whose_hash_codes_are_equal_are_refused() {
        assertThatThrownBy(() ->
                        read(
                                4096,
                                number -> {
                                    var name = new StringBuilder();
                                    for (int bit = 0; bit < 12; bit++) {
                                        name.append((number >> bit & 1) == 0 ? "Aa" : "BB");
                                    }
                                    return name.toString();
                                }))
                .isInstanceOf(MalformedRequestException.class);
    }

    @Test
    void a_hundred_thousand_honest_names_are_read() throws Exception {
        int many = 100_000;
        assertThat(read(many, number -> "topic-" + number)).isEqualTo(many);
        assertThat(read(many, "%08d"::formatted)).isEqualTo(many);
        assertThat(read(many, number -> "tenant." + number / 10 + ".orders-" + number % 10))
                .isEqualTo(many);
        assertThat(read(many, number -> Integer.toHexString(number * 0x9E3779B9))).isEqualTo(many);
    }

    @Test
    void collections_in_collections_are_bounded_by_their_number() throws Exception {
        assertThat(create(10_000, false)).isEqualTo(10_000);
        assertThat(create(1900, true)).isEqualTo(1900);
        assertThatThrownBy(() -> create(2001, true))
                .isInstanceOf(MalformedRequestException.class)
                .hasMessageContaining("send it in parts");
    }

    private static int create(int count, boolean configured) throws MalformedRequestException {
        var request = new CreateTopicsRequestData();
        for (int i = 0; i < count; i++) {
            var topic = new CreatableTopic().setName("t" + i);
            if (configured) {
                topic.configs().add(new CreatableTopicConfig().setName("retention.ms"));
            }
            request.topics().add(topic);
        }
        var frame = RawClient.frame(ApiKeys.CREATE_TOPICS, (short) 7, 1, request);
        return ((CreateTopicsRequestData) decode(frame, ApiKeys.CREATE_TOPICS).body())
                .topics()
                .size();
    }

    /// Writes the names by hand: the collection itself is too slow for some.
    private static int read(int count, IntFunction<String> names) throws MalformedRequestException {
        var one = new AddPartitionsToTxnRequestData();
        one.v3AndBelowTopics().add(new AddPartitionsToTxnTopic().setName("t"));
        var head =
                RawClient.frame(
                        ApiKeys.ADD_PARTITIONS_TO_TXN, (short) (LAST_OF_CLIENTS - 1), 1, one);
        var frame = ByteBuffer.allocate(head.limit() + count * 64);
        frame.put(head.slice(0, head.limit() - Integer.BYTES - 3 - Integer.BYTES));
        frame.putInt(count);
        for (int i = 0; i < count; i++) {
            var name = names.apply(i).getBytes(java.nio.charset.StandardCharsets.UTF_8);
            frame.putShort((short) name.length).put(name).putInt(0);
        }
        var body = decode(frame.flip(), ApiKeys.ADD_PARTITIONS_TO_TXN).body();
        return ((AddPartitionsToTxnRequestData) body).v3AndBelowTopics().size();
    }

    private static WireRequest decode(ByteBuffer frame, ApiKeys api)
            throws MalformedRequestException {
        return Codec.decode(frame.position(Integer.BYTES).slice(), new ServedApis(EnumSet.of(api)));
    }
}
