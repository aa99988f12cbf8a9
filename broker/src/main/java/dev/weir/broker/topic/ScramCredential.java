package dev.weir.broker.topic;

/// What the broker must know to check a user's password by SCRAM without knowing it.
///
/// @param mechanism Kafka's number of the mechanism
/// @param salt in base 64, as both keys are
public record ScramCredential(
        byte mechanism, int iterations, String salt, String storedKey, String serverKey) {
    /// Says nothing that helps to guess a password.
    @Override
    public String toString() {
        return "ScramCredential[mechanism=" + mechanism + ", iterations=" + iterations + "]";
    }
}
