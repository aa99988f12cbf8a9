/// Results turned into text: aligned tables, records, CSV, JSON; errors with a mark under the
/// place.
///
/// Start at [ResultWriter]. A writer belongs to the thread that runs the statement, keeps a bounded
/// number of rows and flushes what it has shown, so that a result without end appears as it comes.
/// A display that repaints rows in place is one more [ResultWriter].
package dev.weir.repl.render;
