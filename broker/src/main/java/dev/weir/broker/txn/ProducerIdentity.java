package dev.weir.broker.txn;

/// A producer id and the epoch that tells its owners apart.
public record ProducerIdentity(long producerId, short epoch) {
    /// Nobody.
    public static final ProducerIdentity NONE = new ProducerIdentity(-1, (short) -1);
}
