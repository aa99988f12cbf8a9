package dev.weir.sql.state;

import java.util.List;
import java.util.function.Consumer;

/// A captured generation of changes, to be written as a checkpoint by one background thread.
///
/// Either [#write] or [#abandon] must be called: the worker waits for it when memory is full.
public final class Freeze {
    private final Shared shared;
    private final Checkpoints checkpoints;
    private final Consumer<String> stages;
    private final Consumer<Freeze> ended;
    private final List<StateMap> maps;
    private final List<Integer> drops;
    private final int generation;
    private final byte[] mark;
    private boolean dropped;
    private boolean done;

    Freeze(
            Shared shared,
            Checkpoints checkpoints,
            Consumer<String> stages,
            Consumer<Freeze> ended,
            List<StateMap> maps,
            List<Integer> drops,
            int generation,
            byte[] mark) {
        this.shared = shared;
        this.checkpoints = checkpoints;
        this.stages = stages;
        this.ended = ended;
        this.maps = maps;
        this.drops = drops;
        this.generation = generation;
        this.mark = mark;
    }

    /// Writes the checkpoint; it is the one restored from when this returns. Any one thread, once.
    ///
    /// @throws java.io.UncheckedIOException when it cannot; the previous checkpoint stands, and the
    ///   changes go into the next one
    public void write() {
        if (done) {
            throw new IllegalStateException("a freeze is written once");
        }
        done = true;
        try {
            writeMaps();
            stages.accept("maps written");
            shared.disk.flush();
            stages.accept("flushed");
            checkpoints.write(shared.disk, mark);
        } finally {
            end();
        }
    }

    /// Gives the freeze up: its changes go into the next one.
    public void abandon() {
        if (!done) {
            done = true;
            end();
        }
    }

    /// Brings the frozen changes to RocksDB.
    void writeMaps() {
        try (Disk.Writer writer = shared.disk.writer()) {
            for (int operator : drops) {
                writer.drop(operator);
            }
            writer.apply();
            dropped = true;
            stages.accept("dropped");
            for (StateMap map : maps) {
                map.walk(writer);
            }
            writer.apply();
        }
        shared.flushedThrough = generation;
    }

    /// Operators whose deletion has not reached RocksDB.
    List<Integer> undropped() {
        return dropped ? List.of() : drops;
    }

    void end() {
        for (StateMap map : maps) {
            map.endWalk();
        }
        ended.accept(this);
    }
}
