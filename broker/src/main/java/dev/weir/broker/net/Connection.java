package dev.weir.broker.net;

import dev.weir.broker.error.ErrorCode;
import dev.weir.broker.partition.SyncTurn;
import dev.weir.broker.protocol.Codec;
import dev.weir.broker.protocol.MalformedRequestException;
import dev.weir.broker.protocol.WireRequest;
import dev.weir.broker.request.Exchange;
import dev.weir.broker.request.RequestMetrics;
import dev.weir.broker.request.RequestRouter;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.FileRegion;
import io.netty.handler.timeout.IdleStateEvent;

import org.apache.kafka.common.message.ProduceRequestData;
import org.apache.kafka.common.protocol.ApiMessage;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;

/// One client connection. Its event loop owns all of it; other threads only mark exchanges as
/// answered and wake it up.
///
/// Requests are served as they are read, also while earlier ones wait for their answers, and
/// responses are written in the order of the requests. Reading stops when a request holds back its
/// successors and something came after it, while too many are unanswered, while the client does not
/// read what it is sent, and while a client that used more than its quota has to be quiet.
final class Connection extends ChannelInboundHandlerAdapter {
    private static final Logger LOGGER = LoggerFactory.getLogger(Connection.class);
    private static final long TICK_MS = 1000;

    /// Requests of this size together are enough to make one write of.
    private static final int MAX_GATHERED_BYTES = 1 << 20;

    private final ListenerConfig config;
    private final RequestMetrics metrics;
    private final RequestRouter router;
    private final RequestLog requestLog;
    private final SyncTurn syncTurn;

    private final ArrayDeque<ByteBuf> unread = new ArrayDeque<>();
    private final ArrayDeque<Pending> pending = new ArrayDeque<>();
    private final List<Exchange> gathered = new ArrayList<>(); // decoded, to be served together
    private final List<ByteBuf> gatheredFrames = new ArrayList<>();
    private int gatheredBytes;
    private final AtomicBoolean wakeUpPending = new AtomicBoolean();
    private ChannelHandlerContext context;
    private FrameReader frames;
    private Pending holding;
    private boolean serving;
    private boolean shuttingDown;
    private boolean closed;
    private boolean ticking;
    private boolean quiet;
    private long quietUntilNanos;

    Connection(
            ListenerConfig config,
            RequestMetrics metrics,
            RequestRouter router,
            RequestLog requestLog,
            SyncTurn syncTurn) {
        this.config = config;
        this.metrics = metrics;
        this.router = router;
        this.requestLog = requestLog;
        this.syncTurn = syncTurn;
    }

    @Override
    public void handlerAdded(ChannelHandlerContext ctx) {
        context = ctx;
        frames = new FrameReader(config.maxRequestBytes(), ctx.alloc());
    }

    @Override
    public void channelActive(ChannelHandlerContext ctx) {
        metrics.connectionsOpened.increment();
        LOGGER.debug("connection from {}", ctx.channel().remoteAddress());
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
        var bytes = (ByteBuf) message;
        if (closed) {
            bytes.release();
            return;
        }
        metrics.bytesIn.add(bytes.readableBytes());
        unread.add(bytes);
    }

    /// Serves all that could be read at once, so that requests which arrived together are served
    /// together.
    @Override
    public void channelReadComplete(ChannelHandlerContext ctx) {
        proceed();
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext ctx) {
        if (ctx.channel().isWritable()) {
            proceed();
        }
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
        endReading();
        metrics.connectionsClosed.increment();
        frames.release();
        unread.forEach(ByteBuf::release);
        unread.clear();
        var abandoned = List.copyOf(pending);
        pending.clear();
        abandoned.forEach(Pending::finishNow);
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
        // A client that has to be quiet is not idle.
        if (event instanceof IdleStateEvent && pending.isEmpty() && !quiet) {
            LOGGER.debug("closing idle connection from {}", ctx.channel().remoteAddress());
            endReading();
            var _ = context.close();
        }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        if (cause instanceof IOException) {
            LOGGER.debug("connection from {} broke", ctx.channel().remoteAddress(), cause);
            endReading();
            var _ = context.close();
        } else {
            LOGGER.warn("closing connection from {}", ctx.channel().remoteAddress(), cause);
            closeNow();
        }
    }

    /// Takes no more requests, answers what it can and closes. Any thread.
    void shutDown() {
        onEventLoop(() -> {
            shuttingDown = true;
            List.copyOf(pending).forEach(Pending::finishNow);
            proceed();
        });
    }

    /// Serves what can be served, writes what can be written, and decides whether to read on.
    private void proceed() {
        if (closed || serving) {
            return;
        }
        if (pending.size() >= config.maxInFlightRequests()) {
            // Makes room, or what was read and not served would wait for more to be read.
            writeReady();
        }
        serving = true;
        try {
            serveUnread();
        } catch (MalformedRequestException e) {
            refuse(e.getMessage());
        } finally {
            serving = false;
        }
        writeReady();
        if (closed) {
            return;
        }
        if (shuttingDown && pending.isEmpty()) {
            closeAfterWriting();
            return;
        }
        var channel = context.channel();
        boolean readOn = mayServe() || mayReadAhead();
        if (channel.config().isAutoRead() != readOn) {
            channel.config().setAutoRead(readOn);
        }
    }

    private boolean mayServe() {
        return !closed
                && !shuttingDown
                && !quiet
                && (holding == null || holding.isReady())
                && pending.size() < config.maxInFlightRequests()
                && context.channel().isWritable();
    }

    /// Whether to read while a request holds back its successors. That shows whether the client is
    /// still there, who would otherwise be waited for in vain; what it sends is read once.
    private boolean mayReadAhead() {
        return !closed
                && !shuttingDown
                && !quiet
                && holding != null
                && pending.size() < config.maxInFlightRequests()
                && context.channel().isWritable()
                && (unread.isEmpty() || (unread.size() == 1 && !unread.peek().isReadable()));
    }

    private void serveUnread() throws MalformedRequestException {
        try {
            while (mayServe()) {
                var frame = frames.next(unread);
                if (frame == null) {
                    return;
                }
                serve(frame);
                if (!context.channel().isWritable()
                        || pending.size() >= config.maxInFlightRequests()) {
                    serveGathered();
                    writeReady();
                }
            }
        } finally {
            serveGathered();
        }
    }

    /// The end of a connection that did nothing wrong: of what was read and could not be served
    /// yet, that is served which nobody would send again. Kafka too serves what it has received.
    private void endReading() {
        if (closed) {
            return;
        }
        closed = true;
        if (serving) {
            return; // a write failed between two requests
        }
        serving = true;
        try {
            ByteBuf frame;
            while ((frame = frames.next(unread)) != null) {
                serve(frame);
            }
        } catch (MalformedRequestException e) {
            LOGGER.debug("a broken request from a client that is gone", e);
        } finally {
            serveGathered();
            serving = false;
        }
    }

    private static boolean wantsNoAnswer(WireRequest request) {
        return request.body() instanceof ProduceRequestData produce && produce.acks() == 0;
    }

    private void serve(ByteBuf frame) throws MalformedRequestException {
        boolean keep = false;
        try {
            var request = Codec.decode(frame.nioBuffer(), router.served());
            if (closed && !wantsNoAnswer(request)) {
                return;
            }
            metrics.api(request.api()).requests.increment();
            var exchange = new Pending(request, frame.readableBytes());
            keep = router.canShare(request);
            if (!keep) {
                serveGathered();
            }
            pending.add(exchange);
            if (keep) {
                gather(exchange, frame);
            } else {
                router.handle(exchange);
            }
        } finally {
            if (!keep) {
                frame.release();
            }
        }
    }

    private void gather(Pending exchange, ByteBuf frame) {
        gathered.add(exchange);
        gatheredFrames.add(frame);
        gatheredBytes += frame.readableBytes();
        if (gatheredBytes >= MAX_GATHERED_BYTES) {
            serveGathered();
        }
    }

    private void serveGathered() {
        if (gathered.isEmpty()) {
            return;
        }
        try {
            router.handleTogether(List.copyOf(gathered));
        } finally {
            gatheredFrames.forEach(ByteBuf::release);
            gathered.clear();
            gatheredFrames.clear();
            gatheredBytes = 0;
        }
    }

    private void writeReady() {
        boolean wrote = false;
        Pending head;
        while (!closed && (head = pending.peek()) != null && head.isReady()) {
            pending.remove();
            noteAnswer(head);
            if (!head.silent) {
                write(head);
                wrote = true;
            }
        }
        if (wrote && !closed) {
            context.flush();
        }
    }

    private void noteAnswer(Pending answered) {
        long took = System.nanoTime() - answered.startNanos;
        var response = answered.response.get();
        metrics.api(answered.request.api()).answered(response, took);
        requestLog.answered(answered.request, response, took, context.channel().remoteAddress());
    }

    private void write(Pending answered) {
        try {
            Codec.encode(
                    answered.request,
                    answered.response.get(),
                    context.alloc(),
                    part -> {
                        metrics.bytesOut.add(
                                part instanceof FileRegion region
                                        ? region.count()
                                        : ((ByteBuf) part).readableBytes());
                        var _ = context.write(part, context.voidPromise());
                    });
        } catch (RuntimeException e) {
            // Half a response may be on its way, so the connection is of no use any more.
            metrics.api(answered.request.api()).failed(ErrorCode.UNKNOWN_SERVER_ERROR);
            LOGGER.error(
                    "closing connection from {}: its {} response of version {} cannot be written",
                    context.channel().remoteAddress(),
                    answered.request.api().name,
                    answered.request.version(),
                    e);
            closeNow();
        }
    }

    private void refuse(String reason) {
        metrics.requestsRefused.increment();
        LOGGER.warn("closing connection from {}: {}", context.channel().remoteAddress(), reason);
        // What was asked before the broken request still gets its answer if it is there.
        writeReady();
        closeNow();
    }

    private void closeNow() {
        if (!closed) {
            closed = true;
            var _ = context.close();
        }
    }

    private void closeAfterWriting() {
        endReading();
        context.channel().config().setAutoRead(false);
        context.writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(ChannelFutureListener.CLOSE);
    }

    /// Called by any thread when an exchange became ready. Others may become ready with it, so what
    /// there is to write is written a little later, together.
    private void wakeUp() {
        if (context.executor().inEventLoop() && serving) {
            return; // what is ready is written when that ends
        }
        if (wakeUpPending.compareAndSet(false, true)) {
            onEventLoop(() -> {
                wakeUpPending.set(false);
                proceed();
            });
        }
    }

    private void onEventLoop(Runnable task) {
        try {
            context.executor().execute(task);
        } catch (RejectedExecutionException e) {
            LOGGER.debug("the event loop has stopped", e);
        }
    }

    private void tick() {
        ticking = false;
        long now = System.nanoTime();
        for (var each : List.copyOf(pending)) {
            if (each.expire != null && !each.isReady()) {
                if (now - each.deadlineNanos >= 0) {
                    each.expire.run();
                } else {
                    startTicking();
                }
            }
        }
    }

    private void startTicking() {
        if (!ticking && !closed) {
            ticking = true;
            var _ = context.executor().schedule(this::tick, TICK_MS, TimeUnit.MILLISECONDS);
        }
    }

    /// Serves and reads nothing for a time, whatever is ready to be written.
    private void beQuiet(int millis) {
        long until = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(millis);
        if (closed || (quiet && until - quietUntilNanos <= 0)) {
            return;
        }
        quiet = true;
        quietUntilNanos = until;
        var _ = context.executor().schedule(() -> endQuiet(until), millis, TimeUnit.MILLISECONDS);
        proceed();
    }

    private void endQuiet(long until) {
        if (until == quietUntilNanos) {
            quiet = false;
            proceed();
        }
    }

    /// A request read and not yet answered to its client.
    private final class Pending implements Exchange {
        final WireRequest request;
        final int bytes;
        final long startNanos = System.nanoTime();
        final AtomicReference<ApiMessage> response = new AtomicReference<>();
        boolean silent;
        long deadlineNanos;
        Runnable expire;
        private Runnable finish;

        Pending(WireRequest request, int bytes) {
            this.request = request;
            this.bytes = bytes;
        }

        boolean isReady() {
            return silent || response.get() != null;
        }

        void finishNow() {
            if (finish != null && !isReady()) {
                finish.run();
            }
        }

        @Override
        public WireRequest request() {
            return request;
        }

        @Override
        public InetAddress clientAddress() {
            // Null if the client was gone before anybody asked.
            return context.channel().remoteAddress() instanceof InetSocketAddress client
                    ? client.getAddress()
                    : InetAddress.getLoopbackAddress();
        }

        @Override
        public int requestBytes() {
            return bytes;
        }

        @Override
        public void quiet(int millis) {
            if (context.executor().inEventLoop()) {
                beQuiet(millis);
            } else {
                onEventLoop(() -> beQuiet(millis));
            }
        }

        @Override
        public void reply(ApiMessage answer) {
            if (response.compareAndSet(null, answer)) {
                wakeUp();
            }
        }

        @Override
        public SyncTurn syncTurn() {
            return syncTurn;
        }

        @Override
        public void replyNothing() {
            silent = true;
            wakeUp();
        }

        @Override
        public void close(String reason) {
            onEventLoop(() -> {
                if (!closed) {
                    LOGGER.warn(
                            "closing connection from {}: {}",
                            context.channel().remoteAddress(),
                            reason);
                    closeNow();
                }
            });
        }

        @Override
        public void holdFollowing() {
            holding = this;
        }

        @Override
        public void runLater(Runnable task) {
            onEventLoop(task);
        }

        @Override
        public Future<?> runAfter(int millis, Runnable task) {
            return context.executor().schedule(task, millis, TimeUnit.MILLISECONDS);
        }

        @Override
        public void expireAfter(int millis, Runnable action) {
            deadlineNanos = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(Math.max(0, millis));
            expire = action;
            startTicking();
        }

        @Override
        public void finishEarly(Runnable action) {
            finish = action;
        }
    }
}
