package dev.weir.server.pgwire;

/// A statement that the protocol's own rules forbid, whatever the engine would say.
final class Refusal extends RuntimeException {
    private final transient Problem problem;

    Refusal(Problem problem) {
        super(problem.message(), null, false, false);
        this.problem = problem;
    }

    Problem problem() {
        return problem;
    }
}
