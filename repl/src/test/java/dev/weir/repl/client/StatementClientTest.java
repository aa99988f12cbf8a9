package dev.weir.repl.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.util.ArrayList;
import java.util.List;

@Timeout(value = 30, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class StatementClientTest {
    @Test
    void statements_of_one_client_share_a_session() throws IOException {
        try (FakeServer server = new FakeServer(_ -> List.of("{\"done\":{\"tag\":\"SET\"}}"))) {
            StatementClient client = new StatementClient(server.address());
            assertThat(client.execute("SET 'a'='\n'", new RowCounter()))
                    .isEqualTo(StatementClient.Outcome.DONE);
            client.execute("SET 'b'='2'", new RowCounter());

            assertThat(server.requests().get(0))
                    .startsWith("{\"sql\":\"SET 'a'='\\n'\",\"session\":\"");
            String session = server.requests().get(0).replaceAll(".*\"session\":", "");
            assertThat(server.requests().get(1)).endsWith(session);
            assertThat(session).hasSizeGreaterThan(20);
        }
    }

    @Test
    void cancelling_ends_an_endless_result_at_the_server_too() throws Exception {
        try (FakeServer server =
                new FakeServer(_ ->
                        List.of(
                                "{\"columns\":[{\"name\":\"a\",\"type\":\"INT\"}],\"live\":true}",
                                "{\"rows\":[[1]]}",
                                FakeServer.NEVER_ENDS))) {
            StatementClient client = new StatementClient(server.address());
            RowCounter counter = new RowCounter();
            counter.onRows = client::cancel;
            assertThat(client.execute("SELECT a FROM t EMIT CHANGES", counter))
                    .isEqualTo(StatementClient.Outcome.CANCELLED);
            assertThat(counter.rows).hasSize(1);
            server.awaitClientLeft();
            assertThat(client.cancel()).as("nothing is running now").isFalse();
        }
    }

    @Test
    void an_answer_that_breaks_off_is_an_error() throws IOException {
        try (FakeServer server = new FakeServer(_ -> List.of("{\"columns\":[]}"))) {
            StatementClient client = new StatementClient(server.address());
            assertThatThrownBy(() -> client.execute("SELECT 1", new RowCounter()))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("before the end");
        }
    }

    @Test
    void no_server_is_told_from_a_broken_one() throws IOException {
        // Bound and not listening: nobody else can take the port meanwhile.
        try (Socket socket = new Socket()) {
            socket.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
            int deaf = socket.getLocalPort();
            StatementClient client = new StatementClient(new ServerAddress("127.0.0.1", deaf));
            assertThatThrownBy(() -> client.execute("SELECT 1", new RowCounter()))
                    .isInstanceOf(CannotConnectException.class)
                    .hasMessageContaining("127.0.0.1:" + deaf);
        }
    }

    @Test
    void addresses_are_read_in_every_usual_form() {
        assertThat(ServerAddress.parse("http://db.example:9000/"))
                .isEqualTo(new ServerAddress("db.example", 9000));
        assertThat(ServerAddress.parse("db.example"))
                .isEqualTo(new ServerAddress("db.example", 8088));
        assertThat(ServerAddress.parse("[::1]:99")).isEqualTo(new ServerAddress("::1", 99));
        assertThat(ServerAddress.parse("[::1]:99")).hasToString("[::1]:99");
        for (String wrong : List.of("http://", "a:b", "::1", "http://a/b", "https://a", "a:0")) {
            assertThatThrownBy(() -> ServerAddress.parse(wrong))
                    .as(wrong)
                    .isInstanceOf(IllegalArgumentException.class);
        }
    }

    private static final class RowCounter implements ResponseHandler {
        final List<Row> rows = new ArrayList<>();
        Runnable onRows = () -> {};

        @Override
        public void columns(ResultHead head) {}

        @Override
        public void rows(List<Row> more) {
            rows.addAll(more);
            onRows.run();
        }

        @Override
        public void done(String tag, String message) {}

        @Override
        public void error(StatementError error) {}
    }
}
