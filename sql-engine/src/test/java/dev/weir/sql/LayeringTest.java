package dev.weir.sql;

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
    private static final String ROOT = "dev.weir.sql";

    /// For each package below the root, the packages it may use. The directions form no ring.
    private static final Map<String, Set<String>> ALLOWED =
            Map.ofEntries(
                    Map.entry(
                            "exec",
                            Set.of(
                                    "plan",
                                    "analyze",
                                    "parse",
                                    "catalog",
                                    "operator",
                                    "expr",
                                    "state",
                                    "serde",
                                    "codec",
                                    "io",
                                    "function",
                                    "batch",
                                    "error")),
                    Map.entry(
                            "plan",
                            Set.of("analyze", "expr", "catalog", "function", "batch", "error")),
                    Map.entry(
                            "analyze",
                            Set.of("parse", "expr", "catalog", "function", "batch", "error")),
                    Map.entry(
                            "operator", Set.of("expr", "state", "codec", "batch", "error", "plan")),
                    Map.entry("expr", Set.of("function", "batch", "error")),
                    Map.entry("state", Set.of("codec", "batch", "error")),
                    Map.entry("serde", Set.of("catalog", "codec", "io", "batch", "error")),
                    Map.entry("parse", Set.of("batch", "error")),
                    Map.entry("catalog", Set.of("batch", "error")),
                    Map.entry("function", Set.of("batch", "error")),
                    Map.entry("codec", Set.of("batch", "error")),
                    Map.entry("io", Set.of("error")),
                    Map.entry("batch", Set.of("error")),
                    Map.entry("error", Set.of()));

    @Test
    void packages_use_only_what_lies_below_them() {
        JavaClasses classes =
                new ClassFileImporter()
                        .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
                        .importPackages(ROOT);
        assertThat(classes.size()).as("classes imported").isGreaterThan(80);

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
