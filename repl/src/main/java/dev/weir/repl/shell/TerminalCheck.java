package dev.weir.repl.shell;

/// What the process is connected to. The launcher knows for each stream and says so in the property
/// `weir.terminals`, a comma-separated list of `in`, `out` and `err`; without it the JDK knows only
/// whether both input and output are a terminal.
final class TerminalCheck {
    private static final String TERMINALS = System.getProperty("weir.terminals");

    private TerminalCheck() {}

    static boolean isInteractive() {
        return isTerminal("in") && isTerminal("out");
    }

    static boolean outputIsTerminal() {
        return isTerminal("out");
    }

    static boolean errorIsTerminal() {
        return isTerminal("err");
    }

    /// See no-color.org.
    static boolean wantsColour() {
        String refused = System.getenv("NO_COLOR");
        return refused == null || refused.isEmpty();
    }

    // The JDK 25 does return null where standard input or output is no terminal.
    @SuppressWarnings("SystemConsoleNull")
    private static boolean isTerminal(String stream) {
        if (TERMINALS != null) {
            return ("," + TERMINALS + ",").contains("," + stream + ",");
        }
        java.io.Console console = System.console();
        return console != null && console.isTerminal();
    }
}
