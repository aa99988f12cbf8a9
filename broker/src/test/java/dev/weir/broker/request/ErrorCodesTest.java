package dev.weir.broker.request;

import static org.assertj.core.api.Assertions.assertThat;

import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.ApiMessage;
import org.apache.kafka.common.protocol.ByteBufferAccessor;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.protocol.Message;
import org.apache.kafka.common.protocol.MessageUtil;
import org.apache.kafka.common.requests.AbstractResponse;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import java.lang.reflect.Method;
import java.lang.reflect.ParameterizedType;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.TreeMap;

/// The codes counted are those that Kafka's own response classes count.
class ErrorCodesTest {
    @ParameterizedTest
    @EnumSource(
            value = ApiKeys.class,
            names = {
                "PRODUCE",
                "FETCH",
                "LIST_OFFSETS",
                "METADATA",
                "OFFSET_COMMIT",
                "JOIN_GROUP",
                "LEAVE_GROUP",
                "DESCRIBE_GROUPS",
                "LIST_GROUPS",
                "CREATE_TOPICS",
                "DELETE_TOPICS",
                "DELETE_RECORDS",
                "INIT_PRODUCER_ID",
                "OFFSET_FOR_LEADER_EPOCH",
                "END_TXN",
                "WRITE_TXN_MARKERS",
                "TXN_OFFSET_COMMIT",
                "DESCRIBE_CONFIGS",
                "DESCRIBE_LOG_DIRS",
                "CREATE_PARTITIONS",
                "DELETE_GROUPS",
                "INCREMENTAL_ALTER_CONFIGS",
                "DESCRIBE_CLUSTER",
                "DESCRIBE_PRODUCERS",
                "DESCRIBE_TRANSACTIONS",
                "LIST_TRANSACTIONS",
                "CONSUMER_GROUP_HEARTBEAT",
                "CONSUMER_GROUP_DESCRIBE"
            })
    void the_codes_of_a_response_are_those_that_kafka_counts(ApiKeys api) throws Exception {
        long seed = System.nanoTime();
        var random = new Random(seed);
        for (int round = 0; round < 20; round++) {
            var response = api.messageType.newResponse();
            fill(response, random, 0);
            var found = new TreeMap<Errors, Integer>();
            ErrorCodes.in(
                    response, code -> found.merge(Errors.forCode((short) code), 1, Integer::sum));

            var expected = new TreeMap<>(parsed(api, response).errorCounts());
            expected.remove(Errors.NONE);
            var text = api + ", seed " + seed + ", round " + round + ": " + response;
            if (api == ApiKeys.METADATA) {
                // Kafka counts those of topics and not those of partitions.
                assertThat(found.keySet()).as(text).containsAll(expected.keySet());
            } else {
                assertThat(found).as(text).isEqualTo(expected);
            }
        }
    }

    @ParameterizedTest
    @EnumSource(
            value = ApiKeys.class,
            names = {
                "PRODUCE",
                "FETCH",
                "METADATA",
                "LIST_OFFSETS",
                "OFFSET_COMMIT",
                "OFFSET_FETCH"
            })
    void responses_read_directly_are_read_wholly(ApiKeys api) throws Exception {
        long seed = System.nanoTime();
        var random = new Random(seed);
        for (int round = 0; round < 20; round++) {
            var response = api.messageType.newResponse();
            fill(response, random, 0);
            List<Integer> direct = new ArrayList<>();
            ErrorCodes.in(response, direct::add);
            List<Integer> walked = new ArrayList<>();
            ErrorCodes.walk(response, walked::add);
            assertThat(direct)
                    .as("%s, seed %s, round %s: %s", api, seed, round, response)
                    .containsExactlyInAnyOrderElementsOf(walked);
        }
    }

    private static AbstractResponse parsed(ApiKeys api, ApiMessage response) {
        short version = api.latestVersion();
        var bytes = MessageUtil.toByteBufferAccessor(response, version).buffer();
        return AbstractResponse.parseResponse(api, new ByteBufferAccessor(bytes), version);
    }

    /// Sets every error code and puts up to three elements into every list of messages.
    private static void fill(Message message, Random random, int depth)
            throws ReflectiveOperationException {
        List<Method> methods = new ArrayList<>(Arrays.asList(message.getClass().getMethods()));
        methods.sort(Comparator.comparing(Method::getName));
        for (var method : methods) {
            if (!method.getName().startsWith("set") || method.getParameterCount() != 1) {
                continue;
            }
            if (method.getName().equals("setErrorCode")) {
                method.invoke(message, (short) random.nextInt(0, 4));
            } else if (Collection.class.isAssignableFrom(method.getParameterTypes()[0])
                    && depth < 4) {
                var current = message.getClass().getMethod(getter(method)).invoke(message);
                var element = element(method);
                if (element != null && current != null) {
                    @SuppressWarnings("unchecked")
                    var into = (Collection<Object>) current;
                    int count = random.nextInt(4);
                    for (int i = 0; i < count; i++) {
                        var each = (Message) element.getConstructor().newInstance();
                        fill(each, random, depth + 1);
                        into.add(each);
                    }
                }
            }
        }
    }

    private static String getter(Method setter) {
        var name = setter.getName().substring(3);
        return Character.toLowerCase(name.charAt(0)) + name.substring(1);
    }

    private static Class<?> element(Method setter) {
        var given = setter.getGenericParameterTypes()[0];
        if (!(given instanceof ParameterizedType)) {
            given = setter.getParameterTypes()[0].getGenericSuperclass();
        }
        return given instanceof ParameterizedType list
                        && list.getActualTypeArguments()[0] instanceof Class<?> type
                        && Message.class.isAssignableFrom(type)
                ? type
                : null;
    }
}
