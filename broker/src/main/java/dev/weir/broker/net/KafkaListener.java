package dev.weir.broker.net;

import dev.weir.broker.partition.SyncTurn;
import dev.weir.broker.quota.Quotas;
import dev.weir.broker.request.RequestMetrics;
import dev.weir.broker.request.RequestRouter;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.AdaptiveRecvByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.ServerChannel;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.group.ChannelGroup;
import io.netty.channel.group.DefaultChannelGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.handler.timeout.IdleStateHandler;
import io.netty.util.concurrent.DefaultThreadFactory;
import io.netty.util.concurrent.GlobalEventExecutor;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;

/// Accepts connections and gives each to an event loop, with epoll where there is one.
///
/// Binding and serving are two steps, because what is served must name the port that was bound;
/// connections made in between wait in the backlog.
public final class KafkaListener implements AutoCloseable {
    private static final Logger LOGGER = LoggerFactory.getLogger(KafkaListener.class);

    private static final int BACKLOG = 1024;
    private static final long DRAIN_SECONDS = 5;
    private static final int FIRST_READ_BYTES = 2048;

    /// Room for several requests of a busy producer: fewer system calls, and fewer requests that
    /// lie across two reads and have to be put together.
    private static final int MAX_READ_BYTES = 256 * 1024;

    private static final WriteBufferWaterMark WRITE_BUFFER =
            new WriteBufferWaterMark(256 * 1024, 1024 * 1024);

    private final EventLoopGroup loops;
    private final ChannelGroup connections = new DefaultChannelGroup(GlobalEventExecutor.INSTANCE);
    private final ListenerConfig config;
    private final RequestMetrics metrics;
    private final RequestLog requestLog = new RequestLog();
    private final ConcurrentHashMap<EventLoop, SyncTurn> syncTurns = new ConcurrentHashMap<>();
    private final Channel server;
    private final Admission admission;
    private volatile RequestRouter router;

    /// Binds the address without accepting yet.
    ///
    /// @param quotas how fast connections may come
    /// @throws UncheckedIOException if the address cannot be had
    public KafkaListener(ListenerConfig config, Quotas quotas, RequestMetrics metrics) {
        this.config = config;
        this.metrics = metrics;
        this.admission = new Admission(config.connections(), quotas, metrics);
        boolean epoll = Epoll.isAvailable();
        IoHandlerFactory io = epoll ? EpollIoHandler.newFactory() : NioIoHandler.newFactory();
        Class<? extends ServerChannel> channel =
                epoll ? EpollServerSocketChannel.class : NioServerSocketChannel.class;
        this.loops =
                new MultiThreadIoEventLoopGroup(
                        config.ioThreads(), new DefaultThreadFactory("broker-io"), io);
        var bound =
                new ServerBootstrap()
                        .group(loops)
                        .channel(channel)
                        .option(ChannelOption.AUTO_READ, false)
                        .option(ChannelOption.SO_REUSEADDR, true)
                        .option(ChannelOption.SO_BACKLOG, BACKLOG)
                        .handler(admission)
                        .childOption(ChannelOption.TCP_NODELAY, true)
                        .childOption(ChannelOption.SO_KEEPALIVE, true)
                        .childOption(ChannelOption.WRITE_BUFFER_WATER_MARK, WRITE_BUFFER)
                        .childOption(
                                ChannelOption.RECVBUF_ALLOCATOR,
                                new AdaptiveRecvByteBufAllocator(
                                        64, FIRST_READ_BYTES, MAX_READ_BYTES))
                        .childHandler(new Accepted())
                        .bind(config.host(), config.port())
                        .awaitUninterruptibly();
        if (!bound.isSuccess()) {
            var _ = loops.shutdownGracefully(0, 1, TimeUnit.SECONDS);
            throw new UncheckedIOException(
                    new IOException(
                            "cannot listen on "
                                    + config.host()
                                    + ":"
                                    + config.port()
                                    + ": "
                                    + bound.cause().getMessage(),
                            bound.cause()));
        }
        this.server = bound.channel();
    }

    /// The address bound, with the port the system chose if none was asked for.
    public InetSocketAddress address() {
        return (InetSocketAddress) server.localAddress();
    }

    /// Changes how many connections there may be. How long they may idle stays as it is.
    public void limit(ConnectionLimits limits) {
        admission.limit(server, limits);
    }

    /// Begins to accept connections.
    public void serve(RequestRouter requests) {
        router = requests;
        server.config().setAutoRead(true);
        LOGGER.info("Kafka protocol on {}", address());
    }

    /// Accepts no more, lets the connections answer what they have read, and closes them.
    @Override
    public void close() {
        server.close().awaitUninterruptibly();
        var open = connections.newCloseFuture();
        for (var channel : connections) {
            shutDown(channel);
        }
        if (!open.awaitUninterruptibly(DRAIN_SECONDS, TimeUnit.SECONDS)) {
            LOGGER.warn("{} connections cut off with requests unanswered", connections.size());
            connections.close().awaitUninterruptibly(DRAIN_SECONDS, TimeUnit.SECONDS);
        }
        loops.shutdownGracefully(0, DRAIN_SECONDS, TimeUnit.SECONDS).awaitUninterruptibly();
    }

    private static SyncTurn syncTurn(EventLoop loop) {
        return new SyncTurn(
                new SyncTurn.Turns() {
                    @Override
                    public void atEnd(Runnable task) {
                        loop.execute(task);
                    }

                    @Override
                    public Future<?> later(Runnable task, long nanos) {
                        return loop.schedule(task, nanos, TimeUnit.NANOSECONDS);
                    }
                });
    }

    static void shutDown(Channel channel) {
        var connection = channel.pipeline().get(Connection.class);
        // One that was closed a moment ago has no handlers any more.
        if (connection != null) {
            connection.shutDown();
        }
    }

    private final class Accepted extends ChannelInitializer<Channel> {
        @Override
        protected void initChannel(Channel channel) {
            channel.pipeline()
                    .addLast(
                            new IdleStateHandler(
                                    0, 0, config.connections().maxIdleMs(), TimeUnit.MILLISECONDS))
                    .addLast(
                            new Connection(
                                    config,
                                    metrics,
                                    router,
                                    requestLog,
                                    syncTurns.computeIfAbsent(
                                            channel.eventLoop(), KafkaListener::syncTurn)));
            // Last, because whoever finds it there expects all of it.
            connections.add(channel);
        }
    }
}
