package dev.weir.broker.request;

import java.util.OptionalLong;

/// Producer ids that nobody had before. Any thread.
public interface ProducerIdSource {
    /// An id that can be given away at once, if there is one. Never waits.
    OptionalLong ready();

    /// An id, after waiting for the disk when none is ready.
    ///
    /// @throws dev.weir.broker.error.BrokerException with `KAFKA_STORAGE_ERROR` if the disk fails
    long allocate();
}
