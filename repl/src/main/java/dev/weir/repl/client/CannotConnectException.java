package dev.weir.repl.client;

import java.io.IOException;

/// No server answers at that address.
public final class CannotConnectException extends IOException {
    private static final long serialVersionUID = 1L;

    public CannotConnectException(ServerAddress server, IOException cause) {
        super("cannot connect to " + server + ": " + cause.getMessage(), cause);
    }
}
