package dev.weir.server.demo;

import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Random;

/// Makes up what happens in the shop. The same seed and times give the same events: customers
/// wander from page to page, some more than others, and now and then one buys what he looks at.
final class Shop {
    private static final String[] CUSTOMERS = {"c1", "c2", "c3", "c4", "c5", "c6", "c7", "c8"};
    private static final Item[] ITEMS = {
        new Item("pen", 250, 12),
        new Item("notebook", 780, 6),
        new Item("ink", 1_290, 4),
        new Item("mug", 1_490, 3),
        new Item("lamp", 4_900, 2),
        new Item("backpack", 8_950, 2),
        new Item("chair", 14_900, 1)
    };

    private final Random random;
    private long orders;

    /// @param cents the usual price
    /// @param usualQuantity most that one order takes
    private record Item(String name, int cents, int usualQuantity) {}

    Shop(long seed) {
        random = new Random(seed);
    }

    /// One customer's visit: a few pages, perhaps an order at its end.
    ///
    /// @param startMs when it begins; the events follow within a second
    List<ShopEvent> visit(long startMs) {
        List<ShopEvent> events = new ArrayList<>();
        String customer = CUSTOMERS[skewed(CUSTOMERS.length)];
        long time = startMs;
        events.add(click(customer, "/home", time));
        Item item = ITEMS[skewed(ITEMS.length)];
        for (int pages = 1 + random.nextInt(3); pages > 0; pages--) {
            item = ITEMS[skewed(ITEMS.length)];
            time += 20 + random.nextInt(200);
            events.add(click(customer, "/items/" + item.name(), time));
        }
        if (random.nextInt(100) < 45) {
            time += 20 + random.nextInt(100);
            events.add(click(customer, "/cart", time));
            events.add(order(customer, item, time + 1 + random.nextInt(50)));
        }
        return events;
    }

    private ShopEvent click(String customer, String page, long time) {
        return new ShopEvent.Click(customer, page, 300 + random.nextInt(20_000), time);
    }

    private ShopEvent order(String customer, Item item, long time) {
        orders++;
        // Prices move a little, in whole cents.
        int cents = item.cents() + random.nextInt(item.cents() / 10 + 1) - item.cents() / 20;
        return new ShopEvent.Order(
                String.format(Locale.ROOT, "o%06d", orders),
                customer,
                item.name(),
                1 + random.nextInt(item.usualQuantity()),
                BigDecimal.valueOf(cents, 2),
                time);
    }

    /// A number below `bound`, the low ones more often.
    private int skewed(int bound) {
        return Math.min(random.nextInt(bound), random.nextInt(bound));
    }
}
