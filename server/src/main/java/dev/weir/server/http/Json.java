package dev.weir.server.http;

import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.StreamWriteFeature;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

import java.io.OutputStream;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.regex.Pattern;

/// Reading request bodies and writing answers as JSON.
final class Json {
    static final String TYPE = "application/json";

    /// What Jackson adds about the source, which is always the request.
    private static final Pattern PLACE_IN_MESSAGE =
            Pattern.compile(" \\(start marker at \\[.*?]\\)");

    private static final JsonMapper MAPPER =
            JsonMapper.builder(JsonFactory.builder().rootValueSeparator((String) null).build())
                    .enable(StreamWriteFeature.WRITE_BIGDECIMAL_AS_PLAIN)
                    .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
                    .build();

    private Json() {}

    /// The object that is the body of a request.
    ///
    /// @throws BadRequestException when it is none
    static JsonNode object(byte[] body) {
        JsonNode node;
        try {
            node = MAPPER.readTree(body);
        } catch (JacksonException e) {
            throw BadRequestException.malformed(
                    "the request body is not valid JSON: "
                            + PLACE_IN_MESSAGE.matcher(e.getOriginalMessage()).replaceFirst("")
                            + (e.getLocation() == null
                                    ? ""
                                    : " at line "
                                            + e.getLocation().getLineNr()
                                            + ", column "
                                            + e.getLocation().getColumnNr()));
        }
        if (node == null || !node.isObject()) {
            throw BadRequestException.malformed("the request body must be a JSON object");
        }
        return node;
    }

    /// A required text member.
    static String text(JsonNode object, String member) {
        JsonNode value = object.get(member);
        if (value == null || !value.isString()) {
            throw BadRequestException.malformed(
                    "the request body must have a text member \"" + member + "\"");
        }
        return value.stringValue();
    }

    /// A text member that may be missing or null.
    static String textOrEmpty(JsonNode object, String member) {
        JsonNode value = object.get(member);
        return value == null || value.isNull() ? "" : text(object, member);
    }

    /// A member that is an object of plain values, as texts.
    static Map<String, String> texts(JsonNode object, String member) {
        var texts = new LinkedHashMap<String, String>();
        JsonNode map = object.get(member);
        if (map == null || map.isNull()) {
            return texts;
        }
        if (!map.isObject()) {
            throw BadRequestException.malformed("\"" + member + "\" must be a JSON object");
        }
        for (Map.Entry<String, JsonNode> entry : map.properties()) {
            if (!entry.getValue().isValueNode()) {
                throw BadRequestException.malformed(
                        "\"" + member + "." + entry.getKey() + "\" must be a plain value");
            }
            texts.put(entry.getKey(), entry.getValue().asString());
        }
        return texts;
    }

    /// Maps, lists and plain values as JSON.
    static byte[] bytes(Object tree) {
        return MAPPER.writeValueAsBytes(tree);
    }

    /// Writes values one after another, with nothing in between but what is written raw.
    static JsonGenerator generator(OutputStream to) {
        return MAPPER.createGenerator(to);
    }
}
