package dev.weir.server.local;

import dev.weir.broker.Broker;
import dev.weir.broker.BrokerConfig;
import dev.weir.broker.storage.SimulatedFileSystem;
import dev.weir.sql.exec.EngineConfig;
import dev.weir.sql.exec.SqlEngine;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.SplittableRandom;

/// Power cuts under load on the simulated disk, which forgets what was not synced: every record
/// that was acknowledged is there once and in order, and every query equals a recomputation.
///
/// `-Dweir.power.runs=N` sets how many seeds, `-Dweir.seed=S` repeats from a seed.
class PowerLossTest {
    private static final int CUTS = 4;

    private final InstantSource clock = InstantSource.system();

    @TempDir Path directory;

    @Test
    void acknowledged_records_and_results_survive_power_cuts() throws Exception {
        long first = Long.getLong("weir.seed", System.nanoTime());
        int runs = Integer.getInteger("weir.power.runs", 10);
        for (int run = 0; run < runs; run++) {
            long seed = first + run;
            try {
                survive(seed, directory.resolve("state-" + run));
            } catch (AssertionError | Exception e) {
                throw new AssertionError("-Dweir.seed=" + seed + ": " + e.getMessage(), e);
            }
        }
    }

    private void survive(long seed, Path state) throws Exception {
        SplittableRandom random = new SplittableRandom(seed);
        SimulatedFileSystem disk = new SimulatedFileSystem(seed);
        Shop shop = new Shop();
        for (int cut = 0; cut <= CUTS; cut++) {
            Broker broker = Broker.start(BrokerConfig.defaults(Path.of("/disk")), disk, clock);
            EmbeddedTopicLog log = new EmbeddedTopicLog(broker, clock);
            SqlEngine engine = SqlEngine.start(config(state, 1 + cut % 2), log, clock);
            if (cut == 0) {
                Shop.define(engine);
            }
            shop.verifyLog(log);
            if (cut == CUTS) {
                shop.verifyQueries(engine, log);
                engine.close();
                broker.close();
                return;
            }
            int batches = random.nextInt(5, 60);
            for (int b = 0; b < batches; b++) {
                // The last is under way when the power goes.
                shop.append(log, random, b < batches - 1);
            }
            disk.crash();
            abandon(engine);
            abandon(broker);
        }
    }

    static EngineConfig config(Path state, int workers) {
        EngineConfig defaults = EngineConfig.of(state);
        // Checkpoints often, so that cuts fall on all sides of them.
        return new EngineConfig(
                state,
                Duration.ofMillis(30),
                64,
                workers,
                20,
                defaults.stateMemoryBytes(),
                defaults.foldIdentifiersUp());
    }

    static void abandon(AutoCloseable running) {
        try {
            running.close();
        } catch (Exception e) {
            // Its disk is gone; that it cannot finish is the point.
        }
    }
}
