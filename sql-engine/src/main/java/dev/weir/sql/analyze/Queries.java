package dev.weir.sql.analyze;

import dev.weir.sql.batch.Field;
import dev.weir.sql.batch.Schema;
import dev.weir.sql.batch.SqlType;
import dev.weir.sql.catalog.Catalog;
import dev.weir.sql.catalog.WindowSpec;
import dev.weir.sql.error.Checkpoint;
import dev.weir.sql.error.SqlException;
import dev.weir.sql.error.SqlState;
import dev.weir.sql.function.Functions;
import dev.weir.sql.parse.Statement;
import dev.weir.sql.parse.WindowedFrom;

import org.apache.calcite.adapter.java.JavaTypeFactory;
import org.apache.calcite.config.CalciteConnectionConfigImpl;
import org.apache.calcite.config.CalciteConnectionProperty;
import org.apache.calcite.jdbc.CalciteSchema;
import org.apache.calcite.plan.ConventionTraitDef;
import org.apache.calcite.plan.RelOptCluster;
import org.apache.calcite.plan.hep.HepPlanner;
import org.apache.calcite.plan.hep.HepProgram;
import org.apache.calcite.prepare.CalciteCatalogReader;
import org.apache.calcite.rel.RelNode;
import org.apache.calcite.rel.RelRoot;
import org.apache.calcite.rel.RelVisitor;
import org.apache.calcite.rel.core.Join;
import org.apache.calcite.rel.core.TableScan;
import org.apache.calcite.rel.type.RelDataType;
import org.apache.calcite.rex.RexBuilder;
import org.apache.calcite.rex.RexNode;
import org.apache.calcite.runtime.CalciteContextException;
import org.apache.calcite.runtime.CalciteException;
import org.apache.calcite.sql.SqlCall;
import org.apache.calcite.sql.SqlDynamicParam;
import org.apache.calcite.sql.SqlNode;
import org.apache.calcite.sql.SqlOperatorTable;
import org.apache.calcite.sql.SqlOrderBy;
import org.apache.calcite.sql.SqlSelect;
import org.apache.calcite.sql.fun.SqlStdOperatorTable;
import org.apache.calcite.sql.parser.SqlParserPos;
import org.apache.calcite.sql.util.SqlBasicVisitor;
import org.apache.calcite.sql.util.SqlOperatorTables;
import org.apache.calcite.sql.validate.SqlConformanceEnum;
import org.apache.calcite.sql.validate.SqlValidator;
import org.apache.calcite.sql2rel.SqlRexConvertlet;
import org.apache.calcite.sql2rel.SqlToRelConverter;
import org.apache.calcite.sql2rel.StandardConvertletTable;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.Set;
import java.util.function.Supplier;

/// Queries and expressions through Calcite: rewritten, validated, converted to algebra.
final class Queries {
    private static final SqlOperatorTable OPERATORS =
            SqlOperatorTables.chain(
                    Functions.operatorTable(),
                    SqlOperatorTables.of(Joins.WITHIN),
                    SqlStdOperatorTable.instance());

    private final Catalog catalog;
    private final JavaTypeFactory types = RelTypes.factory();
    private final CalciteCatalogReader reader;
    private final RelOptCluster cluster;

    Queries(Catalog catalog) {
        this.catalog = catalog;
        Properties properties = new Properties();
        properties.setProperty(CalciteConnectionProperty.CASE_SENSITIVE.camelName(), "false");
        reader =
                new CalciteCatalogReader(
                        CalciteSchema.createRootSchema(
                                false, false, "", new CatalogSchema(catalog)),
                        List.of(),
                        types,
                        new CalciteConnectionConfigImpl(properties));
        HepPlanner planner = new HepPlanner(HepProgram.builder().build());
        planner.addRelTraitDef(ConventionTraitDef.INSTANCE);
        planner.setExecutor(Constants.EXECUTOR);
        cluster = RelOptCluster.create(planner, new RexBuilder(types));
    }

    /// @param continuous the query never ends: EMIT CHANGES or CREATE … AS
    /// @param table it is that of a CREATE TABLE
    Analyzed.Query analyze(Statement.Select select, boolean continuous, boolean table) {
        return analyze(select, continuous, table, List.of());
    }

    /// A continuous query with the key that PARTITION BY gives its rows, if it is there.
    Partitioning.Keyed partitioned(Statement.Select select) {
        Partitioning partitioning = Partitioning.of(select);
        return partitioning.key(analyze(select, true, false, partitioning.expressions()));
    }

    private Analyzed.Query analyze(
            Statement.Select select,
            boolean continuous,
            boolean table,
            List<SqlNode> partitionedBy) {
        Optional<WindowSpec> window = window(select.query());
        Rewriter rewriter =
                new Rewriter(catalog, continuous, table && window.isPresent(), partitionedBy);
        return guarded(
                select.query(),
                () -> {
                    SqlNode query = rewriter.rewrite(select.query());
                    SqlValidator validator = validator(rewriter.stars());
                    SqlNode validated = validator.validate(query);
                    RelRoot root = converter(validator).convertQuery(validated, false, true);
                    RelNode rel = Joins.withBounds(root.project());
                    checkJoins(rel, rewriter);
                    return new Analyzed.Query(
                            rel,
                            continuous,
                            select.limit(),
                            sources(rel),
                            named(RelTypes.schema(rel.getRowType()), root),
                            window);
                });
    }

    /// The columns of a query with parameters, and what their context says of the parameters.
    ///
    /// @param select its parameters are replaced where their type is known
    /// @param parameters filled in by number where a type is found
    Schema describe(Statement.Select select, SqlType[] parameters) {
        Rewriter rewriter = new Rewriter(catalog, select.emitChanges(), false, List.of());
        return guarded(
                select.query(),
                () -> {
                    SqlNode query = rewriter.rewrite(select.query());
                    SqlValidator validator = validator(rewriter.stars());
                    SqlNode validated = validator.validate(query);
                    note(validated, validator, parameters);
                    RelRoot root = converter(validator).convertQuery(validated, false, true);
                    return named(RelTypes.schema(root.project().getRowType()), root);
                });
    }

    private static void note(SqlNode validated, SqlValidator validator, SqlType[] parameters) {
        validated.accept(
                new SqlBasicVisitor<Void>() {
                    @Override
                    public Void visit(SqlDynamicParam parameter) {
                        int at = parameter.getIndex();
                        if (parameters[at] == null) {
                            parameters[at] =
                                    RelTypes.find(validator.getValidatedNodeType(parameter))
                                            .orElse(null);
                        }
                        return null;
                    }
                });
    }

    /// An expression without columns, as algebra of the given type.
    RexNode constant(SqlNode node, RelDataType type) {
        Rewriter rewriter = new Rewriter(catalog, false, false, List.of());
        return guarded(
                node,
                () -> {
                    SqlValidator validator = validator(Set.of());
                    SqlNode expression = rewriter.rewriteExpression(node);
                    SqlNode validated =
                            validator.validateParameterizedExpression(expression, Map.of());
                    RexNode rex = converter(validator).convertExpression(validated);
                    return cluster.getRexBuilder().makeAbstractCast(type, rex, false);
                });
    }

    RelOptCluster cluster() {
        return cluster;
    }

    private SqlValidator validator(Set<SqlParserPos> stars) {
        return new WeirValidator(
                OPERATORS,
                reader,
                types,
                SqlValidator.Config.DEFAULT
                        .withConformance(SqlConformanceEnum.LENIENT)
                        .withTypeCoercionFactory(Coercion::new)
                        .withIdentifierExpansion(true),
                stars);
    }

    private SqlToRelConverter converter(SqlValidator validator) {
        return new SqlToRelConverter(
                (type, query, schemaPath, viewPath) -> {
                    throw new IllegalStateException("there are no views to expand");
                },
                validator,
                reader,
                cluster,
                Queries::convertlet,
                SqlToRelConverter.config()
                        .withExpand(false)
                        .withTrimUnusedFields(false)
                        .withHintStrategyTable(Joins.HINTS)
                        .withInSubQueryThreshold(Integer.MAX_VALUE));
    }

    private static SqlRexConvertlet convertlet(SqlCall call) {
        Checkpoint.pass();
        return StandardConvertletTable.INSTANCE.get(call);
    }

    /// Runs Calcite and speaks its complaints in our words.
    private <T> T guarded(SqlNode node, Supplier<T> work) {
        try {
            return work.get();
        } catch (SqlException e) {
            throw e.position().isPresent()
                    ? e
                    : new SqlException(
                            e.state(),
                            Refusals.position(node.getParserPosition()),
                            e.getMessage(),
                            e.hint().orElse(null),
                            e);
        } catch (CalciteContextException e) {
            if (e.getCause() instanceof SqlException cause) {
                throw cause;
            }
            throw new ValidatorErrors(catalog, OPERATORS, node).of(e);
        } catch (CalciteException | UnsupportedOperationException e) {
            throw new SqlException(
                    SqlState.FEATURE_NOT_SUPPORTED,
                    Refusals.position(node.getParserPosition()),
                    ValidatorErrors.lowerCase(String.valueOf(e.getMessage())),
                    "Write the query another way.",
                    e);
        } catch (StackOverflowError e) {
            throw tooDeep(node, e);
        } catch (RuntimeException e) {
            // Calcite calls its converters by reflection, and wraps what they throw, once for each
            // level.
            for (Throwable cause = e.getCause(); cause != null; cause = cause.getCause()) {
                if (cause instanceof StackOverflowError) {
                    throw tooDeep(node, cause);
                }
                if (cause instanceof SqlException known) {
                    throw known;
                }
            }
            throw e;
        }
    }

    private static SqlException tooDeep(SqlNode node, Throwable cause) {
        return new SqlException(
                SqlState.LIMIT_EXCEEDED,
                Refusals.position(node.getParserPosition()),
                "the statement is nested too deeply",
                "Split it: a view of its own for the inner part, or a shorter expression.",
                cause);
    }

    /// Refuses joins that mean nothing. Those whose condition stands in WHERE are looked at when
    /// that has been pushed into them.
    private static void checkJoins(RelNode rel, Rewriter rewriter) {
        rel.getInputs().forEach(input -> checkJoins(input, rewriter));
        if (rel instanceof Join join && !join.getCondition().isAlwaysTrue()) {
            try {
                Joins.meaning(join);
            } catch (SqlException e) {
                throw new SqlException(
                        e.state(),
                        Refusals.position(rewriter.firstJoin()),
                        e.getMessage(),
                        e.hint().orElse(null),
                        e);
            }
        }
    }

    private static Optional<WindowSpec> window(SqlNode query) {
        SqlNode top = query instanceof SqlOrderBy ordered ? ordered.query : query;
        return top instanceof SqlSelect select && select.getFrom() instanceof WindowedFrom window
                ? Optional.of(
                        switch (window.kind()) {
                            case TUMBLING ->
                                    new WindowSpec(WindowSpec.Kind.TUMBLING, window.sizeMs());
                            case HOPPING ->
                                    new WindowSpec(WindowSpec.Kind.HOPPING, window.sizeMs());
                            case SESSION -> new WindowSpec(WindowSpec.Kind.SESSION, 0);
                        })
                : Optional.empty();
    }

    private static List<String> sources(RelNode rel) {
        Set<String> names = new LinkedHashSet<>();
        new RelVisitor() {
            @Override
            public void visit(RelNode node, int ordinal, RelNode parent) {
                if (node instanceof TableScan scan) {
                    names.add(scan.getTable().unwrap(RelationTable.class).relation().name());
                }
                super.visit(node, ordinal, parent);
            }
        }.go(rel);
        return List.copyOf(names);
    }

    /// The columns under the names the query gives them.
    private static Schema named(Schema schema, RelRoot root) {
        List<Field> fields = new ArrayList<>();
        for (int i = 0; i < schema.size(); i++) {
            fields.add(new Field(root.fields.get(i).getValue(), schema.type(i)));
        }
        return new Schema(fields);
    }
}
