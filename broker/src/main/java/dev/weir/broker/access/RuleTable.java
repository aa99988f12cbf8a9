package dev.weir.broker.access;

import dev.weir.broker.topic.AccessRule;

import org.apache.kafka.common.acl.AclOperation;
import org.apache.kafka.common.acl.AclPermissionType;
import org.apache.kafka.common.resource.PatternType;
import org.apache.kafka.common.resource.ResourceType;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;

/// The access rules as they are at some moment, ready to be looked up. Immutable.
final class RuleTable {
    private static final String ALL = "*";

    /// A name that Kafka asks about in the place of any.
    private static final String UNHEARD_OF = "hardcode";

    private static final String ALL_USERS = "User:*";

    private final EnumMap<ResourceType, OfType> types = new EnumMap<>(ResourceType.class);

    private static final class OfType {
        final Map<String, List<AccessRule>> whole = new HashMap<>();
        final NavigableMap<String, List<AccessRule>> beginnings = new TreeMap<>();
    }

    RuleTable(List<AccessRule> rules) {
        for (var rule : rules) {
            var type =
                    types.computeIfAbsent(
                            ResourceType.fromCode(rule.resourceType()), _ -> new OfType());
            boolean whole = rule.patternType() == PatternType.LITERAL.code();
            (whole ? type.whole : type.beginnings)
                    .computeIfAbsent(rule.resourceName(), _ -> new ArrayList<>())
                    .add(rule);
        }
    }

    /// @param open the answer where there is no rule about the resource
    boolean decide(
            Caller caller,
            AclOperation operation,
            ResourceType type,
            String resource,
            boolean open) {
        var of = types.get(type);
        if (of == null) {
            return open;
        }
        var verdict = new Verdict(caller, operation);
        verdict.take(of.whole.get(resource));
        if (!resource.equals(ALL)) {
            verdict.take(of.whole.get(ALL));
        }
        takeBeginnings(of.beginnings, resource, verdict);
        return verdict.found ? verdict.allowed && !verdict.denied : open;
    }

    /// Follows the sorted beginnings backwards from the name, each shorter than the one before, and
    /// leaps over those that have less in common with it.
    private static void takeBeginnings(
            NavigableMap<String, List<AccessRule>> beginnings, String name, Verdict verdict) {
        var at = beginnings.floorKey(name);
        while (at != null) {
            int common = common(name, at);
            if (common == at.length()) {
                verdict.take(beginnings.get(at));
                at = beginnings.lowerKey(at);
            } else {
                at = beginnings.floorKey(name.substring(0, common));
            }
        }
    }

    private static int common(String one, String other) {
        int i = 0;
        while (i < one.length() && i < other.length() && one.charAt(i) == other.charAt(i)) {
            i++;
        }
        return i;
    }

    /// Kafka's rule of `authorizeByResourceType`: some name no rule is made for is allowed, or one
    /// that a rule allows and none denies.
    boolean decideSome(Caller caller, AclOperation operation, ResourceType type, boolean open) {
        var of = types.get(type);
        if (of == null) {
            return open;
        }
        if (decide(caller, operation, type, UNHEARD_OF, open)) {
            return true;
        }
        if (denies(of.whole.get(ALL), caller, operation)) {
            return false;
        }
        for (var entry : of.whole.entrySet()) {
            if (allows(entry.getValue(), caller, operation)
                    && (entry.getKey().equals(ALL)
                            || !(denies(entry.getValue(), caller, operation)
                                    || deniesBeginningOf(of, entry.getKey(), caller, operation)))) {
                return true;
            }
        }
        for (var entry : of.beginnings.entrySet()) {
            if (allows(entry.getValue(), caller, operation)
                    && !deniesBeginningOf(of, entry.getKey(), caller, operation)) {
                return true;
            }
        }
        return false;
    }

    private static boolean deniesBeginningOf(
            OfType of, String name, Caller caller, AclOperation operation) {
        var verdict = new Verdict(caller, operation);
        takeBeginnings(of.beginnings, name, verdict);
        return verdict.denied;
    }

    private static boolean denies(List<AccessRule> rules, Caller caller, AclOperation operation) {
        var verdict = new Verdict(caller, operation);
        verdict.take(rules);
        return verdict.denied;
    }

    private static boolean allows(List<AccessRule> rules, Caller caller, AclOperation operation) {
        var verdict = new Verdict(caller, operation);
        verdict.take(rules);
        return verdict.allowed;
    }

    /// What the rules seen so far say.
    private static final class Verdict {
        private final Caller caller;
        private final AclOperation operation;
        boolean found;
        boolean allowed;
        boolean denied;

        Verdict(Caller caller, AclOperation operation) {
            this.caller = caller;
            this.operation = operation;
        }

        void take(List<AccessRule> rules) {
            if (rules == null) {
                return;
            }
            found = true;
            for (var rule : rules) {
                if (isAbout(rule)) {
                    if (rule.permission() == AclPermissionType.DENY.code()) {
                        denied |= covers(rule.operation());
                    } else {
                        allowed |= covers(rule.operation()) || implies(rule.operation());
                    }
                }
            }
        }

        private boolean isAbout(AccessRule rule) {
            return (rule.principal().equals(caller.principal())
                            || rule.principal().equals(ALL_USERS))
                    && (rule.host().equals(ALL) || rule.host().equals(caller.host()));
        }

        private boolean covers(byte ruled) {
            return ruled == AclOperation.ALL.code() || ruled == operation.code();
        }

        private boolean implies(byte ruled) {
            return switch (operation) {
                case DESCRIBE ->
                        switch (AclOperation.fromCode(ruled)) {
                            case READ, WRITE, DELETE, ALTER -> true;
                            default -> false;
                        };
                case DESCRIBE_CONFIGS -> ruled == AclOperation.ALTER_CONFIGS.code();
                default -> false;
            };
        }
    }
}
