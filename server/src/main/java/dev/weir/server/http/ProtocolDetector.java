package dev.weir.server.http;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelPipeline;
import io.netty.handler.codec.ByteToMessageDecoder;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.codec.http2.Http2CodecUtil;
import io.netty.handler.codec.http2.Http2Exception;
import io.netty.handler.codec.http2.Http2FrameCodecBuilder;
import io.netty.handler.codec.http2.Http2MultiplexHandler;
import io.netty.handler.codec.http2.Http2Settings;
import io.netty.handler.codec.http2.Http2StreamFrameToHttpObjectCodec;

import java.util.List;

/// Tells HTTP/2 with prior knowledge from HTTP/1.1 by the first bytes of a connection, and sets up
/// its pipeline.
final class ProtocolDetector extends ByteToMessageDecoder {
    private static final int MAX_LINE_BYTES = 8 << 10;
    private static final int MAX_HEADER_BYTES = 32 << 10;
    private static final int MAX_CHUNK_BYTES = 64 << 10;
    private static final long MAX_STREAMS = 1000;

    private final ByteBuf preface = Http2CodecUtil.connectionPrefaceBuf();
    private final Resources resources;
    private final int bodyMaxBytes;

    ProtocolDetector(Resources resources, int bodyMaxBytes) {
        this.resources = resources;
        this.bodyMaxBytes = bodyMaxBytes;
    }

    @Override
    protected void decode(ChannelHandlerContext context, ByteBuf in, List<Object> out) {
        int common = Math.min(in.readableBytes(), preface.readableBytes());
        boolean maybePreface =
                ByteBufUtil.equals(in, in.readerIndex(), preface, preface.readerIndex(), common);
        if (maybePreface && common < preface.readableBytes()) {
            return;
        }
        ChannelPipeline pipeline = context.pipeline();
        if (maybePreface) {
            addHttp2(pipeline);
        } else {
            pipeline.addLast(
                    new HttpServerCodec(MAX_LINE_BYTES, MAX_HEADER_BYTES, MAX_CHUNK_BYTES));
            addRequests(pipeline);
        }
        pipeline.remove(this);
    }

    private void addHttp2(ChannelPipeline pipeline) {
        pipeline.addLast(
                Http2FrameCodecBuilder.forServer()
                        .initialSettings(
                                Http2Settings.defaultSettings()
                                        .maxConcurrentStreams(MAX_STREAMS)
                                        .maxHeaderListSize(MAX_HEADER_BYTES))
                        .build());
        pipeline.addLast(
                new Http2MultiplexHandler(
                        new ChannelInitializer<Channel>() {
                            @Override
                            protected void initChannel(Channel stream) {
                                stream.pipeline()
                                        .addLast(new Http2StreamFrameToHttpObjectCodec(true));
                                addRequests(stream.pipeline());
                            }
                        }));
        pipeline.addLast(
                new ChannelInboundHandlerAdapter() {
                    @Override
                    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
                        // The codec itself answers wrong frames, and closes.
                        if (!(cause instanceof Http2Exception)) {
                            var _ = context.close();
                        }
                    }
                });
    }

    private void addRequests(ChannelPipeline pipeline) {
        pipeline.addLast(new BodyAggregator(bodyMaxBytes));
        pipeline.addLast(new RequestHandler(resources));
    }

    @Override
    protected void handlerRemoved0(ChannelHandlerContext context) {
        preface.release();
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
        var _ = context.close();
    }
}
