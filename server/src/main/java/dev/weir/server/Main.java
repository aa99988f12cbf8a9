package dev.weir.server;

import io.netty.channel.unix.Errors.NativeIoException;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.net.BindException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CountDownLatch;

/// The command line of the server: `server`, `version`, `help`.
public final class Main {
    private static final int FINE = 0;
    private static final int FAILED = 1;
    private static final int USAGE = 2;

    private Main() {}

    public static void main(String[] args) {
        Carriers.allowMoreThanCores();
        var out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
        var err = new PrintStream(System.err, true, StandardCharsets.UTF_8);
        int code = run(Arrays.asList(args), out, err);
        // Non-daemon threads of a half-started part must not keep a failed process alive.
        Runtime.getRuntime().halt(code);
    }

    private static int run(List<String> args, PrintStream out, PrintStream err) {
        String command = args.isEmpty() ? "help" : args.getFirst();
        switch (command) {
            case "version", "--version", "-V" -> {
                out.println("weir " + Version.current());
                return FINE;
            }
            case "help", "--help", "-h" -> {
                out.println(help());
                return args.isEmpty() ? USAGE : FINE;
            }
            case "server" -> {
                return server(args.subList(1, args.size()), out, err);
            }
            default -> {
                err.println("weir: unknown command \"" + command + "\"; try: weir help");
                return USAGE;
            }
        }
    }

    /// Runs a server until the process is told to stop.
    private static int server(List<String> args, PrintStream out, PrintStream err) {
        ServerConfig config;
        try {
            config = ServerConfig.of(properties(args.iterator()));
        } catch (ConfigException e) {
            err.println("weir: " + e.getMessage());
            return USAGE;
        }
        Logging.apply(LogSettings.of(config.properties()));
        Logger logger = LoggerFactory.getLogger(Main.class);
        WeirServer server;
        try {
            server = WeirServer.start(config);
        } catch (ConfigException e) {
            err.println("weir: " + e.getMessage());
            return FAILED;
        } catch (UncheckedIOException e) {
            err.println("weir: the server cannot start: " + e.getCause().getMessage());
            if (isBindFailure(e)) {
                err.println(
                        "weir: if another server has the port, stop it or choose another, such as"
                                + " --set "
                                + refusedListener(e).key
                                + "=127.0.0.1:0");
            } else {
                logger.error("the server cannot start", e);
            }
            return FAILED;
        } catch (RuntimeException e) {
            err.println("weir: the server cannot start: " + e.getMessage());
            logger.error("the server cannot start", e);
            return FAILED;
        }
        var stopped = new CountDownLatch(1);
        Runtime.getRuntime()
                .addShutdownHook(
                        new Thread(
                                () -> {
                                    logger.info("stopping");
                                    server.close();
                                    logger.info("stopped");
                                    // Otherwise the exit code would be the signal's.
                                    Runtime.getRuntime().halt(FINE);
                                },
                                "stop"));
        if (config.osDurability()) {
            logger.warn(
                    "log.durability=os: records acknowledged last are lost when the machine fails");
        }
        out.println(server.readyLine());
        awaitForever(stopped);
        return FINE;
    }

    /// True when the operating system refused an address, on either of Netty's transports.
    private static boolean isBindFailure(UncheckedIOException e) {
        Throwable cause = e.getCause().getCause();
        return cause instanceof BindException || cause instanceof NativeIoException;
    }

    /// The doors name their property in the message; the broker, which knows of none, does not.
    private static Property refusedListener(UncheckedIOException e) {
        String message = e.getCause().getMessage();
        for (Property door : List.of(Property.HTTP_LISTEN, Property.POSTGRES_LISTEN)) {
            if (message.startsWith(door.key + ":")) {
                return door;
            }
        }
        return Property.KAFKA_LISTEN;
    }

    private static void awaitForever(CountDownLatch never) {
        while (true) {
            try {
                never.await();
                return;
            } catch (InterruptedException _) {
                // Nobody has a reason to; the process ends by a signal.
            }
        }
    }

    /// Properties in the order of precedence: `--set` and `--data` over the file.
    ///
    /// @throws ConfigException for an option that is unknown or has no value
    static Map<String, String> properties(Iterator<String> args) {
        var fromFile = new TreeMap<String, String>();
        var given = new TreeMap<String, String>();
        while (args.hasNext()) {
            String arg = args.next();
            int equals = arg.startsWith("--") ? arg.indexOf('=') : -1;
            String option = equals < 0 ? arg : arg.substring(0, equals);
            switch (option) {
                case "--config", "--data", "--set" -> {
                    if (equals < 0 && !args.hasNext()) {
                        throw new ConfigException(option + " needs a value");
                    }
                    String value = equals < 0 ? args.next() : arg.substring(equals + 1);
                    switch (option) {
                        case "--config" -> fromFile.putAll(ServerConfig.read(Path.of(value)));
                        case "--data" -> given.put(Property.DATA_DIR.key, value);
                        default -> putSetting(given, value);
                    }
                }
                default ->
                        throw new ConfigException("unknown option \"" + arg + "\"; try: weir help");
            }
        }
        fromFile.putAll(given);
        return fromFile;
    }

    private static void putSetting(Map<String, String> given, String setting) {
        int equals = setting.indexOf('=');
        if (equals < 1) {
            throw new ConfigException("--set needs key=value, got \"" + setting + "\"");
        }
        given.put(setting.substring(0, equals).strip(), setting.substring(equals + 1).strip());
    }

    private static String help() {
        return """
        weir: a SQL-driven streaming database in one process

        weir server [--config FILE] [--data DIR] [--set key=value]...
            runs a server in the foreground until it is interrupted or terminated
        weir version
        weir help

        Properties, in FILE one key=value a line, or each with --set (and their defaults):
        """
                + Property.describeAll()
                + """


                Exit codes: 0 fine, 1 the server could not run, 2 usage.\
                """;
    }
}
