package dev.weir.sql.exec;

import dev.weir.sql.analyze.Analyzed;
import dev.weir.sql.analyze.Described;
import dev.weir.sql.batch.Schema;
import dev.weir.sql.batch.SqlType;
import dev.weir.sql.catalog.Catalog;
import dev.weir.sql.parse.Statement;
import dev.weir.sql.plan.PlanNode;

import java.util.List;
import java.util.Optional;

/// A statement that was parsed and described once, to be carried out any number of times. A query
/// without parameters keeps its plan for as long as the catalog is the same. Thread-safe.
public final class Prepared {
    private final String text;
    private final Statement statement;
    private final boolean foldUp;
    private final Described described;
    private volatile Planned planned;

    /// @param catalog the snapshot it is of
    record Planned(Catalog catalog, Analyzed.Query query, PlanNode plan) {}

    Prepared(String text, Statement statement, boolean foldUp, Described described) {
        this.text = text;
        this.statement = statement;
        this.foldUp = foldUp;
        this.described = described;
    }

    public String text() {
        return text;
    }

    /// The types of its parameters, `$1` first.
    public List<SqlType> parameters() {
        return described.parameters();
    }

    /// The columns of its result, when it is a SELECT.
    public Optional<Schema> result() {
        return described.result();
    }

    /// True when it looks around and changes nothing, so that it may be run to see its columns.
    public boolean isReadOnly() {
        return switch (statement) {
            case Statement.Show _,
                    Statement.Describe _,
                    Statement.DescribeConsumerGroup _,
                    Statement.Explain _ ->
                    true;
            default -> false;
        };
    }

    Statement statement() {
        return statement;
    }

    boolean foldUp() {
        return foldUp;
    }

    Optional<Planned> planned(Catalog catalog) {
        Planned known = planned;
        return known != null && known.catalog() == catalog ? Optional.of(known) : Optional.empty();
    }

    void planned(Planned plan) {
        planned = plan;
    }
}
