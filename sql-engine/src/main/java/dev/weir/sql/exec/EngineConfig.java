package dev.weir.sql.exec;

import java.nio.file.Path;
import java.time.Duration;

/// Settings of the engine.
///
/// @param stateDir where operator state and its checkpoints live
/// @param checkpointInterval time between checkpoints
/// @param stepMaxRows most input records in one step
/// @param stateMemoryBytes memory for the write-back maps of operator state
/// @param foldIdentifiersUp `sql.identifiers=upper`: unquoted names fold to upper case
public record EngineConfig(
        Path stateDir,
        Duration checkpointInterval,
        int stepMaxRows,
        long stateMemoryBytes,
        boolean foldIdentifiersUp) {
    public EngineConfig {
        if (stepMaxRows < 1) {
            throw new IllegalArgumentException(
                    "sql.step.max.rows must be at least 1, got " + stepMaxRows);
        }
    }

    /// The defaults over a state directory.
    public static EngineConfig of(Path stateDir) {
        return new EngineConfig(stateDir, Duration.ofSeconds(5), 65_536, 512L << 20, false);
    }
}
