/// The HTTP door: ksqlDB's REST resources, the statement stream of the shell, health and metrics;
/// HTTP/1.1 and HTTP/2 without TLS (prior knowledge) on one port.
///
/// Start at [HttpDoor], whose [Resources] say which path does what. Event loops decode requests;
/// each request is served on a virtual thread of its own through an [Exchange], one at a time per
/// connection (HTTP/1.1) or stream (HTTP/2).
package dev.weir.server.http;
