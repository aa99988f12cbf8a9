package dev.weir.server.pgwire;

/// Whether a transaction block is open, as ReadyForQuery tells it.
enum Transaction {
    NONE('I'),
    OPEN('T'),
    FAILED('E');

    private final char status;

    Transaction(char status) {
        this.status = status;
    }

    char status() {
        return status;
    }
}
