package dev.weir.sql.analyze;

import dev.weir.sql.batch.Field;
import dev.weir.sql.batch.Primitive;
import dev.weir.sql.batch.SqlType;
import dev.weir.sql.catalog.Relation;
import dev.weir.sql.catalog.RelationColumn;
import dev.weir.sql.error.Position;
import dev.weir.sql.error.SqlException;
import dev.weir.sql.error.SqlState;
import dev.weir.sql.parse.ColumnDefinition;
import dev.weir.sql.parse.Name;
import dev.weir.sql.parse.Property;
import dev.weir.sql.parse.Statement;
import dev.weir.sql.parse.Statements;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/// ALTER … ADD COLUMN as the CREATE OR REPLACE that does it: the statement that made the relation,
/// with more columns.
final class Alterations {
    private Alterations() {}

    static Analyzed.Alter of(Statement.Alter alter, Relation relation) {
        Position position = alter.name().position();
        if (relation.isTable() != (alter.kind() == Statement.SourceKind.TABLE)) {
            throw new SqlException(
                    SqlState.WRONG_OBJECT_TYPE,
                    position,
                    "\""
                            + relation.name()
                            + "\" is a "
                            + relation.kind().name().toLowerCase(Locale.ROOT),
                    "Use ALTER " + relation.kind() + " " + relation.name() + ".");
        }
        if (relation.isDerived()) {
            throw new SqlException(
                    SqlState.WRONG_OBJECT_TYPE,
                    position,
                    "\""
                            + relation.name()
                            + "\" has the columns of its query "
                            + relation.queryId().orElseThrow(),
                    "CREATE OR REPLACE "
                            + relation.kind()
                            + " "
                            + relation.name()
                            + " AS SELECT ... gives it other columns.");
        }
        if (!(Statements.parse(relation.sql(), false) instanceof Statement.CreateSource made)) {
            throw new IllegalStateException("made by " + relation.sql());
        }
        return new Analyzed.Alter(relation, create(alter, relation, made.properties()));
    }

    private static String create(
            Statement.Alter alter, Relation relation, List<Property> properties) {
        Set<String> names = new HashSet<>();
        List<String> columns = new ArrayList<>();
        for (RelationColumn column : relation.columns()) {
            names.add(column.name().toLowerCase(Locale.ROOT));
            if (relation.window().isEmpty() || !Rewriter.isWindowBound(column.name())) {
                String key = column.key() ? relation.isTable() ? " PRIMARY KEY" : " KEY" : "";
                columns.add(quoted(column.name()) + " " + type(column.type()) + key);
            }
        }
        for (ColumnDefinition column : alter.columns()) {
            Name name = column.name();
            if (column.key() != ColumnDefinition.Key.NONE) {
                throw new SqlException(
                        SqlState.FEATURE_NOT_SUPPORTED,
                        name.position(),
                        "the key column \"" + name + "\" cannot be added",
                        "The key of the records is there already. Add a value column, or DROP and"
                                + " CREATE.");
            }
            if (!names.add(name.text().toLowerCase(Locale.ROOT))) {
                throw new SqlException(
                        SqlState.DUPLICATE_COLUMN,
                        name.position(),
                        "column \"" + name + "\" is there already",
                        "DESCRIBE " + relation.name() + " lists the columns.");
            }
            columns.add(quoted(name.text()) + " " + type(column.type()));
        }
        List<String> with = new ArrayList<>();
        with.add("KAFKA_TOPIC = " + text(relation.topic()));
        for (Property property : properties) {
            String name = property.name().text().toUpperCase(Locale.ROOT);
            if (!name.equals("KAFKA_TOPIC") && !name.equals("PARTITIONS")) {
                with.add(name + " = " + text(property.value()));
            }
        }
        return "CREATE OR REPLACE "
                + relation.kind()
                + " "
                + quoted(relation.name())
                + " ("
                + String.join(", ", columns)
                + ") WITH ("
                + String.join(", ", with)
                + ")";
    }

    private static String type(SqlType type) {
        return switch (type) {
            case SqlType.Array(SqlType element) -> "ARRAY<" + type(element) + ">";
            case SqlType.MapOf(SqlType key, SqlType value) ->
                    "MAP<" + type(key) + ", " + type(value) + ">";
            case SqlType.Struct(List<Field> fields) ->
                    "STRUCT<"
                            + String.join(
                                    ", ",
                                    fields.stream()
                                            .map(f -> quoted(f.name()) + " " + type(f.type()))
                                            .toList())
                            + ">";
            case Primitive _, SqlType.Decimal _ -> type.sql();
        };
    }

    private static String quoted(String name) {
        return "\"" + name.replace("\"", "\"\"") + "\"";
    }

    private static String text(String value) {
        return "'" + value.replace("'", "''") + "'";
    }
}
