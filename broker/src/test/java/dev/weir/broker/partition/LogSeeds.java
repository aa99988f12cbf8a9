package dev.weir.broker.partition;

import java.io.IOException;
import java.util.function.Supplier;

/// The seeds that random lives of logs are tried with: `-Dweir.log.seeds=N` tries N of them,
/// `-Dweir.log.seed=S` just that one.
final class LogSeeds {
    private LogSeeds() {}

    /// One life of a log.
    interface Life {
        void run() throws IOException;

        /// What is good to know when it fails.
        default String circumstances() {
            return "";
        }
    }

    /// Makes the life of a seed.
    interface Birth {
        Life of(long seed) throws IOException;
    }

    /// Runs a life of each seed; a failure names its seed.
    static void each(int usual, Birth birth) throws IOException {
        long only = Long.getLong("weir.log.seed", -1);
        long last = only >= 0 ? only : Long.getLong("weir.log.seeds", usual);
        for (long seed = only >= 0 ? only : 1; seed <= last; seed++) {
            Supplier<String> circumstances = () -> "";
            try {
                var life = birth.of(seed);
                circumstances = life::circumstances;
                life.run();
            } catch (RuntimeException | AssertionError e) {
                throw new AssertionError(
                        "seed " + seed + circumstances.get() + ": " + e.getMessage(), e);
            }
        }
    }
}
