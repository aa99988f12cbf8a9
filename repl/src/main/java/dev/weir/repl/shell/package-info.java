/// The SQL shell: statements from a prompt, a file, an option or a pipe, run one after another.
///
/// Start at [SqlCommand], which reads the command line, then [InteractiveShell] or [ScriptRunner];
/// both hand each statement to a [StatementRunner]. One thread does everything; only Ctrl-C comes
/// from another, and it does no more than cancel the running statement.
package dev.weir.repl.shell;
