package dev.weir.broker.quota;

import dev.weir.broker.partition.Registration;
import dev.weir.broker.topic.AdminSettings;

import java.net.InetAddress;
import java.time.InstantSource;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/// Quotas as in Kafka: what a client may use in a second, measured over some windows, and how long
/// it has to wait when it used more. A changed quota holds from the next use on.
///
/// Without quotas the cost is one volatile read a request. Any thread may call; nothing waits.
public final class Quotas implements AutoCloseable {
    /// Meters beyond which those are looked for that can be forgotten: clients choose their client
    /// ids, so there can be any number of them.
    private static final int TIDY_ABOVE = 1000;

    private static final double PERCENT_PER_NANO = 100.0 / TimeUnit.SECONDS.toNanos(1);

    private final QuotasConfig config;
    private final AdminSettings settings;
    private final InstantSource clock;
    private final Registration registration;
    private final ConcurrentHashMap<Key, Meter> meters = new ConcurrentHashMap<>();
    private final AtomicInteger tidyAbove = new AtomicInteger(TIDY_ABOVE);
    private volatile QuotaTable table;

    /// Who shares a limit of what; an address stands in place of a user.
    private record Key(Use use, String user, String client) {}

    /// @param clock the time that use is measured by
    public Quotas(QuotasConfig config, AdminSettings settings, InstantSource clock) {
        this.config = config;
        this.settings = settings;
        this.clock = clock;
        this.registration = settings.onChange(this::reload);
        reload();
    }

    /// Whether any client is limited in any way: without, nothing needs to be measured.
    public boolean limitClients() {
        return !table.freesClients();
    }

    /// Whether there is a limit of this kind for a client.
    public boolean limits(Use use, String user, String client) {
        return table.find(use, user, client) != null;
    }

    /// Counts bytes sent or received.
    ///
    /// @param amount bytes; negative ones take back what was counted
    /// @return for how many milliseconds the client must be quiet, 0 if it is within its limit
    public int useBytes(Use use, String user, String client, long amount) {
        return useRate(use, user, client, (double) amount);
    }

    /// Whether a use that was counted just now is the only one in all windows.
    public boolean isFirst(Use use, String user, String client, long amount) {
        var limit = table.find(use, user, client);
        return limit == null
                || rate(new Key(use, limit.user(), limit.client())).used(clock.millis()) <= amount;
    }

    /// Counts time spent for a client.
    ///
    /// @return for how many milliseconds the client must be quiet, at most one window (Kafka's
    ///   bound, because a slow request says little about the next)
    public int useNanos(String user, String client, long nanos) {
        int wait = useRate(Use.TIME, user, client, nanos * PERCENT_PER_NANO);
        return (int) Math.min(wait, TimeUnit.SECONDS.toMillis(config.windowSeconds()));
    }

    /// Counts partitions created or deleted.
    ///
    /// @param strict whether nothing is counted, and the change must be refused, when more was used
    ///   than allowed before
    /// @return for how many milliseconds the client must make no more changes
    public int usePartitions(String user, String client, int partitions, boolean strict) {
        var limit = table.find(Use.MUTATION, user, client);
        if (limit == null) {
            return 0;
        }
        var meter =
                (Meter.OfTokens)
                        meters.computeIfAbsent(
                                new Key(Use.MUTATION, limit.user(), limit.client()),
                                _ ->
                                        new Meter.OfTokens(
                                                config.controllerWindows(),
                                                config.controllerWindowSeconds()));
        int wait = meter.use(partitions, limit.perSecond(), strict, clock.millis());
        tidy();
        return wait;
    }

    /// The most bytes one fetch may answer with: all whole windows' worth, so that a response that
    /// is allowed at all can be allowed after some rest.
    public int largestFetch(String user, String client) {
        var limit = table.find(Use.FETCH, user, client);
        return limit == null
                ? Integer.MAX_VALUE
                : (int)
                        Math.min(
                                Integer.MAX_VALUE,
                                limit.perSecond()
                                        * (config.windows() - 1)
                                        * config.windowSeconds());
    }

    /// Counts a connection.
    ///
    /// @return 0 if it may be served; otherwise after how many milliseconds to close it, at most
    ///   one window, and it is not counted
    public int useConnection(InetAddress address) {
        var now = table;
        if (now.freesAddresses()) {
            return 0;
        }
        double limit = now.connectionsPerSecond(address);
        if (Double.isInfinite(limit)) {
            return 0;
        }
        var meter = rate(new Key(null, address.getHostAddress(), null));
        long nowMs = clock.millis();
        int wait = meter.use(1, limit, nowMs);
        if (wait > 0) {
            meter.use(-1, limit, nowMs);
        }
        tidy();
        return (int) Math.min(wait, TimeUnit.SECONDS.toMillis(config.windowSeconds()));
    }

    /// How many limits' use is remembered.
    int meters() {
        return meters.size();
    }

    @Override
    public void close() {
        registration.close();
    }

    private int useRate(Use use, String user, String client, double amount) {
        var limit = table.find(use, user, client);
        if (limit == null) {
            return 0;
        }
        int wait =
                rate(new Key(use, limit.user(), limit.client()))
                        .use(amount, limit.perSecond(), clock.millis());
        tidy();
        return wait;
    }

    private Meter.OfRate rate(Key key) {
        return (Meter.OfRate)
                meters.computeIfAbsent(
                        key, _ -> new Meter.OfRate(config.windows(), config.windowSeconds()));
    }

    private void reload() {
        // Changes that end at the same time call this at the same time; the last to read must be
        // the last to write.
        synchronized (this) {
            table = new QuotaTable(settings.quotas());
        }
    }

    private void tidy() {
        int bound = tidyAbove.get();
        if (meters.size() > bound && tidyAbove.compareAndSet(bound, Integer.MAX_VALUE)) {
            long nowMs = clock.millis();
            meters.values().removeIf(meter -> meter.isForgettable(nowMs));
            tidyAbove.set(Math.max(TIDY_ABOVE, 2 * meters.size()));
        }
    }
}
