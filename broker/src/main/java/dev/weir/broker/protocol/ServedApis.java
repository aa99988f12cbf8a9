package dev.weir.broker.protocol;

import org.apache.kafka.common.message.ApiVersionsResponseData;
import org.apache.kafka.common.message.ApiVersionsResponseData.ApiVersion;
import org.apache.kafka.common.message.ApiVersionsResponseData.FinalizedFeatureKey;
import org.apache.kafka.common.message.ApiVersionsResponseData.SupportedFeatureKey;
import org.apache.kafka.common.protocol.ApiKeys;

import java.util.EnumSet;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/// The APIs this broker serves, each in Kafka's whole stable range of versions. What is not served
/// is absent from the list clients see, never an error at call time.
public final class ServedApis {
    /// The feature whose version 1 is the consumer group protocol of KIP-848.
    private static final String GROUP_VERSION = "group.version";

    /// The feature whose version 2 is KIP-890: writing adds to a transaction, and each end of one
    /// gives the producer a new epoch.
    private static final String TRANSACTION_VERSION = "transaction.version";

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

    /// The list as a response, with the features that clients look for beside it. Every call makes
    /// a new one, since generated classes can be changed.
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
        features().forEach((name, level) -> feature(response, name, level));
        return response;
    }

    /// The features that are on, with the only level each can have.
    public Map<String, Short> features() {
        var features = new TreeMap<String, Short>();
        if (apis.contains(ApiKeys.CONSUMER_GROUP_HEARTBEAT)) {
            features.put(GROUP_VERSION, (short) 1);
        }
        if (apis.contains(ApiKeys.END_TXN)) {
            features.put(TRANSACTION_VERSION, (short) 2);
        }
        return features;
    }

    /// A feature that is on and cannot be turned off.
    private static void feature(ApiVersionsResponseData response, String name, short version) {
        response.setFinalizedFeaturesEpoch(0);
        response.supportedFeatures()
                .add(
                        new SupportedFeatureKey()
                                .setName(name)
                                .setMinVersion(version)
                                .setMaxVersion(version));
        response.finalizedFeatures()
                .add(
                        new FinalizedFeatureKey()
                                .setName(name)
                                .setMinVersionLevel(version)
                                .setMaxVersionLevel(version));
    }
}
