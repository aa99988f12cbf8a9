/// The SQL shell: statements from a prompt, a file, an option or a pipe, run one after another.
///
/// Start at [SqlCommand], which reads the command line, then [InteractiveShell] or [ScriptRunner];
/// both hand each statement to a [StatementRunner]. One thread types, runs and shows. Three things
/// come from others: Ctrl-C, which does no more than cancel the running statement; the names that
/// completion offers, fetched by a [ServerCatalog]; and the frames of a [LiveTableView].
package dev.weir.repl.shell;
