package dev.weir.sql.function;

import org.apache.calcite.linq4j.function.Strict;

import java.net.URI;
import java.net.URISyntaxException;
import java.net.URLDecoder;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;

/// Functions over URLs. Text that is none, and parts that are not there, give NULL.
public final class UrlFunctions {
    private UrlFunctions() {}

    @Strict
    @Sql(
            value = "URL_ENCODE_PARAM(text VARCHAR) VARCHAR",
            doc = "the text as it may stand in a query of a URL")
    public static String encode(String text) {
        return URLEncoder.encode(text, StandardCharsets.UTF_8);
    }

    @Strict
    @Sql(value = "URL_DECODE_PARAM(text VARCHAR) VARCHAR", doc = "undoes URL_ENCODE_PARAM")
    public static String decode(String text) {
        return URLDecoder.decode(text, StandardCharsets.UTF_8);
    }

    @Strict
    @Sql(value = "URL_EXTRACT_PROTOCOL(url VARCHAR) VARCHAR", doc = "http, https, …")
    public static String protocol(String url) {
        URI uri = parse(url);
        return uri == null ? null : uri.getScheme();
    }

    @Strict
    @Sql(value = "URL_EXTRACT_HOST(url VARCHAR) VARCHAR", doc = "the host")
    public static String host(String url) {
        URI uri = parse(url);
        return uri == null ? null : uri.getHost();
    }

    @Strict
    @Sql(value = "URL_EXTRACT_PORT(url VARCHAR) INT", doc = "the port, if it is given")
    public static Integer port(String url) {
        URI uri = parse(url);
        return uri == null || uri.getPort() < 0 ? null : (Integer) uri.getPort();
    }

    @Strict
    @Sql(value = "URL_EXTRACT_PATH(url VARCHAR) VARCHAR", doc = "the path")
    public static String path(String url) {
        URI uri = parse(url);
        return uri == null ? null : uri.getPath();
    }

    @Strict
    @Sql(value = "URL_EXTRACT_QUERY(url VARCHAR) VARCHAR", doc = "what stands behind the ?")
    public static String query(String url) {
        URI uri = parse(url);
        return uri == null ? null : uri.getQuery();
    }

    @Strict
    @Sql(value = "URL_EXTRACT_FRAGMENT(url VARCHAR) VARCHAR", doc = "what stands behind the #")
    public static String fragment(String url) {
        URI uri = parse(url);
        return uri == null ? null : uri.getFragment();
    }

    @Strict
    @Sql(
            value = "URL_EXTRACT_PARAMETER(url VARCHAR, name VARCHAR) VARCHAR",
            doc = "the value of a parameter of the query")
    public static String parameter(String url, String name) {
        URI uri = parse(url);
        if (uri == null || uri.getRawQuery() == null) {
            return null;
        }
        for (String pair : uri.getRawQuery().split("&", -1)) {
            int at = pair.indexOf('=');
            String key = decode(at < 0 ? pair : pair.substring(0, at));
            if (key.equals(name)) {
                return at < 0 ? "" : decode(pair.substring(at + 1));
            }
        }
        return null;
    }

    private static URI parse(String url) {
        try {
            return new URI(url);
        } catch (URISyntaxException bad) {
            return null;
        }
    }
}
