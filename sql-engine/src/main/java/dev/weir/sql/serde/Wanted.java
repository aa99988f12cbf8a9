package dev.weir.sql.serde;

import dev.weir.sql.batch.Field;
import dev.weir.sql.batch.SqlType;
import dev.weir.sql.error.SqlException;
import dev.weir.sql.error.SqlState;

import java.util.ArrayList;
import java.util.List;

/// A column wanted from a key or value, or a field inside its struct.
///
/// @param position the column's place among the columns of the key or value
/// @param path names of struct fields below it, as declared; empty for the column itself
/// @param leaf the type at the end of the path
record Wanted(int position, String name, SqlType type, List<String> path, SqlType leaf) {
    static Wanted of(int position, Field column, List<String> path) {
        SqlType type = column.type();
        List<String> declared = new ArrayList<>();
        for (String name : path) {
            Field field = field(type, name, column.name());
            declared.add(field.name());
            type = field.type();
        }
        return new Wanted(position, column.name(), column.type(), List.copyOf(declared), type);
    }

    private static Field field(SqlType type, String name, String column) {
        if (type instanceof SqlType.Struct(List<Field> fields)) {
            for (Field field : fields) {
                if (field.name().equals(name)) {
                    return field;
                }
            }
            for (Field field : fields) {
                if (field.name().equalsIgnoreCase(name)) {
                    return field;
                }
            }
        }
        throw new SqlException(
                SqlState.UNDEFINED_COLUMN,
                "column \"" + column + "\" has no field \"" + name + "\"");
    }
}
