package dev.weir.broker.protocol;

import org.apache.kafka.common.message.ApiVersionsResponseData;
import org.apache.kafka.common.message.ApiVersionsResponseData.ApiVersion;
import org.apache.kafka.common.protocol.ApiKeys;

import java.util.EnumSet;
import java.util.Set;

/// The APIs this broker serves, each in Kafka's whole stable range of versions. What is not served
/// is absent from the list clients see, never an error at call time.
public final class ServedApis {
    private final EnumSet<ApiKeys> apis;

    /// @param apis the APIs with a handler
    public ServedApis(Set<ApiKeys> apis) {
        this.apis = EnumSet.copyOf(apis);
    }

    /// Whether a request of this API and version has an answer.
    public boolean serves(ApiKeys api, short version) {
        return apis.contains(api)
                && version >= api.oldestVersion()
                && version <= api.latestVersion(false);
    }

    /// The list as a response. Every call makes a new one, since generated classes can be changed.
    public ApiVersionsResponseData list() {
        var response = new ApiVersionsResponseData();
        for (var api : apis) {
            // librdkafka compresses only for brokers that list Produce from version 0 on.
            short lowest =
                    api == ApiKeys.PRODUCE
                            ? ApiKeys.PRODUCE_API_VERSIONS_RESPONSE_MIN_VERSION
                            : api.oldestVersion();
            response.apiKeys()
                    .add(
                            new ApiVersion()
                                    .setApiKey(api.id)
                                    .setMinVersion(lowest)
                                    .setMaxVersion(api.latestVersion(false)));
        }
        return response;
    }
}
