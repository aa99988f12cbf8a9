package dev.weir.broker.protocol;

import org.apache.kafka.common.Uuid;

import java.util.UUID;

/// Topic ids as Java and as Kafka's codec have them: the same 128 bits.
public final class TopicIds {
    private TopicIds() {}

    public static Uuid toWire(UUID id) {
        return new Uuid(id.getMostSignificantBits(), id.getLeastSignificantBits());
    }

    public static UUID fromWire(Uuid id) {
        return new UUID(id.getMostSignificantBits(), id.getLeastSignificantBits());
    }
}
