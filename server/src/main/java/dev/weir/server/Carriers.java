package dev.weir.server;

/// The threads that carry virtual threads. The doors run statements on virtual threads, which give
/// way only when they wait; with a carrier for each core, a few statements that only compute would
/// hold up every other client, `/healthcheck` included. With more carriers than cores the operating
/// system shares the cores among them.
final class Carriers {
    private static final String PARALLELISM = "jdk.virtualThreadScheduler.parallelism";
    private static final int AT_LEAST = 32;
    private static final int PER_CORE = 4;

    private Carriers() {}

    /// Takes effect if no virtual thread was started yet; what the user set stays.
    static void allowMoreThanCores() {
        if (System.getProperty(PARALLELISM) == null) {
            int carriers =
                    Math.max(AT_LEAST, PER_CORE * Runtime.getRuntime().availableProcessors());
            System.setProperty(PARALLELISM, Integer.toString(carriers));
        }
    }
}
