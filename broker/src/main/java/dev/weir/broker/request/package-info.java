/// What the broker does for each request: one handler per API or small family of APIs.
///
/// Start at [RequestRouter]. Handlers take generated request classes and fill in generated response
/// classes, which are plain data; the bytes of both are the business of `protocol`. A handler runs
/// on its connection's event loop, which serves other connections too, and waits there for nobody:
/// it answers at once, or parks the [Exchange] and answers it later from any thread, or is wrapped
/// by [RequestRouter] to run on a thread that may wait for the disk. What does take an event loop's
/// time has bounds: appends to the page cache, short syncs at the end of a turn
/// ([SyncTurn][dev.weir.broker.partition.SyncTurn]), and looking through or writing anew the
/// compressed records of a produce request, in turns ([ProduceHandler]).
package dev.weir.broker.request;
