package dev.weir.server;

/// A property or command line that cannot be used; the message names the property.
public final class ConfigException extends IllegalArgumentException {
    ConfigException(String message) {
        super(message);
    }

    ConfigException(String message, Throwable cause) {
        super(message, cause);
    }
}
