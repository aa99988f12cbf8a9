package dev.weir.server.http;

import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPipeline;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpMessage;
import io.netty.handler.codec.http.HttpObjectAggregator;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http2.Http2StreamChannel;

import java.util.concurrent.TimeUnit;

/// Puts requests together and refuses bodies that are too large, saying which property rules it.
final class BodyAggregator extends HttpObjectAggregator {
    private static final int LINGER_SECONDS = 2;

    BodyAggregator(int maxBytes) {
        super(maxBytes);
    }

    @Override
    protected void handleOversizedMessage(ChannelHandlerContext context, HttpMessage oversized) {
        var sent = context.writeAndFlush(tooLarge());
        if (!(context.channel() instanceof Http2StreamChannel)) {
            // Closed while the client still sends, the connection would be reset and take the
            // answer with it: what else comes is dropped for a while.
            sent.addListener(_ -> {
                Runnable close =
                        () -> {
                            var _ = context.close();
                        };
                var _ = context.executor().schedule(close, LINGER_SECONDS, TimeUnit.SECONDS);
            });
        }
        // A stream of HTTP/2 that is reset at once would take the answer with it; what else comes
        // in it is dropped.
    }

    /// Asked before a large body is sent.
    @Override
    protected Object newContinueResponse(
            HttpMessage start, int maxContentLength, ChannelPipeline pipeline) {
        Object response = super.newContinueResponse(start, maxContentLength, pipeline);
        if (response instanceof FullHttpResponse refusal
                && refusal.status().equals(HttpResponseStatus.REQUEST_ENTITY_TOO_LARGE)) {
            refusal.release();
            return tooLarge();
        }
        return response;
    }

    private FullHttpResponse tooLarge() {
        byte[] body =
                Json.bytes(
                        ErrorBodies.error(
                                "generic_error",
                                41300,
                                "the request body is larger than http.body.max.bytes="
                                        + maxContentLength()));
        var response =
                new DefaultFullHttpResponse(
                        HttpVersion.HTTP_1_1,
                        HttpResponseStatus.REQUEST_ENTITY_TOO_LARGE,
                        Unpooled.wrappedBuffer(body));
        response.headers()
                .set(HttpHeaderNames.CONTENT_TYPE, Json.TYPE)
                .set(HttpHeaderNames.CONNECTION, HttpHeaderValues.CLOSE);
        HttpUtil.setContentLength(response, body.length);
        return response;
    }
}
