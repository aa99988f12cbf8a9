/// What the front doors share of Netty: event loops, listeners, and writing that waits for slow
/// readers.
///
/// Start at [Transport]. Event loops only move bytes and decode frames; statements run on virtual
/// threads, which write through a [PacedWriter].
package dev.weir.server.net;
