/// The PostgreSQL door: protocol 3.0 with simple queries, COPY out and cancelling.
///
/// Start at [PostgresDoor]. The event loop cuts the bytes into [FrontendMessage]s; each connection
/// has one virtual thread, [Conversation], that answers them in order and writes through
/// [BackendMessages] at the pace of the client.
package dev.weir.server.pgwire;
