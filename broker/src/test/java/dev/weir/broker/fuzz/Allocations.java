package dev.weir.broker.fuzz;

import com.sun.management.ThreadMXBean;

import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.ByteBufAllocatorMetricProvider;

import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// What the broker's event loops allocate between two moments: all objects they make, dead or
/// alive, and the memory outside the heap that Netty takes for buffers.
///
/// Others who use the broker meanwhile count too, so the bounds leave room for them, and for the
/// first use of a class.
final class Allocations {
    private static final String EVENT_LOOPS = "broker-io";

    /// What may be allocated whatever is received.
    private static final long HEAP = 2 << 20;

    /// Netty takes memory in large pieces.
    private static final long DIRECT = 16 << 20;

    /// Bytes of objects for a byte received that is not understood: an array may claim as many
    /// elements as bytes are left, each a reference, and so may the arrays in its first element.
    private static final int HEAP_PER_BYTE = 32;

    /// Bytes of buffers for a byte received, which are doubled as they fill.
    private static final int DIRECT_PER_BYTE = 4;

    /// What a request may cost that is understood: answers tell of all there is, and batches for
    /// compacted topics are decompressed.
    private static final long SERVED = 64 << 20;

    private final ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    private final Map<Long, Boolean> loops = new HashMap<>();
    private long heapBefore;
    private long directBefore;

    /// From now on.
    void begin() {
        heapBefore = heapBytes();
        directBefore = directBytes();
    }

    /// What was too much since the beginning.
    ///
    /// @param received bytes that the broker was sent
    /// @param served whether it had to understand any of it
    List<String> excess(long received, boolean served) {
        var excess = new ArrayList<String>();
        long heap = heapBytes() - heapBefore;
        long mostHeap = HEAP + HEAP_PER_BYTE * received + (served ? SERVED : 0);
        if (heap > mostHeap) {
            excess.add(heap + " bytes of objects for " + received + " bytes received");
        }
        long direct = directBytes() - directBefore;
        long mostDirect = DIRECT + DIRECT_PER_BYTE * received + (served ? SERVED : 0);
        if (direct > mostDirect) {
            excess.add(direct + " bytes of buffers for " + received + " bytes received");
        }
        return excess;
    }

    private long heapBytes() {
        long bytes = 0;
        for (long id : threads.getAllThreadIds()) {
            if (loops.computeIfAbsent(id, this::isLoop)) {
                bytes += Math.max(0, threads.getThreadAllocatedBytes(id));
            }
        }
        return bytes;
    }

    private boolean isLoop(long id) {
        var info = threads.getThreadInfo(id);
        return info != null && info.getThreadName().startsWith(EVENT_LOOPS);
    }

    private static long directBytes() {
        return ((ByteBufAllocatorMetricProvider) ByteBufAllocator.DEFAULT)
                .metric()
                .usedDirectMemory();
    }
}
