package dev.weir.sql.analyze;

import dev.weir.sql.batch.Field;
import dev.weir.sql.batch.SqlType;
import dev.weir.sql.catalog.Catalog;
import dev.weir.sql.catalog.Relation;
import dev.weir.sql.catalog.RelationColumn;
import dev.weir.sql.error.Position;
import dev.weir.sql.error.SqlException;
import dev.weir.sql.error.SqlState;
import dev.weir.sql.function.Functions;
import dev.weir.sql.parse.Nearest;

import org.apache.calcite.runtime.CalciteContextException;
import org.apache.calcite.sql.SqlCall;
import org.apache.calcite.sql.SqlIdentifier;
import org.apache.calcite.sql.SqlKind;
import org.apache.calcite.sql.SqlNode;
import org.apache.calcite.sql.SqlOperatorTable;
import org.apache.calcite.sql.util.SqlBasicVisitor;

import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/// What Calcite's validator says, in our words, with the name that was probably meant.
final class ValidatorErrors {
    private final Catalog catalog;
    private final SqlOperatorTable operators;
    private final Map<String, Relation> sources = new LinkedHashMap<>();
    private final List<Case> cases =
            List.of(
                    of("Object '(.*?)' not found.*", this::unknownRelation),
                    of("Table '(.*?)' not found", this::unknownPrefix),
                    of("Unknown identifier '(.*?)'", this::unknownPrefix),
                    of("Column '(.*?)' not found in any table.*", this::unknownColumn),
                    of("Column '(.*?)' not found in table '(.*?)'.*", this::unknownColumnOf),
                    of("Unknown field '(.*?)'", this::unknownField),
                    of("Column '(.*?)' is ambiguous", this::ambiguous),
                    of("No match found for function signature (.*?)\\((.*)\\)", this::function),
                    of("Expression '(.*)' is not being grouped", this::ungrouped),
                    of("Aggregate expression is illegal in (.*) clause", this::misplacedAggregate),
                    of("Aggregate expressions cannot be nested", this::nestedAggregate),
                    of("Invalid number of arguments to function '(.*?)'.*", this::arguments),
                    of("Incompatible types", this::noStruct),
                    of("Cannot apply '(.*?)' to arguments of type '(.*?)'\\..*", this::mismatch),
                    of("Cast function cannot convert value of type (.*) to type (.*)", this::cast));

    private record Case(Pattern pattern, Function<Matcher, Said> words) {}

    private record Said(SqlState state, String message, String hint) {}

    /// @param query the statement's tree as it was parsed
    ValidatorErrors(Catalog catalog, SqlOperatorTable operators, SqlNode query) {
        this.catalog = catalog;
        this.operators = operators;
        collectSources(query);
    }

    SqlException of(CalciteContextException e) {
        String text =
                String.valueOf(e.getCause() == null ? e.getMessage() : e.getCause().getMessage());
        Said said = say(text);
        Position position =
                e.getPosLine() < 1
                        ? null
                        : new Position(e.getPosLine(), Math.max(1, e.getPosColumn()));
        return new SqlException(said.state(), position, said.message(), said.hint(), e);
    }

    static String lowerCase(String message) {
        return message.isEmpty()
                ? "the statement is not valid"
                : Character.toLowerCase(message.charAt(0)) + message.substring(1);
    }

    private Said say(String text) {
        for (Case known : cases) {
            Matcher matcher = known.pattern().matcher(text);
            if (matcher.matches()) {
                return known.words().apply(matcher);
            }
        }
        return new Said(
                SqlState.SYNTAX_ERROR,
                lowerCase(text),
                "Check what stands here; DESCRIBE tells the types of columns.");
    }

    private static Case of(String pattern, Function<Matcher, Said> words) {
        return new Case(Pattern.compile(pattern, Pattern.DOTALL), words);
    }

    private Said unknownRelation(Matcher matcher) {
        String name = matcher.group(1);
        return new Said(
                SqlState.UNDEFINED_TABLE,
                "relation \"" + name + "\" does not exist",
                didYouMean(name, catalog.relations().stream().map(Relation::name).toList())
                        + "SHOW STREAMS and SHOW TABLES list what there is.");
    }

    private Said unknownPrefix(Matcher matcher) {
        String name = matcher.group(1);
        if (sources.isEmpty()) {
            return new Said(
                    SqlState.UNDEFINED_COLUMN,
                    "column \"" + name + "\" does not exist",
                    "There is no FROM to take it from; text stands in single quotes.");
        }
        return new Said(
                SqlState.UNDEFINED_TABLE,
                "\"" + name + "\" is not in the FROM clause",
                didYouMean(name, List.copyOf(sources.keySet()))
                        + "Qualify columns with the names or aliases of FROM.");
    }

    private Said unknownColumn(Matcher matcher) {
        String name = matcher.group(1);
        List<Relation> relations = sources.values().stream().distinct().toList();
        if (relations.size() == 1) {
            return unknownColumn(name, relations.getFirst());
        }
        List<String> columns = new ArrayList<>();
        relations.forEach(r -> columns.addAll(columns(r)));
        return new Said(
                SqlState.UNDEFINED_COLUMN,
                "column \"" + name + "\" does not exist",
                relations.isEmpty()
                        ? "A query without FROM has no columns; text stands in single quotes."
                        : didYouMean(name, columns)
                                + relations.stream()
                                        .map(r -> "DESCRIBE " + r.name())
                                        .collect(
                                                Collectors.joining(
                                                        " and ", "", " list the columns.")));
    }

    private Said unknownColumnOf(Matcher matcher) {
        String name = matcher.group(1);
        Relation relation = sources.get(fold(matcher.group(2)));
        return relation != null
                ? unknownColumn(name, relation)
                : new Said(
                        SqlState.UNDEFINED_COLUMN,
                        "column \"" + name + "\" does not exist in \"" + matcher.group(2) + "\"",
                        "Its columns are those of the subquery.");
    }

    private static Said unknownColumn(String name, Relation relation) {
        return new Said(
                SqlState.UNDEFINED_COLUMN,
                "column \""
                        + name
                        + "\" does not exist in "
                        + relation.kind().name().toLowerCase(Locale.ROOT)
                        + " \""
                        + relation.name()
                        + "\"",
                didYouMean(name, columns(relation))
                        + "DESCRIBE "
                        + relation.name()
                        + " lists the columns.");
    }

    private Said unknownField(Matcher matcher) {
        String name = matcher.group(1);
        List<String> fields = new ArrayList<>();
        for (Relation relation : sources.values()) {
            for (RelationColumn column : relation.columns()) {
                addFields(column.type(), fields);
            }
        }
        return new Said(
                SqlState.UNDEFINED_COLUMN,
                "field \"" + name + "\" does not exist in the struct",
                didYouMean(name, fields) + "DESCRIBE tells the fields of a struct.");
    }

    private static void addFields(SqlType type, List<String> fields) {
        if (type instanceof SqlType.Struct(List<Field> members)) {
            for (Field member : members) {
                fields.add(member.name());
                addFields(member.type(), fields);
            }
        }
    }

    private Said ambiguous(Matcher matcher) {
        String name = matcher.group(1);
        String choices =
                sources.entrySet().stream()
                        .filter(e ->
                                columns(e.getValue()).stream().anyMatch(name::equalsIgnoreCase))
                        .map(e -> e.getKey() + "." + name)
                        .collect(Collectors.joining(" or "));
        return new Said(
                SqlState.AMBIGUOUS_COLUMN,
                "column \"" + name + "\" is ambiguous",
                "Write " + (choices.isEmpty() ? "the relation before it." : choices + "."));
    }

    private Said function(Matcher matcher) {
        String name = matcher.group(1);
        String arguments = matcher.group(2).replaceAll("[<>]", "");
        boolean known =
                operators.getOperatorList().stream()
                        .anyMatch(o -> o.getName().equalsIgnoreCase(name));
        return known
                ? new Said(
                        SqlState.UNDEFINED_FUNCTION,
                        "function " + name + "(" + arguments + ") does not exist",
                        name.toUpperCase(Locale.ROOT)
                                + " takes other arguments: CAST them, or check their number.")
                : new Said(
                        SqlState.UNDEFINED_FUNCTION,
                        "function \"" + name + "\" does not exist",
                        didYouMean(name, Functions.descriptions().keySet())
                                + "SHOW FUNCTIONS lists what there is.");
    }

    private Said ungrouped(Matcher matcher) {
        String expression = matcher.group(1);
        String name = expression.substring(expression.lastIndexOf('.') + 1);
        return new Said(
                SqlState.GROUPING_ERROR,
                "column \""
                        + name
                        + "\" must appear in GROUP BY or be used in an aggregate function",
                "Add it to GROUP BY, or take MIN(" + name + ") or MAX(" + name + ").");
    }

    private Said misplacedAggregate(Matcher matcher) {
        return new Said(
                SqlState.GROUPING_ERROR,
                "aggregate functions are not allowed in " + matcher.group(1),
                "Conditions on groups stand in HAVING.");
    }

    private Said nestedAggregate(Matcher matcher) {
        return new Said(
                SqlState.GROUPING_ERROR,
                "aggregate functions cannot be nested",
                "Put the inner one into a subquery in FROM.");
    }

    private Said arguments(Matcher matcher) {
        return new Said(
                SqlState.UNDEFINED_FUNCTION,
                "function " + matcher.group(1) + " does not take so many arguments",
                "Check their number.");
    }

    private Said noStruct(Matcher matcher) {
        return new Said(
                SqlState.DATATYPE_MISMATCH,
                "-> takes a field of a struct, and this is none",
                "DESCRIBE tells the types of columns.");
    }

    private Said mismatch(Matcher matcher) {
        return new Said(
                SqlState.DATATYPE_MISMATCH,
                "cannot apply "
                        + matcher.group(1)
                        + " to "
                        + matcher.group(2).replaceAll("[<>]", "'").replace("''", "'"),
                "CAST one side to the type of the other.");
    }

    private Said cast(Matcher matcher) {
        return new Said(
                SqlState.CANNOT_COERCE,
                "cannot cast "
                        + matcher.group(1)
                        + " to "
                        + matcher.group(2).replace(" NOT NULL", ""),
                "There is no conversion between the two.");
    }

    private static String didYouMean(String name, Collection<String> candidates) {
        return Nearest.to(name, candidates).map(n -> "Did you mean \"" + n + "\"? ").orElse("");
    }

    private static List<String> columns(Relation relation) {
        List<String> names = new ArrayList<>();
        relation.columns().forEach(c -> names.add(c.name()));
        names.addAll(RelationTable.pseudoColumns(relation));
        return names;
    }

    /// The relations a query speaks of, by their names and aliases.
    private void collectSources(SqlNode query) {
        query.accept(
                new SqlBasicVisitor<Void>() {
                    @Override
                    public Void visit(SqlIdentifier id) {
                        if (id.isSimple()) {
                            catalog.relation(id.getSimple())
                                    .ifPresent(r -> sources.putIfAbsent(fold(id.getSimple()), r));
                        }
                        return null;
                    }

                    @Override
                    public Void visit(SqlCall call) {
                        if (call.getKind() == SqlKind.AS
                                && call.operand(0) instanceof SqlIdentifier id
                                && id.isSimple()) {
                            Optional<Relation> relation = catalog.relation(id.getSimple());
                            if (relation.isPresent()) {
                                sources.putIfAbsent(
                                        fold(call.operand(1).toString()), relation.get());
                                return null;
                            }
                        }
                        return super.visit(call);
                    }
                });
    }

    private static String fold(String name) {
        return name.toLowerCase(Locale.ROOT);
    }
}
