package dev.weir.sql.exec;

import dev.weir.sql.batch.Batch;
import dev.weir.sql.serde.RowValues;

import java.util.Arrays;
import java.util.Map;
import java.util.stream.Collectors;

/// Rows as text, for messages.
final class Rows {
    private Rows() {}

    /// `name=value, …`.
    static String text(Batch batch, int row) {
        Object[] values = RowValues.read(batch, row);
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < values.length; i++) {
            text.append(i == 0 ? "" : ", ")
                    .append(batch.schema().field(i).name())
                    .append('=')
                    .append(text(values[i]));
        }
        return text.toString();
    }

    /// A value in people's form.
    static String text(Object value) {
        return switch (value) {
            case null -> "NULL";
            case byte[] bytes -> Arrays.toString(bytes);
            case Iterable<?> items -> {
                StringBuilder list = new StringBuilder("[");
                for (Object item : items) {
                    list.append(list.length() == 1 ? "" : ", ").append(text(item));
                }
                yield list.append(']').toString();
            }
            case Map<?, ?> map ->
                    map.entrySet().stream()
                            .map(e -> text(e.getKey()) + ": " + text(e.getValue()))
                            .collect(Collectors.joining(", ", "{", "}"));
            default -> value.toString();
        };
    }
}
