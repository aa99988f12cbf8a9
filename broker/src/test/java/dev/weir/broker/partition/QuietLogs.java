package dev.weir.broker.partition;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;

import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.slf4j.LoggerFactory;

import java.util.List;

/// Keeps the broker and Kafka from telling of thousands of openings and crashes.
final class QuietLogs implements BeforeAllCallback, AfterAllCallback {
    private static final List<Logger> NOISY =
            List.of(
                    (Logger) LoggerFactory.getLogger("dev.weir.broker"),
                    (Logger) LoggerFactory.getLogger("org.apache.kafka"));

    @Override
    public void beforeAll(ExtensionContext context) {
        NOISY.forEach(logger -> logger.setLevel(Level.OFF));
    }

    @Override
    public void afterAll(ExtensionContext context) {
        NOISY.forEach(logger -> logger.setLevel(null));
    }
}
