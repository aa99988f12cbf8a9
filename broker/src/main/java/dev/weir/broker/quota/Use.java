package dev.weir.broker.quota;

/// What clients use up.
public enum Use {
    /// Bytes of produce requests.
    PRODUCE("producer_byte_rate"),

    /// Bytes of fetch responses.
    FETCH("consumer_byte_rate"),

    /// Time of the broker's threads, in percent of one.
    TIME("request_percentage"),

    /// Partitions created and deleted, KIP-599.
    MUTATION("controller_mutation_rate");

    private final String quota;

    Use(String quota) {
        this.quota = quota;
    }

    /// Kafka's name of the quota for it.
    public String quota() {
        return quota;
    }
}
