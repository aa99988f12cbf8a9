package dev.weir.broker.protocol;

import org.apache.kafka.common.protocol.ApiKeys;

import java.util.BitSet;

/// Bounds the work of Kafka's collections with keys (`ImplicitLinkedHashMultiCollection`) while a
/// request is read. They probe one slot after another, and each is rebuilt at its last element,
/// which takes the cube of the number of elements whose keys meet in one place: five thousand equal
/// names, 15 KB, take half a minute of an event loop.
///
/// Told of each array and each key as it is read, before the collection has it. Owned by one read.
final class KeyedCollections {
    /// So few elements are no work, whatever their keys.
    private static final int FREE = 50;

    /// The most elements of a collection whose keys cannot be told from other texts.
    private static final int MOST_UNSEEN = 2000;

    private static final long MOST_CUBES = cube(MOST_UNSEEN);

    /// The most squares of steps from a key's slot to a free one: less than a tenth of a second.
    /// Names with counters in them have hash codes close to each other and take up to thousands for
    /// each.
    private static final long MOST_SQUARES = 40_000_000;

    /// Which arrays of a request are collections with keys.
    enum Reach {
        /// None.
        NONE,

        /// The first, and behind it all texts are its keys.
        FIRST,

        /// The first, and more in it; while those are empty, all texts are its keys.
        OUTER,

        /// Several, one in the other.
        NESTED
    }

    private final Reach reach;
    private final int factor;
    private boolean seenFirst;
    private int outer;
    private Table table;
    private Table rebuilt;
    private long cubes;

    KeyedCollections(ApiKeys api, short version) {
        this.reach = reach(api, version);
        // Topics in produce requests have a name and an id; one of them counts for nothing.
        this.factor = api == ApiKeys.PRODUCE ? 31 : 1;
    }

    static Reach reach(ApiKeys api, short version) {
        return switch (api) {
            case PRODUCE,
                    JOIN_GROUP,
                    CREATE_PARTITIONS,
                    DESCRIBE_LOG_DIRS,
                    ELECT_LEADERS,
                    OFFSET_DELETE,
                    OFFSET_FOR_LEADER_EPOCH,
                    UPDATE_FEATURES ->
                    Reach.FIRST;
            case ADD_PARTITIONS_TO_TXN -> version <= 3 ? Reach.FIRST : Reach.NESTED;
            case CREATE_TOPICS -> Reach.OUTER;
            case ALTER_CONFIGS, INCREMENTAL_ALTER_CONFIGS, ALTER_REPLICA_LOG_DIRS -> Reach.NESTED;
            default -> Reach.NONE;
        };
    }

    /// An array of so many elements follows.
    ///
    /// @throws IllegalArgumentException if there are more than can be taken in
    void array(int count) {
        switch (reach) {
            case NONE -> {}
            case FIRST -> {
                if (!seenFirst) {
                    first(count);
                }
            }
            case OUTER -> {
                if (!seenFirst) {
                    first(count);
                    outer = count;
                } else {
                    table = null; // what follows may be no key
                    rebuilt = null;
                    charge(outer);
                    outer = 0;
                    charge(count);
                }
            }
            case NESTED -> charge(count);
        }
    }

    private void first(int count) {
        seenFirst = true;
        if (count > FREE) {
            int slots = 2 * count + 1;
            table = new Table(slots);
            rebuilt = new Table(2 * slots + 1);
        }
    }

    private void charge(int count) {
        cubes += cube(count);
        if (cubes > MOST_CUBES) {
            throw new IllegalArgumentException(
                    "more than "
                            + MOST_UNSEEN
                            + " elements with keys in one request; send it in parts");
        }
    }

    /// A text was read.
    void name(String name) {
        if (table != null) {
            key(factor * name.hashCode());
        }
    }

    /// The hash code of a key was read.
    void key(int hash) {
        if (table != null) {
            table.add(hash);
            rebuilt.add(hash);
        }
    }

    private static long cube(long count) {
        return count * count * count;
    }

    /// Where keys come to lie.
    private static final class Table {
        private final int slots;
        private final BitSet taken;
        private long squares;

        Table(int slots) {
            this.slots = slots;
            this.taken = new BitSet(slots);
        }

        void add(int hash) {
            int wanted = (hash & Integer.MAX_VALUE) % slots;
            int slot = taken.nextClearBit(wanted);
            long steps = (long) slot - wanted;
            if (slot >= slots) {
                slot = taken.nextClearBit(0);
                steps = (long) slots - wanted + slot;
            }
            taken.set(slot);
            squares += steps * steps;
            if (squares > MOST_SQUARES) {
                throw new IllegalArgumentException(
                        "too many names that are equal or have colliding hash codes");
            }
        }
    }
}
