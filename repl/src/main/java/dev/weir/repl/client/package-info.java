/// Statements sent to a server over HTTP, results read as they arrive.
///
/// Start at [StatementClient]: it posts one statement and hands the columns, rows and the end of
/// the answer to a [ResponseHandler] on the calling thread; another thread may cancel it. The
/// client is a socket and a few hundred lines on purpose: a shell must be at its prompt at once,
/// and closing the connection is how a never-ending query is ended.
package dev.weir.repl.client;
