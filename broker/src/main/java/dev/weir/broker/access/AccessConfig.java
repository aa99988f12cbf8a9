package dev.weir.broker.access;

import java.util.Set;

/// Whether and how access rules are enforced.
///
/// @param enforced whether they are at all (`kafka.authorizer`)
/// @param superUsers principals that may do everything, such as `User:admin` (`super.users`)
/// @param openWithoutRules whether everybody may do everything with what no rule is about
///   (`allow.everyone.if.no.acl.found`)
public record AccessConfig(boolean enforced, Set<String> superUsers, boolean openWithoutRules) {
    public static final AccessConfig DEFAULT = new AccessConfig(false, Set.of(), false);

    public AccessConfig {
        superUsers = Set.copyOf(superUsers);
        for (var each : superUsers) {
            if (each.indexOf(':') <= 0) {
                throw new IllegalArgumentException(
                        "super.users: a principal looks like User:alice, not \"" + each + "\"");
            }
        }
    }
}
