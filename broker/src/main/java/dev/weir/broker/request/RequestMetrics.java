package dev.weir.broker.request;

import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.LongAdder;

/// What is counted about connections and their requests. Any thread adds, any thread reads;
/// counters only grow.
public final class RequestMetrics {
    /// Bytes received from clients.
    public final LongAdder bytesIn = new LongAdder();

    /// Bytes of responses handed to the network.
    public final LongAdder bytesOut = new LongAdder();

    /// Connections accepted since the start.
    public final LongAdder connectionsOpened = new LongAdder();

    /// Connections closed since the start, by whichever side.
    public final LongAdder connectionsClosed = new LongAdder();

    /// Connections that were not served because there were too many, or they came too fast.
    public final LongAdder connectionsRefused = new LongAdder();

    /// Connections closed because of a broken, oversized or unsupported request.
    public final LongAdder requestsRefused = new LongAdder();

    /// Bytes of record batches appended for clients.
    public final LongAdder producedBytes = new LongAdder();

    /// Bytes of record batches sent to clients.
    public final LongAdder fetchedBytes = new LongAdder();

    /// Fetch requests that named only what was new in their session.
    public final LongAdder incrementalFetches = new LongAdder();

    private final ConcurrentHashMap<String, ApiMetrics> apis = new ConcurrentHashMap<>();

    /// The counters of one API.
    public static final class ApiMetrics {
        /// Requests taken in.
        public final LongAdder requests = new LongAdder();

        /// Requests that failed as a whole.
        public final LongAdder errors = new LongAdder();

        /// Time from a whole request being read to its response being written, summed.
        public final LongAdder nanos = new LongAdder();
    }

    /// The counters of an API, made on first use.
    public ApiMetrics api(String name) {
        var found = apis.get(name);
        return found != null ? found : apis.computeIfAbsent(name, _ -> new ApiMetrics());
    }

    /// The counters of all APIs used so far, by name.
    public Map<String, ApiMetrics> apis() {
        return new TreeMap<>(apis);
    }
}
