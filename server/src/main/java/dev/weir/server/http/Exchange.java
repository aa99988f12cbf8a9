package dev.weir.server.http;

import dev.weir.server.net.PacedWriter;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.DefaultHttpContent;
import io.netty.handler.codec.http.DefaultHttpResponse;
import io.netty.handler.codec.http.DefaultLastHttpContent;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.HttpVersion;

import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.Map;

/// One request and the answer to it, either whole or as a stream. One virtual thread serves it;
/// writes wait for slow readers and throw [dev.weir.server.net.ClientGoneException] when the client
/// has left.
final class Exchange {
    private static final int HEAD_BYTES = 512;
    private static final byte[] NOTHING = {};

    private final Request request;
    private final Channel channel;
    private final PacedWriter writer;
    private boolean started;
    private boolean ended;

    /// What the client asked for.
    ///
    /// @param path without the query part
    /// @param keepAlive whether the connection serves further requests
    /// @param chunked whether the client understands bodies without a length
    record Request(
            HttpMethod method,
            String path,
            HttpHeaders headers,
            byte[] body,
            boolean keepAlive,
            boolean chunked) {}

    /// Something that goes on until it is closed.
    @FunctionalInterface
    interface Watch extends AutoCloseable {
        @Override
        void close();
    }

    Exchange(Request request, Channel channel, PacedWriter writer) {
        this.request = request;
        this.channel = channel;
        this.writer = writer;
    }

    Request request() {
        return request;
    }

    /// A header of the request, or an empty text.
    String header(CharSequence name) {
        String value = request.headers().get(name);
        return value == null ? "" : value;
    }

    /// True once something of the answer was sent.
    boolean isStarted() {
        return started;
    }

    boolean isEnded() {
        return ended;
    }

    boolean isOpen() {
        return writer.isOpen();
    }

    /// True when the client came by an address that only this machine can reach.
    boolean isOnLoopback() {
        return channel.localAddress() instanceof InetSocketAddress at
                && at.getAddress().isLoopbackAddress();
    }

    /// Runs `action` on a thread of its own if the client leaves before the watch is closed.
    Watch whenGone(Runnable action) {
        ChannelFutureListener listener = _ -> Thread.startVirtualThread(action);
        channel.closeFuture().addListener(listener);
        return () -> channel.closeFuture().removeListener(listener);
    }

    /// Sends a whole answer.
    void send(HttpResponseStatus status, String contentType, byte[] body) {
        send(status, contentType, body, Map.of());
    }

    void send(
            HttpResponseStatus status,
            String contentType,
            byte[] body,
            Map<CharSequence, String> extraHeaders) {
        started = true;
        ended = true;
        byte[] sent = request.method().equals(HttpMethod.HEAD) ? NOTHING : body;
        var response =
                new DefaultFullHttpResponse(
                        HttpVersion.HTTP_1_1, status, Unpooled.wrappedBuffer(sent));
        head(response, contentType);
        extraHeaders.forEach(response.headers()::set);
        HttpUtil.setContentLength(response, body.length);
        writer.write(response, HEAD_BYTES + sent.length);
    }

    void send(HttpResponseStatus status, String contentType, String body) {
        send(status, contentType, body.getBytes(StandardCharsets.UTF_8));
    }

    /// Begins an answer whose length is not known yet.
    void start(HttpResponseStatus status, String contentType) {
        started = true;
        var response = new DefaultHttpResponse(HttpVersion.HTTP_1_1, status);
        head(response, contentType);
        if (request.chunked()) {
            HttpUtil.setTransferEncodingChunked(response, true);
        } else {
            response.headers().set(HttpHeaderNames.CONNECTION, HttpHeaderValues.CLOSE);
        }
        writer.write(response, HEAD_BYTES);
    }

    /// Sends a part of the answer; it is on its way when this returns.
    void write(ByteBuf part) {
        int bytes = part.readableBytes();
        if (bytes == 0) {
            part.release();
            return;
        }
        writer.write(new DefaultHttpContent(part), bytes);
    }

    /// Ends an answer begun with [#start].
    void end() {
        ended = true;
        writer.write(new DefaultLastHttpContent(Unpooled.EMPTY_BUFFER), 1);
    }

    private void head(HttpResponse response, String contentType) {
        response.headers()
                .set(HttpHeaderNames.CONTENT_TYPE, contentType)
                .set("x-content-type-options", "nosniff");
        if (!request.keepAlive()) {
            response.headers().set(HttpHeaderNames.CONNECTION, HttpHeaderValues.CLOSE);
        }
    }
}
