package dev.weir.sql.exec;

import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// `${name}` in a statement's text becomes the value that DEFINE gave it, also within quotes.
/// `$${name}` stands for `${name}` itself; a name that is not defined stays as it is.
final class Variables {
    private static final Pattern REFERENCE =
            Pattern.compile("(\\$?)\\$\\{([A-Za-z_][A-Za-z0-9_]*)}");

    private Variables() {}

    /// @param variables values by names in lower case
    static String substitute(String text, Map<String, String> variables) {
        if (!text.contains("${")) {
            return text;
        }
        return REFERENCE
                .matcher(text)
                .replaceAll(found -> {
                    String whole = found.group();
                    String value = variables.get(found.group(2).toLowerCase(Locale.ROOT));
                    return Matcher.quoteReplacement(
                            !found.group(1).isEmpty()
                                    ? whole.substring(1)
                                    : value == null ? whole : value);
                });
    }
}
