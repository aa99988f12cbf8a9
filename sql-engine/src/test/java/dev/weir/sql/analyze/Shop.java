package dev.weir.sql.analyze;

import dev.weir.sql.catalog.Catalog;
import dev.weir.sql.parse.Statement;
import dev.weir.sql.parse.Statements;

import java.util.Collection;
import java.util.Map;
import java.util.OptionalInt;

/// A catalog of a shop, made by statements, and a context in which to analyze more of them.
public final class Shop implements AnalyzerContext {
    private final Map<String, Integer> topics =
            Map.of("orders", 4, "items", 4, "customers", 2, "bids", 1);
    private Catalog catalog = Catalog.EMPTY;
    private long queries;

    public Shop() {
        create(
                """
                CREATE STREAM orders (id BIGINT KEY, item VARCHAR, qty INT, amount DOUBLE,
                  price DECIMAL(10, 2), placed TIMESTAMP, tags ARRAY<VARCHAR>)
                WITH (KAFKA_TOPIC = 'orders', VALUE_FORMAT = 'JSON')\
                """);
        create(
                """
                CREATE STREAM bids (kind INT, bid STRUCT<auction BIGINT, price BIGINT,
                  extra STRUCT<channel VARCHAR, url VARCHAR>>)
                WITH (KAFKA_TOPIC = 'bids')\
                """);
        create(
                """
                CREATE TABLE items (id BIGINT PRIMARY KEY, name VARCHAR, weight DOUBLE)
                WITH (KAFKA_TOPIC = 'items')\
                """);
        create(
                """
                CREATE TABLE customers (id BIGINT PRIMARY KEY, name VARCHAR, item_id BIGINT)
                WITH (KAFKA_TOPIC = 'customers')\
                """);
    }

    /// Runs a CREATE and keeps what it makes.
    public Analyzed create(String sql) {
        Analyzed analyzed = analyze(sql);
        catalog =
                switch (analyzed) {
                    case Analyzed.CreateSource source -> catalog.with(source.relation());
                    case Analyzed.CreateAs as -> catalog.with(as.relation());
                    default -> throw new IllegalArgumentException(sql);
                };
        return analyzed;
    }

    public Analyzed analyze(Statement statement) {
        return new Analyzer(catalog, this).analyze(statement, "");
    }

    public Analyzed analyze(String sql) {
        return new Analyzer(catalog, this).analyze(Statements.parse(sql, false), sql);
    }

    public Analyzed.Query query(String sql) {
        return switch (analyze(sql)) {
            case Analyzed.Query query -> query;
            case Analyzed.CreateAs as -> as.query();
            case Analyzed.CopyOut(Analyzed.Query query) -> query;
            default -> throw new IllegalArgumentException(sql);
        };
    }

    @Override
    public OptionalInt topicPartitions(String topic) {
        Integer partitions = topics.get(topic);
        return partitions == null ? OptionalInt.empty() : OptionalInt.of(partitions);
    }

    @Override
    public Collection<String> topicNames() {
        return topics.keySet();
    }

    @Override
    public long nextQueryNumber() {
        return ++queries;
    }

    @Override
    public Map<String, String> properties() {
        return Map.of();
    }

    @Override
    public long nowMs() {
        return 1_700_000_000_000L;
    }
}
