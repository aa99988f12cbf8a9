package dev.weir.broker;

import org.apache.kafka.common.message.RequestHeaderData;
import org.apache.kafka.common.message.ResponseHeaderData;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.ApiMessage;
import org.apache.kafka.common.protocol.ByteBufferAccessor;
import org.apache.kafka.common.protocol.MessageUtil;
import org.apache.kafka.common.protocol.ObjectSerializationCache;

import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.ByteBuffer;

/// A client that sends what it is told, byte for byte, and reads one response at a time.
public final class RawClient implements AutoCloseable {
    private final Socket socket;
    private final DataInputStream in;
    private int correlationId;

    public RawClient(InetSocketAddress address) throws IOException {
        socket = new Socket(address.getAddress(), address.getPort());
        socket.setSoTimeout(20_000);
        socket.setTcpNoDelay(true);
        in = new DataInputStream(socket.getInputStream());
    }

    /// A whole frame, length first.
    public static ByteBuffer frame(ApiKeys api, short version, int correlationId, ApiMessage body) {
        var header =
                new RequestHeaderData()
                        .setRequestApiKey(api.id)
                        .setRequestApiVersion(version)
                        .setCorrelationId(correlationId)
                        .setClientId("raw");
        short headerVersion = api.requestHeaderVersion(version);
        var cache = new ObjectSerializationCache();
        int headerSize = header.size(cache, headerVersion);
        var bodyBytes = MessageUtil.toByteBufferAccessor(body, version).buffer();
        var bytes = ByteBuffer.allocate(4 + headerSize + bodyBytes.remaining());
        bytes.putInt(headerSize + bodyBytes.remaining());
        header.write(new ByteBufferAccessor(bytes), cache, headerVersion);
        return bytes.put(bodyBytes).flip();
    }

    /// Sends a request without waiting, and says what its response will be numbered.
    public int send(ApiKeys api, int version, ApiMessage body) throws IOException {
        var bytes = frame(api, (short) version, ++correlationId, body);
        sendBytes(bytes);
        return correlationId;
    }

    public void sendBytes(ByteBuffer bytes) throws IOException {
        var copy = new byte[bytes.remaining()];
        bytes.get(copy);
        socket.getOutputStream().write(copy);
        socket.getOutputStream().flush();
    }

    /// Reads the next response, which must be the one numbered so.
    public ApiMessage receive(ApiKeys api, int version, int expectedId) throws IOException {
        var bytes = new byte[in.readInt()];
        in.readFully(bytes);
        var accessor = new ByteBufferAccessor(ByteBuffer.wrap(bytes));
        var header = new ResponseHeaderData(accessor, api.responseHeaderVersion((short) version));
        if (header.correlationId() != expectedId) {
            throw new IOException(
                    "response " + header.correlationId() + " where " + expectedId + " was due");
        }
        var body = api.messageType.newResponse();
        body.read(accessor, (short) version);
        if (accessor.remaining() > 0) {
            throw new IOException(accessor.remaining() + " bytes too many in " + body);
        }
        return body;
    }

    public ApiMessage call(ApiKeys api, int version, ApiMessage body) throws IOException {
        return receive(api, version, send(api, version, body));
    }

    /// Whether the broker closes the connection without sending anything more.
    public boolean isClosedByBroker() throws IOException {
        try {
            in.readByte();
            return false;
        } catch (EOFException e) {
            return true;
        } catch (java.net.SocketException e) {
            return true; // reset, because the broker left bytes of ours unread
        }
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}
