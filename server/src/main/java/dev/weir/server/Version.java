package dev.weir.server;

import java.io.IOException;
import java.io.InputStream;
import java.util.Properties;

/// The version of the program, as its build recorded it.
final class Version {
    private static final String BUILD = "/META-INF/maven/dev.weir/weir-server/pom.properties";

    private Version() {}

    /// Such as `0.1.0`; `development` when run from class files.
    static String current() {
        try (InputStream build = Version.class.getResourceAsStream(BUILD)) {
            if (build == null) {
                return "development";
            }
            var properties = new Properties();
            properties.load(build);
            return properties.getProperty("version", "development");
        } catch (IOException _) {
            return "development";
        }
    }
}
