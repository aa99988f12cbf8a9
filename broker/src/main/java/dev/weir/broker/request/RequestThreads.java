package dev.weir.broker.request;

import java.util.concurrent.Executor;

/// Threads for what would hold up an event loop, apart from each other so that no kind of request
/// waits for the long ones of another kind. Their owner stops them.
///
/// @param admin runs changes of topics, settings and rules, one after another
/// @param lookup runs what reads much or waits for the disk without changing topics
/// @param producerIds runs what waits for a new block of producer ids
/// @param deletion deletes records
/// @param deletionThreads how many threads that has
public record RequestThreads(
        Executor admin,
        Executor lookup,
        Executor producerIds,
        Executor deletion,
        int deletionThreads) {
    public RequestThreads {
        if (deletionThreads < 1) {
            throw new IllegalArgumentException(
                    "threads for deletion must be at least 1, got " + deletionThreads);
        }
    }
}
