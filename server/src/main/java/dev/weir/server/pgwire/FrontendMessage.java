package dev.weir.server.pgwire;

import java.util.List;
import java.util.Map;

/// What clients send.
sealed interface FrontendMessage {
    /// The beginning of a connection.
    ///
    /// @param protocol major version in the upper, minor in the lower 16 bits
    record Startup(int protocol, Map<String, String> parameters) implements FrontendMessage {}

    /// A question whether the connection may be encrypted, by TLS or GSSAPI.
    record EncryptionRequest() implements FrontendMessage {}

    /// On a connection of its own: end what another connection is doing.
    record CancelRequest(int processId, int secret) implements FrontendMessage {}

    /// Statements to be run.
    record Query(String text) implements FrontendMessage {}

    /// The end of a batch of extended-protocol messages.
    record Sync() implements FrontendMessage {}

    /// A statement for later.
    ///
    /// @param statement its name, empty for the unnamed one
    /// @param parameterTypes oids, 0 where the server is to find out
    record Parse(String statement, String text, List<Integer> parameterTypes)
            implements FrontendMessage {}

    /// Values for a statement's parameters.
    ///
    /// @param parameterFormats 0 text, 1 binary: none, one for all, or one for each
    /// @param values null for NULL
    /// @param resultFormats as `parameterFormats`, for the columns
    record Bind(
            String portal,
            String statement,
            List<Integer> parameterFormats,
            List<byte[]> values,
            List<Integer> resultFormats)
            implements FrontendMessage {}

    /// What is a statement or portal like?
    record Describe(Target target, String name) implements FrontendMessage {}

    /// @param maxRows 0 for all
    record Execute(String portal, int maxRows) implements FrontendMessage {}

    /// A statement or portal is not needed any more.
    record Close(Target target, String name) implements FrontendMessage {}

    /// Send what you have.
    record Flush() implements FrontendMessage {}

    /// What Describe and Close are about.
    enum Target {
        STATEMENT,
        PORTAL
    }

    /// An extended-protocol message whose inside makes no sense; the connection goes on.
    record Malformed(String reason) implements FrontendMessage {}

    record FunctionCall() implements FrontendMessage {}

    /// Some of COPY's data. Ignored when there is no COPY any more, as are the next two.
    record CopyData(byte[] bytes) implements FrontendMessage {}

    record CopyDone() implements FrontendMessage {}

    /// The client gives COPY up.
    record CopyFail(String reason) implements FrontendMessage {}

    record Terminate() implements FrontendMessage {}

    /// From the server itself: it is shutting down.
    record Shutdown() implements FrontendMessage {}

    /// Text that is not UTF-8; the connection goes on.
    ///
    /// @param extended in a message that Sync follows
    record Undecodable(boolean extended) implements FrontendMessage {}

    /// Bytes that are no message; nothing after them can be understood.
    record Broken(String reason) implements FrontendMessage {}
}
