package dev.weir.broker.fuzz;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.spi.ThrowableProxyUtil;
import ch.qos.logback.core.AppenderBase;

import org.slf4j.LoggerFactory;

import java.util.ArrayList;
import java.util.List;

/// What the broker's log says meanwhile that it should not say: errors, and warnings with a stack
/// trace. A client's mistake is told in one line.
final class LogWatch extends AppenderBase<ILoggingEvent> implements AutoCloseable {
    /// Said by Kafka's coordinator before we can do anything about it.
    private static final List<String> COORDINATORS_OWN =
            List.of(
                    "Received unexpected JoinGroup with groupInstanceId=",
                    "Malformed embedded consumer protocol in subscription");

    private final Logger root = (Logger) LoggerFactory.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME);
    private final Thread.UncaughtExceptionHandler usual =
            Thread.getDefaultUncaughtExceptionHandler();
    private final List<String> surprises = new ArrayList<>();
    private final List<ch.qos.logback.core.Appender<ILoggingEvent>> silenced = new ArrayList<>();

    LogWatch() {
        root.iteratorForAppenders().forEachRemaining(silenced::add);
        silenced.forEach(root::detachAppender);
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
        if (COORDINATORS_OWN.stream().anyMatch(event.getFormattedMessage()::contains)) {
            return;
        }
        boolean surprise =
                event.getLevel().isGreaterOrEqual(Level.ERROR)
                        || (event.getLevel().isGreaterOrEqual(Level.WARN)
                                && event.getThrowableProxy() != null);
        if (surprise) {
            var trace =
                    event.getThrowableProxy() == null
                            ? ""
                            : "\n" + ThrowableProxyUtil.asString(event.getThrowableProxy());
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
        silenced.forEach(root::addAppender);
        Thread.setDefaultUncaughtExceptionHandler(usual);
    }
}
