package dev.weir.broker.partition;

import dev.weir.broker.error.BrokerException;

/// Told once whether bytes have become durable. Called by any thread, even the caller's own before
/// registration returns; must be quick and must not throw.
@FunctionalInterface
public interface SyncCallback {
    /// @param failure null when the bytes are durable
    void done(BrokerException failure);
}
