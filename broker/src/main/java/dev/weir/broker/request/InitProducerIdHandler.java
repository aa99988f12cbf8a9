package dev.weir.broker.request;

import dev.weir.broker.error.BrokerException;
import dev.weir.broker.error.ErrorCode;

import org.apache.kafka.common.message.InitProducerIdRequestData;
import org.apache.kafka.common.message.InitProducerIdResponseData;

import java.util.function.LongSupplier;

/// Gives idempotent producers their ids. A producer that asks again gets a new id, as in Kafka.
record InitProducerIdHandler(LongSupplier producerIds) implements Handler {
    @Override
    public void handle(Exchange exchange) {
        var body = (InitProducerIdRequestData) exchange.request().body();
        if (body.transactionalId() != null) {
            // Clients find the transaction coordinator first, and there is none to be found.
            throw new BrokerException(
                    ErrorCode.INVALID_REQUEST, "transactions are not served by this broker");
        }
        exchange.reply(
                new InitProducerIdResponseData()
                        .setProducerId(producerIds.getAsLong())
                        .setProducerEpoch((short) 0));
    }
}
