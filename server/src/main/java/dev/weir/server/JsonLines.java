package dev.weir.server;

import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.spi.ThrowableProxyUtil;
import ch.qos.logback.core.encoder.EncoderBase;

import org.slf4j.event.KeyValuePair;

import java.nio.charset.StandardCharsets;
import java.util.Collection;
import java.util.HexFormat;

/// Writes each log event as one line of JSON: `time`, `level`, `logger`, `thread`, `message`, then
/// the event's own fields as members beside them, and `error` with the stack trace.
///
/// A field whose name is one of those is written with a `_` behind it.
final class JsonLines extends EncoderBase<ILoggingEvent> {
    private static final byte[] NOTHING = {};
    private static final HexFormat HEX = HexFormat.of();

    @Override
    public byte[] headerBytes() {
        return NOTHING;
    }

    @Override
    public byte[] encode(ILoggingEvent event) {
        var line = new StringBuilder(256);
        line.append("{\"time\":\"").append(event.getInstant()).append('"');
        member(line, "level", event.getLevel().toString());
        member(line, "logger", event.getLoggerName());
        member(line, "thread", event.getThreadName());
        member(line, "message", event.getFormattedMessage());
        if (event.getKeyValuePairs() != null) {
            for (KeyValuePair field : event.getKeyValuePairs()) {
                member(line, isTaken(field.key) ? field.key + '_' : field.key, field.value);
            }
        }
        if (event.getThrowableProxy() != null) {
            member(line, "error", ThrowableProxyUtil.asString(event.getThrowableProxy()));
        }
        return line.append("}\n").toString().getBytes(StandardCharsets.UTF_8);
    }

    @Override
    public byte[] footerBytes() {
        return NOTHING;
    }

    private static boolean isTaken(String name) {
        return switch (name) {
            case "time", "level", "logger", "thread", "message", "error" -> true;
            default -> false;
        };
    }

    private static void member(StringBuilder line, String name, Object value) {
        line.append(',');
        quoted(line, name);
        line.append(':');
        value(line, value);
    }

    private static void value(StringBuilder line, Object value) {
        switch (value) {
            case null -> line.append("null");
            case Integer number -> line.append(number.intValue());
            case Long number -> line.append(number.longValue());
            case Short number -> line.append(number.shortValue());
            case Boolean flag -> line.append(flag.booleanValue());
            case Collection<?> several -> {
                line.append('[');
                boolean first = true;
                for (Object each : several) {
                    if (!first) {
                        line.append(',');
                    }
                    first = false;
                    value(line, each);
                }
                line.append(']');
            }
            default -> quoted(line, value.toString());
        }
    }

    private static void quoted(StringBuilder line, String text) {
        line.append('"');
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            switch (c) {
                case '"' -> line.append("\\\"");
                case '\\' -> line.append("\\\\");
                case '\n' -> line.append("\\n");
                case '\r' -> line.append("\\r");
                case '\t' -> line.append("\\t");
                default -> {
                    if (c < ' ' || Character.isSurrogate(c)) {
                        // Also halves of a character, which UTF-8 cannot write by themselves.
                        line.append("\\u").append(HEX.toHexDigits(c));
                    } else {
                        line.append(c);
                    }
                }
            }
        }
        line.append('"');
    }
}
