package dev.weir.broker.protocol;

import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.ApiMessage;

/// One request as read.
///
/// @param api what is asked for
/// @param version the version the request is written in and the response must be written in
/// @param correlationId what the client matches the response by
/// @param clientId the client's name for itself, empty if it gave none
/// @param body the generated request class of `api`; record batches in it are slices of the frame
/// @param tooNew true for an ApiVersions request of a version from the future, whose body was not
///   read and whose response is written in version 0
public record WireRequest(
        ApiKeys api,
        short version,
        int correlationId,
        String clientId,
        ApiMessage body,
        boolean tooNew) {}
