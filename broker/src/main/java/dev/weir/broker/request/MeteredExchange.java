package dev.weir.broker.request;

import dev.weir.broker.error.BrokerException;
import dev.weir.broker.protocol.ThrottleTimes;
import dev.weir.broker.protocol.WireErrors;
import dev.weir.broker.protocol.WireRequest;
import dev.weir.broker.quota.Quotas;
import dev.weir.broker.quota.Use;

import org.apache.kafka.common.message.FetchRequestData;
import org.apache.kafka.common.message.FetchResponseData;
import org.apache.kafka.common.message.ProduceRequestData;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.ApiMessage;
import org.apache.kafka.common.protocol.MessageSizeAccumulator;
import org.apache.kafka.common.protocol.ObjectSerializationCache;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.security.auth.KafkaPrincipal;

import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;

/// An exchange whose use of the broker is counted against its client's quotas. It stands before the
/// exchange of the connection only while there are quotas.
///
/// A client over its limit is answered at once, with the time for which it must be quiet, and for
/// that time nothing is read from its connection (KIP-219). A fetch over the limit is answered
/// without records, which then do not count. Only if the client had nothing in all windows it gets
/// them, since a batch larger than that could never be read otherwise.
final class MeteredExchange extends ForwardingExchange implements PartitionBudget {
    /// From these versions on clients know `THROTTLING_QUOTA_EXCEEDED` (KIP-599); older ones have
    /// their changes made and are made to wait afterwards.
    private static final short STRICT_CREATE_TOPICS = 6;

    private static final short STRICT_DELETE_TOPICS = 5;
    private static final short STRICT_CREATE_PARTITIONS = 3;

    private final Quotas quotas;
    private final RequestMetrics metrics;
    private final LongSupplier nanoTime;
    private final String user = KafkaPrincipal.ANONYMOUS.getName();
    private final String client;

    /// How long the client must be quiet for its bytes or its changes, whatever it is answered.
    private final AtomicInteger waitMs = new AtomicInteger();

    /// What threads have spent on the request and not yet counted.
    private final AtomicLong uncountedNanos = new AtomicLong();

    private volatile Thread runner;
    private volatile long runningSince;
    private volatile boolean answered;

    /// @param nanoTime by which the time of threads is measured
    MeteredExchange(
            Exchange exchange, Quotas quotas, RequestMetrics metrics, LongSupplier nanoTime) {
        super(exchange);
        this.quotas = quotas;
        this.metrics = metrics;
        this.nanoTime = nanoTime;
        this.client = exchange.request().clientId();
    }

    /// Counts the request's bytes and cuts what it may ask for. Event loop only, before the handler
    /// is called.
    void begin() {
        switch (exchange.request().body()) {
            case ProduceRequestData _ -> {
                int wait = quotas.useBytes(Use.PRODUCE, user, client, exchange.requestBytes());
                if (wait > 0) {
                    waitMs.set(wait);
                    // At once, because further requests may have been read already.
                    exchange.quiet(wait);
                }
            }
            case FetchRequestData fetch -> {
                int most = quotas.largestFetch(user, client);
                if (fetch.maxBytes() > most) {
                    fetch.setMaxBytes(most);
                }
            }
            default -> {}
        }
    }

    /// Runs a part of the handler's work, whose time is counted. One at a time.
    void run(Runnable work) {
        runningSince = nanoTime.getAsLong();
        runner = Thread.currentThread();
        try {
            work.run();
        } finally {
            runner = null;
            uncountedNanos.addAndGet(nanoTime.getAsLong() - runningSince);
            if (answered) {
                // Too late for this response; it makes the next ones wait.
                quotas.useNanos(user, client, uncountedNanos.getAndSet(0));
            }
        }
    }

    @Override
    public Runnable counted(Runnable work) {
        return () -> run(work);
    }

    @Override
    public void runLater(Runnable task) {
        exchange.runLater(counted(task));
    }

    @Override
    public Future<?> runAfter(int millis, Runnable task) {
        return exchange.runAfter(millis, counted(task));
    }

    @Override
    public void reply(ApiMessage response) {
        int forTime = countTime();
        int forUse = waitMs.get();
        if (response instanceof FetchResponseData fetch) {
            int bytes = sizeOf(response);
            forUse = quotas.useBytes(Use.FETCH, user, client, bytes);
            if ((forUse > 0 || forTime > 0) && !quotas.isFirst(Use.FETCH, user, client, bytes)) {
                quotas.useBytes(Use.FETCH, user, client, -bytes);
                countThrottled(forUse, forTime);
                exchange.quiet(Math.max(forUse, forTime));
                exchange.reply(withoutRecords(fetch, Math.max(forUse, forTime)));
                return;
            }
        }
        countThrottled(forUse, forTime);
        int wait = Math.max(forUse, forTime);
        if (wait > 0) {
            ThrottleTimes.set(response, wait);
            exchange.quiet(wait);
        }
        exchange.reply(response);
    }

    @Override
    public void replyNothing() {
        countThrottled(waitMs.get(), countTime());
        exchange.replyNothing();
    }

    @Override
    public PartitionBudget budget() {
        return this;
    }

    @Override
    public boolean isLimited() {
        return quotas.limits(Use.MUTATION, user, client);
    }

    @Override
    public void charge(int partitions) {
        boolean strict = isStrict(exchange.request());
        int wait = quotas.usePartitions(user, client, partitions, strict);
        waitMs.accumulateAndGet(wait, Math::max);
        if (strict && wait > 0) {
            throw new BrokerException(
                    WireErrors.THROTTLING_QUOTA_EXCEEDED,
                    "the quota controller_mutation_rate is exceeded; try again in " + wait + " ms");
        }
    }

    private static boolean isStrict(WireRequest request) {
        ApiKeys api = request.api();
        return switch (api) {
            case CREATE_TOPICS -> request.version() >= STRICT_CREATE_TOPICS;
            case DELETE_TOPICS -> request.version() >= STRICT_DELETE_TOPICS;
            case CREATE_PARTITIONS -> request.version() >= STRICT_CREATE_PARTITIONS;
            default -> false;
        };
    }

    private void countThrottled(int forUse, int forTime) {
        if (forUse > 0) {
            var use =
                    switch (exchange.request().body()) {
                        case ProduceRequestData _ -> Use.PRODUCE;
                        case FetchRequestData _ -> Use.FETCH;
                        default -> Use.MUTATION;
                    };
            metrics.throttled(use).increment();
        }
        if (forTime > 0) {
            metrics.throttled(Use.TIME).increment();
        }
    }

    private int countTime() {
        long nanos = uncountedNanos.getAndSet(0);
        if (runner == Thread.currentThread()) {
            long now = nanoTime.getAsLong();
            nanos += now - runningSince;
            runningSince = now;
        }
        answered = true;
        return quotas.useNanos(user, client, nanos);
    }

    private int sizeOf(ApiMessage response) {
        var size = new MessageSizeAccumulator();
        response.addSize(size, new ObjectSerializationCache(), exchange.request().version());
        return size.totalSize();
    }

    /// The response of a throttled fetch: its records are read again by a later one. All else
    /// stays, since a session does not say it twice.
    private static FetchResponseData withoutRecords(FetchResponseData response, int wait) {
        for (var topic : response.responses()) {
            for (var partition : topic.partitions()) {
                partition.setRecords(MemoryRecords.EMPTY).setAbortedTransactions(null);
            }
        }
        return response.setThrottleTimeMs(wait);
    }
}
