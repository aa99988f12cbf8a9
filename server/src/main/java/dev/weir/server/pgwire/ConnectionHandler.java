package dev.weir.server.pgwire;

import dev.weir.server.net.PacedWriter;
import dev.weir.server.session.Sessions;

import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.SimpleChannelInboundHandler;

import java.util.concurrent.TimeUnit;

/// One connection on its event loop: answers what needs no waiting, leaves the rest to the
/// conversation's thread.
final class ConnectionHandler extends SimpleChannelInboundHandler<FrontendMessage> {
    private static final long STARTUP_SECONDS = 60;
    private static final byte NOT_ENCRYPTED = 'N';

    private final Sessions sessions;
    private final CancelKeys keys;
    private final String version;
    private Inbox inbox;
    private Conversation conversation;

    ConnectionHandler(Sessions sessions, CancelKeys keys, String version) {
        this.sessions = sessions;
        this.keys = keys;
        this.version = version;
    }

    @Override
    public void handlerAdded(ChannelHandlerContext context) {
        inbox = new Inbox(context.channel());
        var unused =
                context.executor()
                        .schedule(
                                () -> {
                                    if (conversation == null) {
                                        var _ = context.close();
                                    }
                                },
                                STARTUP_SECONDS,
                                TimeUnit.SECONDS);
        context.channel().closeFuture().addListener(_ -> unused.cancel(false));
    }

    @Override
    protected void channelRead0(ChannelHandlerContext context, FrontendMessage message) {
        switch (message) {
            case FrontendMessage.EncryptionRequest _ -> {
                var _ = context.writeAndFlush(Unpooled.buffer(1).writeByte(NOT_ENCRYPTED));
            }
            case FrontendMessage.CancelRequest(int processId, int secret) ->
                    Thread.startVirtualThread(() -> {
                        keys.cancel(new CancelKeys.Key(processId, secret));
                        var _ = context.close();
                    });
            case FrontendMessage.Startup _,
                    FrontendMessage.Query _,
                    FrontendMessage.Sync _,
                    FrontendMessage.Parse _,
                    FrontendMessage.Bind _,
                    FrontendMessage.Describe _,
                    FrontendMessage.Execute _,
                    FrontendMessage.Close _,
                    FrontendMessage.Flush _,
                    FrontendMessage.Malformed _,
                    FrontendMessage.FunctionCall _,
                    FrontendMessage.CopyData _,
                    FrontendMessage.CopyDone _,
                    FrontendMessage.CopyFail _,
                    FrontendMessage.Terminate _,
                    FrontendMessage.Shutdown _,
                    FrontendMessage.Undecodable _,
                    FrontendMessage.Broken _ -> {
                inbox.put(message);
                if (conversation == null) {
                    converse(context);
                }
            }
        }
    }

    private void converse(ChannelHandlerContext context) {
        var writer = new PacedWriter(context.channel());
        conversation =
                new Conversation(
                        sessions,
                        keys,
                        inbox,
                        writer,
                        new BackendMessages(context.alloc(), writer),
                        version);
        Thread.ofVirtual()
                .name("postgres-" + context.channel().id().asShortText())
                .start(() -> {
                    try {
                        conversation.run();
                    } finally {
                        // Whatever ended it: a client must not wait for an answer that never comes.
                        var _ = context.close();
                    }
                });
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
        if (conversation != null) {
            inbox.put(new FrontendMessage.Terminate());
            Thread.startVirtualThread(conversation::endLiveQuery);
        }
        context.fireChannelInactive();
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
        // A broken connection is the client's affair; everything it waited for ends with it.
        var _ = context.close();
    }
}
