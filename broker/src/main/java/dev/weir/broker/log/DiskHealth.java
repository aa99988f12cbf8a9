package dev.weir.broker.log;

import dev.weir.broker.error.BrokerException;
import dev.weir.broker.error.ErrorCode;
import dev.weir.broker.metric.Histogram;
import dev.weir.broker.metric.Seldom;
import dev.weir.broker.storage.FileSystem;
import dev.weir.broker.storage.StorageFile;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.nio.channels.ClosedChannelException;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicReference;

/// Whether the disk beneath a log directory can be trusted; shared by all its logs.
///
/// After a failed fsync the kernel may have dropped the pages and will report success next time, so
/// no fsync is ever retried: from the first failure on nothing more is acknowledged until a restart
/// has read back what is really there. Any thread.
public final class DiskHealth {
    private static final Logger LOG = LoggerFactory.getLogger(DiskHealth.class);

    /// A sync that takes longer is worth a warning: every producer with `acks=all` waits for it.
    private static final long SLOW_NANOS = 1_000_000_000;

    private static final long SLOW_TOLD_NANOS = 10_000_000_000L;

    private final AtomicReference<BrokerException> failure = new AtomicReference<>();
    private final Histogram syncTime = new Histogram();
    private final Seldom slow = new Seldom(SLOW_TOLD_NANOS, System.nanoTime());

    /// Why nothing may be acknowledged any more, or null.
    public BrokerException failure() {
        return failure.get();
    }

    /// Throws the failure if there is one.
    public void check() {
        BrokerException found = failure.get();
        if (found != null) {
            throw new BrokerException(found.code(), found.getMessage(), found);
        }
    }

    /// fdatasyncs that succeeded, and how long they took.
    public Histogram syncTime() {
        return syncTime;
    }

    /// Syncs a file; a failure is remembered for good. A file that was closed meanwhile (its
    /// partition was deleted) is the caller's affair.
    public void sync(StorageFile file) throws IOException {
        long begun = System.nanoTime();
        try {
            file.sync();
            long took = System.nanoTime() - begun;
            syncTime.record(took);
            if (took >= SLOW_NANOS) {
                tellSlow(file, took);
            }
        } catch (ClosedChannelException e) {
            throw e;
        } catch (IOException e) {
            fail("fsync of " + file.path(), e);
            throw e;
        }
    }

    private void tellSlow(StorageFile file, long tookNanos) {
        long held = slow.pass(System.nanoTime());
        if (held >= 0) {
            LOG.atWarn()
                    .addKeyValue("file", file.path())
                    .addKeyValue("ms", tookNanos / 1_000_000)
                    .addKeyValue("more", held)
                    .log("slow fsync: the disk holds up those who wait for durability");
        }
    }

    /// Syncs a directory; a failure is remembered for good.
    public void syncDirectory(FileSystem files, Path directory) throws IOException {
        try {
            files.syncDirectory(directory);
        } catch (IOException e) {
            if (files.exists(directory)) {
                fail("fsync of " + directory, e);
            }
            throw e;
        }
    }

    /// Remembers, for good, that something which had to become durable did not.
    public void fail(String what, IOException cause) {
        BrokerException first =
                new BrokerException(
                        ErrorCode.KAFKA_STORAGE_ERROR,
                        what
                                + " failed ("
                                + cause.getMessage()
                                + "); nothing is accepted until the server is restarted",
                        cause);
        if (failure.compareAndSet(null, first)) {
            LOG.error("{}", first.getMessage());
        }
    }
}
