package dev.weir.benchmarks.flink;

import org.apache.flink.configuration.Configuration;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.table.api.bridge.java.StreamTableEnvironment;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;

/**
 * Times Flink SQL over the event files, in one JVM: FlinkPeer DIR RUNS. Prints "flink QUERY
 * SECONDS".
 */
public final class FlinkPeer {
    private static final String SOURCE =
            "CREATE TABLE events (event_type INT, bid ROW<auction BIGINT, bidder BIGINT, price"
                + " BIGINT, channel STRING, url STRING, `dateTime` TIMESTAMP(3), extra STRING>,"
                + " person ROW<`dateTime` TIMESTAMP(3)>, auction ROW<`dateTime` TIMESTAMP(3)>, `ts`"
                + " AS COALESCE(bid.`dateTime`, auction.`dateTime`, person.`dateTime`), WATERMARK"
                + " FOR `ts` AS `ts` - INTERVAL '4' SECOND) WITH ("
                + "'connector'='filesystem','path'='file://%s/events','format'='json',"
                + "'json.timestamp-format.standard'='SQL')";
    private static final String Q0 =
            "INSERT INTO sink SELECT bid.auction, bid.bidder, bid.price, CAST(bid.`dateTime` AS"
                    + " STRING), bid.extra FROM events WHERE event_type = 2";
    private static final String Q0_SINK =
            "CREATE TABLE sink (a BIGINT, b BIGINT, p BIGINT, t STRING, e STRING) WITH"
                    + " ('connector'='blackhole')";
    private static final String COUNT =
            "INSERT INTO sink SELECT auction, window_start, COUNT(*) FROM TABLE(TUMBLE(TABLE bids,"
                    + " DESCRIPTOR(ts), INTERVAL '10' SECOND)) GROUP BY auction, window_start,"
                    + " window_end";
    private static final String COUNT_SINK =
            "CREATE TABLE sink (a BIGINT, w TIMESTAMP(3), n BIGINT) WITH ('connector'='blackhole')";

    private FlinkPeer() {}

    public static void main(String[] args) throws Exception {
        String directory = args[0];
        int runs = Integer.parseInt(args[1]);
        time(directory, "q0", Q0_SINK, Q0, runs);
        time(directory, "count", COUNT_SINK, COUNT, runs);
        System.exit(0);
    }

    private static void time(String directory, String name, String sink, String query, int runs)
            throws Exception {
        List<Double> seconds = new ArrayList<>();
        for (int run = 0; run <= runs; run++) {
            Configuration config = new Configuration();
            config.setString("state.backend.type", "rocksdb");
            config.setString("rest.bind-port", "0");
            config.setString("taskmanager.memory.managed.size", "1024m");
            config.setString("pipeline.object-reuse", "true");
            StreamExecutionEnvironment env =
                    StreamExecutionEnvironment.createLocalEnvironment(2, config);
            StreamTableEnvironment tables = StreamTableEnvironment.create(env);
            tables.getConfig().set("table.exec.mini-batch.enabled", "true");
            tables.getConfig().set("table.exec.mini-batch.allow-latency", "2s");
            tables.getConfig().set("table.exec.mini-batch.size", "50000");
            tables.getConfig().set("table.local-time-zone", "UTC");
            tables.executeSql(String.format(SOURCE, directory));
            tables.executeSql(
                    "CREATE VIEW bids AS SELECT bid.auction, ts FROM events WHERE event_type = 2");
            tables.executeSql(sink);
            long start = System.nanoTime();
            tables.executeSql(query).await();
            if (run > 0) {
                seconds.add((System.nanoTime() - start) / 1e9); // the first run warms up
            }
        }
        Collections.sort(seconds);
        System.out.printf(Locale.ROOT, "flink %s %.3f%n", name, seconds.get(seconds.size() / 2));
    }
}
