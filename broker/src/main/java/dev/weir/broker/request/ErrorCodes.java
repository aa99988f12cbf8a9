package dev.weir.broker.request;

import org.apache.kafka.common.message.FetchResponseData;
import org.apache.kafka.common.message.ListOffsetsResponseData;
import org.apache.kafka.common.message.MetadataResponseData;
import org.apache.kafka.common.message.OffsetCommitResponseData;
import org.apache.kafka.common.message.OffsetFetchResponseData;
import org.apache.kafka.common.message.ProduceResponseData;
import org.apache.kafka.common.protocol.ApiMessage;
import org.apache.kafka.common.protocol.Message;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.ParameterizedType;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.function.IntConsumer;

/// Finds the error codes in responses, for the counters.
///
/// The generated classes have no common accessor. Those that are answered thousands of times a
/// second, or can name thousands of partitions, are read directly; for the others the accessors
/// called `errorCode` are found once per class by reflection.
final class ErrorCodes {
    private static final ClassValue<Shape> SHAPES =
            new ClassValue<>() {
                @Override
                protected Shape computeValue(Class<?> type) {
                    return Shape.of(type);
                }
            };

    private ErrorCodes() {}

    /// Reports every code in the response that is not 0.
    static void in(ApiMessage response, IntConsumer codes) {
        switch (response) {
            case ProduceResponseData produced -> {
                for (var topic : produced.responses()) {
                    var partitions = topic.partitionResponses();
                    for (int i = 0; i < partitions.size(); i++) {
                        report(partitions.get(i).errorCode(), codes);
                    }
                }
            }
            case FetchResponseData fetched -> {
                report(fetched.errorCode(), codes);
                var topics = fetched.responses();
                for (int t = 0; t < topics.size(); t++) {
                    var partitions = topics.get(t).partitions();
                    for (int i = 0; i < partitions.size(); i++) {
                        report(partitions.get(i).errorCode(), codes);
                    }
                }
            }
            case MetadataResponseData metadata -> {
                report(metadata.errorCode(), codes);
                for (var topic : metadata.topics()) {
                    report(topic.errorCode(), codes);
                    for (var partition : topic.partitions()) {
                        report(partition.errorCode(), codes);
                    }
                }
            }
            case ListOffsetsResponseData listed -> {
                for (var topic : listed.topics()) {
                    for (var partition : topic.partitions()) {
                        report(partition.errorCode(), codes);
                    }
                }
            }
            case OffsetCommitResponseData committed -> {
                for (var topic : committed.topics()) {
                    for (var partition : topic.partitions()) {
                        report(partition.errorCode(), codes);
                    }
                }
            }
            case OffsetFetchResponseData offsets -> inOffsets(offsets, codes);
            default -> walk(response, codes);
        }
    }

    /// Versions before 8 name one group in the response itself.
    private static void inOffsets(OffsetFetchResponseData response, IntConsumer codes) {
        report(response.errorCode(), codes);
        for (var topic : response.topics()) {
            for (var partition : topic.partitions()) {
                report(partition.errorCode(), codes);
            }
        }
        for (var group : response.groups()) {
            report(group.errorCode(), codes);
            for (var topic : group.topics()) {
                for (var partition : topic.partitions()) {
                    report(partition.errorCode(), codes);
                }
            }
        }
    }

    private static void report(short code, IntConsumer codes) {
        if (code != 0) {
            codes.accept(code);
        }
    }

    /// Of any response.
    static void walk(Object message, IntConsumer codes) {
        var shape = SHAPES.get(message.getClass());
        try {
            if (shape.code != null) {
                report((short) shape.code.invoke(message), codes);
            }
            for (var parts : shape.parts) {
                if (parts.invoke(message) instanceof Collection<?> each) {
                    each.forEach(part -> walk(part, codes));
                }
            }
        } catch (IllegalAccessException | InvocationTargetException e) {
            throw new IllegalStateException("cannot read " + message.getClass().getName(), e);
        }
    }

    /// @param code the accessor of the message's own code, or null
    /// @param parts the accessors of collections in which there are codes
    private record Shape(Method code, List<Method> parts) {
        static Shape of(Class<?> type) {
            Method code = null;
            var parts = new ArrayList<Method>();
            for (var each : type.getMethods()) {
                if (each.getParameterCount() > 0) {
                    continue;
                }
                if (each.getName().equals("errorCode") && each.getReturnType() == short.class) {
                    code = each;
                } else if (Collection.class.isAssignableFrom(each.getReturnType())) {
                    var element = element(each);
                    if (element != null && Message.class.isAssignableFrom(element)) {
                        var inside = SHAPES.get(element);
                        if (inside.code != null || !inside.parts.isEmpty()) {
                            parts.add(each);
                        }
                    }
                }
            }
            return new Shape(code, List.copyOf(parts));
        }

        /// Lists say it in their own type, the generated hashed collections in their parent's.
        private static Class<?> element(Method accessor) {
            for (var type :
                    List.of(
                            accessor.getGenericReturnType(),
                            accessor.getReturnType().getGenericSuperclass() == null
                                    ? Object.class
                                    : accessor.getReturnType().getGenericSuperclass())) {
                if (type instanceof ParameterizedType given
                        && given.getActualTypeArguments()[0] instanceof Class<?> element) {
                    return element;
                }
            }
            return null;
        }
    }
}
