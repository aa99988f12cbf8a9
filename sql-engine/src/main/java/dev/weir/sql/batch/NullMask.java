package dev.weir.sql.batch;

import java.util.Arrays;

/// A growable bitmap of NULL rows: bit set = NULL.
final class NullMask {
    private long[] words = new long[2];
    private int nulls;

    boolean isNull(int row) {
        int word = row >>> 6;
        return nulls != 0 && word < words.length && (words[word] & (1L << row)) != 0;
    }

    void setNull(int row) {
        int word = row >>> 6;
        if (word >= words.length) {
            words = Arrays.copyOf(words, Math.max(word + 1, words.length * 2));
        }
        words[word] |= 1L << row;
        nulls++;
    }

    boolean none() {
        return nulls == 0;
    }

    void clear() {
        if (nulls != 0) {
            Arrays.fill(words, 0);
            nulls = 0;
        }
    }
}
