package dev.weir.server.net;

import io.netty.channel.Channel;
import io.netty.util.ReferenceCountUtil;

import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/// Writes to a connection no faster than its other end reads: a write waits while too many bytes
/// have not left the process. Counted here and not by Netty's watermarks, because those do not see
/// what other threads have handed to the loop of an HTTP/2 stream.
///
/// One thread writes, which must not be an event loop.
public final class PacedWriter {
    private static final long MAX_PENDING_BYTES = 256 << 10;

    private final Channel channel;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    // Guarded by lock.
    private long pendingBytes;

    public PacedWriter(Channel channel) {
        this.channel = channel;
        channel.closeFuture().addListener(_ -> add(0));
    }

    /// Waits for room, then writes and flushes.
    ///
    /// @param bytes about how many the message takes on the wire
    /// @throws ClientGoneException when the connection is closed; the message is not written then
    public void write(Object message, int bytes) {
        try {
            awaitRoom();
        } catch (ClientGoneException e) {
            ReferenceCountUtil.release(message);
            throw e;
        }
        add(bytes);
        channel.writeAndFlush(message).addListener(_ -> add(-bytes));
    }

    /// Waits until everything written has left the process, or the connection is closed.
    public void drain() {
        lock.lock();
        try {
            while (channel.isActive() && pendingBytes > 0) {
                changed.awaitUninterruptibly();
            }
        } finally {
            lock.unlock();
        }
    }

    /// False once the connection is closed.
    public boolean isOpen() {
        return channel.isActive();
    }

    /// @throws ClientGoneException once the connection is closed
    public void checkOpen() {
        if (!channel.isActive()) {
            throw new ClientGoneException();
        }
    }

    private void awaitRoom() {
        lock.lock();
        try {
            while (channel.isActive() && pendingBytes >= MAX_PENDING_BYTES) {
                changed.awaitUninterruptibly();
            }
        } finally {
            lock.unlock();
        }
        checkOpen();
    }

    private void add(long bytes) {
        lock.lock();
        try {
            pendingBytes += bytes;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }
}
