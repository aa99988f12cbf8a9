package dev.weir.sql.operator;

/// Rows in the order of their times; those of one time in the order in which they came.
final class TimeOrder {
    private TimeOrder() {}

    static boolean isOrdered(long[] times) {
        for (int i = 1; i < times.length; i++) {
            if (times[i] < times[i - 1]) {
                return false;
            }
        }
        return true;
    }

    /// The rows in order.
    static int[] of(long[] times) {
        int[] rows = new int[times.length];
        for (int i = 0; i < rows.length; i++) {
            rows[i] = i;
        }
        if (!isOrdered(times)) {
            sort(rows.clone(), rows, 0, rows.length, times);
        }
        return rows;
    }

    /// Merge sort from the bottom of the recursion up: both arrays hold the same rows, `into` ends
    /// up sorted.
    private static void sort(int[] from, int[] into, int start, int end, long[] times) {
        if (end - start < 2) {
            return;
        }
        int middle = (start + end) >>> 1;
        sort(into, from, start, middle, times);
        sort(into, from, middle, end, times);
        int left = start;
        int right = middle;
        for (int i = start; i < end; i++) {
            boolean takeLeft =
                    right >= end || (left < middle && times[from[left]] <= times[from[right]]);
            into[i] = takeLeft ? from[left++] : from[right++];
        }
    }
}
