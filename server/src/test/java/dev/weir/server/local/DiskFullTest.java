package dev.weir.server.local;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weir.broker.Broker;
import dev.weir.broker.BrokerConfig;
import dev.weir.broker.storage.SimulatedFileSystem;
import dev.weir.sql.error.SqlException;
import dev.weir.sql.error.SqlState;
import dev.weir.sql.exec.QueryInfo;
import dev.weir.sql.exec.SqlEngine;
import dev.weir.sql.exec.SqlSession;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Path;
import java.time.InstantSource;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;

/// A disk that becomes full: what needs room is refused or waits, nothing is lost, and when there
/// is room again everything goes on.
///
/// `-Dweir.full.runs=N` sets how many seeds, `-Dweir.seed=S` repeats from a seed.
class DiskFullTest {
    private static final int TIMES_FULL = 4;

    private final InstantSource clock = InstantSource.system();

    @TempDir Path directory;
    private SimulatedFileSystem disk;
    private Broker broker;
    private EmbeddedTopicLog log;
    private SqlEngine engine;

    @Test
    void a_disk_that_becomes_full_refuses_and_recovers() throws Exception {
        long first = Long.getLong("weir.seed", System.nanoTime());
        int runs = Integer.getInteger("weir.full.runs", 3);
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
        disk = new SimulatedFileSystem(seed);
        start(state, 2);
        Shop.define(engine);
        Shop shop = new Shop();
        for (int time = 0; time < TIMES_FULL; time++) {
            for (int b = random.nextInt(30); b > 0; b--) {
                assertThat(shop.append(log, random, true)).isTrue();
            }
            disk.setFree(random.nextInt(1 << 15));
            int refused = 0;
            while (refused < 3) {
                if (!shop.append(log, random, true)) {
                    refused++;
                }
            }
            verifyRefused();
            switch (random.nextInt(3)) {
                case 0 -> {} // there will be room without a restart
                case 1 -> {
                    // It does not wait for room to end.
                    PowerLossTest.abandon(engine);
                    broker.close();
                    disk.setUnlimited();
                    start(state, 1 + time % 2);
                }
                default -> {
                    disk.crash();
                    PowerLossTest.abandon(engine);
                    PowerLossTest.abandon(broker);
                    disk.setUnlimited();
                    start(state, 1 + time % 2);
                }
            }
            disk.setUnlimited();
            shop.verifyLog(log);
            shop.verifyQueries(engine, log);
            assertThat(engine.queries())
                    .extracting(QueryInfo::state)
                    .containsOnly(QueryInfo.State.RUNNING);
        }
        engine.close();
        broker.close();
    }

    private void start(Path state, int workers) {
        broker = Broker.start(BrokerConfig.defaults(Path.of("/disk")), disk, clock);
        log = new EmbeddedTopicLog(broker, clock);
        engine = SqlEngine.start(PowerLossTest.config(state, workers), log, clock);
    }

    /// Statements that need room say so; those that read are answered.
    private void verifyRefused() {
        String longText = "x".repeat(1 << 16);
        for (String statement :
                new String[] {
                    "CREATE STREAM more (id BIGINT) WITH (KAFKA_TOPIC='more',"
                            + " VALUE_FORMAT='JSON', PARTITIONS=1)",
                    "CREATE TABLE more AS SELECT item, MAX(id) AS id FROM orders GROUP BY item",
                    "INSERT INTO orders (id, item, qty) VALUES (1, '" + longText + "', 1)"
                }) {
            assertThatThrownBy(() -> engine.execute(statement, new SqlSession("test")))
                    .isInstanceOfSatisfying(
                            SqlException.class,
                            e -> {
                                assertThat(e.state()).isEqualTo(SqlState.DISK_FULL);
                                assertThat(e.hint().orElseThrow()).contains("Free some space");
                            });
        }
        assertThat(Shop.rows(engine, "SELECT COUNT(*) FROM by_item")).hasSize(1);
    }

    @Test
    void an_engine_that_waits_for_room_takes_no_statement_and_goes_on_by_itself() throws Exception {
        disk = new SimulatedFileSystem(1);
        start(directory.resolve("state"), 1);
        Shop.define(engine);
        Shop shop = new Shop();
        SplittableRandom random = new SplittableRandom(1);
        assertThat(shop.append(log, random, true)).isTrue();
        shop.verifyQueries(engine, log);
        disk.setFree(0);
        // Not even its journal has room, for which this one waits.
        var drop = CompletableFuture.runAsync(() -> drop("by_low"));
        assertThatThrownBy(
                        () -> {
                            while (true) {
                                engine.execute(
                                        "DROP TABLE IF EXISTS nothing", new SqlSession("test"));
                            }
                        })
                .isInstanceOfSatisfying(
                        SqlException.class,
                        e -> assertThat(e.state()).isEqualTo(SqlState.DISK_FULL));
        assertThat(Shop.rows(engine, "SELECT item FROM by_item")).isNotEmpty();
        disk.setUnlimited();
        drop.join();
        drop("pairs");
        engine.close();
        broker.close();
    }

    private void drop(String table) {
        engine.execute("DROP TABLE " + table, new SqlSession("test"));
    }
}
