package dev.weir.server;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;

/// Where a listener binds, written `host:port` or `[ipv6]:port`.
///
/// @param host a name or address; empty for every interface
/// @param port 0 picks a free one
public record ListenAddress(String host, int port) {
    /// Reads the value of a `*.listen` property.
    ///
    /// @throws ConfigException naming the property
    static ListenAddress parse(String property, String text) {
        int colon = text.lastIndexOf(':');
        if (colon < 0) {
            throw new ConfigException(
                    property + " must be host:port, such as 127.0.0.1:0, got \"" + text + "\"");
        }
        String host = text.substring(0, colon).strip();
        if (host.startsWith("[") && host.endsWith("]")) {
            host = host.substring(1, host.length() - 1);
        }
        int port;
        try {
            port = Integer.parseInt(text.substring(colon + 1).strip());
        } catch (NumberFormatException _) {
            port = -1;
        }
        if (port < 0 || port > 65_535) {
            throw new ConfigException(
                    property + " must end in a port from 0 to 65535, got \"" + text + "\"");
        }
        return new ListenAddress(host, port);
    }

    /// True when only programs on this machine can connect.
    ///
    /// @throws ConfigException when the host is unknown
    boolean isLoopback(String property) {
        try {
            return !host.isEmpty() && InetAddress.getByName(host).isLoopbackAddress();
        } catch (UnknownHostException e) {
            throw new ConfigException(property + ": unknown host \"" + host + "\"", e);
        }
    }

    /// The address to bind.
    InetSocketAddress toSocketAddress() {
        return host.isEmpty() ? new InetSocketAddress(port) : new InetSocketAddress(host, port);
    }

    @Override
    public String toString() {
        return host.indexOf(':') < 0 ? host + ":" + port : "[" + host + "]:" + port;
    }
}
