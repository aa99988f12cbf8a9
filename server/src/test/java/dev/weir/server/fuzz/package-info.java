/// Broken and odd bytes thrown at the doors of a running server, and into the topics it reads.
/// Start at [PostgresFuzzTest] and [HttpFuzzTest].
///
/// A [Campaign] runs their cases. A [Recorder] between real clients and the server keeps what they
/// send; a [Mutator] breaks it, and [Doors] sends it and collects what must not happen: no answer
/// and no end, an internal error, a surprise in the log ([LogWatch]), a thread that dies, memory
/// beyond measure.
package dev.weir.server.fuzz;
