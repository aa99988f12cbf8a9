package dev.weir.broker.request;

import org.apache.kafka.common.message.InitProducerIdResponseData;

import java.util.function.LongSupplier;

/// Gives idempotent producers their ids. A producer that asks again gets a new id, as in Kafka.
record InitProducerIdHandler(LongSupplier producerIds) implements Handler {
    @Override
    public void handle(Exchange exchange) {
        exchange.reply(
                new InitProducerIdResponseData()
                        .setProducerId(producerIds.getAsLong())
                        .setProducerEpoch((short) 0));
    }
}
