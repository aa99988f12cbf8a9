package dev.weir.broker.log;

import java.nio.ByteBuffer;
import java.security.DigestException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;

/// The last offset of each key, in bounded memory: 24 bytes a key, whatever its length.
///
/// Keys are known by the first 128 bits of their SHA-256, which nobody can make collide, so that no
/// record is ever taken for one of another key. Open addressing with linear probing. Owned by one
/// thread.
final class KeyOffsets {
    private static final int DIGEST_BYTES = 32;
    private static final int LEAST_SLOTS = 64;
    private static final int MOST_SLOTS = 1 << 29;
    private static final double LOAD = 0.75;
    private static final int SLOT_BYTES = 24;

    private final MessageDigest sha256;
    private final byte[] digest = new byte[DIGEST_BYTES];
    private final ByteBuffer digestView = ByteBuffer.wrap(digest);
    private final int mostSlots;
    private long[] highs;
    private long[] lows;
    private long[] offsets; // one more than the offset; 0 is a free slot
    private int count;

    /// @param maxBytes memory it may take
    KeyOffsets(long maxBytes) {
        try {
            sha256 = MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
        long slots = Math.clamp(maxBytes / SLOT_BYTES, LEAST_SLOTS, MOST_SLOTS);
        mostSlots = Integer.highestOneBit((int) slots);
        allocate(LEAST_SLOTS);
    }

    /// Whether no further key fits.
    boolean isFull() {
        return count >= (int) (mostSlots * LOAD);
    }

    /// Notes a later offset of a key.
    void put(byte[] bytes, int from, int length, long offset) {
        if (count >= (int) (offsets.length * LOAD) && offsets.length < mostSlots) {
            grow();
        }
        hash(bytes, from, length);
        int slot = slot(digestView.getLong(0), digestView.getLong(8));
        if (offsets[slot] == 0) {
            highs[slot] = digestView.getLong(0);
            lows[slot] = digestView.getLong(8);
            count++;
        }
        offsets[slot] = offset + 1;
    }

    /// The last offset noted for a key, -1 for none.
    long last(byte[] bytes, int from, int length) {
        hash(bytes, from, length);
        return offsets[slot(digestView.getLong(0), digestView.getLong(8))] - 1;
    }

    private void hash(byte[] bytes, int from, int length) {
        sha256.update(bytes, from, length);
        try {
            sha256.digest(digest, 0, DIGEST_BYTES);
        } catch (DigestException e) {
            throw new IllegalStateException("32 bytes hold a SHA-256", e);
        }
    }

    /// The slot of a key, or the free one where it would go.
    private int slot(long high, long low) {
        int mask = offsets.length - 1;
        int slot = (int) high & mask;
        while (offsets[slot] != 0 && (highs[slot] != high || lows[slot] != low)) {
            slot = (slot + 1) & mask;
        }
        return slot;
    }

    private void allocate(int slots) {
        highs = new long[slots];
        lows = new long[slots];
        offsets = new long[slots];
    }

    private void grow() {
        long[] oldHighs = highs;
        long[] oldLows = lows;
        long[] oldOffsets = offsets;
        allocate(offsets.length * 2);
        for (int i = 0; i < oldOffsets.length; i++) {
            if (oldOffsets[i] != 0) {
                int slot = slot(oldHighs[i], oldLows[i]);
                highs[slot] = oldHighs[i];
                lows[slot] = oldLows[i];
                offsets[slot] = oldOffsets[i];
            }
        }
    }
}
