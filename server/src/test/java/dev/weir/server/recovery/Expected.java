package dev.weir.server.recovery;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Function;

/// What the queries of [KillTest] must say, worked out from what was sent, in plain loops.
final class Expected {
    static final Map<String, String> COLOURS = Map.of("pen", "blue", "ink", "black", "wax", "red");
    private static final long MINUTE_MS = 60_000;

    private final List<Order> orders;
    private final Map<String, String> customers;
    private final List<Payments.Payment> payments;

    Expected(Orders orders, Payments payments) {
        this.orders = orders.all();
        this.customers = orders.customers();
        this.payments = payments.all();
    }

    /// Rows by the pull query that must return them, in any order.
    Map<String, List<List<Object>>> rows() {
        Map<String, List<List<Object>>> rows = new LinkedHashMap<>();
        rows.put("SELECT item, n, total, lo, hi FROM by_item", byItem());
        rows.put("SELECT item, WINDOWSTART, n FROM per_minute", windows(MINUTE_MS));
        rows.put("SELECT item, WINDOWSTART, n FROM per_hop", windows(3 * MINUTE_MS));
        rows.put("SELECT hi, items, n FROM by_high", byHigh());
        rows.put("SELECT item, colour, total FROM coloured", coloured());
        rows.put("SELECT customer, city, n FROM customer_orders", customerOrders(true));
        rows.put("SELECT customer, city, n FROM customer_known", customerOrders(false));
        rows.put("SELECT item, qty FROM pairs", pairs());
        rows.put("SELECT qty, n FROM by_merged", byQuantity(merged()));
        rows.put("SELECT qty, n FROM by_collected", byQuantity(collected()));
        rows.put("SELECT item, newest, n FROM late", late());
        rows.put("SELECT item, WINDOWSTART, WINDOWEND, n FROM visits", visits());
        return rows;
    }

    /// Values of records by the stream's topic that must hold each once, in any order.
    Map<String, List<String>> streams() {
        Map<String, List<String>> streams = new LinkedHashMap<>();
        streams.put(
                "large",
                orders.stream()
                        .filter(o -> o.quantity() > 5)
                        .map(o ->
                                "{\"id\":%d,\"item\":\"%s\",\"qty\":%d}"
                                        .formatted(o.id(), o.item(), o.quantity()))
                        .toList());
        streams.put("merged", merged().stream().map(Small::json).toList());
        streams.put("collected", collected().stream().map(Small::json).toList());
        streams.put("looked", looked());
        streams.put("paid", paid());
        return streams;
    }

    /// The last record of each key of the topic of `by_item`.
    Map<String, String> lastByItem() {
        Map<String, String> last = new TreeMap<>();
        for (List<Object> row : byItem()) {
            last.put(
                    (String) row.get(0),
                    "{\"n\":"
                            + row.get(1)
                            + ",\"total\":"
                            + row.get(2)
                            + ",\"lo\":"
                            + row.get(3)
                            + ",\"hi\":"
                            + row.get(4)
                            + "}");
        }
        return last;
    }

    private record Small(long id, long quantity) {
        String json() {
            return "{\"id\":%d,\"qty\":%d}".formatted(id, quantity);
        }
    }

    private <K> Map<K, List<Order>> grouped(Function<Order, K> key) {
        Map<K, List<Order>> groups = new HashMap<>();
        for (Order order : orders) {
            groups.computeIfAbsent(key.apply(order), _ -> new ArrayList<>()).add(order);
        }
        return groups;
    }

    private List<List<Object>> byItem() {
        List<List<Object>> rows = new ArrayList<>();
        grouped(Order::item)
                .forEach((item, group) -> {
                    var quantities = group.stream().mapToLong(Order::quantity).summaryStatistics();
                    rows.add(
                            List.of(
                                    item,
                                    quantities.getCount(),
                                    quantities.getSum(),
                                    quantities.getMin(),
                                    quantities.getMax()));
                });
        return rows;
    }

    /// Counts by item and window, a new one every minute.
    private List<List<Object>> windows(long sizeMs) {
        Map<List<Object>, Long> counts = new HashMap<>();
        for (Order order : orders) {
            long last = order.timeMs() / MINUTE_MS * MINUTE_MS;
            for (long start = last; start > order.timeMs() - sizeMs; start -= MINUTE_MS) {
                counts.merge(List.of(order.item(), start), 1L, Long::sum);
            }
        }
        List<List<Object>> rows = new ArrayList<>();
        counts.forEach((key, n) -> rows.add(List.of(key.get(0), key.get(1), n)));
        return rows;
    }

    /// Orders of an item that follow each other within thirty seconds.
    private List<List<Object>> visits() {
        List<List<Object>> rows = new ArrayList<>();
        grouped(Order::item)
                .forEach((item, group) -> {
                    long[] times = group.stream().mapToLong(Order::timeMs).sorted().toArray();
                    int first = 0;
                    for (int i = 1; i <= times.length; i++) {
                        if (i == times.length || times[i] - times[i - 1] > 30_000) {
                            rows.add(List.of(item, times[first], times[i - 1], (long) (i - first)));
                            first = i;
                        }
                    }
                });
        return rows;
    }

    private List<String> looked() {
        return orders.stream()
                .map(o -> {
                    String colour = COLOURS.get(o.item());
                    return "{\"id\":%d,\"colour\":%s}"
                            .formatted(o.id(), colour == null ? null : '"' + colour + '"');
                })
                .toList();
    }

    /// Payments with the order of their number, when that was sent within an hour of them.
    private List<String> paid() {
        Map<Long, Order> byId = new HashMap<>();
        orders.forEach(order -> byId.put(order.id(), order));
        List<String> rows = new ArrayList<>();
        for (Payments.Payment payment : payments) {
            Order order = byId.get(payment.id() - 1_000_000_000);
            if (order != null && Math.abs(order.timeMs() - payment.timeMs()) <= 60 * MINUTE_MS) {
                rows.add("{\"id\":%d,\"amount\":%d}".formatted(order.id(), payment.amount()));
            }
        }
        return rows;
    }

    private List<List<Object>> byHigh() {
        Map<Object, long[]> groups = new HashMap<>();
        for (List<Object> row : byItem()) {
            long[] group = groups.computeIfAbsent(row.get(4), _ -> new long[2]);
            group[0]++;
            group[1] += (Long) row.get(1);
        }
        List<List<Object>> rows = new ArrayList<>();
        groups.forEach((high, group) -> rows.add(List.of(high, group[0], group[1])));
        return rows;
    }

    private List<List<Object>> coloured() {
        List<List<Object>> rows = new ArrayList<>();
        for (List<Object> row : byItem()) {
            String colour = COLOURS.get(row.getFirst());
            if (colour != null) {
                rows.add(List.of(row.getFirst(), colour, row.get(2)));
            }
        }
        return rows;
    }

    private List<List<Object>> customerOrders(boolean whoHaveNone) {
        Map<String, List<Order>> groups = grouped(Order::customer);
        List<List<Object>> rows = new ArrayList<>();
        customers.forEach((customer, city) -> {
            List<Order> group = groups.get(customer);
            if (group != null) {
                rows.add(List.of(customer, city, (long) group.size()));
            } else if (whoHaveNone) {
                rows.add(Arrays.asList(customer, city, null));
            }
        });
        return rows;
    }

    private List<List<Object>> pairs() {
        Set<List<Object>> pairs = new HashSet<>();
        orders.forEach(order -> pairs.add(List.of(order.item(), order.quantity())));
        return List.copyOf(pairs);
    }

    private List<Small> merged() {
        List<Small> rows = new ArrayList<>();
        for (Order order : orders) {
            if (order.quantity() <= 2) {
                rows.add(new Small(order.id(), order.quantity()));
            }
        }
        payments.forEach(payment -> rows.add(new Small(payment.id(), payment.amount())));
        return rows;
    }

    private List<Small> collected() {
        List<Small> rows = new ArrayList<>();
        for (Order order : orders) {
            if (order.quantity() == 7) {
                rows.add(new Small(order.id(), order.quantity()));
            }
        }
        for (Payments.Payment payment : payments) {
            if (payment.amount() > 3) {
                rows.add(new Small(payment.id(), payment.amount()));
            }
        }
        return rows;
    }

    private static List<List<Object>> byQuantity(List<Small> small) {
        Map<Long, Long> counts = new HashMap<>();
        small.forEach(row -> counts.merge(row.quantity(), 1L, Long::sum));
        List<List<Object>> rows = new ArrayList<>();
        counts.forEach((quantity, n) -> rows.add(List.of(quantity, n)));
        return rows;
    }

    private List<List<Object>> late() {
        List<List<Object>> rows = new ArrayList<>();
        grouped(Order::item)
                .forEach((item, group) ->
                        rows.add(
                                List.of(
                                        item,
                                        group.stream().mapToLong(Order::id).max().orElseThrow(),
                                        (long) group.size())));
        return rows;
    }
}
