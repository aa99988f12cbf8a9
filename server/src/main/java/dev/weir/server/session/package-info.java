/// Sessions and their statements, shared by every front door.
///
/// Start at [Sessions]: it hands statements to the engine, keeps the sessions that outlive a
/// request, and ends what is running at shutdown. Any thread may call; statements block, so front
/// doors call from virtual threads and never from an event loop.
package dev.weir.server.session;
