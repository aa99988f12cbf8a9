package dev.weir.repl.client;

/// Exit codes, the same for every command.
public final class ExitCode {
    public static final int OK = 0;
    public static final int FAILED = 1;
    public static final int USAGE = 2;
    public static final int CANNOT_CONNECT = 3;
    public static final int INTERRUPTED = 130;

    private ExitCode() {}
}
