package dev.weir.repl;

import dev.weir.repl.client.ServerAddress;
import dev.weir.repl.client.StatementClient;
import dev.weir.repl.render.Format;
import dev.weir.repl.render.Palette;
import dev.weir.repl.shell.Console;
import dev.weir.repl.shell.InteractiveShell;
import dev.weir.repl.shell.ScriptRunner;
import dev.weir.repl.topic.RecordProducer;
import dev.weir.repl.topic.TopicCommand;

import org.jline.terminal.Terminal;
import org.jline.terminal.TerminalBuilder;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.StringReader;
import java.io.Writer;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/// Goes through what the tools do once, against a server of its own, so that the JVM can write down
/// which classes that takes. The launcher makes the start-up cache of it.
public final class Rehearsal {
    private static final String ANSWER =
            """
            {"columns":[{"name":"item","type":"VARCHAR"},{"name":"n","type":"BIGINT"}],"live":true,"queryId":"q1","table":true,"key":[0]}
            {"rows":[["pen",1],["ink",null],["cap",[1.5,{"a":true}]]],"times":[1,2,3],"deleted":[false,true,false]}
            {"error":{"sqlState":"42703","message":"no","hint":"try","line":1,"column":8}}
            """;

    private Rehearsal() {}

    public static void main(String[] arguments) throws IOException {
        try (ServerSocket server = new ServerSocket(0, 8, InetAddress.getLoopbackAddress())) {
            Thread.ofPlatform().daemon().start(() -> answer(server));
            StatementClient client =
                    new StatementClient(new ServerAddress("127.0.0.1", server.getLocalPort()));
            for (Format format : Format.values()) {
                Writer nowhere = Writer.nullWriter();
                Console console = new Console(nowhere, Palette.TERMINAL, nowhere, Palette.PLAIN);
                new ScriptRunner(client, console, format)
                        .run(new StringReader("SELECT * FROM orders"), "rehearsal.sql");
            }
            typeStatements(client);
        }
        TopicCommand.run(new String[] {"list", "--help"});
        new RecordProducer("127.0.0.1:1").close();
    }

    private static void typeStatements(StatementClient client) throws IOException {
        Path history = Files.createTempFile("weir", ".history");
        InputStream typed =
                new ByteArrayInputStream(
                        "SELECT 'a', 1 FROM orders -- so\r WHERE x;\r\\tim\t\r\\x\rhelp\rexit\r"
                                .getBytes(StandardCharsets.UTF_8));
        try (Terminal terminal =
                TerminalBuilder.builder()
                        .system(false)
                        .providers("jni,ffm,exec")
                        .streams(typed, new ByteArrayOutputStream())
                        .build()) {
            int exit =
                    new InteractiveShell(terminal, client, Format.TABLE, true, history)
                            .run("Weir\n", Optional.empty());
            if (exit != 0) {
                throw new IllegalStateException("the shell left with " + exit);
            }
        } finally {
            Files.deleteIfExists(history);
        }
    }

    private static void answer(ServerSocket server) {
        byte[] answer =
                ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                                + (Integer.toHexString(ANSWER.length()) + "\r\n" + ANSWER)
                                + "\r\n0\r\n\r\n")
                        .getBytes(StandardCharsets.UTF_8);
        try {
            while (true) {
                try (Socket client = server.accept()) {
                    InputStream in = client.getInputStream();
                    byte[] request = new byte[4 << 10];
                    if (in.read(request) > 0) {
                        client.getOutputStream().write(answer);
                    }
                }
            }
        } catch (IOException _) {
            // Closed: the rehearsal is over.
        }
    }
}
