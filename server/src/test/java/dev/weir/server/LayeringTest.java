package dev.weir.server;

import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.Dependency;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;

import org.junit.jupiter.api.Test;

import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Pattern;

/// Which package may use which: the directions of docs/architecture.md, held against the classes.
class LayeringTest {
    private static final String ROOT = "dev.weir.server";

    /// For each package below the root, the packages of the server it may use.
    private static final Map<String, Set<String>> ALLOWED =
            Map.of(
                    "http", Set.of("session", "net", "metric"),
                    "pgwire", Set.of("session", "net"),
                    "session", Set.of(),
                    "net", Set.of(),
                    "local", Set.of("metric"),
                    "metric", Set.of());

    /// Tests, also where they are compiled into the folder of what they test.
    private static final Pattern TEST = Pattern.compile(".*Test(\\$.*)?\\.class");

    private static final JavaClasses CLASSES =
            new ClassFileImporter()
                    .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
                    .withImportOption(location -> !location.matches(TEST))
                    .importPackages(ROOT);

    @Test
    void packages_use_only_what_lies_below_them() {
        var violations = new TreeSet<String>();
        int examined = 0;
        for (JavaClass user : CLASSES) {
            String from = area(user.getPackageName());
            if (!ALLOWED.containsKey(from)) {
                continue;
            }
            examined++;
            for (Dependency dependency : user.getDirectDependenciesFromSelf()) {
                String target = dependency.getTargetClass().getPackageName();
                if (!target.startsWith(ROOT)) {
                    continue;
                }
                String to = area(target);
                if (!to.equals(from) && !ALLOWED.get(from).contains(to)) {
                    violations.add(from + " -> " + to + ": " + dependency.getDescription());
                }
            }
        }
        assertThat(examined).as("classes examined").isGreaterThan(40);
        assertThat(violations).isEmpty();
    }

    @Test
    void only_local_knows_the_broker() {
        var violations = new TreeSet<String>();
        boolean localKnowsIt = false;
        for (JavaClass user : CLASSES) {
            for (Dependency dependency : user.getDirectDependenciesFromSelf()) {
                String target = dependency.getTargetClass().getPackageName();
                if (target.startsWith("dev.weir.broker")) {
                    if (area(user.getPackageName()).equals("local")) {
                        localKnowsIt = true;
                    } else {
                        violations.add(dependency.getDescription());
                    }
                }
            }
        }
        assertThat(localKnowsIt).isTrue();
        assertThat(violations).isEmpty();
    }

    @Test
    void no_files_use_each_other_in_a_ring() {
        var uses = new TreeMap<String, Set<String>>();
        for (JavaClass user : CLASSES) {
            for (Dependency dependency : user.getDirectDependenciesFromSelf()) {
                String from = file(user);
                String to = file(dependency.getTargetClass());
                if (to.startsWith(ROOT) && !to.equals(from)) {
                    uses.computeIfAbsent(from, _ -> new TreeSet<>()).add(to);
                }
            }
        }
        assertThat(uses.size()).as("files examined").isGreaterThan(30);
        var rings = new TreeSet<String>();
        for (String start : uses.keySet()) {
            if (reaches(start, start, uses, new TreeSet<>())) {
                rings.add(start);
            }
        }
        assertThat(rings).isEmpty();
    }

    private static boolean reaches(
            String from, String goal, Map<String, Set<String>> uses, Set<String> seen) {
        for (String next : uses.getOrDefault(from, Set.of())) {
            if (next.equals(goal) || (seen.add(next) && reaches(next, goal, uses, seen))) {
                return true;
            }
        }
        return false;
    }

    private static String file(JavaClass type) {
        JavaClass component = type.getBaseComponentType();
        String name = component.getName();
        int nested = name.indexOf('$');
        return nested < 0 ? name : name.substring(0, nested);
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
