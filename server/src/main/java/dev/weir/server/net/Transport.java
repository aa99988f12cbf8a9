package dev.weir.server.net;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.ServerChannel;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.group.ChannelGroup;
import io.netty.channel.group.DefaultChannelGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.util.concurrent.DefaultThreadFactory;
import io.netty.util.concurrent.GlobalEventExecutor;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/// The event loops of the front doors: epoll on Linux, else NIO.
public final class Transport implements AutoCloseable {
    private static final int BACKLOG = 1024;

    private final EventLoopGroup loops;
    private final Class<? extends ServerChannel> channelType;

    public Transport(int threads) {
        boolean epoll = Epoll.isAvailable();
        IoHandlerFactory handlers = epoll ? EpollIoHandler.newFactory() : NioIoHandler.newFactory();
        loops =
                new MultiThreadIoEventLoopGroup(
                        threads, new DefaultThreadFactory("door", true), handlers);
        channelType = epoll ? EpollServerSocketChannel.class : NioServerSocketChannel.class;
    }

    /// Binds a listener. Its connections close with it.
    ///
    /// @param name the property that gave the address, for the error
    /// @param connected sets up the pipeline of a new connection
    /// @throws UncheckedIOException when the address cannot be bound
    public Listener listen(String name, InetSocketAddress at, Consumer<Channel> connected) {
        ChannelGroup connections = new DefaultChannelGroup(GlobalEventExecutor.INSTANCE);
        ChannelFuture bound =
                new ServerBootstrap()
                        .group(loops)
                        .channel(channelType)
                        .option(ChannelOption.SO_BACKLOG, BACKLOG)
                        .option(ChannelOption.SO_REUSEADDR, true)
                        .childOption(ChannelOption.TCP_NODELAY, true)
                        .childOption(ChannelOption.SO_KEEPALIVE, true)
                        .childHandler(
                                new ChannelInitializer<Channel>() {
                                    @Override
                                    protected void initChannel(Channel channel) {
                                        connections.add(channel);
                                        connected.accept(channel);
                                    }
                                })
                        .bind(at)
                        .awaitUninterruptibly();
        if (!bound.isSuccess()) {
            throw new UncheckedIOException(
                    new IOException(
                            name
                                    + ": cannot listen at "
                                    + at.getHostString()
                                    + ":"
                                    + at.getPort()
                                    + ": "
                                    + bound.cause().getMessage(),
                            bound.cause()));
        }
        return new Listener(bound.channel(), connections);
    }

    @Override
    public void close() {
        loops.shutdownGracefully(0, 2, TimeUnit.SECONDS).awaitUninterruptibly();
    }

    /// A bound address and its connections.
    public static final class Listener implements AutoCloseable {
        private final Channel server;
        private final ChannelGroup connections;

        Listener(Channel server, ChannelGroup connections) {
            this.server = server;
            this.connections = connections;
        }

        /// The address bound, with the port that was picked.
        public InetSocketAddress address() {
            return (InetSocketAddress) server.localAddress();
        }

        /// Connections open now.
        public int connections() {
            return connections.size();
        }

        /// Hands `message` to the pipelines of all connections, as if a client had sent it.
        public void tellAll(Object message) {
            for (Channel connection : connections) {
                connection
                        .eventLoop()
                        .execute(() -> connection.pipeline().fireChannelRead(message));
            }
        }

        /// Waits until all connections are closed, at most that long.
        public void awaitClosed(Duration most) {
            connections.newCloseFuture().awaitUninterruptibly(most.toMillis());
        }

        /// Accepts no more connections; those open go on.
        public void stopAccepting() {
            server.close().awaitUninterruptibly();
        }

        @Override
        public void close() {
            stopAccepting();
            connections.close().awaitUninterruptibly();
        }
    }
}
