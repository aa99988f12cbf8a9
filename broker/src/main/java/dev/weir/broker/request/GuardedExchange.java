package dev.weir.broker.request;

import org.apache.kafka.common.protocol.ApiMessage;

import java.util.function.UnaryOperator;

/// An exchange whose handler sees only what its client may ask for, and whose response is completed
/// with what was kept from it.
final class GuardedExchange extends ForwardingExchange {
    private final UnaryOperator<ApiMessage> complete;
    private final String refusal;

    /// @param complete changes the handler's response; called once, by the answering thread
    /// @param refusal why a client that waits for no response is cut off; null if it is not
    GuardedExchange(Exchange exchange, UnaryOperator<ApiMessage> complete, String refusal) {
        super(exchange);
        this.complete = complete;
        this.refusal = refusal;
    }

    @Override
    public void reply(ApiMessage response) {
        exchange.reply(complete.apply(response));
    }

    @Override
    public void replyNothing() {
        if (refusal == null) {
            exchange.replyNothing();
        } else {
            exchange.close(refusal);
        }
    }
}
