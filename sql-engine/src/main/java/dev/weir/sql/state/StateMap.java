package dev.weir.sql.state;

import dev.weir.sql.codec.ByteSink;

import java.util.Arrays;
import java.util.concurrent.locks.ReentrantLock;

/// What point and ordered state have in common: the lock, and how a generation of changes gets to
/// disk while the lane goes on that owns the map (the worker, where this says so).
///
/// A freeze notes which chunks hold changes. The checkpoint thread walks their records, a slice
/// under the lock at a time, and takes those that the frozen generation changed last. When the
/// worker is about to change such a record again it first puts a copy aside, so every frozen value
/// is taken exactly as it was. While a walk is under way records are not moved to other chunks by
/// the cleaner.
abstract sealed class StateMap permits PointState, OrderedState {
    private static final int SLICE_RECORDS = 256;
    private static final long TIDY_BYTES = 64 << 10;

    final Shared shared;
    final int operator;
    final Shards shards;
    final Arena arena;

    /// Whether RocksDB has keys that are not in the map.
    boolean spilled;

    /// Scans under way; the cleaner waits for them.
    int pins;

    private long tidiedDead;
    private int tidiedClean;
    private final int family;

    // Fair, so that the worker taking it again and again does not starve the others.
    private final ReentrantLock lock = new ReentrantLock(true);

    private boolean walking;
    private int walkGeneration;
    private int[] walkChunks = {};
    private int[] walkEnds = {};
    private ByteSink copies = new ByteSink(16);

    StateMap(Shared shared, int operator, Shards shards, int family, Arena arena) {
        this.shared = shared;
        this.operator = operator;
        this.shards = shards;
        this.family = family;
        this.arena = arena;
        this.spilled = shared.disk != null && shared.disk.hasAny(family, operator, shards);
    }

    /// Taken by the worker around every use, for a slice of a batch.
    public final void lock() {
        lock.lock();
    }

    public final void unlock() {
        lock.unlock();
    }

    /// Lets those pass who wait for the lock. The worker calls it every few hundred rows.
    public final void breathe() {
        if (lock.hasQueuedThreads()) {
            lock.unlock();
            lock.lock();
        }
    }

    /// Memory held.
    abstract long bytes();

    /// Appends the disk key without the operator: the shard and the key.
    abstract void putKey(int handle, ByteSink out);

    abstract int valueOffset(int handle);

    /// Gives back memory of records that nobody needs. Between steps.
    abstract void tidy();

    /// Forgets records that RocksDB has too, the least used first, until about that many bytes are
    /// free. Between steps.
    abstract void evict(long bytes);

    /// Called with each new key: in another lane's hands it would be lost at the next start.
    final void checkMine(int shard) {
        if (shard < shards.from() || shard >= shards.to()) {
            throw new IllegalStateException(
                    "a key of shard " + shard + " is not for the lane that keeps " + shards);
        }
    }

    /// Called before a record changes.
    final void changing(int handle) {
        int changed = arena.generationOf(handle);
        if (changed != shared.generation) {
            if (walking && changed > shared.flushedThrough && changed <= walkGeneration) {
                copy(handle, copies);
            }
            arena.stamp(handle, shared.generation);
        }
    }

    final boolean clean(int handle) {
        return arena.generationOf(handle) <= shared.cleanThrough;
    }

    /// Marks a record without value as one to be taken back once nobody needs it.
    final void hollow(int handle) {
        arena.set(handle, Arena.HOLLOW);
        arena.addDead(handle, arena.size(handle));
    }

    /// Whether enough memory is dead, and more of it can be taken back than the last time.
    final boolean worthTidying() {
        if (held()) {
            return false;
        }
        long dead = arena.deadBytes();
        return dead > Math.max(TIDY_BYTES, arena.bytes() / 2)
                && (dead > tidiedDead + tidiedDead / 2 || shared.cleanThrough != tidiedClean);
    }

    /// Remembers what could not be taken back: deletions not yet written to disk.
    final void tidied() {
        tidiedDead = arena.deadBytes();
        tidiedClean = shared.cleanThrough;
    }

    /// Whether records must stay where they are.
    final boolean held() {
        return pins > 0 || walking;
    }

    /// Notes what has changed up to a generation. Worker, between steps.
    final void startWalk(int generation) {
        lock();
        try {
            int[] chunks = arena.chunksByAge();
            int[] ends = new int[chunks.length];
            int count = 0;
            for (int chunk : chunks) {
                if (arena.generation(chunk) > shared.flushedThrough) {
                    chunks[count] = chunk;
                    ends[count++] = arena.used(chunk);
                }
            }
            walkChunks = Arrays.copyOf(chunks, count);
            walkEnds = Arrays.copyOf(ends, count);
            walkGeneration = generation;
            walking = true;
        } finally {
            unlock();
        }
    }

    /// Writes what [#startWalk] noted.
    final void walk(Disk.Writer writer) {
        ByteSink taken = new ByteSink(64 << 10);
        for (int i = 0; i < walkChunks.length; i++) {
            int at = 0;
            while (at < walkEnds[i]) {
                taken.clear();
                lock();
                try {
                    at = take(walkChunks[i], at, walkEnds[i], taken);
                } finally {
                    unlock();
                }
                write(taken, writer);
            }
        }
        ByteSink rest;
        lock();
        try {
            rest = copies;
            endWalk();
        } finally {
            unlock();
        }
        write(rest, writer);
    }

    private int take(int chunk, int from, int end, ByteSink taken) {
        int at = from;
        for (int i = 0; i < SLICE_RECORDS && at < end; i++) {
            int handle = Arena.handle(chunk, at);
            int changed = arena.generationOf(handle);
            if (changed > shared.flushedThrough
                    && changed <= walkGeneration
                    && !arena.has(handle, Arena.DEAD)) {
                copy(handle, taken);
            }
            at += arena.size(handle);
        }
        return at;
    }

    /// Forgets about the walk, finished or not.
    final void endWalk() {
        lock();
        try {
            walking = false;
            walkChunks = new int[0];
            walkEnds = new int[0];
            copies = new ByteSink(16);
        } finally {
            unlock();
        }
    }

    private void copy(int handle, ByteSink out) {
        int length = arena.valueLength(handle);
        if (length < 0 && !arena.has(handle, Arena.ON_DISK)) {
            return;
        }
        arena.set(handle, Arena.ON_DISK);
        int start = out.size();
        out.putLong(0);
        putKey(handle, out);
        Words.setInt(out.array(), start, out.size() - start - 8);
        Words.setInt(out.array(), start + 4, length);
        if (length > 0) {
            out.put(arena.chunk(handle), valueOffset(handle), length);
        }
    }

    private void write(ByteSink records, Disk.Writer writer) {
        byte[] data = records.array();
        int at = 0;
        while (at < records.size()) {
            int keyLength = Words.getInt(data, at);
            int valueLength = Words.getInt(data, at + 4);
            at += 8;
            byte[] key = new byte[4 + keyLength];
            Disk.putOperator(key, operator);
            System.arraycopy(data, at, key, 4, keyLength);
            at += keyLength;
            if (valueLength < 0) {
                writer.delete(family, key);
            } else {
                writer.put(family, key, Arrays.copyOfRange(data, at, at + valueLength));
                at += valueLength;
            }
        }
    }
}
