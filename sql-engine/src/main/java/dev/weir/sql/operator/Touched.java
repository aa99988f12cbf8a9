package dev.weir.sql.operator;

import dev.weir.sql.state.PointState;

import java.util.Arrays;

/// The entries of a point state that a step has touched, in the order of first touch.
///
/// An entry carries its number here in its slot. The slot of an entry not touched yet holds
/// anything; a number counts only if the list agrees (Briggs and Torczon's sparse set), so nothing
/// has to be reset between steps.
final class Touched {
    private final PointState state;
    private int[] entries = new int[64];
    private int size;

    Touched(PointState state) {
        this.state = state;
    }

    /// The number of an entry, or -1 when this step has not touched it.
    int find(int entry) {
        int number = state.slot(entry);
        return number >= 0 && number < size && entries[number] == entry ? number : -1;
    }

    /// Numbers an entry that has none.
    int add(int entry) {
        if (size == entries.length) {
            entries = Arrays.copyOf(entries, size * 2);
        }
        entries[size] = entry;
        state.setSlot(entry, size);
        return size++;
    }

    int entry(int number) {
        return entries[number];
    }

    /// Follows an entry that got another handle.
    void moved(int number, int entry) {
        entries[number] = entry;
    }

    int size() {
        return size;
    }

    void clear() {
        size = 0;
    }
}
