package dev.weir.benchmarks.broker;

import org.HdrHistogram.Histogram;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Locale;

/// What the disk and the operating system ask for a small durable write, whoever makes it: a write
/// at the end of a file and an fdatasync, one after the other. Once with a file that grows by each
/// write, once with a file that was made longer before. Prints microseconds and the processor time
/// of the calling thread.
public final class SyncFloor {
    private static final int ROOM = 1 << 20;

    private SyncFloor() {}

    /// @param args directory, number of writes, bytes of each
    public static void main(String[] args) throws IOException {
        Path directory = Path.of(args[0]);
        int count = Integer.parseInt(args[1]);
        int bytes = Integer.parseInt(args[2]);
        for (int run = 0; run < 3; run++) { // the first warms up
            for (boolean room : new boolean[] {false, true}) {
                String result = measure(directory, count, bytes, room);
                if (run > 0) {
                    System.out.println(result);
                }
            }
        }
    }

    private static String measure(Path directory, int count, int bytes, boolean room)
            throws IOException {
        ThreadMXBean threads = ManagementFactory.getThreadMXBean();
        Histogram micros = new Histogram(3);
        ByteBuffer written = ByteBuffer.allocateDirect(bytes);
        Path path = Files.createTempFile(directory, "sync", ".floor");
        try (FileChannel file = FileChannel.open(path, StandardOpenOption.WRITE)) {
            long roomEnd = 0;
            long cpu = threads.getCurrentThreadCpuTime();
            for (int i = 0; i < count; i++) {
                long begun = System.nanoTime();
                long at = (long) i * bytes;
                if (room && at + bytes > roomEnd) {
                    roomEnd = at + ROOM;
                    file.write(ByteBuffer.allocate(1), roomEnd - 1);
                }
                file.write(written.clear(), at);
                file.force(false);
                micros.recordValue((System.nanoTime() - begun) / 1000);
            }
            cpu = threads.getCurrentThreadCpuTime() - cpu;
            return String.format(
                    Locale.ROOT,
                    "%5d bytes, %-10s p50 %4d us  p99 %5d us  cpu %3d us",
                    bytes,
                    room ? "with room" : "growing",
                    micros.getValueAtPercentile(50),
                    micros.getValueAtPercentile(99),
                    cpu / 1000 / count);
        } finally {
            Files.delete(path);
        }
    }
}
