package dev.weir.server.http;

import dev.weir.server.session.JsonValues;
import dev.weir.sql.batch.Schema;
import dev.weir.sql.error.SqlException;

import tools.jackson.core.JsonGenerator;

import java.nio.charset.StandardCharsets;
import java.util.List;

/// The result formats of ksqlDB's query resources.
final class QueryFormats {
    static final String DELIMITED_TYPE = "application/vnd.ksqlapi.delimited.v1";
    static final String KSQL_TYPE = "application/vnd.ksql.v1+json";

    private QueryFormats() {}

    /// `/query-stream`: a line with the header, then a line with an array for each row.
    static final class Delimited implements ResultFormat {
        @Override
        public String contentType() {
            return DELIMITED_TYPE;
        }

        @Override
        public void begin(JsonOutput out, Head head) {
            writeHeader(out.json(), head.schema(), head.queryId());
            out.json().writeRaw('\n');
        }

        @Override
        public void row(JsonOutput out, Object[] values, long rowTime, boolean deleted) {
            JsonValues.writeRow(out.json(), values);
            out.json().writeRaw('\n');
        }

        @Override
        public void end(JsonOutput out, long rows, boolean live) {}

        @Override
        public void fail(JsonOutput out, SqlException problem) {
            writeTree(out.json(), ErrorBodies.queryError(problem));
            out.json().writeRaw('\n');
        }
    }

    /// `/query-stream` for those who accept only `application/json`: the same as one array.
    static final class OneArray implements ResultFormat {
        @Override
        public String contentType() {
            return Json.TYPE;
        }

        @Override
        public void begin(JsonOutput out, Head head) {
            out.json().writeRaw('[');
            writeHeader(out.json(), head.schema(), head.queryId());
        }

        @Override
        public void row(JsonOutput out, Object[] values, long rowTime, boolean deleted) {
            out.json().writeRaw(",\n");
            JsonValues.writeRow(out.json(), values);
        }

        @Override
        public void end(JsonOutput out, long rows, boolean live) {
            out.json().writeRaw("]\n");
        }

        @Override
        public void fail(JsonOutput out, SqlException problem) {
            out.json().writeRaw(",\n");
            writeTree(out.json(), ErrorBodies.queryError(problem));
            out.json().writeRaw("]\n");
        }
    }

    /// `/query`: one array of a header, rows, and how it ended.
    static final class StreamedRows implements ResultFormat {
        @Override
        public String contentType() {
            return KSQL_TYPE;
        }

        @Override
        public void begin(JsonOutput out, Head head) {
            JsonGenerator json = out.json();
            json.writeRaw('[');
            json.writeStartObject();
            json.writeName("header");
            json.writeStartObject();
            json.writeStringProperty("queryId", head.queryId());
            json.writeStringProperty("schema", KsqlTypes.schema(head.schema()));
            json.writeEndObject();
            json.writeEndObject();
        }

        @Override
        public void row(JsonOutput out, Object[] values, long rowTime, boolean deleted) {
            JsonGenerator json = out.json();
            json.writeRaw(",\n");
            json.writeStartObject();
            json.writeName("row");
            json.writeStartObject();
            json.writeName("columns");
            JsonValues.writeRow(json, values);
            if (deleted) {
                json.writeBooleanProperty("tombstone", true);
            }
            json.writeEndObject();
            json.writeEndObject();
        }

        @Override
        public void end(JsonOutput out, long rows, boolean live) {
            JsonGenerator json = out.json();
            if (live) {
                json.writeRaw(",\n");
                json.writeStartObject();
                json.writeStringProperty("finalMessage", "Limit Reached");
                json.writeEndObject();
            }
            json.writeRaw("]\n");
        }

        @Override
        public void fail(JsonOutput out, SqlException problem) {
            out.json().writeRaw(",\n{\"errorMessage\":");
            writeTree(out.json(), ErrorBodies.queryError(problem));
            out.json().writeRaw("}]\n");
        }
    }

    private static void writeHeader(JsonGenerator json, Schema schema, String queryId) {
        json.writeStartObject();
        json.writeStringProperty("queryId", queryId);
        writeTexts(json, "columnNames", schema.names());
        writeTexts(json, "columnTypes", KsqlTypes.names(schema));
        json.writeEndObject();
    }

    private static void writeTexts(JsonGenerator json, String name, List<String> texts) {
        json.writeName(name);
        json.writeStartArray();
        texts.forEach(json::writeString);
        json.writeEndArray();
    }

    private static void writeTree(JsonGenerator json, Object tree) {
        json.writeRaw(new String(Json.bytes(tree), StandardCharsets.UTF_8));
    }
}
