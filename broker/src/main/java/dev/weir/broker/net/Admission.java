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
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/// Stands before the acceptor and decides which connections are served, so that a flood of them
/// takes neither file descriptors nor threads from those that are there.
///
/// Connections come on the event loop of the listening socket, and only there is it decided whether
/// more are accepted; they leave on any thread.
final class Admission extends ChannelInboundHandlerAdapter {
    private static final Logger LOGGER = LoggerFactory.getLogger(Admission.class);

    /// At the limit every connection that is closed lets one in and reaches the limit again.
    private static final long WARN_EVERY_NANOS = TimeUnit.MINUTES.toNanos(1);

    private volatile ConnectionLimits limits;
    private final Quotas quotas;
    private final RequestMetrics metrics;
    private final AtomicInteger open = new AtomicInteger();
    private final ConcurrentHashMap<InetAddress, Integer> openByAddress = new ConcurrentHashMap<>();
    private long warnedNanos = System.nanoTime() - WARN_EVERY_NANOS; // of the server's loop

    Admission(ConnectionLimits limits, Quotas quotas, RequestMetrics metrics) {
        this.limits = limits;
        this.quotas = quotas;
        this.metrics = metrics;
    }

    /// Changes what connections that come from now on are held against; those that are there stay.
    /// Any thread.
    void limit(Channel server, ConnectionLimits changed) {
        limits = changed;
        try {
            server.eventLoop().execute(() -> acceptIfThereIsRoom(server));
        } catch (RejectedExecutionException e) {
            LOGGER.debug("the event loop has stopped", e);
        }
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
        var connection = (Channel) message;
        var server = ctx.channel();
        open.incrementAndGet();
        if (connection.remoteAddress() instanceof InetSocketAddress client) {
            admit(ctx, connection, client.getAddress());
        } else {
            // Gone already.
            refuse(server, connection, null);
        }
        if (open.get() >= limits.max()) {
            warn();
            acceptIfThereIsRoom(server);
        }
    }

    private void admit(ChannelHandlerContext ctx, Channel connection, InetAddress address) {
        var server = ctx.channel();
        if (openByAddress.merge(address, 1, Integer::sum) > limits.most(address)) {
            LOGGER.debug("connection from {} refused: it has too many", address);
            refuse(server, connection, address);
            return;
        }
        int wait = quotas.useConnection(address);
        if (wait > 0) {
            // Closed only later, so that a client that tries again at once does so less often.
            LOGGER.debug("connection from {} refused: they come too fast", address);
            var _ =
                    ctx.executor()
                            .schedule(
                                    () -> refuse(server, connection, address),
                                    wait,
                                    TimeUnit.MILLISECONDS);
            return;
        }
        connection.closeFuture().addListener(_ -> leave(server, address));
        ctx.fireChannelRead(connection);
    }

    /// Counts a connection out. Any thread; once for each connection that was counted.
    ///
    /// @param address null if it was not counted under one
    private void leave(Channel server, InetAddress address) {
        if (address != null) {
            openByAddress.computeIfPresent(address, (_, count) -> count == 1 ? null : count - 1);
        }
        if (open.getAndDecrement() >= limits.max()) {
            try {
                server.eventLoop().execute(() -> acceptIfThereIsRoom(server));
            } catch (RejectedExecutionException e) {
                LOGGER.debug("the event loop has stopped", e);
            }
        }
    }

    /// Accepts no more while there are as many as allowed; clients then wait in the backlog. On the
    /// server's loop only: whoever makes room has it called there afterwards, so that the last word
    /// is always said by one who saw the room.
    private void acceptIfThereIsRoom(Channel server) {
        if (server.isOpen()) {
            server.config().setAutoRead(open.get() < limits.max());
        }
    }

    private void warn() {
        long now = System.nanoTime();
        if (now - warnedNanos >= WARN_EVERY_NANOS) {
            warnedNanos = now;
            LOGGER.warn(
                    "there are {} connections, as many as max.connections allows; no more are"
                            + " accepted until one is closed",
                    limits.max());
        }
    }

    private void refuse(Channel server, Channel connection, InetAddress address) {
        metrics.connectionsRefused.increment();
        // It was never registered with an event loop, which would be the usual way to close it and
        // would complete its close future.
        connection.unsafe().closeForcibly();
        leave(server, address);
    }
}
