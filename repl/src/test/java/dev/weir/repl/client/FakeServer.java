package dev.weir.repl.client;

import com.sun.net.httpserver.HttpServer;

import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.function.Function;

/// A server that answers each statement with the lines a test gives it.
public final class FakeServer implements AutoCloseable {
    /// As the last line of an answer: keeps the connection open until the client closes it.
    public static final String NEVER_ENDS = "…";

    private final HttpServer server;
    private final ExecutorService threads = Executors.newCachedThreadPool();
    private final BlockingQueue<String> requests = new LinkedBlockingQueue<>();
    private final CountDownLatch clientLeft = new CountDownLatch(1);

    /// @param answers from the statement, its text as JSON with the quotes, to the lines of the
    ///   answer. The session stays out: it is random, and would now and then hold a word that an
    ///   answer is chosen by.
    public FakeServer(Function<String, List<String>> answers) throws IOException {
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.setExecutor(threads);
        server.createContext(
                "/statement",
                exchange -> {
                    String request =
                            new String(
                                    exchange.getRequestBody().readAllBytes(),
                                    StandardCharsets.UTF_8);
                    requests.add(request);
                    // Length 0 asks for chunks.
                    exchange.sendResponseHeaders(200, 0);
                    try (OutputStream body = exchange.getResponseBody()) {
                        for (String line : answers.apply(statement(request))) {
                            if (line.equals(NEVER_ENDS)) {
                                sendUntilClosed(body);
                            } else {
                                body.write((line + "\n").getBytes(StandardCharsets.UTF_8));
                                body.flush();
                            }
                        }
                    }
                });
        server.start();
    }

    public ServerAddress address() {
        return new ServerAddress(
                server.getAddress().getAddress().getHostAddress(), server.getAddress().getPort());
    }

    public List<String> requests() {
        return List.copyOf(requests);
    }

    /// Waits until a client has closed the connection of an answer that never ends.
    public void awaitClientLeft() throws InterruptedException {
        clientLeft.await();
    }

    private static String statement(String request) {
        return request.substring(0, request.lastIndexOf(",\"session\":"));
    }

    private void sendUntilClosed(OutputStream body) throws IOException {
        try {
            while (true) {
                // Large, so that the closed connection shows within a few writes.
                body.write(" ".repeat(64 << 10).getBytes(StandardCharsets.UTF_8));
                body.flush();
            }
        } finally {
            clientLeft.countDown();
        }
    }

    @Override
    public void close() {
        server.stop(0);
        threads.shutdownNow();
    }
}
