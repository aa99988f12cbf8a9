package dev.weir.server.http;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;

import tools.jackson.core.JsonGenerator;

import java.io.ByteArrayOutputStream;

/// Collects the JSON of an answer part by part. Belongs to the thread that serves the request.
final class JsonOutput implements AutoCloseable {
    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream(4 << 10);
    private final JsonGenerator json = Json.generator(bytes);

    JsonGenerator json() {
        return json;
    }

    /// Bytes collected since the last [#take].
    int size() {
        return bytes.size() + json.streamWriteOutputBuffered();
    }

    /// What was collected, which is then forgotten.
    ByteBuf take() {
        json.flush();
        ByteBuf part = Unpooled.wrappedBuffer(bytes.toByteArray());
        bytes.reset();
        return part;
    }

    @Override
    public void close() {
        json.close();
    }
}
