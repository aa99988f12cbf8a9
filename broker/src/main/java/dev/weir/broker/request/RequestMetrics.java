package dev.weir.broker.request;

import dev.weir.broker.metric.Histogram;
import dev.weir.broker.metric.Labels;
import dev.weir.broker.metric.Metric;
import dev.weir.broker.metric.MetricVisitor;
import dev.weir.broker.quota.Use;

import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.ApiMessage;
import org.apache.kafka.common.protocol.Errors;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.List;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.IntConsumer;

/// What is counted about connections and their requests. Any thread adds, any thread reads;
/// counters only grow.
public final class RequestMetrics {
    private static final Metric REQUESTS =
            Metric.counter("weir_broker_requests_total", "Requests taken in.");
    private static final Metric ERRORS =
            Metric.counter(
                    "weir_broker_request_errors_total",
                    "Error codes in responses; a response about several partitions can have"
                            + " several.");
    private static final Metric SECONDS =
            Metric.histogram(
                    "weir_broker_request_seconds",
                    "Time from a whole request being read to its response being written, waits"
                            + " asked for by the client included.");
    private static final Metric RECEIVED =
            Metric.counter("weir_broker_received_bytes_total", "Bytes received from clients.");
    private static final Metric SENT =
            Metric.counter("weir_broker_sent_bytes_total", "Bytes of responses sent to clients.");
    private static final Metric CONNECTIONS =
            Metric.gauge("weir_broker_connections", "Connections open.");
    private static final Metric ACCEPTED =
            Metric.counter("weir_broker_connections_accepted_total", "Connections accepted.");
    private static final Metric TURNED_AWAY =
            Metric.counter(
                    "weir_broker_connections_refused_total",
                    "Connections closed at once because there were too many.");
    private static final Metric REFUSED =
            Metric.counter(
                    "weir_broker_requests_refused_total",
                    "Connections closed because of a broken, oversized or unsupported request.");
    private static final Metric THROTTLED =
            Metric.counter(
                    "weir_broker_throttled_requests_total",
                    "Requests after which the client has to be quiet because of a quota.");
    private static final Metric PRODUCED =
            Metric.counter(
                    "weir_broker_produced_bytes_total",
                    "Bytes of record batches appended for clients.");
    private static final Metric FETCHED =
            Metric.counter(
                    "weir_broker_fetched_bytes_total",
                    "Bytes of record batches answered to clients.");

    private static final Metric INCREMENTAL =
            Metric.counter(
                    "weir_broker_incremental_fetches_total",
                    "Fetch requests that named only what was new in their session.");

    private static final int APIS =
            Arrays.stream(ApiKeys.values()).mapToInt(api -> api.id).max().orElseThrow() + 1;

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

    private final EnumMap<Use, LongAdder> throttled = new EnumMap<>(Use.class);
    private final AtomicReferenceArray<ApiMetrics> apis = new AtomicReferenceArray<>(APIS);

    public RequestMetrics() {
        for (var use : Use.values()) {
            throttled.put(use, new LongAdder());
        }
    }

    /// Requests after which their clients have to be quiet, because of this quota.
    public LongAdder throttled(Use use) {
        return throttled.get(use);
    }

    /// The counters of one API.
    public static final class ApiMetrics {
        private final String labels;

        /// Requests taken in.
        public final LongAdder requests = new LongAdder();

        /// Time from a whole request being read to its response being written.
        public final Histogram time = new Histogram();

        private final ConcurrentSkipListMap<Short, LongAdder> errors =
                new ConcurrentSkipListMap<>();

        // Made once: a response is written for every few records.
        private final IntConsumer failed = this::failed;

        private ApiMetrics(ApiKeys api) {
            labels = Labels.of("api", api.name);
        }

        /// Counts a response that is about to be written.
        ///
        /// @param response null for none
        /// @param tookNanos since its request was read
        public void answered(ApiMessage response, long tookNanos) {
            time.record(tookNanos);
            if (response != null) {
                ErrorCodes.in(response, failed);
            }
        }

        /// Counts an error code.
        public void failed(int code) {
            errors.computeIfAbsent((short) code, _ -> new LongAdder()).increment();
        }

        /// How often a code was answered.
        public long failures(short code) {
            var found = errors.get(code);
            return found == null ? 0 : found.sum();
        }
    }

    /// The counters of an API, made on first use.
    public ApiMetrics api(ApiKeys api) {
        var found = apis.get(api.id);
        if (found != null) {
            return found;
        }
        apis.compareAndSet(api.id, null, new ApiMetrics(api));
        return apis.get(api.id);
    }

    /// The names of the error codes in a response, in order.
    ///
    /// @param response null for none
    public static List<String> errors(ApiMessage response) {
        var names = new ArrayList<String>();
        if (response != null) {
            ErrorCodes.in(response, code -> names.add(Errors.forCode((short) code).name()));
        }
        return names;
    }

    /// Reports everything.
    public void report(MetricVisitor visitor) {
        var used = new ArrayList<ApiMetrics>();
        for (int id = 0; id < APIS; id++) {
            if (apis.get(id) != null) {
                used.add(apis.get(id));
            }
        }
        used.sort(Comparator.comparing(api -> api.labels));
        visitor.metric(REQUESTS);
        used.forEach(api -> visitor.sample(api.labels, api.requests.sum()));
        visitor.metric(ERRORS);
        for (var api : used) {
            api.errors.forEach((code, count) ->
                    visitor.sample(
                            api.labels + ',' + Labels.of("error", Errors.forCode(code).name()),
                            count.sum()));
        }
        visitor.metric(SECONDS);
        used.forEach(api -> api.time.report(visitor, api.labels));
        visitor.single(RECEIVED, bytesIn.sum());
        visitor.single(SENT, bytesOut.sum());
        // In this order: a connection that closes in between must not make the difference negative.
        long closed = connectionsClosed.sum();
        visitor.single(CONNECTIONS, connectionsOpened.sum() - closed);
        visitor.single(ACCEPTED, connectionsOpened.sum());
        visitor.single(TURNED_AWAY, connectionsRefused.sum());
        visitor.single(REFUSED, requestsRefused.sum());
        visitor.metric(THROTTLED);
        throttled.forEach(
                (use, count) -> visitor.sample(Labels.of("quota", use.quota()), count.sum()));
        visitor.single(PRODUCED, producedBytes.sum());
        visitor.single(FETCHED, fetchedBytes.sum());
        visitor.single(INCREMENTAL, incrementalFetches.sum());
    }
}
