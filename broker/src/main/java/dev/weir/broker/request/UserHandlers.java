package dev.weir.broker.request;

import dev.weir.broker.topic.AdminSettings;
import dev.weir.broker.topic.MetadataRecord;
import dev.weir.broker.topic.ScramCredential;

import org.apache.kafka.common.message.AlterUserScramCredentialsRequestData;
import org.apache.kafka.common.message.AlterUserScramCredentialsRequestData.ScramCredentialUpsertion;
import org.apache.kafka.common.message.AlterUserScramCredentialsResponseData;
import org.apache.kafka.common.message.AlterUserScramCredentialsResponseData.AlterUserScramCredentialsResult;
import org.apache.kafka.common.message.DescribeUserScramCredentialsRequestData;
import org.apache.kafka.common.message.DescribeUserScramCredentialsResponseData;
import org.apache.kafka.common.message.DescribeUserScramCredentialsResponseData.CredentialInfo;
import org.apache.kafka.common.message.DescribeUserScramCredentialsResponseData.DescribeUserScramCredentialsResult;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.security.scram.internals.ScramFormatter;
import org.apache.kafka.common.security.scram.internals.ScramMechanism;

import java.security.GeneralSecurityException;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Stream;

/// SCRAM credentials of users shown and changed. Passwords never reach the broker: clients send
/// what only they can make of one.
record UserHandlers(AdminSettings settings) {
    private static final int MAX_SALT_BYTES = 1024;

    void alter(Exchange exchange) {
        var body = (AlterUserScramCredentialsRequestData) exchange.request().body();
        var now = settings.credentials();
        var failures = new LinkedHashMap<String, Failure>();
        var changes = new HashMap<String, ArrayList<MetadataRecord.AdminChange>>();
        var named = new HashSet<String>();
        for (var each : body.deletions()) {
            var key = each.name() + "/" + each.mechanism();
            var failure = check(each.name(), each.mechanism());
            if (failure == null && named.contains(key)) {
                failure = new Failure(Errors.DUPLICATE_RESOURCE, "a credential is named twice");
            }
            if (failure == null
                    && !now.getOrDefault(each.name(), Map.of()).containsKey(each.mechanism())) {
                failure = new Failure(Errors.RESOURCE_NOT_FOUND, "there is no such credential");
            }
            named.add(key);
            failures.merge(each.name(), or(failure), UserHandlers::worse);
            changes.computeIfAbsent(each.name(), _ -> new ArrayList<>())
                    .add(new MetadataRecord.ScramCredentialRemoved(each.name(), each.mechanism()));
        }
        for (var each : body.upsertions()) {
            var key = each.name() + "/" + each.mechanism();
            var failure = check(each);
            if (failure == null && named.contains(key)) {
                failure = new Failure(Errors.DUPLICATE_RESOURCE, "a credential is named twice");
            }
            named.add(key);
            failures.merge(each.name(), or(failure), UserHandlers::worse);
            if (failure == null) {
                changes.computeIfAbsent(each.name(), _ -> new ArrayList<>())
                        .add(new MetadataRecord.ScramCredentialSet(each.name(), credential(each)));
            }
        }
        var accepted = new ArrayList<MetadataRecord.AdminChange>();
        failures.forEach((user, failure) -> {
            if (failure.error == Errors.NONE) {
                accepted.addAll(changes.get(user));
            }
        });
        settings.change(accepted);
        var response = new AlterUserScramCredentialsResponseData();
        failures.forEach((user, failure) ->
                response.results()
                        .add(
                                new AlterUserScramCredentialsResult()
                                        .setUser(user)
                                        .setErrorCode(failure.error.code())
                                        .setErrorMessage(failure.message)));
        exchange.reply(response);
    }

    void describe(Exchange exchange) {
        var body = (DescribeUserScramCredentialsRequestData) exchange.request().body();
        var all = settings.credentials();
        boolean everybody = body.users() == null || body.users().isEmpty();
        Stream<String> users =
                everybody ? all.keySet().stream() : body.users().stream().map(u -> u.name());
        var response = new DescribeUserScramCredentialsResponseData();
        var counts = new LinkedHashMap<String, Integer>();
        users.forEach(user -> counts.merge(user, 1, Integer::sum));
        counts.forEach((user, count) -> {
            var result = new DescribeUserScramCredentialsResult().setUser(user);
            var credentials = all.get(user);
            if (count > 1) {
                result.setErrorCode(Errors.DUPLICATE_RESOURCE.code())
                        .setErrorMessage("user \"" + user + "\" is named twice");
            } else if (credentials == null) {
                result.setErrorCode(Errors.RESOURCE_NOT_FOUND.code())
                        .setErrorMessage("user \"" + user + "\" has no SCRAM credentials");
            } else {
                for (var each : credentials.values()) {
                    result.credentialInfos()
                            .add(
                                    new CredentialInfo()
                                            .setMechanism(each.mechanism())
                                            .setIterations(each.iterations()));
                }
            }
            response.results().add(result);
        });
        exchange.reply(response);
    }

    private record Failure(Errors error, String message) {}

    private static Failure or(Failure failure) {
        return failure == null ? new Failure(Errors.NONE, null) : failure;
    }

    private static Failure worse(Failure one, Failure other) {
        return one.error == Errors.NONE ? other : one;
    }

    private static Failure check(String user, byte mechanism) {
        if (user.isEmpty()) {
            return new Failure(Errors.UNACCEPTABLE_CREDENTIAL, "the user has no name");
        }
        return mechanism(mechanism) == null
                ? new Failure(
                        Errors.UNSUPPORTED_SASL_MECHANISM, "unknown SCRAM mechanism " + mechanism)
                : null;
    }

    private static Failure check(ScramCredentialUpsertion wanted) {
        var failure = check(wanted.name(), wanted.mechanism());
        if (failure != null) {
            return failure;
        }
        var mechanism = mechanism(wanted.mechanism());
        if (wanted.iterations() < mechanism.minIterations()
                || wanted.iterations() > mechanism.maxIterations()) {
            return new Failure(
                    Errors.UNACCEPTABLE_CREDENTIAL,
                    "iterations must be "
                            + mechanism.minIterations()
                            + " to "
                            + mechanism.maxIterations()
                            + ", got "
                            + wanted.iterations());
        }
        if (wanted.salt().length > MAX_SALT_BYTES) {
            return new Failure(
                    Errors.UNACCEPTABLE_CREDENTIAL,
                    "the salt has more than " + MAX_SALT_BYTES + " bytes");
        }
        return wanted.salt().length == 0 || wanted.saltedPassword().length == 0
                ? new Failure(Errors.UNACCEPTABLE_CREDENTIAL, "the salt or the password is empty")
                : null;
    }

    private static ScramMechanism mechanism(byte number) {
        for (var each : ScramMechanism.values()) {
            if (each.type() == number) {
                return each;
            }
        }
        return null;
    }

    private static ScramCredential credential(ScramCredentialUpsertion wanted) {
        try {
            var formatter = new ScramFormatter(mechanism(wanted.mechanism()));
            var salted = wanted.saltedPassword();
            var base64 = Base64.getEncoder();
            return new ScramCredential(
                    wanted.mechanism(),
                    wanted.iterations(),
                    base64.encodeToString(wanted.salt()),
                    base64.encodeToString(formatter.storedKey(formatter.clientKey(salted))),
                    base64.encodeToString(formatter.serverKey(salted)));
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("the JDK lacks what SCRAM needs", e);
        }
    }
}
