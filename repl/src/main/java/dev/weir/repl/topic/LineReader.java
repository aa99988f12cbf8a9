package dev.weir.repl.topic;

import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;

/// Lines of a stream as bytes, without their line ends. The bytes are passed on as they are,
/// whatever their encoding.
final class LineReader {
    private final InputStream in;
    private byte[] buffer = new byte[64 << 10];
    private int start;
    private int end;
    private long line;

    LineReader(InputStream in) {
        this.in = in;
    }

    /// @return null at the end
    byte[] next() throws IOException {
        int scanned = start;
        while (true) {
            for (int i = scanned; i < end; i++) {
                if (buffer[i] == '\n') {
                    byte[] found = slice(i);
                    start = i + 1;
                    return found;
                }
            }
            int searched = end - start;
            if (!fill()) {
                if (start == end) {
                    return null;
                }
                byte[] last = slice(end);
                start = end;
                return last;
            }
            scanned = start + searched;
        }
    }

    /// Number of the line that was read last, from 1.
    long line() {
        return line;
    }

    private byte[] slice(int newline) {
        line++;
        int to = newline > start && buffer[newline - 1] == '\r' ? newline - 1 : newline;
        return Arrays.copyOfRange(buffer, start, to);
    }

    private boolean fill() throws IOException {
        if (start > 0) {
            System.arraycopy(buffer, start, buffer, 0, end - start);
            end -= start;
            start = 0;
        }
        if (end == buffer.length) {
            buffer = Arrays.copyOf(buffer, buffer.length * 2);
        }
        int n = in.read(buffer, end, buffer.length - end);
        end += Math.max(n, 0);
        return n >= 0;
    }
}
