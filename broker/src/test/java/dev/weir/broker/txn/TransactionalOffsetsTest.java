package dev.weir.broker.txn;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.broker.RawClient;
import dev.weir.broker.TestBroker;
import dev.weir.broker.topic.NewTopic;
import dev.weir.broker.txn.WireProducer.Member;

import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.protocol.Errors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;

/// Offsets that a transaction commits for a member of a group, who may not be one any more
/// (KIP-447). Members are Kafka's own consumers, classic ones and those of KIP-848.
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class TransactionalOffsetsTest {
    private static final TopicPartition AT = new TopicPartition("t", 0);
    private static final String GROUP = "g";
    private static final String ID = "id";

    @TempDir Path directory;
    private TestBroker broker;
    private RawClient client;
    private ProducerIdentity producer;

    @BeforeEach
    void start() throws IOException {
        broker = new TestBroker(directory);
        broker.broker().topics().create(new NewTopic(AT.topic(), 1, Map.of()));
        client = broker.raw();
        producer = WireProducer.init(5, ID, 60_000, ProducerIdentity.NONE).on(client).producer();
    }

    @AfterEach
    void stop() throws IOException {
        client.close();
        broker.close();
    }

    private KafkaConsumer<String, String> member(String... more) {
        var settings = new String[more.length + 2];
        settings[0] = "group.id";
        settings[1] = GROUP;
        System.arraycopy(more, 0, settings, 2, more.length);
        var consumer = broker.consumer(settings);
        consumer.subscribe(List.of(AT.topic()));
        while (consumer.assignment().isEmpty()) {
            consumer.poll(Duration.ofMillis(50));
        }
        return consumer;
    }

    private static Member of(KafkaConsumer<?, ?> consumer) {
        var known = consumer.groupMetadata();
        return new Member(
                known.memberId(), known.groupInstanceId().orElse(null), known.generationId());
    }

    private Errors commit(int version, Member member, long offset) throws IOException {
        return WireProducer.commitOffset(version, ID, producer, GROUP, member, AT, offset)
                .on(client)
                .error();
    }

    private void end(boolean commit) throws IOException {
        var answer = WireProducer.end(5, ID, producer, commit).on(client);
        assertThat(answer.error()).isEqualTo(Errors.NONE);
        producer = answer.producer();
    }

    /// The committed offset, -1 for none.
    private long committed() throws Exception {
        try (Admin admin = broker.admin()) {
            var found =
                    admin.listConsumerGroupOffsets(GROUP)
                            .partitionsToOffsetAndMetadata()
                            .get()
                            .get(AT);
            return found == null ? -1 : found.offset();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"classic", "consumer"})
    void offsets_of_a_member_are_taken_and_of_nobody_else(String protocol) throws Exception {
        try (var consumer = member("group.protocol", protocol, "enable.auto.commit", "false")) {
            var member = of(consumer);
            assertThat(commit(5, new Member("somebody", null, member.generation()), 90))
                    .isEqualTo(Errors.UNKNOWN_MEMBER_ID);
            assertThat(commit(5, new Member("", null, member.generation()), 91))
                    .isEqualTo(Errors.UNKNOWN_MEMBER_ID);
            for (int off : new int[] {-1, 1}) {
                assertThat(commit(5, new Member(member.id(), null, member.generation() + off), 92))
                        .isEqualTo(Errors.ILLEGAL_GENERATION);
            }
            end(true); // the partition of the offsets took part, with nothing in it
            assertThat(committed()).isEqualTo(-1);

            assertThat(commit(5, member, 7)).isEqualTo(Errors.NONE);
            end(false);
            assertThat(committed()).isEqualTo(-1);
            assertThat(commit(5, member, 8)).isEqualTo(Errors.NONE);
            end(true);
            assertThat(committed()).isEqualTo(8);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"classic", "consumer"})
    void what_is_refused_leaves_the_rest_of_the_transaction_alone(String protocol)
            throws Exception {
        try (var consumer = member("group.protocol", protocol, "enable.auto.commit", "false")) {
            var member = of(consumer);
            assertThat(commit(5, member, 3)).isEqualTo(Errors.NONE);
            assertThat(commit(5, new Member("somebody", null, member.generation()), 4))
                    .isEqualTo(Errors.UNKNOWN_MEMBER_ID);
            end(true);
            assertThat(committed()).isEqualTo(3);
        }
    }

    @Test
    void a_static_member_that_was_replaced_is_fenced() throws Exception {
        try (var first = member("group.instance.id", "static", "enable.auto.commit", "false")) {
            var replaced = of(first);
            assertThat(commit(5, replaced, 1)).isEqualTo(Errors.NONE);
            try (var second =
                    member("group.instance.id", "static", "enable.auto.commit", "false")) {
                assertThat(commit(5, replaced, 2)).isEqualTo(Errors.FENCED_INSTANCE_ID);
                assertThat(
                                commit(
                                        5,
                                        new Member(
                                                of(second).id(), "other", of(second).generation()),
                                        3))
                        .isEqualTo(Errors.UNKNOWN_MEMBER_ID);
                assertThat(commit(5, of(second), 4)).isEqualTo(Errors.NONE);
                end(true);
                assertThat(committed()).isEqualTo(4);
            }
        }
    }

    /// Before version 3 requests do not tell who commits.
    @Test
    void whoever_does_not_say_who_he_is_may_commit_for_a_group() throws Exception {
        try (var _ = member("enable.auto.commit", "false")) {
            assertThat(WireProducer.addOffsets(3, ID, producer, GROUP).on(client).error())
                    .isEqualTo(Errors.NONE);
            assertThat(commit(2, Member.NONE, 5)).isEqualTo(Errors.NONE);
            end(true);
            assertThat(committed()).isEqualTo(5);
        }
    }

    @Test
    void a_group_that_does_not_exist_has_no_generations() throws Exception {
        assertThat(commit(5, new Member("somebody", null, 0), 1))
                .isEqualTo(Errors.ILLEGAL_GENERATION);
        assertThat(commit(5, Member.NONE, 2)).isEqualTo(Errors.NONE);
        end(true);
        assertThat(committed()).isEqualTo(2);
    }
}
