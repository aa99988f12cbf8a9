package dev.weir.broker.partition;

/// The producer ids of this process itself, under which the SQL engine writes its transactions.
///
/// They are a range of their own, so that an id says for good, in every log and without a look-up,
/// whose it is: nothing that a client sends may write under such an id, raise its epoch or end its
/// transaction. Clients get ids from 0 on and would need centuries to reach the range; it begins
/// low enough for clients that keep numbers as doubles.
public final class OwnProducers {
    /// The first id of the range, which has no end.
    public static final long FIRST = 1L << 48;

    private OwnProducers() {}

    public static boolean include(long producerId) {
        return producerId >= FIRST;
    }
}
