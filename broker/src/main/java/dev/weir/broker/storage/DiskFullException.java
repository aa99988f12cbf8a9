package dev.weir.broker.storage;

import java.io.IOException;

/// A write that found no room. Unlike other failures of a disk it may be tried again: nothing that
/// was written before is in doubt.
public final class DiskFullException extends IOException {
    private static final long serialVersionUID = 1L;

    /// @param message factual
    public DiskFullException(String message) {
        super(message);
    }

    /// @param message factual
    /// @param cause what the operating system said
    public DiskFullException(String message, IOException cause) {
        super(message, cause);
    }

    /// Whether a full disk is behind a failure.
    public static boolean isBehind(Throwable failure) {
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            if (cause instanceof DiskFullException) {
                return true;
            }
        }
        return false;
    }
}
