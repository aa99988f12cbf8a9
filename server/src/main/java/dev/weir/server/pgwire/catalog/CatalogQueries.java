package dev.weir.server.pgwire.catalog;

import dev.weir.sql.catalog.Catalog;
import dev.weir.sql.error.SqlException;

import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/// Tells queries to PostgreSQL's catalog from those to Weir's relations.
public final class CatalogQueries {
    /// What makes a second look worth while.
    private static final Pattern HINT =
            Pattern.compile(
                    "(?is)\\s*(?:SELECT|WITH|VALUES|\\().*(?:pg_|information_schema|current_|version"
                        + "|session_user|set_config|generate_series|unnest|::\\s*reg).*");

    /// Functions by which a query without tables is known to be one.
    private static final Set<String> FUNCTIONS =
            Set.of(
                    "version",
                    "current_schema",
                    "current_schemas",
                    "current_database",
                    "current_setting",
                    "set_config",
                    "generate_series",
                    "format_type",
                    "to_regclass",
                    "to_regtype",
                    "obj_description",
                    "col_description");

    /// Functions that are written without parentheses.
    private static final Set<String> BARE =
            Set.of(
                    "current_user",
                    "session_user",
                    "current_catalog",
                    "current_role",
                    "current_schema");

    private CatalogQueries() {}

    /// The query, when it is one to the catalog and not to relations of that name.
    ///
    /// @throws SqlException SYNTAX_ERROR when it is one and cannot be understood
    public static Optional<CatalogQuery> find(String statement, Catalog catalog) {
        if (!HINT.matcher(statement).matches()) {
            return Optional.empty();
        }
        List<Token> tokens;
        try {
            tokens = Lexer.tokens(statement);
        } catch (SqlException _) {
            // The engine's parser says what is wrong with it.
            return Optional.empty();
        }
        return isForCatalog(tokens, catalog)
                ? Optional.of(query(CatalogParser.parse(statement, tokens)))
                : Optional.empty();
    }

    private static CatalogQuery query(CatalogParser.Parsed parsed) {
        return new CatalogQuery(parsed.select(), parsed.parameters());
    }

    /// A catalog's table after FROM or JOIN, or one of the functions, and no relation of Weir's.
    private static boolean isForCatalog(List<Token> tokens, Catalog catalog) {
        boolean found = false;
        for (int i = 0; i < tokens.size() - 1; i++) {
            Token token = tokens.get(i);
            if (!token.isName()) {
                continue;
            }
            boolean source =
                    i > 0
                            && (tokens.get(i - 1).is("from")
                                    || tokens.get(i - 1).is("join")
                                    || tokens.get(i - 1).is(","));
            boolean qualified = tokens.get(i + 1).is(".");
            boolean call = tokens.get(i + 1).is("(");
            boolean schema = token.is(CatalogTables.CATALOG) || token.is(CatalogTables.INFORMATION);
            if (source
                    && !qualified
                    && !call
                    && !tokens.get(i - 1).is(",")
                    && catalog.relation(token.text()).isPresent()) {
                return false;
            }
            found |=
                    (schema && qualified)
                            || (source && call && CatalogFunctions.ROWS.contains(token.text()))
                            || (source && CatalogTables.exists("", token.text()))
                            || (call && FUNCTIONS.contains(token.text()))
                            || (token.kind() == Token.Kind.WORD
                                    && !qualified
                                    && BARE.contains(token.text()))
                            || (call && token.text().startsWith("pg_"))
                            || (token.text().startsWith("reg")
                                    && i > 0
                                    && tokens.get(i - 1).is("::"));
        }
        return found;
    }
}
