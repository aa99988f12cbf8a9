package dev.weir.sql.state;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicBoolean;

class StateStoreTest {
    private static final StateConfig SMALL = new StateConfig(1 << 20, 8 << 20);

    @TempDir Path dir;

    @Test
    void a_snapshot_reads_the_last_published_step_while_later_steps_go_on() {
        try (StateStore store = StateStore.open(dir, SMALL)) {
            PointState state = store.point(1, true);
            step(store, state, 1, "a", "one");
            step(store, state, 2, "a", "two");
            store.published(1);
            try (StateSnapshot snapshot = store.snapshot()) {
                assertThat(get(snapshot, state, "a")).isEqualTo("one");
                store.published(2);
                step(store, state, 3, "a", "three");
                step(store, state, 3, "b", "new");
                assertThat(get(snapshot, state, "a")).isEqualTo("one");
                assertThat(get(snapshot, state, "b")).isNull();
                try (StateSnapshot later = store.snapshot()) {
                    assertThat(get(later, state, "a")).isEqualTo("two");
                }
            }
        }
    }

    @Test
    void only_what_was_frozen_is_restored() {
        try (StateStore store = StateStore.open(dir, SMALL)) {
            assertThat(store.restoredMark()).isEmpty();
            PointState state = store.point(1, true);
            step(store, state, 1, "a", "one");
            step(store, state, 1, "b", "one");
            Freeze freeze = store.freeze(bytes("mark 1"));
            step(store, state, 2, "a", "two");
            step(store, state, 2, "c", "two");
            state.delete(bytes("b"));
            freeze.write();
        }
        try (StateStore store = StateStore.open(dir, SMALL)) {
            assertThat(store.restoredMark()).contains(bytes("mark 1"));
            PointState state = store.point(1, true);
            assertThat(state.get(bytes("a"))).isEqualTo(bytes("one"));
            assertThat(state.get(bytes("b"))).isEqualTo(bytes("one"));
            assertThat(state.get(bytes("c"))).isNull();
        }
    }

    @Test
    void a_dropped_operator_is_gone_with_the_next_checkpoint_and_not_before() throws IOException {
        Path before = dir.resolve("before");
        Path live = dir.resolve("store");
        try (StateStore store = StateStore.open(live, SMALL)) {
            step(store, store.point(1, false), 1, "a", "one");
            step(store, store.point(2, false), 1, "a", "one");
            store.freeze(bytes("1")).write();
            store.drop(1);
            copyTree(live, before);
            store.freeze(bytes("2")).write();
        }
        try (StateStore store = StateStore.open(before, SMALL)) {
            assertThat(store.point(1, false).get(bytes("a"))).isEqualTo(bytes("one"));
        }
        try (StateStore store = StateStore.open(live, SMALL)) {
            assertThat(store.point(1, false).get(bytes("a"))).isNull();
            assertThat(store.point(2, false).get(bytes("a"))).isEqualTo(bytes("one"));
        }
    }

    @Test
    void a_crash_at_any_stage_of_a_checkpoint_leaves_the_one_before_or_the_new_one()
            throws IOException {
        List<String> seen = new ArrayList<>();
        List<Path> crashes = new ArrayList<>();
        Path live = dir.resolve("store");
        int[] writing = {0};
        try (StateStore store =
                StateStore.open(
                        live,
                        SMALL,
                        stage -> {
                            if (writing[0] > 2) {
                                seen.add(stage);
                                Path copy = dir.resolve("crash-" + crashes.size());
                                copyTree(live, copy);
                                crashes.add(copy);
                            }
                        })) {
            PointState state = store.point(1, true);
            for (int i = 1; i <= 4; i++) {
                step(store, state, i, "a", "value " + i);
                step(store, state, i, "only " + i, "x");
                writing[0] = i;
                store.freeze(bytes("" + i)).write();
            }
        }
        assertThat(seen).contains("linked", "marked", "renamed", "pointer replaced", "deleting");
        for (int i = 0; i < crashes.size(); i++) {
            try (StateStore store = StateStore.open(crashes.get(i), SMALL)) {
                String mark = text(store.restoredMark().orElseThrow());
                int least = i < crashes.size() / 2 ? 2 : 3;
                assertThat(Integer.parseInt(mark)).as(seen.get(i)).isBetween(least, least + 1);
                PointState state = store.point(1, true);
                assertThat(state.get(bytes("a"))).isEqualTo(bytes("value " + mark));
                for (int k = 1; k <= 4; k++) {
                    assertThat(state.get(bytes("only " + k)) != null)
                            .isEqualTo(k <= Integer.parseInt(mark));
                }
                // The copy goes on as usual: the next checkpoint takes the place of the ruins.
                store.freeze(bytes("after")).write();
            }
            try (StateStore store = StateStore.open(crashes.get(i), SMALL)) {
                assertThat(store.restoredMark()).contains(bytes("after"));
            }
        }
    }

    @Test
    void a_checkpoint_that_fails_leaves_its_changes_to_the_next() {
        String[] failing = {"", "maps written", "linked", "pointer written"};
        boolean[] armed = {false};
        String[] at = {""};
        try (StateStore store =
                StateStore.open(
                        dir,
                        SMALL,
                        stage -> {
                            if (armed[0] && stage.equals(at[0])) {
                                throw new IllegalStateException("cut short");
                            }
                        })) {
            PointState state = store.point(1, true);
            for (int i = 1; i < failing.length; i++) {
                step(store, state, i, "key " + i, "value");
                armed[0] = true;
                at[0] = failing[i];
                Freeze freeze = store.freeze(bytes("failed"));
                assertThatThrownBy(freeze::write).hasMessage("cut short");
                assertThat(store.freezing()).isFalse();
                armed[0] = false;
            }
            store.freeze(bytes("good")).write();
        }
        try (StateStore store = StateStore.open(dir, SMALL)) {
            assertThat(store.restoredMark()).contains(bytes("good"));
            for (int i = 1; i < failing.length; i++) {
                assertThat(store.point(1, true).get(bytes("key " + i))).isNotNull();
            }
        }
    }

    @Test
    void a_damaged_checkpoint_is_passed_over_for_the_one_before() throws IOException {
        try (StateStore store = StateStore.open(dir, SMALL)) {
            store.freeze(bytes("1")).write();
            store.freeze(bytes("2")).write();
        }
        Files.write(dir.resolve("ckpt-2").resolve("MARK"), new byte[] {1, 2, 3, 4, 5});
        try (StateStore store = StateStore.open(dir, SMALL)) {
            assertThat(store.restoredMark()).contains(bytes("1"));
        }
        Files.delete(dir.resolve("ckpt-1").resolve("MARK"));
        assertThatThrownBy(() -> StateStore.open(dir, SMALL))
                .hasStackTraceContaining("no whole checkpoint");
    }

    @Test
    void memory_stays_within_its_limit_and_a_step_never_sees_its_own_past() {
        try (StateStore store = StateStore.open(dir, SMALL)) {
            PointState state = store.point(1, false);
            byte[] key = new byte[8];
            byte[] value = new byte[100];
            long highest = 0;
            for (int step = 1; step <= 200; step++) {
                store.beginStep(step);
                highest = Math.max(highest, store.memoryBytes());
                for (int i = 0; i < 1000; i++) {
                    int number = (step * 1000 + i) % 50_000;
                    Words.setLong(key, 0, number);
                    int entry = state.entry(key, 0, 8, value.length);
                    int turns = step * 1000 / 50_000;
                    if (state.valueLength(entry) >= 0
                            && Words.getInt(state.bytes(entry), state.valueOffset(entry))
                                    != turns - 1) {
                        throw new AssertionError("key " + number + " in step " + step);
                    }
                    Words.setInt(value, 0, turns);
                    state.set(entry, value, 0, value.length);
                }
            }
            assertThat(highest).isBetween(1L << 19, 1L << 20);
            assertThat(state.spilled).isTrue();
        }
    }

    @Test
    void deletions_outlive_a_rebuild_of_the_map_before_they_are_written() {
        int keys = 5000;
        try (StateStore store = StateStore.open(dir, SMALL)) {
            OrderedState ordered = store.ordered(1);
            PointState point = store.point(2, false);
            store.beginStep(1);
            for (int i = 0; i < keys; i++) {
                byte[] key = bytes("key " + i);
                ordered.put(key, 0, 3, key.length, key, 0, key.length);
                point.put(key, key);
            }
            store.freeze(bytes("1")).write();
            store.beginStep(2);
            for (int i = 1; i < keys; i++) {
                byte[] key = bytes("key " + i);
                ordered.erase(ordered.find(key, 0, 3, key.length));
                point.delete(key);
            }
            store.beginStep(3);
            store.freeze(bytes("2")).write();
            store.beginStep(4);
            // By now the deleted keys' memory has been taken back.
            assertThat(store.memoryBytes()).isLessThan(keys * 80L);
        }
        try (StateStore store = StateStore.open(dir, SMALL)) {
            OrderedState ordered = store.ordered(1);
            OrderedState.Cursor cursor = ordered.cursor();
            cursor.seek(bytes("key"), 0, 3);
            assertThat(cursor.next()).isTrue();
            assertThat(cursor.keyLength()).isEqualTo("key 0".length());
            assertThat(cursor.next()).isFalse();
            assertThat(store.point(2, false).get(bytes("key 0"))).isNotNull();
            assertThat(store.point(2, false).get(bytes("key 77"))).isNull();
        }
    }

    /// Money moves between accounts within each step, so every committed sum is the same.
    @Test
    void scans_on_other_threads_see_whole_steps_only() throws Exception {
        int accounts = 5000;
        AtomicBoolean done = new AtomicBoolean();
        long seed = 42;
        // One thread for each: the common pool may have a single one.
        try (StateStore store = StateStore.open(dir, SMALL);
                ExecutorService threads = Executors.newFixedThreadPool(3)) {
            PointState state = store.point(7, true);
            byte[] filler = new byte[300];
            store.beginStep(1);
            state.lock();
            for (int i = 0; i < accounts; i++) {
                putBalance(state, i, 100, filler);
            }
            state.unlock();
            store.published(1);
            List<CompletableFuture<Integer>> readers = new ArrayList<>();
            for (int r = 0; r < 2; r++) {
                readers.add(
                        CompletableFuture.supplyAsync(() -> {
                            int scans = 0;
                            do {
                                try (StateSnapshot snapshot = store.snapshot()) {
                                    long[] sum = {0, 0};
                                    snapshot.scan(
                                            state,
                                            (k, ko, kl, v, vo, vl) -> {
                                                sum[0] += Words.getLong(v, vo);
                                                sum[1]++;
                                                return true;
                                            });
                                    assertThat(sum[0])
                                            .as("sum as of " + snapshot.step())
                                            .isEqualTo(accounts * 100L);
                                    assertThat(sum[1]).isLessThanOrEqualTo(accounts);
                                    scans++;
                                }
                            } while (!done.get());
                            return scans;
                        }));
            }
            SplittableRandom random = new SplittableRandom(seed);
            CompletableFuture<Void> checkpoint = CompletableFuture.completedFuture(null);
            for (int step = 2; step < 1500; step++) {
                store.beginStep(step);
                state.lock();
                for (int i = 0; i < 50; i++) {
                    int from = random.nextInt(accounts);
                    int to = random.nextInt(accounts);
                    long amount = random.nextInt(100);
                    byte[] some = new byte[random.nextInt(600)];
                    putBalance(state, from, balance(state, from) - amount, some);
                    putBalance(state, to, balance(state, to) + amount, some);
                    state.breathe();
                }
                state.unlock();
                if (step % 3 == 0) {
                    store.published(step - 1);
                }
                if (step % 100 == 0 && checkpoint.isDone()) {
                    checkpoint.join();
                    checkpoint =
                            CompletableFuture.runAsync(
                                    store.freeze(bytes("" + step))::write, threads);
                }
                if (readers.stream().anyMatch(CompletableFuture::isDone)) {
                    break;
                }
            }
            done.set(true);
            checkpoint.join();
            for (CompletableFuture<Integer> reader : readers) {
                assertThat(reader.join()).isPositive();
            }
        }
    }

    /// An account with no money has no row.
    private static void putBalance(PointState state, int account, long balance, byte[] filler) {
        byte[] key = ByteBuffer.allocate(4).putInt(account).array();
        if (balance == 0) {
            state.delete(key);
            return;
        }
        byte[] value = new byte[8 + filler.length];
        Words.setLong(value, 0, balance);
        state.put(key, value);
    }

    private static long balance(PointState state, int account) {
        byte[] value = state.get(ByteBuffer.allocate(4).putInt(account).array());
        return value == null ? 0 : Words.getLong(value, 0);
    }

    private static void step(
            StateStore store, PointState state, long step, String key, String value) {
        store.beginStep(step);
        state.put(bytes(key), bytes(value));
    }

    private static String get(StateSnapshot snapshot, PointState state, String key) {
        byte[] value = snapshot.get(state, bytes(key), 0, bytes(key).length);
        return value == null ? null : text(value);
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private static String text(byte[] bytes) {
        return new String(bytes, StandardCharsets.UTF_8);
    }

    /// Copies what a crash would leave. RocksDB deletes what it does not need any more while one
    /// looks: a file that is gone when it is reached was deleted before the crash.
    private static void copyTree(Path from, Path to) {
        try {
            Files.walkFileTree(
                    from,
                    new SimpleFileVisitor<>() {
                        @Override
                        public FileVisitResult preVisitDirectory(
                                Path directory, BasicFileAttributes attributes) throws IOException {
                            Files.createDirectories(
                                    to.resolve(from.relativize(directory).toString()));
                            return FileVisitResult.CONTINUE;
                        }

                        @Override
                        public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
                                throws IOException {
                            try {
                                Files.copy(file, to.resolve(from.relativize(file).toString()));
                            } catch (NoSuchFileException e) {
                                return visitFileFailed(file, e);
                            }
                            return FileVisitResult.CONTINUE;
                        }

                        @Override
                        public FileVisitResult visitFileFailed(Path file, IOException cause)
                                throws IOException {
                            if (cause instanceof NoSuchFileException) {
                                return FileVisitResult.CONTINUE;
                            }
                            throw cause;
                        }
                    });
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }
}
