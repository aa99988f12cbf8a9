package dev.weir.server.fuzz;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.spi.ThrowableProxyUtil;
import ch.qos.logback.core.AppenderBase;

import org.slf4j.LoggerFactory;

import java.util.ArrayList;
import java.util.List;

/// What the server's log says meanwhile that it should not say: errors, and warnings with a stack
/// trace; and threads that die. A client's mistake is told to the client.
final class LogWatch extends AppenderBase<ILoggingEvent> implements AutoCloseable {
    private final Logger root = (Logger) LoggerFactory.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME);
    private final Thread.UncaughtExceptionHandler usual =
            Thread.getDefaultUncaughtExceptionHandler();
    private final List<String> surprises = new ArrayList<>();

    LogWatch() {
        setContext(root.getLoggerContext());
        start();
        root.addAppender(this);
        Thread.setDefaultUncaughtExceptionHandler((thread, failure) -> {
            synchronized (surprises) {
                surprises.add("thread " + thread.getName() + " died: " + failure);
            }
        });
    }

    @Override
    protected void append(ILoggingEvent event) {
        boolean hasTrace = event.getThrowableProxy() != null;
        boolean surprise =
                event.getLevel().isGreaterOrEqual(Level.ERROR)
                        || (event.getLevel().isGreaterOrEqual(Level.WARN) && hasTrace);
        if (surprise) {
            var trace =
                    hasTrace ? "\n" + ThrowableProxyUtil.asString(event.getThrowableProxy()) : "";
            synchronized (surprises) {
                surprises.add(
                        event.getLevel()
                                + " ["
                                + event.getThreadName()
                                + "] "
                                + event.getLoggerName()
                                + " "
                                + event.getFormattedMessage()
                                + trace);
            }
        }
    }

    /// What was said since the last call.
    List<String> surprises() {
        synchronized (surprises) {
            var copy = List.copyOf(surprises);
            surprises.clear();
            return copy;
        }
    }

    @Override
    public void close() {
        root.detachAppender(this);
        Thread.setDefaultUncaughtExceptionHandler(usual);
    }
}
