package dev.weir.sql.exec;

/// The producers the engine writes under, so that a reader of a derived stream can tell what the
/// stream's own query has written, and handed on already, from what comes from elsewhere.
///
/// @param main writes what a derived relation's query keeps
/// @param inserts writes what queries insert into streams beside others
record Producers(long main, long inserts) {
    long[] both() {
        return new long[] {main, inserts};
    }
}
