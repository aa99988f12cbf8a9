package dev.weir.server.metric;

import com.sun.management.UnixOperatingSystemMXBean;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.lang.management.MemoryPoolMXBean;
import java.nio.file.Files;
import java.nio.file.Path;

/// The process, its virtual machine and the disk beneath its data.
public final class ProcessMetrics implements MetricSource {
    private static final Logger LOGGER = LoggerFactory.getLogger(ProcessMetrics.class);
    private static final Path STATUS = Path.of("/proc/self/statm");
    private static final int PAGE_BYTES = 4096;

    private final String version;
    private final Path dataDir;

    public ProcessMetrics(String version, Path dataDir) {
        this.version = version;
        this.dataDir = dataDir;
    }

    @Override
    public void collect(MetricPage to) {
        to.gauge("weir_build_info", "1; the labels name the version of Weir and of Java.");
        to.sample(
                MetricPage.label("version", version)
                        + ','
                        + MetricPage.label("java", Runtime.version().toString()),
                1);
        process(to);
        machine(to);
        disk(to);
    }

    private static void process(MetricPage to) {
        to.gauge(
                "process_start_time_seconds",
                "When the process was started, in seconds since 1970.",
                (double) ManagementFactory.getRuntimeMXBean().getStartTime() / 1e3);
        to.counter("process_cpu_seconds_total", "Processor time used.");
        ProcessHandle.current()
                .info()
                .totalCpuDuration()
                .ifPresent(cpu -> to.sample("", (double) cpu.toMillis() / 1e3));
        to.gauge("process_resident_memory_bytes", "Memory in use as the operating system counts.");
        try {
            String[] pages = Files.readString(STATUS).split(" ", 3);
            to.sample("", Double.parseDouble(pages[1]) * PAGE_BYTES);
        } catch (IOException e) {
            LOGGER.debug("the resident memory is not known here", e);
        }
        boolean unix =
                ManagementFactory.getOperatingSystemMXBean() instanceof UnixOperatingSystemMXBean;
        to.gauge("process_open_fds", "Open file descriptors.");
        if (unix) {
            to.sample("", system().getOpenFileDescriptorCount());
        }
        to.gauge("process_max_fds", "The most file descriptors that may be open.");
        if (unix) {
            to.sample("", system().getMaxFileDescriptorCount());
        }
    }

    private static UnixOperatingSystemMXBean system() {
        return (UnixOperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
    }

    private static void machine(MetricPage to) {
        var memory = ManagementFactory.getMemoryMXBean();
        String heap = MetricPage.label("area", "heap");
        to.gauge("jvm_memory_used_bytes", "Memory of the virtual machine in use.");
        to.sample(heap, memory.getHeapMemoryUsage().getUsed());
        to.sample(MetricPage.label("area", "nonheap"), memory.getNonHeapMemoryUsage().getUsed());
        to.gauge("jvm_memory_committed_bytes", "Memory the virtual machine holds.");
        to.sample(heap, memory.getHeapMemoryUsage().getCommitted());
        to.sample(
                MetricPage.label("area", "nonheap"), memory.getNonHeapMemoryUsage().getCommitted());
        to.gauge("jvm_memory_max_bytes", "The most the virtual machine may use.");
        to.sample(heap, memory.getHeapMemoryUsage().getMax());
        to.gauge("jvm_memory_pool_used_bytes", "Memory in use by pool.");
        for (MemoryPoolMXBean pool : ManagementFactory.getMemoryPoolMXBeans()) {
            if (pool.getUsage() != null) {
                to.sample(MetricPage.label("pool", pool.getName()), pool.getUsage().getUsed());
            }
        }
        var threads = ManagementFactory.getThreadMXBean();
        to.gauge("jvm_threads", "Platform threads.", threads.getThreadCount());
        to.gauge("jvm_threads_daemon", "Platform daemon threads.", threads.getDaemonThreadCount());
        to.gauge("jvm_threads_peak", "The most platform threads.", threads.getPeakThreadCount());
        to.counter("jvm_gc_collections_total", "Garbage collections.");
        for (var collector : ManagementFactory.getGarbageCollectorMXBeans()) {
            to.sample(MetricPage.label("gc", collector.getName()), collector.getCollectionCount());
        }
        to.counter("jvm_gc_seconds_total", "Time spent with garbage collections.");
        for (var collector : ManagementFactory.getGarbageCollectorMXBeans()) {
            to.sample(
                    MetricPage.label("gc", collector.getName()),
                    (double) collector.getCollectionTime() / 1e3);
        }
        to.gauge(
                "jvm_classes_loaded",
                "Classes loaded now.",
                ManagementFactory.getClassLoadingMXBean().getLoadedClassCount());
    }

    private void disk(MetricPage to) {
        String at = MetricPage.label("path", dataDir.toString());
        to.gauge("weir_disk_free_bytes", "Room left for the server on the disk of data.dir.");
        try {
            to.sample(at, Files.getFileStore(dataDir).getUsableSpace());
        } catch (IOException e) {
            LOGGER.debug("the free room of {} is not known", dataDir, e);
        }
        to.gauge("weir_disk_size_bytes", "Size of the disk of data.dir.");
        try {
            to.sample(at, Files.getFileStore(dataDir).getTotalSpace());
        } catch (IOException e) {
            LOGGER.debug("the size of the disk of {} is not known", dataDir, e);
        }
    }
}
