package dev.weir.sql.analyze;

import org.apache.calcite.DataContext;
import org.apache.calcite.adapter.java.JavaTypeFactory;
import org.apache.calcite.linq4j.QueryProvider;
import org.apache.calcite.schema.SchemaPlus;

import java.util.TimeZone;

/// What constant expressions may ask for: the time.
final class ConstantContext implements DataContext {
    private final long nowMs;

    ConstantContext(long nowMs) {
        this.nowMs = nowMs;
    }

    @Override
    public Object get(String name) {
        return switch (name) {
            case "utcTimestamp", "currentTimestamp", "localTimestamp" -> nowMs;
            case "timeZone" -> TimeZone.getTimeZone("UTC");
            default -> null;
        };
    }

    @Override
    public SchemaPlus getRootSchema() {
        return null;
    }

    @Override
    public JavaTypeFactory getTypeFactory() {
        return RelTypes.factory();
    }

    @Override
    public QueryProvider getQueryProvider() {
        return null;
    }
}
