package dev.weir.server.fuzz;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;

/// Cases of random input, seed after seed. Each seed has a server of its own, as statements leave
/// relations and queries behind; honest use goes on between the cases.
///
/// `-Dweir.fuzz.seconds=N` runs for longer, `-Dweir.seed=S` begins with another seed.
final class Campaign {
    private static final int SEEDS = 2;
    private static final int HONEST_EVERY = 50;
    private static final int ENOUGH_FAULTS = 15;

    private final String name;
    private final Path directory;
    private final int casesPerSeed;

    /// What is sent to one server.
    interface Attack {
        /// Before its cases.
        void prepare(Doors doors) throws Exception;

        /// @param name of the case, for what is found
        void attack(Doors doors, Random random, String name) throws Exception;
    }

    /// @param name for what is printed
    /// @param directory for the servers' data
    Campaign(String name, Path directory, int casesPerSeed) {
        this.name = name;
        this.directory = directory;
        this.casesPerSeed = casesPerSeed;
    }

    /// @param faults what the attack finds, and then what was found besides; looked at after each
    ///   seed
    void run(Attack attack, List<String> faults) throws Exception {
        long first = Long.getLong("weir.seed", 1);
        long seconds = Long.getLong("weir.fuzz.seconds", 0);
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(seconds);
        for (long seed = first;
                seconds > 0 ? System.nanoTime() < end : seed < first + SEEDS;
                seed++) {
            System.out.println(name + " fuzz seed " + seed);
            run(seed, attack, faults);
            assertThat(faults).as("faults, shown above").isEmpty();
        }
    }

    private void run(long seed, Attack attack, List<String> faults) throws Exception {
        try (var doors = new Doors(directory.resolve("seed-" + seed))) {
            attack.prepare(doors);
            for (int number = 0; number < casesPerSeed; number++) {
                attack.attack(doors, new Random(seed * 1_000_003 + number), seed + "/" + number);
                if (number % HONEST_EVERY == 0) {
                    doors.useHonestly();
                }
                if (faults.size() >= ENOUGH_FAULTS) {
                    return;
                }
            }
            var kept = doors.kept();
            assertThat(kept.read()).isEqualTo(kept.written());
            faults.addAll(doors.surprises());
        }
    }
}
