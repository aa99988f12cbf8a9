package dev.weir.server.pgwire;

import dev.weir.sql.error.SqlException;
import dev.weir.sql.error.SqlState;

import java.util.List;

/// Which columns or parameters are binary, as Bind says it: by none, one or all of their codes.
///
/// @param codes 0 text, 1 binary; empty for all text, one for all
record Formats(List<Integer> codes) {
    static final Formats TEXT = new Formats(List.of());

    /// @throws SqlException PROTOCOL_VIOLATION when their number does not fit, INVALID_PARAMETER
    ///   when a code is neither 0 nor 1
    static Formats of(List<Integer> codes, int count, String what) {
        if (codes.size() > 1 && codes.size() != count) {
            throw new SqlException(
                    SqlState.PROTOCOL_VIOLATION,
                    "bind message has "
                            + codes.size()
                            + " "
                            + what
                            + " formats but "
                            + count
                            + " "
                            + what
                            + "s");
        }
        for (int code : codes) {
            if (code != 0 && code != 1) {
                throw new SqlException(
                        SqlState.INVALID_PARAMETER, "unsupported format code: " + code);
            }
        }
        return new Formats(List.copyOf(codes));
    }

    boolean isBinary(int at) {
        return !codes.isEmpty() && codes.get(codes.size() == 1 ? 0 : at) == 1;
    }
}
