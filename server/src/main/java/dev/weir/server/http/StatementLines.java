package dev.weir.server.http;

import dev.weir.server.session.JsonValues;
import dev.weir.sql.batch.Field;
import dev.weir.sql.error.SqlException;

import tools.jackson.core.JsonGenerator;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;

/// The format of `/statement`: an object a line. First the columns; then rows, as many in one line
/// as came together, with their times and which are deletions where the result is live; last `done`
/// or `error`.
final class StatementLines implements ResultFormat {
    static final String TYPE = "application/x-ndjson";

    private boolean live;
    private long[] times = new long[64];
    private boolean[] deleted = new boolean[64];
    private int count;

    @Override
    public String contentType() {
        return TYPE;
    }

    @Override
    public void begin(JsonOutput out, Head head) {
        live = head.live();
        JsonGenerator json = out.json();
        json.writeStartObject();
        json.writeName("columns");
        json.writeStartArray();
        for (Field field : head.schema().fields()) {
            json.writeStartObject();
            json.writeStringProperty("name", field.name());
            json.writeStringProperty("type", field.type().sql());
            json.writeEndObject();
        }
        json.writeEndArray();
        json.writeBooleanProperty("live", live);
        if (live) {
            json.writeStringProperty("queryId", head.queryId());
            json.writeBooleanProperty("table", head.table());
            head.key()
                    .ifPresent(key -> {
                        json.writeName("key");
                        int[] columns = key.stream().mapToInt(Integer::intValue).toArray();
                        json.writeArray(columns, 0, columns.length);
                    });
        }
        json.writeEndObject();
        json.writeRaw('\n');
    }

    @Override
    public void beginRows(JsonOutput out) {
        count = 0;
        out.json().writeStartObject();
        out.json().writeName("rows");
        out.json().writeStartArray();
    }

    @Override
    public void row(JsonOutput out, Object[] values, long rowTime, boolean isDeleted) {
        if (count == times.length) {
            times = Arrays.copyOf(times, count * 2);
            deleted = Arrays.copyOf(deleted, count * 2);
        }
        times[count] = rowTime;
        deleted[count] = isDeleted;
        count++;
        JsonValues.writeRow(out.json(), values);
    }

    @Override
    public void endRows(JsonOutput out) {
        JsonGenerator json = out.json();
        json.writeEndArray();
        if (live) {
            json.writeName("times");
            json.writeArray(times, 0, count);
            json.writeName("deleted");
            json.writeStartArray();
            for (int i = 0; i < count; i++) {
                json.writeBoolean(deleted[i]);
            }
            json.writeEndArray();
        }
        json.writeEndObject();
        json.writeRaw('\n');
    }

    @Override
    public void end(JsonOutput out, long rows, boolean isLive) {
        String message = isLive ? "the query has ended" : rows == 1 ? "1 row" : rows + " rows";
        var done = new LinkedHashMap<String, Object>();
        done.put("tag", "SELECT " + rows);
        done.put("message", message);
        writeLine(out, Map.of("done", done));
    }

    @Override
    public void fail(JsonOutput out, SqlException problem) {
        writeLine(out, ErrorBodies.lineError(problem));
    }

    private static void writeLine(JsonOutput out, Object tree) {
        out.json().writeRaw(new String(Json.bytes(tree), StandardCharsets.UTF_8));
        out.json().writeRaw('\n');
    }
}
