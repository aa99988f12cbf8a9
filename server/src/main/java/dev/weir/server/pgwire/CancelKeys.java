package dev.weir.server.pgwire;

import java.security.SecureRandom;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;

/// The keys by which a client cancels, from a second connection, what its first one is doing.
/// Thread-safe.
final class CancelKeys {
    private final SecureRandom random = new SecureRandom();
    private final AtomicInteger nextProcessId = new AtomicInteger(1);
    private final ConcurrentHashMap<Key, Runnable> actions = new ConcurrentHashMap<>();

    /// What a client is given at connect.
    record Key(int processId, int secret) {}

    /// A key that runs `cancel`.
    Key register(Runnable cancel) {
        Key key = new Key(nextProcessId.getAndIncrement(), random.nextInt());
        actions.put(key, cancel);
        return key;
    }

    void forget(Key key) {
        actions.remove(key);
    }

    /// Runs what the key is for; does nothing when there is no such key.
    void cancel(Key key) {
        Runnable action = actions.get(key);
        if (action != null) {
            action.run();
        }
    }
}
