package dev.weir.server.fuzz;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.ArrayList;
import java.util.List;

/// Stands between clients and a server and keeps what each connection's client sends.
final class Recorder implements AutoCloseable {
    private static final int PIECE = 8192;

    private final InetSocketAddress server;
    private final ServerSocket door = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    private final List<ByteArrayOutputStream> recordings = new ArrayList<>();
    private final List<Thread> pumps = new ArrayList<>();

    Recorder(InetSocketAddress server) throws IOException {
        this.server = server;
        Thread.ofVirtual().start(this::accept);
    }

    /// Where clients connect to instead of the server.
    int port() {
        return door.getLocalPort();
    }

    private void accept() {
        try {
            while (true) {
                var client = door.accept();
                var onward = new Socket(server.getAddress(), server.getPort());
                var recording = new ByteArrayOutputStream();
                synchronized (this) {
                    recordings.add(recording);
                    pumps.add(pump(client, onward, recording));
                    pumps.add(pump(onward, client, OutputStream.nullOutputStream()));
                }
            }
        } catch (IOException _) {
            // The door is closed.
        }
    }

    private static Thread pump(Socket from, Socket to, OutputStream copy) {
        return Thread.ofVirtual()
                .start(() -> {
                    try (from;
                            to;
                            InputStream in = from.getInputStream()) {
                        var piece = new byte[PIECE];
                        for (int n = in.read(piece); n >= 0; n = in.read(piece)) {
                            to.getOutputStream().write(piece, 0, n);
                            copy.write(piece, 0, n);
                        }
                    } catch (IOException _) {
                        // One of them left.
                    }
                });
    }

    /// What was sent, a piece for each connection; all must be closed by now.
    List<byte[]> recordings() throws InterruptedException {
        List<Thread> running;
        synchronized (this) {
            running = List.copyOf(pumps);
        }
        for (var pump : running) {
            pump.join();
        }
        synchronized (this) {
            return recordings.stream().map(ByteArrayOutputStream::toByteArray).toList();
        }
    }

    @Override
    public void close() throws IOException {
        door.close();
    }
}
