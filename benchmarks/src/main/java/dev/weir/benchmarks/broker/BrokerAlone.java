package dev.weir.benchmarks.broker;

import dev.weir.broker.Broker;
import dev.weir.broker.BrokerConfig;
import dev.weir.broker.storage.RealFileSystem;

import java.nio.file.Path;
import java.time.Clock;
import java.util.concurrent.CountDownLatch;

/// Runs the broker without the rest of the server, to see what it needs by itself. Ends when it is
/// killed.
public final class BrokerAlone {
    private BrokerAlone() {}

    /// @param args data directory, port
    public static void main(String[] args) throws InterruptedException {
        BrokerConfig config =
                BrokerConfig.defaults(Path.of(args[0]))
                        .withListener("127.0.0.1", Integer.parseInt(args[1]));
        try (Broker broker = Broker.start(config, new RealFileSystem(), Clock.systemUTC())) {
            System.out.println("ready " + broker.address());
            new CountDownLatch(1).await();
        }
    }
}
