package dev.weir.sql.exec;

import java.nio.file.Path;
import java.time.Duration;

/// Settings of the engine.
///
/// @param stateDir where operator state and its checkpoints live
/// @param checkpointInterval time between checkpoints
/// @param stepMaxRows most input records in one step
/// @param workers threads that share the work of a step
/// @param sharedStepRows fewest input records in a step that they share; fewer are done by one
/// @param stateMemoryBytes memory for the write-back maps of operator state
/// @param foldIdentifiersUp `sql.identifiers=upper`: unquoted names fold to upper case
/// @param planningTimeout how long the planning of a statement may take, with the time it waits
public record EngineConfig(
        Path stateDir,
        Duration checkpointInterval,
        int stepMaxRows,
        int workers,
        int sharedStepRows,
        long stateMemoryBytes,
        boolean foldIdentifiersUp,
        Duration planningTimeout) {
    /// State is kept in that many shards, and each worker needs one.
    public static final int MOST_WORKERS = 256;

    /// Waking other threads takes as long as dealing with some hundreds of records.
    public static final int SHARED_STEP_ROWS = 2_000;

    private static final Duration PLANNING_TIMEOUT = Duration.ofSeconds(10);

    public EngineConfig {
        if (stepMaxRows < 1) {
            throw new IllegalArgumentException(
                    "sql.step.max.rows must be at least 1, got " + stepMaxRows);
        }
        if (workers < 1 || workers > MOST_WORKERS) {
            throw new IllegalArgumentException(
                    "sql.workers must be 1 to " + MOST_WORKERS + ", got " + workers);
        }
    }

    /// With the default time for planning.
    public EngineConfig(
            Path stateDir,
            Duration checkpointInterval,
            int stepMaxRows,
            int workers,
            int sharedStepRows,
            long stateMemoryBytes,
            boolean foldIdentifiersUp) {
        this(
                stateDir,
                checkpointInterval,
                stepMaxRows,
                workers,
                sharedStepRows,
                stateMemoryBytes,
                foldIdentifiersUp,
                PLANNING_TIMEOUT);
    }

    /// One for each core.
    public static int defaultWorkers() {
        return Math.min(MOST_WORKERS, Runtime.getRuntime().availableProcessors());
    }

    /// The defaults over a state directory.
    public static EngineConfig of(Path stateDir) {
        return new EngineConfig(
                stateDir,
                Duration.ofSeconds(5),
                65_536,
                defaultWorkers(),
                SHARED_STEP_ROWS,
                512L << 20,
                false);
    }
}
