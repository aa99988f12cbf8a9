package dev.weir.broker.access;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.broker.storage.SimulatedFileSystem;
import dev.weir.broker.topic.AccessRule;
import dev.weir.broker.topic.AdminSettings;
import dev.weir.broker.topic.MetadataImage;
import dev.weir.broker.topic.MetadataLog;
import dev.weir.broker.topic.MetadataRecord.AccessRuleAdded;
import dev.weir.broker.topic.MetadataRecord.AccessRuleRemoved;

import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.acl.AclOperation;
import org.apache.kafka.common.acl.AclPermissionType;
import org.apache.kafka.common.metrics.Metrics;
import org.apache.kafka.common.metrics.internals.PluginMetricsImpl;
import org.apache.kafka.common.resource.PatternType;
import org.apache.kafka.common.resource.ResourcePattern;
import org.apache.kafka.common.resource.ResourceType;
import org.apache.kafka.common.security.auth.KafkaPrincipal;
import org.apache.kafka.common.security.auth.SecurityProtocol;
import org.apache.kafka.metadata.authorizer.StandardAcl;
import org.apache.kafka.metadata.authorizer.StandardAuthorizer;
import org.apache.kafka.server.authorizer.Action;
import org.apache.kafka.server.authorizer.AuthorizableRequestContext;
import org.apache.kafka.server.authorizer.AuthorizationResult;
import org.junit.jupiter.api.Test;

import java.net.InetAddress;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;

class AuthorizerTest {
    private static final Caller ANONYMOUS = new Caller("User:ANONYMOUS", "10.0.0.1");

    private final MetadataLog log =
            MetadataLog.open(new SimulatedFileSystem(1), Path.of("/d/metadata.log"), _ -> {});
    private final AdminSettings settings = new AdminSettings(log, new MetadataImage());

    private Authorizer authorizer(boolean open, String... superUsers) {
        return new Authorizer(new AccessConfig(true, Set.of(superUsers), open), settings);
    }

    private static AccessRule rule(
            ResourceType type,
            PatternType pattern,
            String name,
            AclOperation operation,
            AclPermissionType permission) {
        return new AccessRule(
                type.code(),
                name,
                pattern.code(),
                "User:*",
                "*",
                operation.code(),
                permission.code());
    }

    @Test
    void nothing_is_decided_while_rules_are_not_enforced() {
        try (var authorizer = new Authorizer(AccessConfig.DEFAULT, settings)) {
            assertThat(authorizer.isEnforced()).isFalse();
            assertThat(authorizer.allows(ANONYMOUS, AclOperation.WRITE, ResourceType.TOPIC, "t"))
                    .isTrue();
        }
    }

    @Test
    void a_rule_holds_as_soon_as_it_is_there_and_no_longer() {
        try (var authorizer = authorizer(false)) {
            var reading =
                    rule(
                            ResourceType.TOPIC,
                            PatternType.PREFIXED,
                            "orders",
                            AclOperation.READ,
                            AclPermissionType.ALLOW);
            assertThat(reads(authorizer, "orders-1")).isFalse();
            settings.change(List.of(new AccessRuleAdded(reading)));
            assertThat(reads(authorizer, "orders-1")).isTrue();
            assertThat(reads(authorizer, "order")).isFalse();
            assertThat(
                            authorizer.allows(
                                    ANONYMOUS, AclOperation.DESCRIBE, ResourceType.TOPIC, "orders"))
                    .isTrue();
            settings.change(List.of(new AccessRuleRemoved(reading)));
            assertThat(reads(authorizer, "orders-1")).isFalse();
        }
    }

    private static boolean reads(Authorizer authorizer, String topic) {
        return authorizer.allows(ANONYMOUS, AclOperation.READ, ResourceType.TOPIC, topic);
    }

    @Test
    void decisions_are_those_of_kafkas_authorizer_for_any_rules() throws Exception {
        long seed = System.nanoTime();
        System.out.println("seed " + seed);
        var random = new Random(seed);
        for (int round = 0; round < 150; round++) {
            boolean open = random.nextBoolean();
            try (var ours = authorizer(open, "User:root");
                    var kafkas = new StandardAuthorizer();
                    var metrics = new Metrics();
                    var ofPlugin = new PluginMetricsImpl(metrics, Map.of())) {
                kafkas.configure(
                        Map.of(
                                "super.users",
                                "User:root",
                                "allow.everyone.if.no.acl.found",
                                Boolean.toString(open)));
                kafkas.withPluginMetrics(ofPlugin);
                kafkas.completeInitialLoad();
                var rules = new HashSet<AccessRule>();
                for (int i = random.nextInt(12); i > 0; i--) {
                    rules.add(anyRule(random));
                }
                settings.change(settings.rules().stream().map(AccessRuleRemoved::new).toList());
                settings.change(rules.stream().map(AccessRuleAdded::new).toList());
                rules.forEach(rule -> kafkas.addAcl(Uuid.randomUuid(), acl(rule)));
                for (int ask = 0; ask < 200; ask++) {
                    compare(random, ours, kafkas, "seed " + seed + " " + rules);
                }
            }
        }
    }

    private static void compare(
            Random random, Authorizer ours, StandardAuthorizer kafkas, String rules)
            throws Exception {
        var user = one(random, "ANONYMOUS", "alice", "root");
        var host = one(random, "10.0.0.1", "10.0.0.2");
        var type = one(random, ResourceType.TOPIC, ResourceType.GROUP, ResourceType.CLUSTER);
        var operation = anyOperation(random, false);
        var name = anyName(random);
        var context = context(user, host);
        var caller = new Caller("User:" + user, host);
        var decision =
                kafkas.authorize(
                                context,
                                List.of(
                                        new Action(
                                                operation,
                                                new ResourcePattern(
                                                        type, name, PatternType.LITERAL),
                                                1,
                                                false,
                                                false)))
                        .getFirst();
        assertThat(ours.allows(caller, operation, type, name))
                .as("%s %s %s %s: %s", caller, operation, type, name, rules)
                .isEqualTo(decision == AuthorizationResult.ALLOWED);
        var some = kafkas.authorizeByResourceType(context, AclOperation.WRITE, ResourceType.TOPIC);
        assertThat(ours.allowsSome(caller, AclOperation.WRITE, ResourceType.TOPIC))
                .as("%s WRITE of any topic: %s", caller, rules)
                .isEqualTo(some == AuthorizationResult.ALLOWED);
    }

    private static AccessRule anyRule(Random random) {
        var prefixed = random.nextBoolean();
        return new AccessRule(
                one(random, ResourceType.TOPIC, ResourceType.TOPIC, ResourceType.GROUP).code(),
                !prefixed && random.nextInt(4) == 0 ? "*" : anyName(random),
                (prefixed ? PatternType.PREFIXED : PatternType.LITERAL).code(),
                one(random, "User:*", "User:ANONYMOUS", "User:alice"),
                one(random, "*", "*", "10.0.0.1"),
                anyOperation(random, true).code(),
                (random.nextInt(3) == 0 ? AclPermissionType.DENY : AclPermissionType.ALLOW).code());
    }

    /// Names that begin alike, so that rules about beginnings have something to match.
    private static String anyName(Random random) {
        var name = new StringBuilder();
        for (int i = 1 + random.nextInt(4); i > 0; i--) {
            name.append(one(random, "a", "b"));
        }
        return name.toString();
    }

    private static AclOperation anyOperation(Random random, boolean orAll) {
        var operations =
                new ArrayList<>(
                        List.of(
                                AclOperation.READ,
                                AclOperation.WRITE,
                                AclOperation.DESCRIBE,
                                AclOperation.DELETE,
                                AclOperation.ALTER,
                                AclOperation.ALTER_CONFIGS,
                                AclOperation.DESCRIBE_CONFIGS));
        if (orAll) {
            operations.add(AclOperation.ALL);
        }
        return operations.get(random.nextInt(operations.size()));
    }

    @SafeVarargs
    private static <T> T one(Random random, T... choices) {
        return choices[random.nextInt(choices.length)];
    }

    private static StandardAcl acl(AccessRule rule) {
        return new StandardAcl(
                ResourceType.fromCode(rule.resourceType()),
                rule.resourceName(),
                PatternType.fromCode(rule.patternType()),
                rule.principal(),
                rule.host(),
                AclOperation.fromCode(rule.operation()),
                AclPermissionType.fromCode(rule.permission()));
    }

    private static AuthorizableRequestContext context(String user, String host) {
        return new AuthorizableRequestContext() {
            @Override
            public String listenerName() {
                return "PLAINTEXT";
            }

            @Override
            public SecurityProtocol securityProtocol() {
                return SecurityProtocol.PLAINTEXT;
            }

            @Override
            public KafkaPrincipal principal() {
                return new KafkaPrincipal(KafkaPrincipal.USER_TYPE, user);
            }

            @Override
            public InetAddress clientAddress() {
                return InetAddress.ofLiteral(host);
            }

            @Override
            public int requestType() {
                return 0;
            }

            @Override
            public int requestVersion() {
                return 0;
            }

            @Override
            public String clientId() {
                return "c";
            }

            @Override
            public int correlationId() {
                return 0;
            }
        };
    }
}
