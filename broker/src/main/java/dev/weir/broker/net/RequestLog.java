package dev.weir.broker.net;

import dev.weir.broker.metric.Seldom;
import dev.weir.broker.protocol.WireRequest;
import dev.weir.broker.request.RequestMetrics;

import org.apache.kafka.common.message.FetchRequestData;
import org.apache.kafka.common.protocol.ApiMessage;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.net.SocketAddress;
import java.util.concurrent.TimeUnit;

/// Tells who sent what: at DEBUG a line for each answered request, at TRACE with its content; and,
/// whatever the level, of requests that took unreasonably long.
///
/// Called by event loops; with the logger off it costs a comparison and the reading of a level.
final class RequestLog {
    /// Its name is the one to switch on, see `log.requests`.
    private static final Logger LOGGER = LoggerFactory.getLogger("dev.weir.broker.requests");

    private static final long SLOW_NANOS = TimeUnit.SECONDS.toNanos(5);
    private static final long SLOW_TOLD_NANOS = TimeUnit.SECONDS.toNanos(10);

    private final Seldom slow = new Seldom(SLOW_TOLD_NANOS, System.nanoTime());

    /// @param response null when there is none
    void answered(WireRequest request, ApiMessage response, long tookNanos, SocketAddress client) {
        if (tookNanos >= SLOW_NANOS && tookNanos - waitAllowedNanos(request) >= SLOW_NANOS) {
            tellSlow(request, tookNanos, client);
        }
        if (!LOGGER.isDebugEnabled()) {
            return;
        }
        var event =
                LOGGER.atDebug()
                        .addKeyValue("address", client)
                        .addKeyValue("client", request.clientId())
                        .addKeyValue("api", request.api().name)
                        .addKeyValue("version", request.version())
                        .addKeyValue("correlation", request.correlationId())
                        .addKeyValue("micros", tookNanos / 1_000)
                        .addKeyValue("errors", RequestMetrics.errors(response));
        if (LOGGER.isTraceEnabled()) {
            event = event.addKeyValue("request", content(request));
        }
        event.log("request");
    }

    private void tellSlow(WireRequest request, long tookNanos, SocketAddress client) {
        long held = slow.pass(System.nanoTime());
        if (held >= 0) {
            LOGGER.atWarn()
                    .addKeyValue("address", client)
                    .addKeyValue("client", request.clientId())
                    .addKeyValue("api", request.api().name)
                    .addKeyValue("version", request.version())
                    .addKeyValue("ms", TimeUnit.NANOSECONDS.toMillis(tookNanos))
                    .addKeyValue("more", held)
                    .log("slow request");
        }
    }

    /// How long a request waits because its client wants it to.
    private static long waitAllowedNanos(WireRequest request) {
        return switch (request.api()) {
            case FETCH ->
                    TimeUnit.MILLISECONDS.toNanos(((FetchRequestData) request.body()).maxWaitMs());
            // Answered when the other members have come, or their time is over.
            case JOIN_GROUP, SYNC_GROUP -> Long.MAX_VALUE;
            default -> 0;
        };
    }

    private static String content(WireRequest request) {
        return switch (request.api()) {
            // What they hold is secret.
            case SASL_AUTHENTICATE, ALTER_USER_SCRAM_CREDENTIALS -> "(not shown)";
            default -> request.body().toString();
        };
    }
}
