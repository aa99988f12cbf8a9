package dev.weir.server.pgwire;

import io.netty.channel.Channel;

import java.util.concurrent.LinkedBlockingDeque;
import java.util.concurrent.atomic.AtomicInteger;

/// The messages of one connection that wait to be answered. The event loop puts, the conversation's
/// thread takes; while many wait nothing is read from the connection.
final class Inbox {
    private static final int PAUSE_AT = 64;
    private static final int PAUSE_AT_CHARACTERS = 1 << 20;

    private final Channel channel;
    private final LinkedBlockingDeque<FrontendMessage> messages = new LinkedBlockingDeque<>();
    private final AtomicInteger characters = new AtomicInteger();

    Inbox(Channel channel) {
        this.channel = channel;
    }

    void put(FrontendMessage message) {
        messages.add(message);
        if (characters.addAndGet(weight(message)) >= PAUSE_AT_CHARACTERS
                || messages.size() >= PAUSE_AT) {
            channel.config().setAutoRead(false);
        }
    }

    FrontendMessage take() throws InterruptedException {
        FrontendMessage message = messages.take();
        if (characters.addAndGet(-weight(message)) < PAUSE_AT_CHARACTERS
                && messages.size() < PAUSE_AT / 2
                && !channel.config().isAutoRead()) {
            channel.config().setAutoRead(true);
        }
        return message;
    }

    /// What was taken comes next again.
    void putBack(FrontendMessage message) {
        characters.addAndGet(weight(message));
        messages.addFirst(message);
    }

    /// The message that [#take] would give now, or null.
    FrontendMessage peek() {
        return messages.peek();
    }

    private static int weight(FrontendMessage message) {
        return switch (message) {
            case FrontendMessage.Query(var text) -> text.length();
            case FrontendMessage.Parse parse -> parse.text().length();
            case FrontendMessage.Bind bind -> {
                int bytes = 0;
                for (byte[] value : bind.values()) {
                    bytes += value == null ? 0 : value.length;
                }
                yield bytes;
            }
            case FrontendMessage.CopyData(var bytes) -> bytes.length;
            default -> 0;
        };
    }
}
