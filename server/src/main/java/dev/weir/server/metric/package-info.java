/// The page `/metrics`: what has numbers, and how they are written.
///
/// Start at [MetricPage]. Parts of the server are [MetricSource]s; a reading goes through them on
/// the thread of the request. Knows no other package of the server.
package dev.weir.server.metric;
