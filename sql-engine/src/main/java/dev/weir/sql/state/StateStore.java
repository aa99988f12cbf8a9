package dev.weir.sql.state;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;

/// All operators' state: maps in memory in front of one RocksDB, and its checkpoints.
///
/// Each operator's state is divided among the lanes by its keys' shards; [#lane] gives a lane its
/// part. The worker makes the maps and freezes them, between steps; in a step each lane changes its
/// own; other threads call only what says so. Numbers of operators are not used again after
/// [#drop].
public final class StateStore implements AutoCloseable {
    private final Shared shared;
    private final Checkpoints checkpoints;
    private final Consumer<String> stages;
    private final StateConfig config;
    private final int lanes;

    // By operator, and in it by lane; a lane that has not asked yet has none.
    private final Map<Integer, PointState[]> points = new LinkedHashMap<>();
    private final Map<Integer, OrderedState[]> ordered = new LinkedHashMap<>();
    private final List<Integer> drops = new ArrayList<>();

    /// Operators that begin anew, though RocksDB still has what is to be dropped.
    private final Set<Integer> emptied = new HashSet<>();

    // Guards what other threads share: the freeze under way, the published step, snapshots.
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition freezeEnded = lock.newCondition();
    private final TreeMap<Long, Integer> readers = new TreeMap<>();
    private Freeze freeze;
    private long published = Long.MIN_VALUE;
    private volatile long memoryBytes;
    private long evictAbove;

    private StateStore(
            Shared shared,
            Checkpoints checkpoints,
            Consumer<String> stages,
            StateConfig config,
            int lanes) {
        this.shared = shared;
        this.checkpoints = checkpoints;
        this.stages = stages;
        this.config = config;
        this.lanes = lanes;
        this.evictAbove = config == null ? Long.MAX_VALUE : config.mapBytes();
    }

    /// Opens the state directory as of its newest checkpoint, or empty when there is none.
    ///
    /// @param lanes how many share the work; any number, whoever wrote the checkpoint
    /// @throws java.io.UncheckedIOException when the files cannot be used
    public static StateStore open(Path dir, StateConfig config, int lanes) {
        return open(dir, config, lanes, _ -> {});
    }

    /// As [#open(Path, StateConfig, int)], for one lane.
    public static StateStore open(Path dir, StateConfig config) {
        return open(dir, config, 1);
    }

    static StateStore open(Path dir, StateConfig config, Consumer<String> stages) {
        return open(dir, config, 1, stages);
    }

    private static StateStore open(
            Path dir, StateConfig config, int lanes, Consumer<String> stages) {
        Checkpoints checkpoints = new Checkpoints(dir, stages);
        checkpoints.restore();
        Disk disk = new Disk(checkpoints.live(), config.rocksBytes());
        return new StateStore(new Shared(disk), checkpoints, stages, config, lanes);
    }

    /// Throw-away state of one lane: nothing on disk, no checkpoints, no snapshots.
    public static StateStore inMemory() {
        return new StateStore(new Shared(null), null, _ -> {}, null, 1);
    }

    /// The mark given to the checkpoint this store was restored from; empty for a fresh store.
    public Optional<byte[]> restoredMark() {
        return checkpoints == null ? Optional.empty() : Optional.ofNullable(checkpoints.mark());
    }

    public int lanes() {
        return lanes;
    }

    /// A lane's part of everything.
    public LaneStore lane(int lane) {
        return new LaneStore(this, lane);
    }

    /// The point state of an operator in a store of one lane.
    public PointState point(int operator, boolean versioned) {
        return onlyLane().point(operator, versioned);
    }

    /// The ordered state of an operator in a store of one lane.
    public OrderedState ordered(int operator) {
        return onlyLane().ordered(operator);
    }

    private LaneStore onlyLane() {
        if (lanes != 1) {
            throw new IllegalStateException("which of " + lanes + " lanes?");
        }
        return lane(0);
    }

    PointState point(int operator, int lane, boolean versioned) {
        PointState[] parts = points.computeIfAbsent(operator, _ -> new PointState[lanes]);
        if (parts[lane] == null) {
            parts[lane] = new PointState(shared, operator, Shards.of(lane, lanes), versioned);
            parts[lane].spilled &= !emptied.contains(operator);
        }
        return parts[lane];
    }

    OrderedState ordered(int operator, int lane) {
        OrderedState[] parts = ordered.computeIfAbsent(operator, _ -> new OrderedState[lanes]);
        if (parts[lane] == null) {
            parts[lane] = new OrderedState(shared, operator, Shards.of(lane, lanes));
            parts[lane].spilled &= !emptied.contains(operator);
        }
        return parts[lane];
    }

    /// All changes from now on belong to that step. Handles and cursors of earlier steps end. What
    /// [#limitMemory] does is done, too. Worker.
    ///
    /// @throws NoRoomException as that does
    public void beginStep(long step) {
        shared.step = step;
        if (shared.disk != null) {
            forgetVersions();
        }
        for (StateMap map : maps()) {
            map.lock();
            try {
                map.tidy();
            } finally {
                map.unlock();
            }
        }
        limitMemory();
    }

    private void forgetVersions() {
        shared.cleanThrough = shared.flushedThrough;
        long[] steps;
        lock.lock();
        try {
            int count = 0;
            steps = new long[readers.size() + (readers.containsKey(published) ? 0 : 1)];
            for (long reader : readers.keySet()) {
                steps[count++] = reader;
            }
            // Snapshots read published steps, so the last one published is the highest.
            steps[steps.length - 1] = published;
        } finally {
            lock.unlock();
        }
        shared.oldestReadable = steps[0];
        for (PointState[] parts : points.values()) {
            for (PointState state : parts) {
                if (state == null || !state.versioned) {
                    continue;
                }
                state.lock();
                try {
                    state.trim(steps);
                } finally {
                    state.unlock();
                }
            }
        }
    }

    /// When memory is full, leaves least used entries to RocksDB, or writes them there first; this
    /// may wait for a freeze to be written. Worker, between steps.
    ///
    /// @throws NoRoomException if the disk has no room for them; nothing is lost, and it may be
    ///   tried again
    public void limitMemory() {
        long bytes = measure();
        memoryBytes = bytes;
        if (shared.disk == null || bytes <= evictAbove) {
            return;
        }
        if (freezing() && bytes <= evictAbove + config.mapBytes() / 4) {
            // Its changes cannot be let go before it has been written.
            return;
        }
        awaitFreeze();
        spill();
        bytes = evict(bytes);
        memoryBytes = bytes;
        // When nothing more can be let go, trying at every step would be of no use.
        evictAbove = Math.max(config.mapBytes(), bytes + config.mapBytes() / 8);
    }

    private long evict(long from) {
        Map<StateMap, Long> sizes = new HashMap<>();
        for (StateMap map : maps()) {
            sizes.put(map, map.bytes());
        }
        long bytes = from;
        long target = config.mapBytes() - config.mapBytes() / 8;
        while (bytes > target && !sizes.isEmpty()) {
            StateMap largest =
                    Collections.max(sizes.entrySet(), Map.Entry.comparingByValue()).getKey();
            long size = sizes.remove(largest);
            largest.lock();
            try {
                largest.evict(bytes - target);
            } finally {
                largest.unlock();
            }
            bytes += largest.bytes() - size;
        }
        return bytes;
    }

    /// Writes all changes to RocksDB here and now, but makes no checkpoint of them.
    private void spill() {
        Freeze all = capture(new byte[0]);
        try {
            all.writeMaps();
        } finally {
            all.end();
        }
        shared.cleanThrough = shared.flushedThrough;
    }

    private void awaitFreeze() {
        lock.lock();
        try {
            while (freeze != null) {
                freezeEnded.awaitUninterruptibly();
            }
        } finally {
            lock.unlock();
        }
    }

    private long measure() {
        long sum = 0;
        for (StateMap map : maps()) {
            sum += map.bytes();
        }
        return sum;
    }

    private List<StateMap> maps() {
        List<StateMap> maps = new ArrayList<>((points.size() + ordered.size()) * lanes);
        points.values().forEach(parts -> addAll(parts, maps));
        ordered.values().forEach(parts -> addAll(parts, maps));
        return maps;
    }

    private static void addAll(StateMap[] parts, List<StateMap> maps) {
        for (StateMap part : parts) {
            if (part != null) {
                maps.add(part);
            }
        }
    }

    /// That step and all before are journalled: snapshots from now on see it. Any thread.
    public void published(long step) {
        lock.lock();
        try {
            published = Math.max(published, step);
        } finally {
            lock.unlock();
        }
    }

    /// Reads as of the last published step. Any thread; to be closed.
    public StateSnapshot snapshot() {
        lock.lock();
        try {
            readers.merge(published, 1, Integer::sum);
            return new StateSnapshot(published, this::forget);
        } finally {
            lock.unlock();
        }
    }

    private void forget(long step) {
        lock.lock();
        try {
            readers.merge(step, -1, (a, b) -> a + b == 0 ? null : a + b);
        } finally {
            lock.unlock();
        }
    }

    /// True from [#freeze] until its [Freeze#write] has ended. Any thread.
    public boolean freezing() {
        lock.lock();
        try {
            return freeze != null;
        } finally {
            lock.unlock();
        }
    }

    /// Captures all changes so far, between two steps. Worker.
    ///
    /// @param mark what [#restoredMark] will give
    /// @throws IllegalStateException while another freeze is being written
    public Freeze freeze(byte[] mark) {
        if (shared.disk == null) {
            throw new IllegalStateException("throw-away state has no checkpoints");
        }
        return capture(mark.clone());
    }

    private Freeze capture(byte[] mark) {
        List<StateMap> maps = maps();
        Freeze captured;
        lock.lock();
        try {
            if (freeze != null) {
                throw new IllegalStateException("the freeze before has not been written");
            }
            captured =
                    new Freeze(
                            shared,
                            checkpoints,
                            stages,
                            this::ended,
                            maps,
                            List.copyOf(drops),
                            shared.generation,
                            mark);
            drops.clear();
            freeze = captured;
        } finally {
            lock.unlock();
        }
        for (StateMap map : maps) {
            map.startWalk(shared.generation);
        }
        shared.generation++;
        return captured;
    }

    private void ended(Freeze ended) {
        lock.lock();
        try {
            drops.addAll(ended.undropped());
            freeze = null;
            freezeEnded.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /// Deletes all state of an operator; on disk with the next checkpoint. Worker, between steps.
    public void drop(int operator) {
        points.remove(operator);
        OrderedState[] parts = ordered.remove(operator);
        if (parts != null) {
            for (OrderedState part : parts) {
                if (part != null) {
                    part.release();
                }
            }
        }
        if (shared.disk != null) {
            lock.lock();
            try {
                drops.add(operator);
            } finally {
                lock.unlock();
            }
        }
    }

    /// Deletes all state of an operator that begins anew under the same number: it is empty when it
    /// is asked for again. Worker, between steps.
    public void reset(int operator) {
        drop(operator);
        emptied.add(operator);
    }

    /// Memory held by the maps at the start of the step. Any thread.
    public long memoryBytes() {
        return memoryBytes;
    }

    /// Memory held by the maps now. Worker.
    public long heldBytes() {
        return measure();
    }

    /// To be called when worker and checkpoint thread have ended. Snapshots in use fail.
    @Override
    public void close() {
        if (shared.disk != null) {
            shared.disk.close();
        }
    }
}
