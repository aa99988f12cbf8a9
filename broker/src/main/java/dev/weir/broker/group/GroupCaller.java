package dev.weir.broker.group;

import org.apache.kafka.common.security.auth.KafkaPrincipal;
import org.apache.kafka.common.security.auth.SecurityProtocol;
import org.apache.kafka.server.authorizer.AuthorizableRequestContext;

import java.net.InetAddress;

/// Who asks the group coordinator, in its terms. Nobody is authenticated.
public record GroupCaller(
        String listenerName,
        InetAddress clientAddress,
        int requestType,
        int requestVersion,
        String clientId,
        int correlationId)
        implements AuthorizableRequestContext {
    @Override
    public SecurityProtocol securityProtocol() {
        return SecurityProtocol.PLAINTEXT;
    }

    @Override
    public KafkaPrincipal principal() {
        return KafkaPrincipal.ANONYMOUS;
    }
}
