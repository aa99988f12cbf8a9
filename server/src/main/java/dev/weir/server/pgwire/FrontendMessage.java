package dev.weir.server.pgwire;

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

    /// Parse, Bind, Describe, Execute, Close, Flush.
    record Extended(char type) implements FrontendMessage {}

    record FunctionCall() implements FrontendMessage {}

    /// COPY data for a COPY that is not there any more; ignored, as in PostgreSQL.
    record CopyInput() implements FrontendMessage {}

    record Terminate() implements FrontendMessage {}

    /// From the server itself: it is shutting down.
    record Shutdown() implements FrontendMessage {}

    /// Text that is not UTF-8; the connection goes on.
    record Undecodable() implements FrontendMessage {}

    /// Bytes that are no message; nothing after them can be understood.
    record Broken(String reason) implements FrontendMessage {}
}
