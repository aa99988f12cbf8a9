package dev.weir.repl.render;

import dev.weir.repl.client.ResultColumn;
import dev.weir.repl.client.Row;

import java.io.Writer;
import java.util.List;

/// Shows one result: `begin rows* end`. Whatever was shown is flushed before a call returns. All
/// methods throw [java.io.UncheckedIOException] when the output is gone.
public interface ResultWriter {
    /// @param live true when the result never ends by itself, so that nothing may wait for its end
    void begin(List<ResultColumn> columns, boolean live);

    void rows(List<Row> rows);

    /// The result is complete, or as complete as it will get.
    void end();

    /// A writer for one result.
    static ResultWriter of(Format format, Writer out, Palette palette) {
        return switch (format) {
            case TABLE -> new TableWriter(new Lines(out), palette);
            case VERTICAL -> new VerticalWriter(new Lines(out), palette);
            case CSV -> new CsvWriter(new Lines(out));
            case JSON -> new JsonWriter(new Lines(out), true);
            case JSONL -> new JsonWriter(new Lines(out), false);
        };
    }
}
