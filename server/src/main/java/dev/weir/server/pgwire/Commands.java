package dev.weir.server.pgwire;

import dev.weir.server.pgwire.catalog.CatalogQueries;
import dev.weir.server.pgwire.catalog.CatalogQuery;
import dev.weir.server.pgwire.catalog.Lexer;
import dev.weir.server.pgwire.catalog.SessionFacts;
import dev.weir.server.pgwire.catalog.Token;
import dev.weir.server.session.Keywords;
import dev.weir.server.session.Sessions;
import dev.weir.sql.error.SqlException;
import dev.weir.sql.error.SqlState;
import dev.weir.sql.exec.Prepared;
import dev.weir.sql.exec.PushQuery;
import dev.weir.sql.exec.SqlSession;
import dev.weir.sql.exec.StatementResult;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/// The statements of one connection: who carries each out, and what the door itself keeps of them,
/// which is transactions, cursors, prepared statements and parameters.
///
/// Statements take effect one by one: BEGIN, COMMIT and ROLLBACK are accepted because drivers send
/// them, and their states are kept, but nothing is held back or undone. The conversation's thread
/// only.
final class Commands {
    private static final Set<String> COMMANDS =
            Set.of(
                    "BEGIN",
                    "START",
                    "COMMIT",
                    "END",
                    "ROLLBACK",
                    "ABORT",
                    "SAVEPOINT",
                    "RELEASE",
                    "RESET",
                    "DISCARD",
                    "DEALLOCATE",
                    "UNLISTEN",
                    "DECLARE",
                    "FETCH",
                    "MOVE",
                    "CLOSE",
                    "PREPARE",
                    "EXECUTE",
                    "COPY");

    private static final Set<String> WRITING = Set.of("INSERT", "UPDATE", "DELETE");
    private static final Set<String> ENDING = Set.of("COMMIT", "END", "ROLLBACK", "ABORT");

    private final Sessions sessions;
    private final SqlSession session;
    private final SessionParameters parameters;
    private final Cancellation cancellation;
    private final BackendMessages out;
    private final int processId;
    private final Map<String, DoorStatement> statements = new HashMap<>();
    private final Map<String, Portal> portals = new HashMap<>();
    private Transaction transaction = Transaction.NONE;
    private boolean wroteInTransaction;

    Commands(
            Sessions sessions,
            SqlSession session,
            SessionParameters parameters,
            Cancellation cancellation,
            BackendMessages out,
            int processId) {
        this.sessions = sessions;
        this.session = session;
        this.parameters = parameters;
        this.cancellation = cancellation;
        this.out = out;
        this.processId = processId;
    }

    Transaction transaction() {
        return transaction;
    }

    /// A statement failed: the transaction it was in has, too.
    void failed() {
        if (transaction == Transaction.OPEN) {
            transaction = Transaction.FAILED;
        }
    }

    // ---- Statements and portals by name

    /// @throws SqlException UNDEFINED_STATEMENT
    DoorStatement statement(String name) {
        DoorStatement statement = statements.get(name);
        if (statement == null) {
            throw new SqlException(
                    SqlState.UNDEFINED_STATEMENT,
                    name.isEmpty()
                            ? "unnamed prepared statement does not exist"
                            : "prepared statement \"" + name + "\" does not exist");
        }
        return statement;
    }

    /// @throws SqlException DUPLICATE_STATEMENT; the unnamed one is replaced
    void keep(String name, DoorStatement statement) {
        if (!name.isEmpty() && statements.containsKey(name)) {
            throw new SqlException(
                    SqlState.DUPLICATE_STATEMENT,
                    "prepared statement \"" + name + "\" already exists");
        }
        statements.put(name, statement);
    }

    void closeStatement(String name) {
        statements.remove(name);
    }

    /// @throws SqlException UNDEFINED_CURSOR
    Portal portal(String name) {
        Portal portal = portals.get(name);
        if (portal == null) {
            throw new SqlException(
                    SqlState.UNDEFINED_CURSOR, "portal \"" + name + "\" does not exist");
        }
        return portal;
    }

    /// @throws SqlException DUPLICATE_CURSOR; the unnamed one is replaced
    void keep(String name, Portal portal) {
        if (name.isEmpty()) {
            closePortal(name);
        } else if (portals.containsKey(name)) {
            throw new SqlException(
                    SqlState.DUPLICATE_CURSOR, "cursor \"" + name + "\" already exists");
        }
        portals.put(name, portal);
    }

    void closePortal(String name) {
        Portal portal = portals.remove(name);
        if (portal != null) {
            portal.close();
        }
    }

    /// Portals live as long as their transaction; without one, up to Sync.
    void endOfMessages() {
        if (transaction == Transaction.NONE) {
            closePortals(false);
        }
    }

    /// @param all also those WITH HOLD
    void closePortals(boolean all) {
        portals.values()
                .removeIf(portal -> {
                    boolean over = all || !portal.isHeld();
                    if (over) {
                        portal.close();
                    }
                    return over;
                });
    }

    // ---- Preparing

    /// Parses a statement.
    ///
    /// @param declared oids of its parameters, as far as the client gave them
    /// @throws SqlException when it could not be carried out
    DoorStatement prepare(String text, List<Integer> declared) {
        List<String> all = sessions.split(text);
        if (all.isEmpty()) {
            return DoorStatement.NOTHING;
        }
        if (all.size() > 1) {
            throw new SqlException(
                    SqlState.SYNTAX_ERROR,
                    "cannot insert multiple commands into a prepared statement");
        }
        String statement = all.getFirst();
        refuseIfFailed(Keywords.first(statement));
        if (isCommand(statement)) {
            List<Token> tokens = Lexer.tokens(statement);
            return new DoorStatement(
                    statement, declared, columns(tokens), new DoorStatement.Way.Command(tokens));
        }
        Optional<CatalogQuery> catalog = CatalogQueries.find(statement, sessions.catalog());
        if (catalog.isPresent()) {
            List<Integer> types = new ArrayList<>(declared);
            while (types.size() < catalog.get().parameters()) {
                types.add(0);
            }
            types.replaceAll(oid -> oid == 0 ? PostgresType.TEXT : oid);
            return new DoorStatement(
                    statement,
                    types,
                    columns(
                            catalog.get()
                                    .run(
                                            sessions.catalog(),
                                            facts(),
                                            Collections.nCopies(types.size(), null))),
                    new DoorStatement.Way.Catalog(catalog.get()));
        }
        return engineStatement(statement, declared);
    }

    private DoorStatement engineStatement(String statement, List<Integer> declared) {
        Prepared prepared =
                sessions.prepare(
                        statement,
                        declared.stream()
                                .map(oid -> PostgresType.declared(oid).orElse(null))
                                .toList(),
                        session);
        List<Integer> types = new ArrayList<>();
        for (int i = 0; i < prepared.parameters().size(); i++) {
            int given = i < declared.size() ? declared.get(i) : 0;
            types.add(
                    given == 0 || given == PostgresType.UNKNOWN
                            ? PostgresType.of(prepared.parameters().get(i)).oid()
                            : given);
        }
        List<ResultColumn> columns =
                prepared.result()
                        .or(() ->
                                prepared.isReadOnly()
                                        ? Optional.of(
                                                sessions.execute(prepared, List.of(), session)
                                                        .asRows()
                                                        .schema())
                                        : Optional.empty())
                        .map(ResultColumn::of)
                        .orElse(List.of());
        return new DoorStatement(statement, types, columns, new DoorStatement.Way.Engine(prepared));
    }

    private boolean isCommand(String statement) {
        List<String> words = Keywords.first(statement, 3);
        String verb = words.isEmpty() ? "" : words.getFirst();
        return switch (verb) {
            case "SET" ->
                    parameters.assignment(statement).isPresent()
                            || isCharacteristics(words)
                            || words.contains("CONSTRAINTS");
            case "SHOW" -> words.size() > 1 && parameters.value(shown(words.get(1))).isPresent();
            default -> COMMANDS.contains(verb);
        };
    }

    private static boolean isCharacteristics(List<String> words) {
        return words.contains("TRANSACTION") || words.contains("CHARACTERISTICS");
    }

    /// The parameter that SHOW means.
    private static String shown(String word) {
        return switch (word.toUpperCase(Locale.ROOT)) {
            case "TIME" -> "TimeZone";
            case "TRANSACTION" -> "transaction_isolation";
            default -> word.toLowerCase(Locale.ROOT);
        };
    }

    private List<ResultColumn> columns(List<Token> tokens) {
        if (tokens.getFirst().is("show")) {
            return List.of(ResultColumn.text(shown(tokens.get(1).text())));
        }
        if (tokens.getFirst().is("fetch")) {
            Portal cursor = portals.get(tokens.get(tokens.size() - 2).text());
            return cursor == null ? List.of() : cursor.statement().columns();
        }
        if (tokens.getFirst().is("execute")) {
            DoorStatement prepared = statements.get(tokens.get(1).text());
            return prepared == null ? List.of() : prepared.columns();
        }
        return List.of();
    }

    private static List<ResultColumn> columns(CatalogQuery.Result result) {
        return result.columns().stream()
                .map(column ->
                        new ResultColumn(
                                column.name(),
                                column.element() == 0
                                        ? PostgresType.plain(column.oid())
                                        : PostgresType.arrayOf(column.element())))
                .toList();
    }

    // ---- Carrying out

    /// Carries out a statement of a simple query.
    Answer run(String statement) throws InterruptedException {
        refuseIfFailed(Keywords.first(statement));
        if (isCommand(statement)) {
            return command(statement, Lexer.tokens(statement));
        }
        Optional<CatalogQuery> catalog = CatalogQueries.find(statement, sessions.catalog());
        return catalog.isPresent()
                ? catalog(catalog.get(), List.of())
                : answer(sessions.execute(statement, session), Keywords.first(statement));
    }

    /// Carries out a prepared statement.
    Answer execute(DoorStatement statement, List<Object> values) throws InterruptedException {
        return switch (statement.way()) {
            case DoorStatement.Way.Nothing _ -> new Answer.Empty();
            case DoorStatement.Way.Command(var tokens) -> {
                refuseIfFailed(tokens.getFirst().text().toUpperCase(Locale.ROOT));
                yield command(statement.text(), tokens);
            }
            case DoorStatement.Way.Catalog(var query) -> {
                refuseIfFailed("SELECT");
                yield catalog(query, values);
            }
            case DoorStatement.Way.Engine(var prepared) -> {
                String verb = Keywords.first(statement.text());
                refuseIfFailed(verb);
                Answer answer = answer(sessions.execute(prepared, values, session), verb);
                if (answer instanceof Answer.Table table
                        && !table.columns().equals(statement.columns())) {
                    table.rows().close();
                    throw new SqlException(
                            SqlState.FEATURE_NOT_SUPPORTED,
                            "cached plan must not change result type");
                }
                yield answer;
            }
        };
    }

    private void refuseIfFailed(String verb) {
        if (transaction == Transaction.FAILED && !ENDING.contains(verb)) {
            throw new SqlException(
                    SqlState.FAILED_TRANSACTION,
                    "current transaction is aborted, commands ignored until end of transaction"
                            + " block");
        }
    }

    private Answer answer(StatementResult result, String verb) {
        return switch (result) {
            case StatementResult.Done done -> {
                wroteInTransaction |= done.commandSequence() >= 0 || WRITING.contains(verb);
                yield new Answer.Done(done.tag());
            }
            case StatementResult.Live(PushQuery query) ->
                    new Answer.Table(
                            ResultColumn.of(query.schema()),
                            new RowSource.Live(query),
                            "SELECT",
                            true);
            default -> {
                StatementResult.Rows rows = result.asRows();
                boolean select = result instanceof StatementResult.Rows;
                yield new Answer.Table(
                        ResultColumn.of(rows.schema()),
                        new RowSource.Finished(rows.rows()),
                        select ? "SELECT" : verb,
                        select);
            }
        };
    }

    private Answer catalog(CatalogQuery query, List<Object> values) {
        CatalogQuery.Result result = query.run(sessions.catalog(), facts(), values);
        return new Answer.Table(
                columns(result), new RowSource.Finished(result.rows()), "SELECT", true);
    }

    private SessionFacts facts() {
        return new SessionFacts(
                parameters.value("session_authorization").orElseThrow(),
                parameters.value("server_version").orElseThrow(),
                processId,
                parameters.all());
    }

    private Answer command(String statement, List<Token> tokens) throws InterruptedException {
        Words words = new Words(statement, tokens);
        String verb = words.next().text().toUpperCase(Locale.ROOT);
        return switch (verb) {
            case "BEGIN" -> begin("BEGIN");
            case "START" -> begin("START TRANSACTION");
            case "COMMIT", "END" -> endTransaction(true);
            case "ROLLBACK", "ABORT" -> {
                if (words.peek().is("to")) {
                    throw noSavepoints();
                }
                yield endTransaction(false);
            }
            case "SAVEPOINT", "RELEASE" -> throw noSavepoints();
            case "SET" -> set(statement);
            case "SHOW" -> show(words);
            case "RESET" -> reset(words.take("all") || words.isAtEnd() ? "" : words.name());
            case "DISCARD" -> discard(words);
            case "DEALLOCATE" -> deallocate(words);
            case "UNLISTEN" -> new Answer.Done("UNLISTEN");
            case "DECLARE" -> declare(words);
            case "FETCH", "MOVE" -> fetch(words, verb);
            case "CLOSE" -> closeCursor(words);
            case "PREPARE" -> prepareStatement(words);
            case "EXECUTE" -> executeStatement(words);
            case "COPY" -> copy(words);
            default -> throw new IllegalStateException("no command: " + statement);
        };
    }

    // ---- Transactions

    private Answer begin(String tag) {
        if (transaction == Transaction.OPEN) {
            out.problem(Problem.warning("25001", "there is already a transaction in progress"));
        } else {
            transaction = Transaction.OPEN;
            wroteInTransaction = false;
        }
        return new Answer.Done(tag);
    }

    private Answer endTransaction(boolean commit) {
        boolean rolledBack = !commit || transaction == Transaction.FAILED;
        if (transaction == Transaction.NONE) {
            out.problem(Problem.warning("25P01", "there is no transaction in progress"));
        } else if (rolledBack && wroteInTransaction) {
            out.problem(
                    Problem.warning(
                            SqlState.FEATURE_NOT_SUPPORTED.code(),
                            "nothing was rolled back: statements take effect as they run"));
        }
        transaction = Transaction.NONE;
        closePortals(false);
        return new Answer.Done(rolledBack ? "ROLLBACK" : "COMMIT");
    }

    private static SqlException noSavepoints() {
        return new SqlException(SqlState.FEATURE_NOT_SUPPORTED, "savepoints are not supported");
    }

    // ---- Parameters

    private Answer set(String statement) {
        parameters
                .assignment(statement)
                .flatMap(parameters::set)
                .ifPresent(name -> out.parameterStatus(name, parameters.value(name).orElseThrow()));
        return new Answer.Done("SET");
    }

    private Answer show(Words words) {
        String name = shown(words.name());
        return new Answer.Table(
                List.of(ResultColumn.text(name)),
                new RowSource.Finished(
                        List.<Object[]>of(new Object[] {parameters.value(name).orElseThrow()})),
                "SHOW",
                false);
    }

    private Answer reset(String name) {
        for (String changed : parameters.reset(name)) {
            out.parameterStatus(changed, parameters.value(changed).orElseThrow());
        }
        return new Answer.Done("RESET");
    }

    private Answer discard(Words words) {
        boolean all = words.take("all");
        if (all) {
            closePortals(true);
            statements.clear();
            var _ = reset("");
        }
        return new Answer.Done(all ? "DISCARD ALL" : "DISCARD");
    }

    // ---- Prepared statements in SQL

    private Answer deallocate(Words words) {
        var _ = words.take("prepare");
        if (words.take("all")) {
            statements.clear();
            return new Answer.Done("DEALLOCATE ALL");
        }
        String name = words.name();
        var _ = statement(name);
        statements.remove(name);
        return new Answer.Done("DEALLOCATE");
    }

    private Answer prepareStatement(Words words) {
        String name = words.name();
        if (words.peek().is("(")) {
            // The types are found from the context, as for those who give none.
            var _ = words.parenthesis();
        }
        words.expect("as");
        keep(name, prepare(words.rest(), List.of()));
        return new Answer.Done("PREPARE");
    }

    private Answer executeStatement(Words words) throws InterruptedException {
        DoorStatement prepared = statement(words.name());
        List<Object> values = new ArrayList<>();
        if (words.take("(")) {
            do {
                values.add(literal(words, prepared, values.size()));
            } while (words.take(","));
            words.expect(")");
        }
        words.end();
        if (values.size() != prepared.parameterTypes().size()) {
            throw new SqlException(
                    SqlState.SYNTAX_ERROR,
                    null,
                    "wrong number of parameters for a prepared statement",
                    "It takes " + prepared.parameterTypes().size() + ".");
        }
        return execute(prepared, values);
    }

    private static Object literal(Words words, DoorStatement prepared, int at) {
        int oid =
                at < prepared.parameterTypes().size()
                        ? prepared.parameterTypes().get(at)
                        : PostgresType.TEXT;
        boolean negative = words.take("-");
        Token token = words.peek();
        boolean literal =
                token.kind() == Token.Kind.NUMBER
                        || (!negative
                                && (token.kind() == Token.Kind.STRING
                                        || token.is("true")
                                        || token.is("false")
                                        || token.is("null")));
        if (!literal) {
            throw words.unexpected();
        }
        var _ = words.next();
        return token.is("null")
                ? null
                : ParameterFormat.text((negative ? "-" : "") + token.text(), oid);
    }

    // ---- Cursors

    private Answer declare(Words words) throws InterruptedException {
        String name = words.name();
        while (!words.take("cursor")) {
            if (words.take("binary")) {
                throw new SqlException(
                        SqlState.FEATURE_NOT_SUPPORTED, "binary cursors are not supported");
            }
            var _ = words.name();
        }
        boolean hold = words.take("with");
        if (hold || words.take("without")) {
            words.expect("hold");
        }
        words.expect("for");
        if (!hold && transaction == Transaction.NONE) {
            throw new SqlException(
                    SqlState.NO_TRANSACTION,
                    null,
                    "DECLARE CURSOR can only be used in transaction blocks",
                    "BEGIN first, or declare it WITH HOLD.");
        }
        if (portals.containsKey(name)) {
            throw new SqlException(
                    SqlState.DUPLICATE_CURSOR, "cursor \"" + name + "\" already exists");
        }
        DoorStatement query = prepare(words.rest(), List.of());
        if (query.columns().isEmpty()) {
            throw new SqlException(
                    SqlState.WRONG_OBJECT_TYPE, "a cursor needs a query that returns rows");
        }
        Portal cursor = new Portal(query, List.of(), Formats.TEXT, hold);
        cursor.answered(execute(query, List.of()));
        keep(name, cursor);
        return new Answer.Done("DECLARE CURSOR");
    }

    /// FETCH fills what it was asked for; MOVE does so and forgets it.
    private Answer fetch(Words words, String verb) throws InterruptedException {
        long count = count(words);
        var _ = words.take("from") || words.take("in");
        String name = words.name();
        words.end();
        Portal cursor = portals.get(name);
        if (cursor == null || !(cursor.answer() instanceof Answer.Table table)) {
            throw new SqlException(
                    SqlState.UNDEFINED_CURSOR, "cursor \"" + name + "\" does not exist");
        }
        List<Object[]> rows = new ArrayList<>();
        if (count != 0 && !cursor.isFinished()) {
            boolean end =
                    cancellation.read(
                            table.rows(),
                            count < 0 ? 0 : count,
                            () -> false,
                            new RowSource.Sink() {
                                @Override
                                public void row(Object[] values) {
                                    rows.add(values);
                                }

                                @Override
                                public void pause() {
                                    // FETCH ALL of a result without end waits.
                                }

                                @Override
                                public void check() {
                                    cancellation.check();
                                }
                            });
            if (end) {
                cursor.finish();
            }
        }
        return verb.equals("MOVE")
                ? new Answer.Done("MOVE " + rows.size())
                : new Answer.Table(table.columns(), new RowSource.Finished(rows), "FETCH", true);
    }

    /// @return -1 for all
    private static long count(Words words) {
        boolean forward = words.take("forward");
        if (!forward) {
            if (words.take("next")) {
                return 1;
            }
            for (String backwards :
                    List.of("prior", "first", "last", "absolute", "relative", "backward")) {
                if (words.peek().is(backwards)) {
                    throw forwardOnly();
                }
            }
        }
        if (words.take("all")) {
            return -1;
        }
        if (words.peek().is("-")) {
            throw forwardOnly();
        }
        if (words.peek().kind() == Token.Kind.NUMBER) {
            try {
                return Long.parseLong(words.next().text());
            } catch (NumberFormatException e) {
                throw new SqlException(
                        SqlState.SYNTAX_ERROR, null, "FETCH takes a whole number", null, e);
            }
        }
        return 1;
    }

    private static SqlException forwardOnly() {
        return new SqlException(
                SqlState.OBJECT_NOT_IN_STATE,
                null,
                "cursor can only scan forward",
                "Results are not kept: FETCH NEXT, FETCH n and FETCH ALL work.");
    }

    private Answer closeCursor(Words words) {
        if (words.take("all")) {
            closePortals(true);
            return new Answer.Done("CLOSE CURSOR ALL");
        }
        String name = words.name();
        if (!portals.containsKey(name)) {
            throw new SqlException(
                    SqlState.UNDEFINED_CURSOR, "cursor \"" + name + "\" does not exist");
        }
        closePortal(name);
        return new Answer.Done("CLOSE CURSOR");
    }

    // ---- COPY

    private Answer copy(Words words) throws InterruptedException {
        CopyCommand copy = CopyCommand.parse(words);
        if (copy.out()) {
            Answer answer = run(copy.select());
            if (!(answer instanceof Answer.Table table)) {
                throw new SqlException(
                        SqlState.WRONG_OBJECT_TYPE, "COPY TO needs a query that returns rows");
            }
            return new Answer.CopyOut(
                    new Answer.Table(table.columns(), table.rows(), "COPY", true), copy.options());
        }
        return new Answer.CopyIn(
                copy.relation(), sessions.columns(copy.relation(), copy.columns()), copy.options());
    }

    /// Inserts what COPY has read.
    ///
    /// @param rows texts or null, in the order of the columns
    void insert(Answer.CopyIn copy, List<List<String>> rows) {
        if (!rows.isEmpty()) {
            var _ =
                    sessions.insert(
                            copy.relation(),
                            copy.columns(),
                            rows.stream().map(row -> Arrays.<Object>asList(row.toArray())).toList(),
                            session);
            wroteInTransaction = true;
        }
    }
}
