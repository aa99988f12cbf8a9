package dev.weir.server.demo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

import java.math.BigDecimal;
import java.util.List;
import java.util.OptionalInt;

class ShopTest {
    @Test
    void the_same_seed_gives_the_same_events() {
        List<ShopEvent> events = EventFeed.history(new Shop(7), 1_700_000_000_000L);
        assertThat(EventFeed.history(new Shop(7), 1_700_000_000_000L)).isEqualTo(events);
        assertThat(EventFeed.history(new Shop(8), 1_700_000_000_000L)).isNotEqualTo(events);
    }

    @Test
    void history_is_in_order_and_ends_now() {
        long now = 1_700_000_000_000L;
        List<ShopEvent> events = EventFeed.history(new Shop(7), now);
        assertThat(events).extracting(ShopEvent::timeMs).isSorted().allMatch(time -> time <= now);
        assertThat(events.getFirst().timeMs()).isGreaterThanOrEqualTo(now - 180_000);
        assertThat(events).filteredOn(ShopEvent.Order.class::isInstance).hasSizeGreaterThan(30);
    }

    @Test
    void events_are_keyed_json() {
        ShopEvent order = new ShopEvent.Order("o1", "c2", "pen", 3, new BigDecimal("2.50"), 5);
        assertThat(order.topic()).isEqualTo("orders");
        assertThat(order.key()).isEqualTo("o1");
        assertThat(order.json())
                .isEqualTo(
                        "{\"customer_id\":\"c2\",\"item\":\"pen\",\"quantity\":3,\"price\":2.50}");
        ShopEvent click = new ShopEvent.Click("c2", "/cart", 700, 5);
        assertThat(click.topic() + " " + click.key() + " " + click.json())
                .isEqualTo("clicks c2 {\"page\":\"/cart\",\"millis\":700}");
    }

    @Test
    void the_command_line_is_read() {
        assertThat(DemoOptions.parse(new String[0]).seconds()).isEmpty();
        assertThat(DemoOptions.parse(new String[] {"--seconds", "3"}).seconds())
                .isEqualTo(OptionalInt.of(3));
        assertThat(DemoOptions.parse(new String[] {"--seconds=3"}).seconds())
                .isEqualTo(OptionalInt.of(3));
        for (String wrong : List.of("--seconds", "--seconds=0", "--seconds=x", "now")) {
            assertThatThrownBy(() -> DemoOptions.parse(new String[] {wrong}))
                    .as(wrong)
                    .isInstanceOf(IllegalArgumentException.class);
        }
    }
}
