package dev.weir.server.http;

import dev.weir.server.metric.MetricSource;
import dev.weir.server.net.ClientGoneException;
import dev.weir.server.session.Sessions;
import dev.weir.sql.error.SqlException;

import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.util.NetUtil;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;

/// All resources by path and method, and what becomes of requests that fail.
final class Resources {
    private static final Logger LOGGER = LoggerFactory.getLogger(Resources.class);

    private final Map<String, Map<HttpMethod, Endpoint>> byPath;

    /// Requests being served; notified when there are none.
    private final AtomicInteger serving = new AtomicInteger();

    Resources(Sessions sessions, ServerFacts facts, List<MetricSource> sources) {
        var server = new ServerResource(sessions, facts, sources);
        var ksql = new KsqlResource(sessions);
        var statement = new StatementResource(sessions);
        byPath =
                Map.of(
                        "/", Map.of(HttpMethod.GET, server::root),
                        "/healthcheck", Map.of(HttpMethod.GET, server::health),
                        "/info", Map.of(HttpMethod.GET, server::info),
                        "/metrics", Map.of(HttpMethod.GET, server::metrics),
                        "/ksql", Map.of(HttpMethod.POST, ksql::ksql),
                        "/query", Map.of(HttpMethod.POST, ksql::query),
                        "/query-stream", Map.of(HttpMethod.POST, ksql::queryStream),
                        "/close-query", Map.of(HttpMethod.POST, ksql::closeQuery),
                        "/statement", Map.of(HttpMethod.POST, statement::statement));
    }

    /// Serves a request; never throws.
    void serve(Exchange exchange) {
        serving.incrementAndGet();
        try {
            answer(exchange);
        } finally {
            if (serving.decrementAndGet() == 0) {
                synchronized (serving) {
                    serving.notifyAll();
                }
            }
        }
    }

    /// Waits until no request is being served, at most that long.
    void awaitIdle(Duration most) {
        long deadline = System.nanoTime() + most.toNanos();
        synchronized (serving) {
            long leftMs = most.toMillis();
            while (serving.get() > 0 && leftMs > 0) {
                try {
                    serving.wait(leftMs);
                } catch (InterruptedException _) {
                    Thread.currentThread().interrupt();
                    return;
                }
                leftMs = (deadline - System.nanoTime()) / 1_000_000;
            }
        }
        if (serving.get() > 0) {
            LOGGER.warn("{} requests that were being served are cut off", serving.get());
        }
    }

    private void answer(Exchange exchange) {
        try {
            checkOrigin(exchange);
            endpoint(exchange.request()).serve(exchange);
        } catch (ClientGoneException _) {
            // Whatever it wanted, nobody waits for it.
        } catch (BadRequestException e) {
            sendError(
                    exchange,
                    e.status(),
                    ErrorBodies.error("generic_error", e.errorCode(), e.getMessage()),
                    e.headers());
        } catch (SqlException e) {
            sendError(exchange, ErrorBodies.status(e.state()), ErrorBodies.queryError(e), Map.of());
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        } catch (RuntimeException e) {
            LOGGER.error("a request for {} failed unexpectedly", exchange.request().path(), e);
            sendError(
                    exchange,
                    HttpResponseStatus.INTERNAL_SERVER_ERROR,
                    ErrorBodies.error("generic_error", 50000, "internal error: " + e),
                    Map.of());
        }
    }

    private Endpoint endpoint(Exchange.Request request) {
        Map<HttpMethod, Endpoint> byMethod = byPath.get(request.path());
        if (byMethod == null) {
            throw new BadRequestException(
                    HttpResponseStatus.NOT_FOUND, 40400, "there is no resource " + request.path());
        }
        // Whoever asks for the head of an answer gets it; the exchange leaves the body out.
        Endpoint endpoint =
                byMethod.get(
                        request.method().equals(HttpMethod.HEAD)
                                ? HttpMethod.GET
                                : request.method());
        if (endpoint == null) {
            String allowed =
                    byMethod.keySet().stream()
                            .map(HttpMethod::name)
                            .collect(Collectors.joining(", "));
            throw new BadRequestException(
                    HttpResponseStatus.METHOD_NOT_ALLOWED,
                    40500,
                    request.path() + " takes " + allowed + ", not " + request.method(),
                    Map.of(HttpHeaderNames.ALLOW, allowed));
        }
        return endpoint;
    }

    /// A page of another site that a browser on this machine shows must not run statements, nor one
    /// whose site had its own name resolved to this machine in the meantime.
    private static void checkOrigin(Exchange exchange) {
        String origin = exchange.header(HttpHeaderNames.ORIGIN);
        if (origin.isEmpty()) {
            return;
        }
        String host = exchange.header(HttpHeaderNames.HOST);
        boolean own = origin.substring(origin.indexOf("//") + 2).equalsIgnoreCase(host);
        if (!own || (exchange.isOnLoopback() && !isAddressOrLocalhost(host))) {
            throw new BadRequestException(
                    HttpResponseStatus.FORBIDDEN,
                    40300,
                    "requests from pages of " + origin + " are not served");
        }
    }

    /// Whether a Host header holds something that nobody can point at another machine.
    private static boolean isAddressOrLocalhost(String host) {
        int port = host.startsWith("[") ? host.indexOf("]:") + 1 : host.indexOf(':');
        String name = port > 0 ? host.substring(0, port) : host;
        return name.equalsIgnoreCase("localhost")
                || NetUtil.isValidIpV4Address(name)
                || NetUtil.isValidIpV6Address(name);
    }

    private static void sendError(
            Exchange exchange,
            HttpResponseStatus status,
            Map<String, Object> body,
            Map<CharSequence, String> headers) {
        if (exchange.isStarted()) {
            // The answer has begun; that it breaks off is all that can still be said.
            return;
        }
        try {
            exchange.send(status, Json.TYPE, Json.bytes(body), headers);
        } catch (ClientGoneException _) {
            // Nobody waits for the error either.
        }
    }
}
