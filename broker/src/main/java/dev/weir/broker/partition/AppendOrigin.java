package dev.weir.broker.partition;

/// Who appends.
public enum AppendOrigin {
    /// A producer on the wire: everything is checked.
    CLIENT,
    /// The SQL engine in this process: batches may come without sequence numbers, under ids of
    /// [OwnProducers].
    ENGINE,
    /// A group or transaction coordinator: batches may come without sequence numbers, and markers
    /// that end transactions are among them.
    COORDINATOR
}
