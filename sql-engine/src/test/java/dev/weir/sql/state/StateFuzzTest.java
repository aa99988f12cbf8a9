package dev.weir.sql.state;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;

/// A store against maps of the JDK: changes, eviction, checkpoints written while work goes on,
/// restarts from them, and snapshots held across steps.
class StateFuzzTest {
    @TempDir Path dir;

    private SplittableRandom random;
    private StateStore store;
    private PointState versioned;
    private PointState plain;
    private OrderedState ordered;
    private OrderedState.Cursor cursor;
    private Model model = new Model();
    private long step;
    private boolean outgrown;
    private final List<Held> held = new ArrayList<>();
    private Model atPublished = new Model();
    private CompletableFuture<Void> writing = CompletableFuture.completedFuture(null);
    private final Map<Long, Model> marks = new HashMap<>();

    /// What the store should hold.
    private record Model(
            HashMap<Key, byte[]> versioned,
            HashMap<Key, byte[]> plain,
            TreeMap<byte[], byte[]> ordered) {
        Model() {
            this(new HashMap<>(), new HashMap<>(), new TreeMap<>(Arrays::compareUnsigned));
        }

        Model copy() {
            TreeMap<byte[], byte[]> copied = new TreeMap<>(Arrays::compareUnsigned);
            copied.putAll(ordered);
            return new Model(new HashMap<>(versioned), new HashMap<>(plain), copied);
        }
    }

    private record Held(StateSnapshot snapshot, Map<Key, byte[]> expected) {}

    /// Bytes with equality.
    private record Key(ByteBuffer buffer) {
        static Key of(byte[] bytes) {
            return new Key(ByteBuffer.wrap(bytes));
        }

        byte[] bytes() {
            byte[] bytes = new byte[buffer.remaining()];
            buffer.get(buffer.position(), bytes);
            return bytes;
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6})
    void a_store_does_what_maps_do(long seed) {
        random = new SplittableRandom(seed);
        // Some seeds stay in memory, some outgrow it many times over.
        int keys = seed % 2 == 0 ? 300 : 6000;
        // A restored map has keys on disk only from the start; without restarts eviction did it.
        boolean restarts = seed % 3 != 0;
        open();
        for (int round = 0; round < 250; round++) {
            beginStep();
            int changes = random.nextInt(keys / 6);
            for (int i = 0; i < changes; i++) {
                change(keys);
                if (random.nextInt(400) == 0) {
                    checkSnapshots();
                }
            }
            iterate();
            outgrown |= versioned.spilled && plain.spilled && ordered.spilled;
            switch (random.nextInt(30)) {
                case 0 -> hold();
                case 1, 2 -> release();
                case 3, 4 -> freeze();
                case 5 -> {
                    if (restarts) {
                        restart();
                    }
                }
                default -> {}
            }
        }
        writing.join();
        checkAll();
        store.close();
        if (keys > 1000 && !restarts) {
            assertThat(outgrown).isTrue();
        }
    }

    private void open() {
        store = StateStore.open(dir, new StateConfig(1 << 20, 8 << 20));
        versioned = store.point(1, true);
        plain = store.point(2, false);
        ordered = store.ordered(2);
        cursor = ordered.cursor();
    }

    private void beginStep() {
        if (random.nextInt(3) > 0) {
            store.published(step);
            atPublished = model.copy();
        }
        store.beginStep(++step);
    }

    private void change(int keys) {
        byte[] key = key(random.nextInt(keys));
        byte[] value = new byte[random.nextInt(4) == 0 ? random.nextInt(700) : 24];
        random.nextBytes(value);
        boolean delete = random.nextInt(3) == 0;
        versioned.lock();
        plain.lock();
        ordered.lock();
        try {
            switch (random.nextInt(4)) {
                case 0 -> {
                    assertThat(versioned.get(key)).isEqualTo(model.versioned.get(Key.of(key)));
                    change(versioned, model.versioned, key, delete ? null : value);
                }
                case 1 -> {
                    assertThat(plain.get(key)).isEqualTo(model.plain.get(Key.of(key)));
                    change(plain, model.plain, key, delete ? null : value);
                }
                case 2 -> flipInPlace(key);
                default -> changeOrdered(key, delete ? null : value);
            }
        } finally {
            ordered.unlock();
            plain.unlock();
            versioned.unlock();
        }
    }

    private static void change(
            PointState state, Map<Key, byte[]> expected, byte[] key, byte[] value) {
        if (value == null) {
            state.delete(key);
            expected.remove(Key.of(key));
        } else {
            state.put(key, value);
            expected.put(Key.of(key), value);
        }
    }

    private void flipInPlace(byte[] key) {
        int entry = versioned.find(key, 0, key.length);
        byte[] expected = model.versioned.get(Key.of(key));
        assertThat(entry != PointState.NONE).isEqualTo(expected != null);
        if (expected != null && expected.length > 0) {
            versioned.edit(entry)[versioned.valueOffset(entry)] ^= 1;
            byte[] flipped = expected.clone();
            flipped[0] ^= 1;
            model.versioned.put(Key.of(key), flipped);
        }
    }

    private void changeOrdered(byte[] base, byte[] value) {
        byte[] key = new byte[base.length + 2];
        // Few prefixes with many keys: the last byte of the number is the rest.
        System.arraycopy(base, 0, key, 0, base.length);
        key[base.length] = (byte) random.nextInt(3);
        int prefix = base.length - 1;
        int entry = ordered.find(key, 0, prefix, key.length);
        byte[] expected = model.ordered.get(key);
        assertThat(entry != OrderedState.NONE).isEqualTo(expected != null);
        if (expected != null) {
            int at = ordered.valueOffset(entry);
            assertThat(
                            Arrays.copyOfRange(
                                    ordered.bytes(entry), at, at + ordered.valueLength(entry)))
                    .isEqualTo(expected);
        }
        if (value != null) {
            ordered.put(key, 0, prefix, key.length, value, 0, value.length);
            model.ordered.put(key, value);
        } else if (expected != null) {
            ordered.erase(entry);
            model.ordered.remove(key);
        }
    }

    private void iterate() {
        byte[] base = key(random.nextInt(6000));
        byte[] prefix = Arrays.copyOf(base, base.length - 1);
        List<String> expected = new ArrayList<>();
        for (Map.Entry<byte[], byte[]> entry : model.ordered.tailMap(prefix).entrySet()) {
            if (entry.getKey().length != base.length + 2
                    || !Arrays.equals(prefix, Arrays.copyOf(entry.getKey(), prefix.length))) {
                continue;
            }
            expected.add(Arrays.toString(entry.getKey()) + Arrays.toString(entry.getValue()));
        }
        List<String> actual = new ArrayList<>();
        ordered.lock();
        cursor.seek(prefix, 0, prefix.length);
        while (cursor.next()) {
            byte[] key =
                    Arrays.copyOfRange(
                            cursor.keys(),
                            cursor.keyOffset(),
                            cursor.keyOffset() + cursor.keyLength());
            byte[] value =
                    Arrays.copyOfRange(
                            cursor.values(),
                            cursor.valueOffset(),
                            cursor.valueOffset() + cursor.valueLength());
            if (key.length == base.length + 2) {
                actual.add(Arrays.toString(key) + Arrays.toString(value));
            }
        }
        ordered.unlock();
        assertThat(actual).isEqualTo(expected);
    }

    private void hold() {
        held.add(new Held(store.snapshot(), Map.copyOf(atPublished.versioned)));
    }

    private void release() {
        checkSnapshots();
        if (!held.isEmpty()) {
            held.remove(random.nextInt(held.size())).snapshot.close();
        }
    }

    private void checkSnapshots() {
        for (Held reader : held) {
            check(reader);
        }
    }

    private void check(Held reader) {
        Map<Key, byte[]> seen = new HashMap<>();
        reader.snapshot.scan(
                versioned,
                (keys, keyOffset, keyLength, values, offset, length) -> {
                    byte[] key = Arrays.copyOfRange(keys, keyOffset, keyOffset + keyLength);
                    byte[] before =
                            seen.put(
                                    Key.of(key),
                                    Arrays.copyOfRange(values, offset, offset + length));
                    assertThat(before).as("a key visited twice").isNull();
                    return true;
                });
        assertThat(seen.keySet()).isEqualTo(reader.expected.keySet());
        for (Map.Entry<Key, byte[]> entry : reader.expected.entrySet()) {
            assertThat(seen.get(entry.getKey())).isEqualTo(entry.getValue());
        }
        byte[] key = key(random.nextInt(6000));
        assertThat(reader.snapshot.get(versioned, key, 0, key.length))
                .isEqualTo(reader.expected.get(Key.of(key)));
    }

    private void freeze() {
        if (store.freezing()) {
            return;
        }
        marks.put(step, model.copy());
        Freeze freeze = store.freeze(ByteBuffer.allocate(8).putLong(step).array());
        writing = CompletableFuture.runAsync(freeze::write);
    }

    private void restart() {
        writing.join();
        for (Held reader : held) {
            reader.snapshot.close();
        }
        held.clear();
        store.close();
        open();
        model =
                store.restoredMark()
                        .map(mark -> marks.get(ByteBuffer.wrap(mark).getLong()).copy())
                        .orElseGet(Model::new);
        atPublished = model.copy();
        checkAll();
    }

    private void checkAll() {
        store.published(step);
        Held now = new Held(store.snapshot(), model.versioned);
        check(now);
        now.snapshot.close();
        model.plain.forEach((key, value) -> assertThat(plain.get(key.bytes())).isEqualTo(value));
        for (int i = 0; i < 20; i++) {
            iterate();
        }
    }

    private static byte[] key(int number) {
        byte[] text = ("key " + number * 31).getBytes(StandardCharsets.UTF_8);
        return number % 3 == 0 ? Arrays.copyOf(text, 24) : text;
    }
}
