package dev.weir.server.pgwire;

/// How COPY writes and reads its rows.
///
/// @param nullText stands for NULL
/// @param header the first line has the columns' names
record CopyOptions(
        boolean csv, char delimiter, String nullText, boolean header, char quote, char escape) {
    static final CopyOptions TEXT = new CopyOptions(false, '\t', "\\N", false, '"', '"');
    static final CopyOptions CSV = new CopyOptions(true, ',', "", false, '"', '"');
}
