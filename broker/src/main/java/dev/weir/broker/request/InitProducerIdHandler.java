package dev.weir.broker.request;

import org.apache.kafka.common.message.InitProducerIdResponseData;

/// Gives idempotent producers their ids, at once while there are any in memory. A producer that
/// asks again gets a new id, as in Kafka.
///
/// @param waiting what gives an id when none is ready; may wait
record InitProducerIdHandler(ProducerIdSource producerIds, Handler waiting) implements Handler {
    /// Called on the event loop.
    @Override
    public void handle(Exchange exchange) {
        var ready = producerIds.ready();
        if (ready.isPresent()) {
            give(exchange, ready.getAsLong());
        } else {
            waiting.handle(exchange);
        }
    }

    static void give(Exchange exchange, long producerId) {
        exchange.reply(
                new InitProducerIdResponseData()
                        .setProducerId(producerId)
                        .setProducerEpoch((short) 0));
    }
}
