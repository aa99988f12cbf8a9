package dev.weir.server.demo;

import java.math.BigDecimal;

/// Something that happened in the shop.
sealed interface ShopEvent {
    /// @param timeMs when, in milliseconds since 1970
    record Order(
            String orderId,
            String customerId,
            String item,
            int quantity,
            BigDecimal price,
            long timeMs)
            implements ShopEvent {}

    /// @param millis how long the page was looked at
    /// @param timeMs when, in milliseconds since 1970
    record Click(String customerId, String page, long millis, long timeMs) implements ShopEvent {}

    long timeMs();

    default String topic() {
        return switch (this) {
            case Order _ -> "orders";
            case Click _ -> "clicks";
        };
    }

    default String key() {
        return switch (this) {
            case Order order -> order.orderId();
            case Click click -> click.customerId();
        };
    }

    /// The value as JSON; nothing in it needs escaping.
    default String json() {
        return switch (this) {
            case Order(_, var customer, var item, var quantity, var price, _) ->
                    "{\"customer_id\":\"%s\",\"item\":\"%s\",\"quantity\":%d,\"price\":%s}"
                            .formatted(customer, item, quantity, price.toPlainString());
            case Click(_, var page, var millis, _) ->
                    "{\"page\":\"%s\",\"millis\":%d}".formatted(page, millis);
        };
    }
}
