package dev.weir.server.http;

import dev.weir.server.net.ClientGoneException;
import dev.weir.server.net.PacedWriter;

import io.netty.buffer.ByteBufUtil;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.HttpVersion;

import java.util.ArrayDeque;

/// Hands the requests of one connection or stream to virtual threads, one after the other, so that
/// answers come in the order of requests. Owned by the connection's event loop.
final class RequestHandler extends SimpleChannelInboundHandler<FullHttpRequest> {
    /// Requests that may wait behind one being served; beyond them nothing is read.
    private static final int MAX_WAITING = 2;

    private final Resources resources;
    private final ArrayDeque<Exchange.Request> waiting = new ArrayDeque<>();
    private PacedWriter writer;
    private boolean serving;

    RequestHandler(Resources resources) {
        this.resources = resources;
    }

    @Override
    public void handlerAdded(ChannelHandlerContext context) {
        writer = new PacedWriter(context.channel());
    }

    @Override
    protected void channelRead0(ChannelHandlerContext context, FullHttpRequest message) {
        if (message.decoderResult().isFailure()) {
            refuse(context, message);
            return;
        }
        String uri = message.uri();
        int query = uri.indexOf('?');
        waiting.add(
                new Exchange.Request(
                        message.method(),
                        query < 0 ? uri : uri.substring(0, query),
                        message.headers(),
                        ByteBufUtil.getBytes(message.content()),
                        HttpUtil.isKeepAlive(message),
                        !message.protocolVersion().equals(HttpVersion.HTTP_1_0)));
        if (waiting.size() > MAX_WAITING) {
            context.channel().config().setAutoRead(false);
        }
        serveNext(context);
    }

    private void serveNext(ChannelHandlerContext context) {
        if (serving || waiting.isEmpty()) {
            return;
        }
        serving = true;
        var exchange = new Exchange(waiting.remove(), context.channel(), writer);
        context.channel().config().setAutoRead(true);
        Thread.ofVirtual()
                .name("http-" + context.channel().id().asShortText())
                .start(() -> {
                    try {
                        resources.serve(exchange);
                        if (!isReusable(exchange)) {
                            writer.drain();
                        }
                    } finally {
                        // Also after an error: an exchange without an end closes the connection.
                        context.executor().execute(() -> served(context, exchange));
                    }
                });
    }

    private void served(ChannelHandlerContext context, Exchange exchange) {
        serving = false;
        if (isReusable(exchange)) {
            serveNext(context);
        } else {
            var _ = context.close();
        }
    }

    private static boolean isReusable(Exchange exchange) {
        return exchange.isEnded() && exchange.request().keepAlive() && exchange.request().chunked();
    }

    private void refuse(ChannelHandlerContext context, FullHttpRequest message) {
        var request =
                new Exchange.Request(
                        message.method(),
                        message.uri(),
                        message.headers(),
                        new byte[0],
                        false,
                        true);
        Throwable cause = message.decoderResult().cause();
        Thread.startVirtualThread(() -> {
            var exchange = new Exchange(request, context.channel(), writer);
            sendMalformed(exchange, cause);
            writer.drain();
            var _ = context.close();
        });
    }

    private static void sendMalformed(Exchange exchange, Throwable cause) {
        try {
            exchange.send(
                    HttpResponseStatus.BAD_REQUEST,
                    Json.TYPE,
                    Json.bytes(
                            ErrorBodies.error(
                                    "generic_error",
                                    40000,
                                    "malformed HTTP request: " + cause.getMessage())));
        } catch (ClientGoneException _) {
            // It did not wait for the answer.
        }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
        // A broken connection is the client's affair; everything it waited for ends with it.
        var _ = context.close();
    }
}
