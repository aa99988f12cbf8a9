package dev.weir.repl.client;

/// Where a server's HTTP listener is.
public record ServerAddress(String host, int port) {
    public static final ServerAddress DEFAULT = new ServerAddress("127.0.0.1", 8088);

    public ServerAddress {
        if (host.isEmpty() || port < 1 || port > 65_535) {
            throw new IllegalArgumentException(
                    "server must be http://HOST:PORT, got host \"" + host + "\", port " + port);
        }
    }

    /// Reads `http://host:port`, `host:port` or `host`; IPv6 addresses stand in brackets.
    ///
    /// @throws IllegalArgumentException for anything else
    public static ServerAddress parse(String text) {
        String rest = text;
        if (rest.startsWith("https://")) {
            throw new IllegalArgumentException("https is not supported yet, got \"" + text + "\"");
        }
        if (rest.startsWith("http://")) {
            rest = rest.substring("http://".length());
        }
        if (rest.endsWith("/")) {
            rest = rest.substring(0, rest.length() - 1);
        }
        int colon = rest.lastIndexOf(':');
        boolean hasPort = colon > rest.lastIndexOf(']');
        String host = hasPort ? rest.substring(0, colon) : rest;
        if (host.contains("/") || (host.contains(":") && !host.startsWith("["))) {
            throw new IllegalArgumentException(
                    "server must be http://HOST:PORT, got \"" + text + "\"");
        }
        if (host.startsWith("[") && host.endsWith("]")) {
            host = host.substring(1, host.length() - 1);
        }
        try {
            int port = hasPort ? Integer.parseInt(rest.substring(colon + 1)) : DEFAULT.port();
            return new ServerAddress(host, port);
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException(
                    "server must be http://HOST:PORT, got \"" + text + "\"", e);
        }
    }

    /// `host:port`, as in a Host header.
    @Override
    public String toString() {
        return (host.contains(":") ? "[" + host + "]" : host) + ":" + port;
    }
}
