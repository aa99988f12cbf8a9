package dev.weir.benchmarks.broker;

import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.apache.kafka.clients.admin.NewTopic;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.stream.IntStream;

/// Creates topics of one partition in one request and describes them all: the time of both in
/// milliseconds.
public final class CreateTopics {
    private CreateTopics() {}

    /// @param args bootstrap server, number of topics
    public static void main(String[] args) throws ExecutionException, InterruptedException {
        int count = Integer.parseInt(args[1]);
        List<String> names = IntStream.range(0, count).mapToObj(i -> "topic-" + i).toList();
        Map<String, Object> settings =
                Map.of(
                        AdminClientConfig.BOOTSTRAP_SERVERS_CONFIG,
                        args[0],
                        AdminClientConfig.REQUEST_TIMEOUT_MS_CONFIG,
                        120_000,
                        AdminClientConfig.DEFAULT_API_TIMEOUT_MS_CONFIG,
                        240_000);
        try (Admin admin = Admin.create(settings)) {
            admin.describeCluster().nodes().get();
            long start = System.nanoTime();
            admin.createTopics(names.stream().map(n -> new NewTopic(n, 1, (short) 1)).toList())
                    .all()
                    .get();
            admin.describeTopics(names).allTopicNames().get();
            System.out.printf(Locale.ROOT, "%d ms%n", (System.nanoTime() - start) / 1_000_000);
        }
    }
}
