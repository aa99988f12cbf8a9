/// The server: configuration, wiring, start and shutdown of broker, engine and front doors.
///
/// Start at [Main] for the command line, at [WeirServer] for the wiring. The main thread starts
/// everything and then waits; the shutdown hook closes everything in the opposite order.
package dev.weir.server;
