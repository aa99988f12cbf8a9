package dev.weir.server.pgwire;

import java.util.List;

/// What a statement answered.
sealed interface Answer {
    /// Done, with a command tag.
    record Done(String tag) implements Answer {}

    /// There was no statement.
    record Empty() implements Answer {}

    /// Rows.
    ///
    /// @param verb begins the command tag
    /// @param counted whether the number of rows ends it
    record Table(List<ResultColumn> columns, RowSource rows, String verb, boolean counted)
            implements Answer {
        String tag(long count) {
            return counted ? verb + " " + count : verb;
        }
    }

    /// COPY … TO STDOUT.
    record CopyOut(Table table, CopyOptions options) implements Answer {}

    /// COPY … FROM STDIN.
    ///
    /// @param columns those given, all of the relation when none are
    record CopyIn(String relation, List<String> columns, CopyOptions options) implements Answer {}
}
