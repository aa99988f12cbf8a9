package dev.weir.benchmarks.nexmark;

import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.SplittableRandom;

/// Deterministic Nexmark events as JSON lines: of every 50 events 1 is a person, 3 are auctions and
/// 46 are bids; half of the bids go to a hot auction (Tucker et al., "NEXMark", 2002, with the
/// proportions of Apache Beam's generator).
///
/// Event n lies in file `events/part-(n mod parts).jsonl`.
public final class NexmarkEvents {
    private static final long BASE_MS = Instant.parse("2026-01-01T00:00:00Z").toEpochMilli();
    private static final int EVENTS_PER_SECOND = 10_000;
    private static final int CYCLE = 50;
    private static final int AUCTIONS_IN_FLIGHT = 100;
    private static final DateTimeFormatter SQL_TIMESTAMP =
            DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm:ss.SSS").withZone(ZoneOffset.UTC);
    private static final String[] STATES = {"AZ", "CA", "ID", "OR", "WA", "WY"};
    private static final String[] CITIES = {
        "Phoenix", "Boise", "Portland", "Bend", "Seattle", "Kent"
    };
    private static final String[] CHANNELS = {"Google", "Facebook", "Baidu", "Apple"};

    private final SplittableRandom random;
    private final StringBuilder line = new StringBuilder(512);

    private NexmarkEvents(long seed) {
        this.random = new SplittableRandom(seed);
    }

    /// @param args directory, number of events, number of parts, seed
    public static void main(String[] args) throws IOException {
        if (args.length != 4) {
            System.err.println("usage: NexmarkEvents DIR EVENTS PARTS SEED");
            System.exit(2);
        }
        write(
                Path.of(args[0]),
                Long.parseLong(args[1]),
                Integer.parseInt(args[2]),
                Long.parseLong(args[3]));
    }

    static void write(Path directory, long events, int parts, long seed) throws IOException {
        Path folder = Files.createDirectories(directory.resolve("events"));
        NexmarkEvents source = new NexmarkEvents(seed);
        BufferedWriter[] out = new BufferedWriter[parts];
        for (int p = 0; p < parts; p++) {
            out[p] =
                    Files.newBufferedWriter(
                            folder.resolve("part-" + p + ".jsonl"), StandardCharsets.UTF_8);
        }
        for (long n = 0; n < events; n++) {
            out[(int) (n % parts)].append(source.event(n)).append('\n');
        }
        for (BufferedWriter writer : out) {
            writer.close();
        }
    }

    private CharSequence event(long n) {
        line.setLength(0);
        String time = timestamp(BASE_MS + n * 1000 / EVENTS_PER_SECOND);
        int slot = (int) (n % CYCLE);
        if (slot == 0) {
            person(n, time);
        } else if (slot <= 3) {
            auction(n, time);
        } else {
            bid(n, time);
        }
        return line;
    }

    private void person(long n, String time) {
        line.append("{\"event_type\":0,\"person\":{\"id\":").append(1000 + n / CYCLE);
        text("name", letters(5) + " " + letters(7));
        text("emailAddress", letters(7) + "@" + letters(5) + ".com");
        text("creditCard", String.valueOf(1_000_000_000_000_000L + random.nextLong(9L << 49)));
        text("city", CITIES[random.nextInt(CITIES.length)]);
        text("state", STATES[random.nextInt(STATES.length)]);
        text("dateTime", time);
        text("extra", letters(90 + random.nextInt(40)));
        line.append("}}");
    }

    private void auction(long n, String time) {
        long price = price();
        line.append("{\"event_type\":1,\"auction\":{\"id\":").append(1000 + lastAuction(n));
        text("itemName", letters(3 + random.nextInt(17)));
        text("description", letters(20 + random.nextInt(80)));
        number("initialBid", price);
        number("reserve", price + price());
        text("dateTime", time);
        text("expires", timestamp(BASE_MS + n / 10 + 1 + random.nextInt(400)));
        number("seller", 1000 + random.nextLong(n / CYCLE + 1));
        number("category", 10 + random.nextInt(5));
        text("extra", letters(150 + random.nextInt(100)));
        line.append("}}");
    }

    private void bid(long n, String time) {
        long last = lastAuction(n);
        long auction =
                random.nextBoolean()
                        ? last / AUCTIONS_IN_FLIGHT * AUCTIONS_IN_FLIGHT
                        : Math.max(0, last - random.nextInt(AUCTIONS_IN_FLIGHT));
        line.append("{\"event_type\":2,\"bid\":{\"auction\":").append(1000 + auction);
        number("bidder", 1000 + random.nextLong(Math.min(n / CYCLE + 1, 1000)));
        number("price", price());
        int channel = random.nextInt(10_000);
        text("channel", channel < 5_000 ? CHANNELS[channel % 4] : "channel-" + channel);
        text(
                "url",
                "https://auction.example/" + letters(5) + "/item.htm?query=1&channel=" + channel);
        text("dateTime", time);
        text("extra", letters(50 + random.nextInt(40)));
        line.append("}}");
    }

    private static long lastAuction(long n) {
        return n / CYCLE * 3 + Math.min(Math.max(n % CYCLE - 1, 0), 2);
    }

    private long price() {
        return Math.round(Math.pow(10, random.nextDouble() * 6) * 100);
    }

    private String letters(int count) {
        StringBuilder text = new StringBuilder(count);
        for (int i = 0; i < count; i++) {
            text.append((char) ('a' + random.nextInt(26)));
        }
        return text.toString();
    }

    private static String timestamp(long ms) {
        return SQL_TIMESTAMP.format(Instant.ofEpochMilli(ms));
    }

    private void text(String name, String value) {
        line.append(",\"").append(name).append("\":\"").append(value).append('"');
    }

    private void number(String name, long value) {
        line.append(",\"").append(name).append("\":").append(value);
    }
}
