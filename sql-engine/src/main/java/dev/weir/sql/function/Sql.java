package dev.weir.sql.function;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/// Makes a public static method a SQL function.
///
/// A parameter gets the value in storage form (see [dev.weir.sql.batch.SqlType]), as int, long,
/// double, String, byte[], List, Map or Object. With [org.apache.calcite.linq4j.function.Strict]
/// the method is not called when an argument is NULL, and the result is NULL; otherwise its
/// parameters must be objects, null for NULL. It returns null for NULL.
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.METHOD)
@interface Sql {
    /// The function as SQL sees it, once for each of its names: `LPAD(text VARCHAR, length INT)
    /// VARCHAR`. See [Signature] for the types.
    String[] value();

    /// What it gives, in a sentence for people.
    String doc();
}
