package dev.weir.broker.request;

import dev.weir.broker.error.ErrorCode;
import dev.weir.broker.protocol.ServedApis;
import dev.weir.broker.protocol.WireErrors;

import org.apache.kafka.common.message.ApiVersionsRequestData;
import org.apache.kafka.common.message.ApiVersionsResponseData;

import java.util.regex.Pattern;

/// Tells clients what is served. A request of a version from the future gets the list too, with an
/// error, so that its client can choose a version it shares with us.
record ApiVersionsHandler(ServedApis served) implements Handler {
    /// KIP-511: names of client software are limited so that they can be used in metrics.
    private static final Pattern SOFTWARE =
            Pattern.compile("[a-zA-Z0-9](?:[a-zA-Z0-9\\-.]*[a-zA-Z0-9])?");

    @Override
    public void handle(Exchange exchange) {
        var request = exchange.request();
        var body = (ApiVersionsRequestData) request.body();
        if (request.tooNew()) {
            exchange.reply(served.list().setErrorCode(WireErrors.UNSUPPORTED_VERSION));
        } else if (request.version() >= 3
                && !(isSoftware(body.clientSoftwareName())
                        && isSoftware(body.clientSoftwareVersion()))) {
            exchange.reply(new ApiVersionsResponseData().setErrorCode(ErrorCode.INVALID_REQUEST));
        } else {
            exchange.reply(served.list());
        }
    }

    private static boolean isSoftware(String name) {
        return SOFTWARE.matcher(name).matches();
    }
}
