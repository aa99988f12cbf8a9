package dev.weir.broker.request;

import dev.weir.broker.partition.SyncTurn;
import dev.weir.broker.protocol.WireRequest;

import org.apache.kafka.common.protocol.ApiMessage;

import java.net.InetAddress;
import java.util.concurrent.Future;

/// One request on its way to its response. Responses leave a connection in the order of its
/// requests, whatever the order they become ready in.
public interface Exchange {
    WireRequest request();

    /// Where the client is. Any thread.
    InetAddress clientAddress();

    /// Answers. Any thread; only the first answer counts, and none after the connection is closed.
    void reply(ApiMessage response);

    /// How many bytes the request took on the wire, without its length.
    int requestBytes();

    /// Reads nothing more from the connection until a time has passed (KIP-219): what is answered
    /// is answered at once. Any thread; the longest of several times counts.
    void quiet(int millis);

    /// Where changes of topics are counted. Any thread.
    default PartitionBudget budget() {
        return PartitionBudget.UNLIMITED;
    }

    /// A part of the handler's work for another thread or another time, such that the time it takes
    /// counts as use of the broker by the client.
    default Runnable counted(Runnable work) {
        return work;
    }

    /// The turn of the event loop, in which what is appended may be synced. Event loop only.
    SyncTurn syncTurn();

    /// Ends the exchange without a response, as a produce request without acknowledgement wants it.
    /// Event loop only.
    void replyNothing();

    /// Closes the connection, for a request that cannot be answered in any other way. Any thread.
    void close(String reason);

    /// Holds back the following requests of this connection until this one is answered. Event loop
    /// only, before the handler returns.
    void holdFollowing();

    /// Runs something on the event loop soon. Any thread; after the broker stopped it does nothing.
    void runLater(Runnable task);

    /// Runs something on the event loop after a time. Event loop only.
    Future<?> runAfter(int millis, Runnable task);

    /// What to do if the exchange is still open after this time, give or take a second. Event loop
    /// only.
    void expireAfter(int millis, Runnable expire);

    /// What to do if the broker shuts down or the connection closes while the exchange is open:
    /// answer now with what there is, and let go of what is held. Runs on the event loop.
    void finishEarly(Runnable finish);
}
