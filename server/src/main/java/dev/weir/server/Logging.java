package dev.weir.server;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.PatternLayout;
import ch.qos.logback.classic.spi.Configurator;
import ch.qos.logback.classic.spi.ConfiguratorRank;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.ConsoleAppender;
import ch.qos.logback.core.encoder.Encoder;
import ch.qos.logback.core.encoder.LayoutWrappingEncoder;
import ch.qos.logback.core.pattern.CompositeConverter;
import ch.qos.logback.core.spi.ContextAwareBase;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.util.HexFormat;

/// Logs to stderr, because stdout belongs to results and to the line that says the server is ready:
/// our own from INFO, everybody else's from WARN. Written as code because reading an XML file takes
/// a third of the time that a server needs to start; `-Dlogback.configurationFile` still names one.
@ConfiguratorRank(ConfiguratorRank.CUSTOM_HIGH_PRIORITY)
public final class Logging extends ContextAwareBase implements Configurator {
    private static final String APPENDER = "stderr";

    /// Logback takes a `%` right behind a bracket for itself; behind an option it reads on.
    private static final String PATTERN =
            "%d{yyyy-MM-dd HH:mm:ss.SSS} %-5level %logger{0}"
                    + " %escape(%msg%replace( %kvp{NONE}){'^ $',''}){controls}%n";

    @Override
    public ExecutionStatus configure(LoggerContext context) {
        if (System.getProperty("logback.configurationFile") != null) {
            return ExecutionStatus.INVOKE_NEXT_IF_ANY;
        }
        var encoder = textLines(context);
        var appender = new ConsoleAppender<ILoggingEvent>();
        appender.setContext(context);
        appender.setName(APPENDER);
        appender.setTarget("System.err");
        appender.setEncoder(encoder);
        appender.start();
        var root = context.getLogger(Logger.ROOT_LOGGER_NAME);
        root.setLevel(Level.WARN);
        root.addAppender(appender);
        context.getLogger("dev.weir").setLevel(Level.INFO);
        return ExecutionStatus.DO_NOT_INVOKE_NEXT_IF_ANY;
    }

    /// One line for each event, whatever clients call themselves, and the stack trace below it.
    static Encoder<ILoggingEvent> textLines(LoggerContext context) {
        var layout = new PatternLayout();
        layout.setContext(context);
        layout.getInstanceConverterMap().put("escape", Escaped::new);
        layout.setPattern(PATTERN);
        layout.start();
        var encoder = new LayoutWrappingEncoder<ILoggingEvent>();
        encoder.setContext(context);
        encoder.setLayout(layout);
        encoder.start();
        return encoder;
    }

    /// What could begin a line of its own or command a terminal, written so that it does not.
    private static final class Escaped extends CompositeConverter<ILoggingEvent> {
        private static final HexFormat HEX = HexFormat.of();

        @Override
        protected String transform(ILoggingEvent event, String text) {
            if (text.chars().noneMatch(Character::isISOControl)) {
                return text;
            }
            var escaped = new StringBuilder(text.length() + 16);
            for (int i = 0; i < text.length(); i++) {
                char c = text.charAt(i);
                switch (c) {
                    case '\n' -> escaped.append("\\n");
                    case '\r' -> escaped.append("\\r");
                    case '\t' -> escaped.append("\\t");
                    default -> {
                        if (Character.isISOControl(c)) {
                            escaped.append("\\u").append(HEX.toHexDigits(c));
                        } else {
                            escaped.append(c);
                        }
                    }
                }
            }
            return escaped.toString();
        }
    }

    /// Applies what the configuration says about logs, unless the user has given Logback a file.
    static void apply(LogSettings settings) {
        if (System.getProperty("logback.configurationFile") != null
                || !(LoggerFactory.getILoggerFactory() instanceof LoggerContext context)) {
            return;
        }
        context.getLogger("dev.weir").setLevel(settings.level());
        settings.levels().forEach((name, level) -> context.getLogger(name).setLevel(level));
        if (settings.json()
                && context.getLogger(Logger.ROOT_LOGGER_NAME).getAppender(APPENDER)
                        instanceof ConsoleAppender<ILoggingEvent> appender) {
            var encoder = new JsonLines();
            encoder.setContext(context);
            encoder.start();
            appender.setEncoder(encoder);
        }
    }
}
