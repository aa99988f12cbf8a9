/// What the broker does for each request: one handler per API or small family of APIs.
///
/// Start at [RequestRouter]. Handlers take generated request classes and fill in generated response
/// classes, which are plain data; the bytes of both are the business of `protocol`. A handler runs
/// on its connection's event loop and never blocks there: it answers at once, or parks the
/// [Exchange] and answers it later from any thread, or is wrapped by [RequestRouter] to run on a
/// thread that may wait for the disk.
package dev.weir.broker.request;
