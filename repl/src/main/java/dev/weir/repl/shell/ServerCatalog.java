package dev.weir.repl.shell;

import dev.weir.repl.client.ResponseHandler;
import dev.weir.repl.client.ResultHead;
import dev.weir.repl.client.Row;
import dev.weir.repl.client.ServerAddress;
import dev.weir.repl.client.StatementClient;
import dev.weir.repl.client.StatementError;

import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;

/// The catalog of a server, fetched in the background over a connection of its own, so that nobody
/// who types waits for a server that is slow or away. What is known last is what is told; the
/// columns of a relation are fetched when they are first asked for.
///
/// A thread of its own fetches; everything it shares is guarded by this.
final class ServerCatalog implements Catalog, AutoCloseable {
    /// How long a completion may wait for columns: less than one notices.
    private static final long COLUMNS_WAIT_NANOS = TimeUnit.MILLISECONDS.toNanos(150);

    /// Names that others made appear at the first completion after this.
    private static final long STALE_NANOS = TimeUnit.SECONDS.toNanos(10);

    private final StatementClient client;

    // Guarded by this.
    private Map<String, String> relations = Map.of();
    private Map<String, String> functions = Map.of();
    private List<String> topics = List.of();
    private List<String> properties = List.of();
    private List<String> queries = List.of();
    private final Map<String, Map<String, String>> columns = new LinkedHashMap<>();
    private final Set<String> wanted = new LinkedHashSet<>();
    private boolean stale = true;
    private long fetchedAtNanos;
    private boolean closed;
    private Thread fetcher;

    ServerCatalog(ServerAddress server) {
        client = new StatementClient(server);
    }

    /// Fetches everything anew; returns at once.
    synchronized void refresh() {
        stale = true;
        if (fetcher == null && !closed) {
            fetcher = Thread.ofPlatform().daemon().name("catalog").start(this::fetchOnAndOn);
        }
        notifyAll();
    }

    private void refreshIfOld() {
        if (!stale && System.nanoTime() - fetchedAtNanos > STALE_NANOS) {
            refresh();
        }
    }

    @Override
    public synchronized Map<String, String> relations() {
        refreshIfOld();
        return relations;
    }

    @Override
    public synchronized Map<String, String> functions() {
        return functions;
    }

    @Override
    public synchronized List<String> topics() {
        refreshIfOld();
        return topics;
    }

    @Override
    public synchronized List<String> properties() {
        return properties;
    }

    @Override
    public synchronized List<String> queries() {
        refreshIfOld();
        return queries;
    }

    @Override
    public synchronized Optional<Map<String, String>> columns(String relation) {
        String key = relation.toLowerCase(Locale.ROOT);
        if (relations.keySet().stream().noneMatch(relation::equalsIgnoreCase)) {
            return Optional.empty();
        }
        if (!columns.containsKey(key)) {
            wanted.add(key);
            notifyAll();
            long until = System.nanoTime() + COLUMNS_WAIT_NANOS;
            try {
                for (long left = COLUMNS_WAIT_NANOS;
                        left > 0 && !columns.containsKey(key);
                        left = until - System.nanoTime()) {
                    TimeUnit.NANOSECONDS.timedWait(this, left);
                }
            } catch (InterruptedException _) {
                Thread.currentThread().interrupt();
            }
        }
        return Optional.ofNullable(columns.get(key));
    }

    @Override
    public synchronized void close() {
        closed = true;
        client.cancel();
        notifyAll();
    }

    private void fetchOnAndOn() {
        try {
            while (true) {
                Optional<String> relation = awaitWork();
                if (isClosed()) {
                    return;
                }
                try {
                    if (relation.isPresent()) {
                        fetchColumns(relation.get());
                    } else {
                        fetchAll();
                    }
                } catch (IOException _) {
                    // A server that is away: what was known stays, and the next completion of
                    // something old asks again.
                }
            }
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }

    private synchronized boolean isClosed() {
        return closed;
    }

    /// The relation whose columns are wanted, or empty when everything is.
    private synchronized Optional<String> awaitWork() throws InterruptedException {
        while (!closed && !stale && wanted.isEmpty()) {
            wait();
        }
        if (stale || closed) {
            stale = false;
            fetchedAtNanos = System.nanoTime();
            return Optional.empty();
        }
        String first = wanted.iterator().next();
        wanted.remove(first);
        return Optional.of(first);
    }

    private void fetchAll() throws IOException {
        Map<String, String> newRelations = new LinkedHashMap<>();
        rows("SHOW STREAMS").forEach(row -> newRelations.put(text(row, 0), "stream"));
        rows("SHOW TABLES").forEach(row -> newRelations.put(text(row, 0), "table"));
        synchronized (this) {
            relations = Map.copyOf(newRelations);
            columns.clear();
        }
        List<String> newTopics = names("SHOW TOPICS");
        List<String> newQueries = names("SHOW QUERIES");
        synchronized (this) {
            topics = newTopics;
            queries = newQueries;
        }
        if (functions().isEmpty()) {
            Map<String, String> newFunctions = new LinkedHashMap<>();
            rows("SHOW FUNCTIONS")
                    .forEach(row ->
                            newFunctions.put(text(row, 0), text(row, 1).toLowerCase(Locale.ROOT)));
            List<String> newProperties = names("SHOW PROPERTIES");
            synchronized (this) {
                functions = Map.copyOf(newFunctions);
                properties = newProperties;
            }
        }
    }

    private void fetchColumns(String relation) throws IOException {
        Map<String, String> found = new LinkedHashMap<>();
        for (Row row : rows("DESCRIBE `" + relation.replace("`", "``") + "`")) {
            found.put(text(row, 0), text(row, 1));
        }
        synchronized (this) {
            columns.put(relation, found);
            notifyAll();
        }
    }

    private List<String> names(String sql) throws IOException {
        return rows(sql).stream().map(row -> text(row, 0)).toList();
    }

    private static String text(Row row, int column) {
        return column < row.cells().size() ? row.cells().get(column).text() : "";
    }

    /// The rows of an answer; none when the server does not know the statement.
    private List<Row> rows(String sql) throws IOException {
        List<Row> rows = new ArrayList<>();
        client.execute(
                sql,
                new ResponseHandler() {
                    @Override
                    public void columns(ResultHead head) {}

                    @Override
                    public void rows(List<Row> more) {
                        rows.addAll(more);
                    }

                    @Override
                    public void done(String tag, String message) {}

                    @Override
                    public void error(StatementError error) {
                        rows.clear();
                    }
                });
        return rows;
    }
}
