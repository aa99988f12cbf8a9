package dev.weir.broker;

import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.Dependency;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;

import org.junit.jupiter.api.Test;

import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/// Which package may use which: the directions of docs/architecture.md, held against the classes.
class LayeringTest {
    private static final String ROOT = "dev.weir.broker";

    /// For each package below the root, the packages it may use. The directions form no ring.
    private static final Map<String, Set<String>> ALLOWED =
            Map.ofEntries(
                    Map.entry(
                            "net",
                            Set.of("request", "partition", "quota", "protocol", "metric", "error")),
                    Map.entry(
                            "request",
                            Set.of(
                                    "group",
                                    "txn",
                                    "access",
                                    "quota",
                                    "coordinator",
                                    "topic",
                                    "partition",
                                    "log",
                                    "record",
                                    "storage",
                                    "protocol",
                                    "metric",
                                    "error")),
                    Map.entry(
                            "group",
                            Set.of(
                                    "coordinator",
                                    "topic",
                                    "partition",
                                    "log",
                                    "storage",
                                    "protocol",
                                    "error")),
                    Map.entry(
                            "txn",
                            Set.of(
                                    "group",
                                    "coordinator",
                                    "topic",
                                    "partition",
                                    "metric",
                                    "error")),
                    Map.entry("access", Set.of("topic", "partition")),
                    Map.entry("quota", Set.of("topic", "partition")),
                    Map.entry("coordinator", Set.of("partition", "log", "storage", "error")),
                    Map.entry(
                            "topic",
                            Set.of("partition", "protocol", "log", "record", "storage", "error")),
                    Map.entry("partition", Set.of("log", "record", "storage", "metric", "error")),
                    Map.entry("log", Set.of("record", "storage", "metric", "error")),
                    Map.entry("record", Set.of("error")),
                    Map.entry("storage", Set.of("error")),
                    Map.entry("protocol", Set.of("error")),
                    Map.entry("metric", Set.of()),
                    Map.entry("error", Set.of()));

    @Test
    void packages_use_only_what_lies_below_them() {
        JavaClasses classes =
                new ClassFileImporter()
                        .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
                        .importPackages(ROOT);
        assertThat(classes.size()).as("classes imported").isGreaterThan(40);

        Set<String> violations = new TreeSet<>();
        for (JavaClass user : classes) {
            String from = area(user.getPackageName());
            for (Dependency dependency : user.getDirectDependenciesFromSelf()) {
                String target = dependency.getTargetClass().getPackageName();
                if (!target.startsWith(ROOT) || from.isEmpty()) {
                    continue;
                }
                String to = area(target);
                if (!to.equals(from) && !ALLOWED.getOrDefault(from, Set.of()).contains(to)) {
                    violations.add(from + " -> " + to + ": " + dependency.getDescription());
                }
            }
        }
        assertThat(violations).isEmpty();
    }

    @Test
    void the_allowed_directions_form_no_ring() {
        for (String start : ALLOWED.keySet()) {
            assertThat(reachable(start, new TreeSet<>()))
                    .as("used by " + start)
                    .doesNotContain(start);
        }
    }

    private static Set<String> reachable(String from, Set<String> seen) {
        for (String next : ALLOWED.getOrDefault(from, Set.of())) {
            if (seen.add(next)) {
                reachable(next, seen);
            }
        }
        return seen;
    }

    private static String area(String packageName) {
        if (packageName.equals(ROOT)) {
            return "";
        }
        String rest = packageName.substring(ROOT.length() + 1);
        int dot = rest.indexOf('.');
        return dot < 0 ? rest : rest.substring(0, dot);
    }
}
