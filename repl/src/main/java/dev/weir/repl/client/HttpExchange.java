package dev.weir.repl.client;

import java.io.BufferedInputStream;
import java.io.Closeable;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.Locale;

/// One HTTP/1.1 request and its answer over a connection of its own. Any thread may close it, which
/// also ends a read in progress.
final class HttpExchange implements Closeable {
    private static final int CONNECT_TIMEOUT_MS = 5_000;
    private static final int MAX_HEAD_BYTES = 64 << 10;

    private final Socket socket;
    private final InputStream in;
    private final int status;
    private final InputStream body;

    private HttpExchange(Socket socket, InputStream in) throws IOException {
        this.socket = socket;
        this.in = in;
        String statusLine = readLine();
        while (statusLine.startsWith("HTTP/1.1 100")) {
            while (!readLine().isEmpty()) {
                // Headers of the interim answer say nothing we need.
            }
            statusLine = readLine();
        }
        this.status = status(statusLine);
        long length = -1;
        boolean chunked = false;
        for (String line = readLine(); !line.isEmpty(); line = readLine()) {
            String header = line.toLowerCase(Locale.ROOT);
            if (header.startsWith("content-length:")) {
                length = Long.parseLong(header.substring("content-length:".length()).strip());
            } else if (header.startsWith("transfer-encoding:") && header.endsWith("chunked")) {
                chunked = true;
            }
        }
        this.body = chunked ? new ChunkedBody() : new PlainBody(length);
    }

    /// Sends a request and reads the head of the answer.
    ///
    /// @param opened told the socket before anything blocks on it, so that it can be closed
    /// @throws CannotConnectException when nothing listens there
    static HttpExchange post(
            ServerAddress server, String path, String contentType, byte[] content, Socket opened)
            throws IOException {
        try {
            SocketAddress address =
                    new InetSocketAddress(InetAddress.getByName(server.host()), server.port());
            opened.connect(address, CONNECT_TIMEOUT_MS);
            opened.setTcpNoDelay(true);
        } catch (IOException e) {
            opened.close();
            throw new CannotConnectException(server, e);
        }
        try {
            byte[] head =
                    ("POST "
                                    + path
                                    + " HTTP/1.1\r\n"
                                    + ("Host: " + server + "\r\n")
                                    + "User-Agent: weir-shell\r\n"
                                    + ("Content-Type: " + contentType + "\r\n")
                                    + ("Content-Length: " + content.length + "\r\n")
                                    + "Connection: close\r\n\r\n")
                            .getBytes(StandardCharsets.ISO_8859_1);
            byte[] request = new byte[head.length + content.length];
            System.arraycopy(head, 0, request, 0, head.length);
            System.arraycopy(content, 0, request, head.length, content.length);
            opened.getOutputStream().write(request);
            return new HttpExchange(
                    opened, new BufferedInputStream(opened.getInputStream(), 32 << 10));
        } catch (IOException | RuntimeException e) {
            opened.close();
            throw e;
        }
    }

    int status() {
        return status;
    }

    /// The body; a read returns what has arrived and never waits to fill the buffer.
    InputStream body() {
        return body;
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }

    private static int status(String line) throws IOException {
        if (line.startsWith("HTTP/1.") && line.length() >= 12) {
            try {
                return Integer.parseInt(line.substring(9, 12));
            } catch (NumberFormatException e) {
                throw new IOException("not an HTTP answer: " + line, e);
            }
        }
        throw new IOException("not an HTTP answer: " + line);
    }

    private String readLine() throws IOException {
        StringBuilder line = new StringBuilder(64);
        for (int b = in.read(); b != '\n'; b = in.read()) {
            if (b < 0) {
                throw new EOFException("the server closed the connection");
            }
            if (line.length() > MAX_HEAD_BYTES) {
                throw new IOException("not an HTTP answer: a header without end");
            }
            line.append((char) b);
        }
        int length = line.length();
        if (length > 0 && line.charAt(length - 1) == '\r') {
            line.setLength(length - 1);
        }
        return line.toString();
    }

    /// A body of known length, or up to the end of the connection.
    private final class PlainBody extends InputStream {
        private long left;

        PlainBody(long length) {
            left = length < 0 ? Long.MAX_VALUE : length;
        }

        @Override
        public int read() throws IOException {
            byte[] one = new byte[1];
            return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
        }

        @Override
        public int read(byte[] buffer, int offset, int length) throws IOException {
            if (left == 0) {
                return -1;
            }
            int n = in.read(buffer, offset, (int) Math.min(length, left));
            left -= Math.max(n, 0);
            return n;
        }
    }

    /// A body in chunks: `size-in-hex CRLF bytes CRLF`, ended by a chunk of size 0.
    private final class ChunkedBody extends InputStream {
        private long left;
        private boolean first = true;
        private boolean ended;

        @Override
        public int read() throws IOException {
            byte[] one = new byte[1];
            return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
        }

        @Override
        public int read(byte[] buffer, int offset, int length) throws IOException {
            if (length == 0) {
                return 0;
            }
            if (left == 0 && !ended) {
                nextChunk();
            }
            if (ended) {
                return -1;
            }
            int n = in.read(buffer, offset, (int) Math.min(length, left));
            if (n < 0) {
                throw new EOFException("the connection ended in the middle of the answer");
            }
            left -= n;
            return n;
        }

        private void nextChunk() throws IOException {
            if (!first && !readLine().isEmpty()) {
                throw new IOException("broken chunk in the answer");
            }
            first = false;
            String size = readLine();
            int extension = size.indexOf(';');
            try {
                left = Long.parseLong(extension < 0 ? size : size.substring(0, extension), 16);
            } catch (NumberFormatException e) {
                throw new IOException("broken chunk size in the answer: " + size, e);
            }
            if (left == 0) {
                ended = true;
            }
        }
    }
}
