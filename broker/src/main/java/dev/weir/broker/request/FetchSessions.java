package dev.weir.broker.request;

import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.TreeSet;
import java.util.random.RandomGenerator;

/// The fetch sessions of all clients, as many as there is room for (KIP-227).
///
/// A new session takes the place of one that was not used for a while, or else of the smallest of
/// those that are not new, if it is larger. A session that finds no place is none: its client names
/// all its partitions again each time. A session does not end with its connection.
///
/// Any thread. Its monitor is taken under that of [FetchTargets], never the other way round.
public final class FetchSessions {
    private final FetchSessionsConfig config;
    private final InstantSource clock;
    private final RandomGenerator random;

    /// The one first that was not used for longest.
    private final LinkedHashMap<Integer, FetchSession> byUse = new LinkedHashMap<>();

    /// Those that are not new, the smallest first.
    private final TreeSet<FetchSession> bySize =
            new TreeSet<>(
                    Comparator.comparingInt((FetchSession each) -> each.countedPartitions)
                            .thenComparingInt(FetchSession::id));

    private long partitions;
    private long evictions;

    public FetchSessions(FetchSessionsConfig config, InstantSource clock, RandomGenerator random) {
        this.config = config;
        this.clock = clock;
        this.random = random;
    }

    /// Sessions now.
    public synchronized int count() {
        return byUse.size();
    }

    /// Partitions of all sessions now.
    public synchronized long partitions() {
        return partitions;
    }

    /// Sessions that had to go for others since the start.
    public synchronized long evictions() {
        return evictions;
    }

    /// The session of this id, or null.
    synchronized FetchSession find(int id) {
        return byUse.get(id);
    }

    /// Takes note that a session was used, perhaps with other partitions than before.
    ///
    /// @return whether it goes on; else it was just ended, or ends now because there is no room for
    ///   what it has become
    synchronized boolean use(FetchSession session, int size) {
        if (byUse.get(session.id()) != session) {
            return false;
        }
        if (size != session.countedPartitions) {
            remove(session);
            if (partitions + size > config.partitions()) {
                evictions++;
                return false;
            }
            session.countedPartitions = size;
            partitions += size;
        }
        session.usedMs = clock.millis();
        byUse.putLast(session.id(), session);
        if (session.usedMs - session.createdMs > config.evictionMs()) {
            bySize.add(session);
        }
        return true;
    }

    /// Begins a session.
    ///
    /// @return its id, or [FetchSession#NONE] if there is no place for it
    int begin(FetchTargets targets) {
        FetchSession session;
        var evicted = new ArrayList<FetchSession>();
        synchronized (this) {
            session = makePlace(targets.size(), evicted) ? create(targets) : null;
        }
        // Without the monitor; see there.
        evicted.forEach(each -> each.targets().close());
        return session == null ? FetchSession.NONE : session.id();
    }

    /// Ends a session, if there is one of this id.
    void end(int id) {
        FetchSession session;
        synchronized (this) {
            session = byUse.get(id);
            if (session == null) {
                return;
            }
            remove(session);
        }
        session.targets().close();
    }

    private boolean makePlace(int size, List<FetchSession> evicted) {
        if (config.slots() == 0 || size > config.partitions()) {
            return false;
        }
        while (byUse.size() >= config.slots() || partitions + size > config.partitions()) {
            var victim = victim(size);
            if (victim == null) {
                return false;
            }
            remove(victim);
            evictions++;
            evicted.add(victim);
        }
        return true;
    }

    private FetchSession victim(int size) {
        var stalest = byUse.firstEntry().getValue();
        if (clock.millis() - stalest.usedMs > config.evictionMs()) {
            return stalest;
        }
        if (bySize.isEmpty() || bySize.first().countedPartitions >= size) {
            return null;
        }
        return bySize.first();
    }

    private FetchSession create(FetchTargets targets) {
        int id;
        do {
            id = random.nextInt(1, Integer.MAX_VALUE);
        } while (byUse.containsKey(id));
        var session = new FetchSession(id, targets, clock.millis());
        session.countedPartitions = targets.size();
        partitions += session.countedPartitions;
        byUse.putLast(id, session);
        return session;
    }

    private void remove(FetchSession session) {
        byUse.remove(session.id());
        bySize.remove(session);
        partitions -= session.countedPartitions;
    }
}
