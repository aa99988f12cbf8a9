package dev.weir.broker.quota;

/// Over which time use is measured, under Kafka's names and with Kafka's defaults: ten whole
/// windows of a second and the current one.
///
/// @param windows of rates of clients and of connections (`quota.window.num`)
/// @param windowSeconds how long each is (`quota.window.size.seconds`)
/// @param controllerWindows of changes to topics (`controller.quota.window.num`); as many windows'
///   worth of changes may come in one burst
/// @param controllerWindowSeconds how long each is (`controller.quota.window.size.seconds`)
public record QuotasConfig(
        int windows, int windowSeconds, int controllerWindows, int controllerWindowSeconds) {
    public static final QuotasConfig DEFAULT = new QuotasConfig(11, 1, 11, 1);

    public QuotasConfig {
        check("quota.window.num", windows);
        check("quota.window.size.seconds", windowSeconds);
        check("controller.quota.window.num", controllerWindows);
        check("controller.quota.window.size.seconds", controllerWindowSeconds);
    }

    private static void check(String name, int value) {
        if (value < 1 || value > 86_400) {
            throw new IllegalArgumentException(name + " must be 1 to 86400, got " + value);
        }
    }
}
