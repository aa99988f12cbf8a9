package dev.weir.broker.net;

import dev.weir.broker.quota.Quotas;
import dev.weir.broker.request.RequestMetrics;

import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/// Stands before the acceptor and decides which connections are served, so that a flood of them
/// takes neither file descriptors nor threads from those that are there.
///
/// Runs on the event loop of the listening socket; connections are counted out on their own.
final class Admission extends ChannelInboundHandlerAdapter {
    private static final Logger LOGGER = LoggerFactory.getLogger(Admission.class);

    private final ConnectionLimits limits;
    private final Quotas quotas;
    private final RequestMetrics metrics;
    private final AtomicInteger open = new AtomicInteger();
    private final ConcurrentHashMap<InetAddress, Integer> openByAddress = new ConcurrentHashMap<>();

    Admission(ConnectionLimits limits, Quotas quotas, RequestMetrics metrics) {
        this.limits = limits;
        this.quotas = quotas;
        this.metrics = metrics;
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
        var connection = (Channel) message;
        count(ctx, connection);
        if (!(connection.remoteAddress() instanceof InetSocketAddress client)) {
            // Gone already.
            refuse(connection);
            return;
        }
        var address = client.getAddress();
        if (openByAddress.merge(address, 1, Integer::sum) > limits.maxPerAddress()) {
            forget(address);
            LOGGER.debug("connection from {} refused: it has too many", address);
            refuse(connection);
            return;
        }
        connection.closeFuture().addListener(_ -> forget(address));
        int wait = quotas.useConnection(address);
        if (wait > 0) {
            // Closed only later, so that a client that tries again at once does so less often.
            LOGGER.debug("connection from {} refused: they come too fast", address);
            var _ = ctx.executor().schedule(() -> refuse(connection), wait, TimeUnit.MILLISECONDS);
            return;
        }
        ctx.fireChannelRead(connection);
    }

    /// Accepts no more while there are as many as allowed; clients then wait in the backlog.
    private void count(ChannelHandlerContext ctx, Channel connection) {
        var server = ctx.channel();
        if (open.incrementAndGet() >= limits.max()) {
            server.config().setAutoRead(false);
            LOGGER.warn(
                    "there are {} connections, as many as max.connections allows; no more are"
                            + " accepted until one is closed",
                    limits.max());
        }
        connection
                .closeFuture()
                .addListener(_ -> {
                    if (open.decrementAndGet() == limits.max() - 1) {
                        server.config().setAutoRead(true);
                    }
                });
    }

    private void forget(InetAddress address) {
        openByAddress.computeIfPresent(address, (_, count) -> count == 1 ? null : count - 1);
    }

    private void refuse(Channel connection) {
        metrics.connectionsRefused.increment();
        // It was never registered with an event loop, which would be the usual way to close it.
        connection.unsafe().closeForcibly();
    }
}
