/// The PostgreSQL door: protocol 3.0, simple and extended queries, cursors, COPY, cancelling.
///
/// Start at [PostgresDoor]. The event loop cuts the bytes into [FrontendMessage]s; each connection
/// has one virtual thread, [Conversation], that answers them in order and writes through
/// [BackendMessages] at the pace of the client. [Commands] finds out who carries a statement out:
/// the engine, the door itself, or the tables of PostgreSQL's catalog in `pgwire.catalog`.
package dev.weir.server.pgwire;
