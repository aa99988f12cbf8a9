package dev.weir.server.recovery;

/// A record of the topic `orders`.
record Order(long id, String item, long quantity, String customer, long timeMs) {
    String json() {
        return "{\"id\":%d,\"item\":\"%s\",\"qty\":%d,\"customer\":\"%s\"}"
                .formatted(id, item, quantity, customer);
    }
}
