package dev.weir.repl.topic;

/// No broker answers.
final class NoBrokerException extends Exception {
    private static final long serialVersionUID = 1L;

    NoBrokerException(String message) {
        super(message);
    }
}
