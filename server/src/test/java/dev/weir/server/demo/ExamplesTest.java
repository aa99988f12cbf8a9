package dev.weir.server.demo;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.repl.client.Cell;
import dev.weir.repl.client.ExitCode;
import dev.weir.repl.client.ResponseHandler;
import dev.weir.repl.client.ResultHead;
import dev.weir.repl.client.Row;
import dev.weir.repl.client.ServerAddress;
import dev.weir.repl.client.StatementClient;
import dev.weir.repl.client.StatementError;
import dev.weir.repl.render.Format;
import dev.weir.repl.render.Palette;
import dev.weir.repl.shell.Console;
import dev.weir.repl.shell.ScriptRunner;
import dev.weir.repl.topic.RecordProducer;
import dev.weir.server.ServerConfig;
import dev.weir.server.WeirServer;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.io.StringWriter;
import java.io.Writer;
import java.math.BigDecimal;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;

/// Runs examples/queries against a server as the demo does, and holds every table against the same
/// answer computed from the events.
@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class ExamplesTest {
    private static final Path FOLDER = Path.of("../examples/queries");
    private static final long NOW = 1_700_000_000_000L;
    private static final Map<String, String> CITIES =
            Map.of(
                    "c1", "London",
                    "c2", "New York",
                    "c3", "Rotterdam",
                    "c4", "Los Angeles",
                    "c5", "Stanford",
                    "c6", "Peru",
                    "c7", "Colombo",
                    "c8", "Portsmouth");

    @TempDir Path data;

    @Test
    void the_examples_answer_what_the_events_say() throws IOException {
        List<ShopEvent> events = EventFeed.history(new Shop(42), NOW);
        try (WeirServer server = WeirServer.start(ServerConfig.onFreePorts(data))) {
            StatementClient client =
                    new StatementClient(
                            ServerAddress.parse(text(server.httpAddress().orElseThrow())));
            runScripts(client);
            // Half of the events arrive before the scripts run again, half after.
            send(server, events.subList(0, events.size() / 2));
            runScripts(client);
            send(server, events.subList(events.size() / 2, events.size()));

            expect(
                    client,
                    "SELECT item, sold, pieces, revenue, cheapest, dearest FROM revenue_by_item",
                    1,
                    revenueByItem(events));
            expect(
                    client,
                    "SELECT page, windowstart, clicks FROM clicks_per_minute",
                    2,
                    clicksPerMinute(events));
            expect(client, "SELECT demand, items, revenue FROM demand", 1, demand(events));
            expect(
                    client,
                    "SELECT customer_id, city, orders_placed, revenue FROM best_customers",
                    1,
                    bestCustomers(events));
            expect(client, "SELECT page, windowstart, clicks FROM hot_pages", 2, hotPages(events));
            expect(
                    client,
                    "SELECT item, windowstart, largest, customers FROM top_orders",
                    2,
                    topOrders(events));
            expect(
                    client,
                    "SELECT page, hour_start, clicks FROM clicks_per_hour",
                    2,
                    clicksPerHour(events));
            expect(
                    client,
                    "SELECT customer_id, first_page, latest_page, pages FROM visitors",
                    1,
                    visitors(events));
            expect(
                    client,
                    "SELECT customer_id, windowstart, windowend, pages, total_millis FROM"
                            + " click_sessions",
                    3,
                    clickSessions(events));
            expect(
                    client,
                    "SELECT account, balance, entries FROM balances",
                    1,
                    Set.of("bank|-350.50|2", "ada|69.75|2", "grace|200.75|3", "edsger|80.00|1"));
            assertThat(pull(client, "SELECT SUM(balance) AS total FROM balances"))
                    .containsExactly("0.00");
            expect(
                    client,
                    "SELECT sensor_id, highest, swing FROM sensor_alerts",
                    1,
                    Set.of("oven|88.5|9.0", "roof|31.5|27.5"));
            assertThat(pull(client, "SELECT order_id, total FROM big_orders"))
                    .isEqualTo(bigOrders(events));
            assertThat(pull(client, "SELECT order_id, city FROM orders_with_city"))
                    .isEqualTo(
                            orders(events).stream()
                                    .map(o -> row(o.orderId(), CITIES.get(o.customerId())))
                                    .collect(Collectors.toSet()));
        }
    }

    private static Set<String> revenueByItem(List<ShopEvent> events) {
        Map<String, List<ShopEvent.Order>> byItem =
                orders(events).stream().collect(Collectors.groupingBy(ShopEvent.Order::item));
        Set<String> rows = new HashSet<>();
        byItem.forEach((item, orders) ->
                rows.add(
                        row(
                                item,
                                orders.size(),
                                orders.stream().mapToInt(ShopEvent.Order::quantity).sum(),
                                revenue(orders),
                                prices(orders).getFirst(),
                                prices(orders).getLast())));
        return rows;
    }

    private static Set<String> clicksPerMinute(List<ShopEvent> events) {
        Map<String, Integer> counts = new HashMap<>();
        for (ShopEvent event : events) {
            if (event instanceof ShopEvent.Click click) {
                counts.merge(row(click.page(), click.timeMs() / 60_000 * 60_000), 1, Integer::sum);
            }
        }
        return counts.entrySet().stream()
                .map(count -> row(count.getKey(), count.getValue()))
                .collect(Collectors.toSet());
    }

    private static Set<String> demand(List<ShopEvent> events) {
        Map<String, List<ShopEvent.Order>> byItem =
                orders(events).stream().collect(Collectors.groupingBy(ShopEvent.Order::item));
        Map<String, Integer> items = new TreeMap<>();
        Map<String, BigDecimal> revenue = new TreeMap<>();
        for (List<ShopEvent.Order> orders : byItem.values()) {
            String demand = orders.size() >= 20 ? "high" : orders.size() >= 10 ? "medium" : "low";
            items.merge(demand, 1, Integer::sum);
            revenue.merge(demand, revenue(orders), BigDecimal::add);
        }
        return items.keySet().stream()
                .map(demand -> row(demand, items.get(demand), revenue.get(demand)))
                .collect(Collectors.toSet());
    }

    private static Set<String> bestCustomers(List<ShopEvent> events) {
        Map<String, List<ShopEvent.Order>> byCustomer =
                orders(events).stream().collect(Collectors.groupingBy(ShopEvent.Order::customerId));
        Set<String> rows = new HashSet<>();
        byCustomer.forEach((customer, orders) ->
                rows.add(row(customer, CITIES.get(customer), orders.size(), revenue(orders))));
        return rows;
    }

    private static Set<String> hotPages(List<ShopEvent> events) {
        Map<String, Integer> counts = new HashMap<>();
        for (ShopEvent.Click click : clicks(events)) {
            long last = click.timeMs() / 60_000 * 60_000;
            for (int i = 0; i < 5; i++) {
                counts.merge(row(click.page(), last - i * 60_000L), 1, Integer::sum);
            }
        }
        return counts.entrySet().stream()
                .filter(count -> count.getValue() >= 3)
                .map(count -> row(count.getKey(), count.getValue()))
                .collect(Collectors.toSet());
    }

    private static Set<String> clickSessions(List<ShopEvent> events) {
        Map<String, List<ShopEvent.Click>> customers =
                clicks(events).stream()
                        .sorted(Comparator.comparingLong(ShopEvent.Click::timeMs))
                        .collect(Collectors.groupingBy(ShopEvent.Click::customerId));
        Set<String> rows = new HashSet<>();
        customers.forEach((customer, clicks) -> {
            int first = 0;
            for (int i = 1; i <= clicks.size(); i++) {
                boolean ends =
                        i == clicks.size()
                                || clicks.get(i).timeMs() - clicks.get(i - 1).timeMs() > 120_000;
                if (ends) {
                    List<ShopEvent.Click> visit = clicks.subList(first, i);
                    rows.add(
                            row(
                                    customer,
                                    visit.getFirst().timeMs(),
                                    visit.getLast().timeMs(),
                                    visit.size(),
                                    visit.stream().mapToLong(ShopEvent.Click::millis).sum()));
                    first = i;
                }
            }
        });
        return rows;
    }

    private static Set<String> topOrders(List<ShopEvent> events) {
        Map<String, List<ShopEvent.Order>> groups =
                orders(events).stream()
                        .collect(
                                Collectors.groupingBy(order ->
                                        row(order.item(), order.timeMs() / 3_600_000 * 3_600_000)));
        Set<String> rows = new HashSet<>();
        groups.forEach((group, orders) ->
                rows.add(
                        row(
                                group,
                                orders.stream()
                                        .map(ShopEvent.Order::quantity)
                                        .sorted(Comparator.reverseOrder())
                                        .limit(3)
                                        .map(Object::toString)
                                        .collect(Collectors.joining(",", "[", "]")),
                                orders.stream()
                                        .map(ShopEvent.Order::customerId)
                                        .distinct()
                                        .count())));
        return rows;
    }

    private static Set<String> clicksPerHour(List<ShopEvent> events) {
        Map<String, Long> counts =
                clicks(events).stream()
                        .collect(
                                Collectors.groupingBy(
                                        click ->
                                                row(
                                                        click.page(),
                                                        click.timeMs() / 3_600_000 * 3_600_000),
                                        Collectors.counting()));
        return counts.entrySet().stream()
                .map(count -> row(count.getKey(), count.getValue()))
                .collect(Collectors.toSet());
    }

    private static Set<String> visitors(List<ShopEvent> events) {
        Map<String, List<ShopEvent.Click>> groups =
                clicks(events).stream().collect(Collectors.groupingBy(ShopEvent.Click::customerId));
        Set<String> rows = new HashSet<>();
        groups.forEach((customer, clicks) ->
                rows.add(
                        row(
                                customer,
                                clicks.getFirst().page(),
                                clicks.getLast().page(),
                                clicks.stream().map(ShopEvent.Click::page).distinct().count())));
        return rows;
    }

    private static List<ShopEvent.Click> clicks(List<ShopEvent> events) {
        return events.stream()
                .filter(ShopEvent.Click.class::isInstance)
                .map(ShopEvent.Click.class::cast)
                .toList();
    }

    private static Set<String> bigOrders(List<ShopEvent> events) {
        return orders(events).stream()
                .filter(order -> total(order).compareTo(new BigDecimal(100)) >= 0)
                .map(order -> row(order.orderId(), total(order)))
                .collect(Collectors.toSet());
    }

    private static List<ShopEvent.Order> orders(List<ShopEvent> events) {
        return events.stream()
                .filter(ShopEvent.Order.class::isInstance)
                .map(ShopEvent.Order.class::cast)
                .toList();
    }

    private static List<BigDecimal> prices(List<ShopEvent.Order> orders) {
        return orders.stream().map(ShopEvent.Order::price).sorted().toList();
    }

    private static BigDecimal revenue(List<ShopEvent.Order> orders) {
        return orders.stream().map(ExamplesTest::total).reduce(BigDecimal.ZERO, BigDecimal::add);
    }

    private static BigDecimal total(ShopEvent.Order order) {
        return order.price().multiply(BigDecimal.valueOf(order.quantity()));
    }

    /// Watches a table's changes until they add up to the rows, then asks for it once more.
    private static void expect(StatementClient client, String sql, int keyColumns, Set<String> rows)
            throws IOException {
        assertThat(rows).isNotEmpty();
        Map<String, String> seen = new HashMap<>();
        client.execute(
                sql + " EMIT CHANGES",
                new Failing() {
                    @Override
                    public void rows(List<Row> changes) {
                        for (Row change : changes) {
                            String key = text(change.cells().subList(0, keyColumns));
                            if (change.deleted()) {
                                seen.remove(key);
                            } else {
                                seen.put(key, text(change.cells()));
                            }
                        }
                        if (new HashSet<>(seen.values()).equals(rows)) {
                            client.cancel();
                        }
                    }
                });
        assertThat(pull(client, sql)).as(sql).isEqualTo(rows);
    }

    private static Set<String> pull(StatementClient client, String sql) throws IOException {
        Set<String> rows = new HashSet<>();
        client.execute(
                sql,
                new Failing() {
                    @Override
                    public void rows(List<Row> more) {
                        more.forEach(row -> rows.add(text(row.cells())));
                    }
                });
        return rows;
    }

    private static void runScripts(StatementClient client) throws IOException {
        StringWriter errors = new StringWriter();
        Console console = new Console(Writer.nullWriter(), Palette.PLAIN, errors, Palette.PLAIN);
        for (Path script : Examples.scripts(FOLDER)) {
            int exit =
                    new ScriptRunner(client, console, Format.TABLE)
                            .run(Files.newBufferedReader(script), script.toString());
            assertThat(exit).as(errors.toString()).isEqualTo(ExitCode.OK);
        }
    }

    private static void send(WeirServer server, List<ShopEvent> events) {
        try (RecordProducer producer = new RecordProducer(text(server.kafkaAddress()))) {
            for (ShopEvent event : events) {
                producer.send(
                        event.topic(),
                        null,
                        event.timeMs(),
                        event.key().getBytes(StandardCharsets.UTF_8),
                        event.json().getBytes(StandardCharsets.UTF_8));
            }
            producer.flush();
        }
    }

    private static String text(InetSocketAddress address) {
        return address.getAddress().getHostAddress() + ":" + address.getPort();
    }

    private static String text(List<Cell> cells) {
        return cells.stream().map(Cell::text).collect(Collectors.joining("|"));
    }

    private static String row(Object... values) {
        return List.of(values).stream().map(Object::toString).collect(Collectors.joining("|"));
    }

    /// Takes an error for a failed test.
    private abstract static class Failing implements ResponseHandler {
        @Override
        public void columns(ResultHead head) {}

        @Override
        public void done(String tag, String message) {}

        @Override
        public void error(StatementError error) {
            throw new AssertionError(error.message());
        }
    }
}
