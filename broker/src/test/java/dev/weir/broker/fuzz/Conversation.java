package dev.weir.broker.fuzz;

import dev.weir.broker.fuzz.Judge.Due;
import dev.weir.broker.fuzz.Judge.Verdict;

import org.apache.kafka.common.message.AlterConfigsResponseData;
import org.apache.kafka.common.message.ResponseHeaderData;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.ApiMessage;
import org.apache.kafka.common.protocol.ByteBufferAccessor;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.requests.AbstractResponse;

import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.function.Consumer;

/// One connection on which frames are sent in any pieces, and the check of what comes back.
final class Conversation implements AutoCloseable {
    private static final int PATIENCE_MS = 20_000;
    private static final int SHORT_PATIENCE_MS = 300;
    private static final int MAX_REQUEST = 100 * 1024 * 1024;

    /// What a frame may be long that is no produce request.
    private static final int MAX_OTHER = 8 * 1024 * 1024;

    private final Socket socket;
    private final DataInputStream in;
    private final Judge judge;
    private boolean open = true;

    /// Something the broker must not do.
    static final class Fault extends Exception {
        private static final long serialVersionUID = 1;

        Fault(String message) {
            super(message);
        }
    }

    Conversation(InetSocketAddress broker, Judge judge) throws IOException {
        this.judge = judge;
        socket = new Socket(broker.getAddress(), broker.getPort());
        socket.setTcpNoDelay(true);
        in = new DataInputStream(socket.getInputStream());
    }

    /// Whether more can be said.
    boolean isOpen() {
        return open;
    }

    /// Sends bytes cut at random places, and checks the answers to what they hold.
    ///
    /// @param answers is given each response
    void say(byte[] stream, Random random, Consumer<ApiMessage> answers) throws IOException, Fault {
        var frames = new ArrayList<byte[]>();
        var ending = cut(stream, frames);
        send(stream, random);
        listen(frames, ending, answers);
    }

    /// How a stream ends for who cuts it into frames.
    private enum Ending {
        WHOLE,
        IN_A_FRAME,
        BROKEN
    }

    private static Ending cut(byte[] stream, List<byte[]> frames) {
        var bytes = ByteBuffer.wrap(stream);
        while (bytes.remaining() >= Integer.BYTES) {
            int length = bytes.getInt();
            if (length < 0 || length > MAX_REQUEST) {
                return Ending.BROKEN;
            }
            if (length > bytes.remaining()) {
                boolean large =
                        length > MAX_OTHER
                                && bytes.remaining() >= Short.BYTES
                                && bytes.getShort(bytes.position()) != ApiKeys.PRODUCE.id;
                return large ? Ending.BROKEN : Ending.IN_A_FRAME;
            }
            var frame = new byte[length];
            bytes.get(frame);
            frames.add(frame);
        }
        return bytes.hasRemaining() ? Ending.IN_A_FRAME : Ending.WHOLE;
    }

    private void send(byte[] stream, Random random) throws IOException {
        try {
            int at = 0;
            while (at < stream.length) {
                int left = stream.length - at;
                int length =
                        random.nextInt(3) == 0 ? 1 + random.nextInt(Math.min(left, 600)) : left;
                socket.getOutputStream().write(stream, at, length);
                at += length;
            }
        } catch (SocketException e) {
            open = false; // closed at something in the middle, which the answers will tell of
        }
    }

    private void listen(List<byte[]> frames, Ending ending, Consumer<ApiMessage> answers)
            throws IOException, Fault {
        boolean mayClose = ending == Ending.BROKEN;
        boolean mustClose = mayClose;
        for (var frame : frames) {
            mustClose |= judge.judge(frame).due() == Due.CLOSE;
        }
        mayClose |= mustClose;
        boolean mayWait = false;
        for (var frame : frames) {
            var verdict = judge.judge(frame);
            if (verdict.due() == Due.CLOSE) {
                break;
            }
            if (verdict.due() == Due.SILENCE) {
                mayClose = true;
                continue;
            }
            mayWait |= verdict.due() == Due.ANSWER_IN_TIME;
            socket.setSoTimeout(mayWait ? SHORT_PATIENCE_MS : PATIENCE_MS);
            try {
                answers.accept(receive(verdict));
            } catch (SocketTimeoutException e) {
                open = false;
                if (!mayWait) {
                    throw new Fault("no answer within " + PATIENCE_MS + " ms to " + verdict);
                }
                return;
            } catch (EOFException | SocketException e) {
                open = false;
                if (!mayClose) {
                    throw new Fault("closed instead of an answer to " + verdict);
                }
                return;
            }
        }
        if (mustClose) {
            expectEnd(mayWait);
        } else if (ending == Ending.IN_A_FRAME || mayClose) {
            open = false;
        }
    }

    private void expectEnd(boolean mayWait) throws IOException, Fault {
        open = false;
        socket.setSoTimeout(mayWait ? SHORT_PATIENCE_MS : PATIENCE_MS);
        try {
            byte more = in.readByte();
            throw new Fault("answered what cannot be read, with " + more + " first");
        } catch (SocketTimeoutException e) {
            if (!mayWait) {
                throw new Fault("left a broken connection open");
            }
        } catch (EOFException | SocketException e) {
            // As it should be.
        }
    }

    private ApiMessage receive(Verdict expected) throws IOException, Fault {
        int length = in.readInt();
        if (length < Integer.BYTES || length > MAX_REQUEST) {
            throw new Fault("a response of " + length + " bytes to " + expected);
        }
        var bytes = new byte[length];
        in.readFully(bytes);
        var api = expected.api();
        boolean tooNew =
                api == ApiKeys.API_VERSIONS
                        && (expected.version() < 0 || expected.version() > api.latestVersion());
        short version = tooNew ? 0 : expected.version();
        try {
            var accessor = new ByteBufferAccessor(ByteBuffer.wrap(bytes));
            var header = new ResponseHeaderData(accessor, api.responseHeaderVersion(version));
            if (header.correlationId() != expected.correlationId()) {
                throw new Fault("response " + header.correlationId() + " instead of " + expected);
            }
            var response = AbstractResponse.parseResponse(api, accessor, version);
            if (accessor.remaining() > 0) {
                throw new Fault(
                        accessor.remaining()
                                + " bytes too many in "
                                + response
                                + " to "
                                + expected);
            }
            if (isUnknownServerError(response)) {
                throw new Fault("UNKNOWN_SERVER_ERROR to " + api + " " + response);
            }
            return response.data();
        } catch (RuntimeException e) {
            throw new Fault("Kafka cannot read the response to " + expected + ": " + e);
        }
    }

    private static boolean isUnknownServerError(AbstractResponse response) {
        // Kafka's class cannot count two resources of kinds it does not know.
        return response.data() instanceof AlterConfigsResponseData altered
                ? altered.responses().stream()
                        .anyMatch(each -> each.errorCode() == Errors.UNKNOWN_SERVER_ERROR.code())
                : response.errorCounts().containsKey(Errors.UNKNOWN_SERVER_ERROR);
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}
