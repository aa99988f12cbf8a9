package dev.weir.server.pgwire;

import io.netty.channel.Channel;
import java.util.concurrent.LinkedBlockingQueue;

/// The messages of one connection that wait to be answered. The event loop puts, the conversation's
/// thread takes; while many wait nothing is read from the connection.
final class Inbox {
    private static final int PAUSE_AT = 64;

    private final Channel channel;
    private final LinkedBlockingQueue<FrontendMessage> messages = new LinkedBlockingQueue<>();

    Inbox(Channel channel) {
        this.channel = channel;
    }

    void put(FrontendMessage message) {
        messages.add(message);
        if (messages.size() >= PAUSE_AT) {
            channel.config().setAutoRead(false);
        }
    }

    FrontendMessage take() throws InterruptedException {
        FrontendMessage message = messages.take();
        if (messages.size() < PAUSE_AT / 2 && !channel.config().isAutoRead()) {
            channel.config().setAutoRead(true);
        }
        return message;
    }
}
