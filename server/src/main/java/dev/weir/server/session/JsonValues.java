package dev.weir.server.session;

import tools.jackson.core.JsonGenerator;
import tools.jackson.core.StreamWriteFeature;
import tools.jackson.databind.json.JsonMapper;

import java.io.StringWriter;
import java.math.BigDecimal;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/// The values of result rows as JSON: numbers and booleans as such, dates and times as ISO text,
/// bytes in base 64, arrays, maps and structs nested.
public final class JsonValues {
    private static final DateTimeFormatter TIMESTAMP =
            DateTimeFormatter.ofPattern("yyyy-MM-dd'T'HH:mm:ss.SSS", Locale.ROOT);
    private static final DateTimeFormatter TIME =
            DateTimeFormatter.ofPattern("HH:mm:ss.SSS", Locale.ROOT);

    private static final JsonMapper MAPPER =
            JsonMapper.builder().enable(StreamWriteFeature.WRITE_BIGDECIMAL_AS_PLAIN).build();

    private JsonValues() {}

    /// One value as a text.
    public static String text(Object value) {
        var text = new StringWriter();
        try (JsonGenerator json = MAPPER.createGenerator(text)) {
            write(json, value);
        }
        return text.toString();
    }

    /// Writes one row as an array.
    public static void writeRow(JsonGenerator json, Object[] row) {
        json.writeStartArray();
        for (Object value : row) {
            write(json, value);
        }
        json.writeEndArray();
    }

    /// Writes one value.
    public static void write(JsonGenerator json, Object value) {
        switch (value) {
            case null -> json.writeNull();
            case String text -> json.writeString(text);
            case Long number -> json.writeNumber(number);
            case Integer number -> json.writeNumber(number);
            case Double number -> json.writeNumber(number);
            case Boolean flag -> json.writeBoolean(flag);
            case BigDecimal number -> json.writeNumber(number);
            case byte[] bytes -> json.writeBinary(bytes);
            case LocalDate date -> json.writeString(date.toString());
            case LocalTime time -> json.writeString(text(time));
            case Instant instant ->
                    json.writeString(
                            TIMESTAMP.format(LocalDateTime.ofInstant(instant, ZoneOffset.UTC)));
            case List<?> list -> {
                json.writeStartArray();
                for (Object element : list) {
                    write(json, element);
                }
                json.writeEndArray();
            }
            case Map<?, ?> map -> {
                json.writeStartObject();
                for (Map.Entry<?, ?> entry : map.entrySet()) {
                    json.writeName(String.valueOf(entry.getKey()));
                    write(json, entry.getValue());
                }
                json.writeEndObject();
            }
            default ->
                    throw new IllegalStateException("no JSON for a " + value.getClass().getName());
        }
    }

    /// Seconds always, milliseconds where there are any.
    private static String text(LocalTime time) {
        String text = TIME.format(time);
        return text.endsWith(".000") ? text.substring(0, text.length() - 4) : text;
    }
}
