package dev.weir.broker.request;

import dev.weir.broker.protocol.ServedApis;

import org.apache.kafka.clients.admin.FeatureUpdate.UpgradeType;
import org.apache.kafka.common.message.UpdateFeaturesRequestData;
import org.apache.kafka.common.message.UpdateFeaturesRequestData.FeatureUpdateKey;
import org.apache.kafka.common.message.UpdateFeaturesResponseData;
import org.apache.kafka.common.message.UpdateFeaturesResponseData.UpdatableFeatureResult;
import org.apache.kafka.common.protocol.Errors;

/// Changes of feature levels. Each feature has one level, which cannot be changed, so that asking
/// for that level is all that succeeds; what else is asked for is refused as a Kafka controller
/// refuses a level that its brokers do not support.
record FeatureHandlers(ServedApis served) {
    /// The last version whose response says something of each feature.
    private static final short LAST_WITH_RESULTS = 1;

    void update(Exchange exchange) {
        var body = (UpdateFeaturesRequestData) exchange.request().body();
        var response = new UpdateFeaturesResponseData();
        for (var update : body.featureUpdates()) {
            var wrong = wrong(update, exchange.request().version());
            if (wrong != null) {
                exchange.reply(
                        response.setErrorCode(Errors.INVALID_UPDATE_VERSION.code())
                                .setErrorMessage(
                                        "no feature was changed: level "
                                                + update.maxVersionLevel()
                                                + " of feature \""
                                                + update.feature()
                                                + "\" cannot be had, "
                                                + wrong));
                return;
            }
        }
        if (exchange.request().version() <= LAST_WITH_RESULTS) {
            for (var update : body.featureUpdates()) {
                response.results().add(new UpdatableFeatureResult().setFeature(update.feature()));
            }
        }
        exchange.reply(response);
    }

    /// What is wrong with a change, null if nothing.
    private String wrong(FeatureUpdateKey update, short version) {
        var level = served.features().get(update.feature());
        if (level == null) {
            return "there is no such feature";
        }
        boolean typed = version > 0;
        if (typed && UpgradeType.fromCode(update.upgradeType()) == UpgradeType.UNKNOWN) {
            return "the type of the change, " + update.upgradeType() + ", is not known";
        }
        return update.maxVersionLevel() == level ? null : "only level " + level + " is supported";
    }
}
