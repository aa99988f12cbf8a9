package dev.weir.broker.request;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.broker.partition.SyncTurn;
import dev.weir.broker.protocol.WireRequest;

import org.apache.kafka.common.protocol.ApiMessage;

import java.net.InetAddress;
import java.util.ArrayDeque;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Future;

/// An exchange without a connection: keeps the answer, and what is to be done later until the test
/// wants it done.
final class ExchangeInTest implements Exchange {
    private final WireRequest request;
    private final ArrayDeque<Runnable> later = new ArrayDeque<>();
    private boolean held;
    private ApiMessage response;

    ExchangeInTest(WireRequest request) {
        this.request = request;
    }

    /// Null before there is one.
    ApiMessage response() {
        return response;
    }

    /// Whether the requests behind it have to wait.
    boolean isHeld() {
        return held;
    }

    /// Whether something is to be done later.
    boolean hasMore() {
        return !later.isEmpty();
    }

    /// Does the next of what was to be done later.
    void runNext() {
        later.remove().run();
    }

    @Override
    public WireRequest request() {
        return request;
    }

    @Override
    public InetAddress clientAddress() {
        return InetAddress.getLoopbackAddress();
    }

    @Override
    public void reply(ApiMessage answer) {
        assertThat(response).as("an answer before").isNull();
        response = answer;
    }

    @Override
    public int requestBytes() {
        return 0;
    }

    @Override
    public void quiet(int millis) {}

    @Override
    public void replyNothing() {}

    @Override
    public void close(String reason) {
        throw new AssertionError("closed: " + reason);
    }

    @Override
    public void holdFollowing() {
        held = true;
    }

    @Override
    public SyncTurn syncTurn() {
        return null; // whatever is appended is synced by the test
    }

    @Override
    public void runLater(Runnable task) {
        later.add(task);
    }

    @Override
    public Future<?> runAfter(int millis, Runnable task) {
        later.add(task);
        return CompletableFuture.completedFuture(null); // nobody asks
    }

    @Override
    public void expireAfter(int millis, Runnable expire) {}

    @Override
    public void finishEarly(Runnable finish) {}
}
