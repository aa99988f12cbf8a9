package dev.weir.broker.topic;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;

import dev.weir.broker.error.BrokerException;
import dev.weir.broker.error.ErrorCode;
import dev.weir.broker.partition.AppendOrigin;
import dev.weir.broker.partition.LogDirectory;
import dev.weir.broker.partition.LogDirectoryConfig;
import dev.weir.broker.partition.Partition;
import dev.weir.broker.record.RecordBatchWriter;
import dev.weir.broker.storage.SimulatedFileSystem;

import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;

class TopicsTest {
    private static final Path DATA = Path.of("/data");

    /// What is open of one life of the broker.
    private record Life(MetadataLog log, LogDirectory logs, Topics topics)
            implements AutoCloseable {
        static Life begin(SimulatedFileSystem files) {
            var logs =
                    LogDirectory.open(
                            files,
                            DATA.resolve("log"),
                            LogDirectoryConfig.DEFAULT.withSyncThreads(0),
                            InstantSource.system());
            var image = new MetadataImage();
            var log = MetadataLog.open(files, DATA.resolve("meta/metadata.log"), image::apply);
            return new Life(log, logs, new Topics(log, image, logs, 2, Map.of()));
        }

        @Override
        public void close() {
            topics.close();
            logs.close();
            log.close();
        }
    }

    @Test
    void a_listener_is_told_of_every_change_as_it_happens() {
        try (var now = Life.begin(new SimulatedFileSystem(1))) {
            var told = new ArrayList<String>();
            var registration =
                    now.topics.onChange((before, after) -> {
                        var name = (before != null ? before : after).name();
                        assertThat(now.topics.find(name).orElse(null)).isSameAs(after);
                        told.add(name + " " + shape(before) + " -> " + shape(after));
                    });
            now.topics.create(new NewTopic("a", 1, Map.of()));
            now.topics.addPartitions("a", 3, true);
            now.topics.addPartitions("a", 3, false);
            now.topics.delete("a");
            registration.close();
            now.topics.create(new NewTopic("b", 1, Map.of()));
            assertThat(told).containsExactly("a none -> 1", "a 1 -> 3", "a 3 -> none");
        }
    }

    @Test
    void directories_of_no_topic_are_told_of_and_left_until_a_topic_of_that_name_takes_them_over()
            throws IOException {
        var files = new SimulatedFileSystem(1);
        try (var now = Life.begin(files)) {
            for (var partition : now.topics.create(new NewTopic("a", 2, Map.of())).partitions()) {
                partition.append(record(), AppendOrigin.ENGINE);
            }
            now.logs.syncOnce();
        }
        files.delete(DATA.resolve("meta/metadata.log"));
        var told = new ListAppender<ILoggingEvent>();
        var logger = (Logger) LoggerFactory.getLogger(Topics.class);
        told.start();
        logger.addAppender(told);
        try (var now = Life.begin(files)) {
            assertThat(told.list)
                    .extracting(ILoggingEvent::getFormattedMessage)
                    .singleElement()
                    .asString()
                    .startsWith("2 directories belong to no partition")
                    .endsWith(": a-0, a-1");
            assertThat(now.topics.find("a")).isEmpty();
            var again = now.topics.create(new NewTopic("a", 1, Map.of()));
            assertThat(again.partitions().getFirst().logEndOffset()).isEqualTo(1);
        } finally {
            logger.detachAppender(told);
        }
    }

    private static ByteBuffer record() {
        var writer = new RecordBatchWriter();
        writer.start(1);
        writer.append(1, null, new byte[1]);
        return writer.finish();
    }

    @Test
    void a_topic_nobody_wrote_to_is_gone_when_it_is_deleted() {
        var files = new SimulatedFileSystem(1);
        try (var now = Life.begin(files)) {
            var old = now.topics.create(new NewTopic("a", 2, Map.of()));
            now.topics.delete("a");
            for (var partition : old.partitions()) {
                assertThatThrownBy(() -> partition.append(record(), AppendOrigin.ENGINE))
                        .isInstanceOf(BrokerException.class)
                        .extracting(e -> ((BrokerException) e).code())
                        .isEqualTo(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION);
            }
            var anew = now.topics.create(new NewTopic("a", 1, Map.of("retention.ms", "7")));
            assertThat(anew.partition(0)).isNotSameAs(old.partition(0));
            assertThat(anew.partition(0).config().retentionMs()).isEqualTo(7);
        }
    }

    private static String shape(Topic topic) {
        return topic == null ? "none" : Integer.toString(topic.partitions().size());
    }

    @Test
    void topics_are_what_they_were_after_every_power_loss() {
        long seed = System.nanoTime();
        System.out.println("seed " + seed);
        var random = new Random(seed);
        for (int round = 0; round < 40; round++) {
            var files = new SimulatedFileSystem(random.nextLong());
            var expected = new TreeMap<String, Integer>();
            for (int life = 0; life < 4; life++) {
                var now = Life.begin(files);
                assertThat(shapes(now.topics)).as("round " + round).isEqualTo(expected);
                for (var topic : now.topics.all()) {
                    for (var partition : topic.partitions()) {
                        assertThat(partition.offlineReason()).isNull();
                        assertThat(partition.logEndOffset()).as("%s", partition).isEqualTo(1);
                    }
                }
                String unsure = null;
                Integer before = null;
                if (random.nextBoolean()) {
                    files.failSyncsFrom(1 + random.nextInt(60));
                }
                try {
                    for (int i = 0; i < 6; i++) {
                        unsure = "t" + random.nextInt(5);
                        before = expected.get(unsure);
                        if (before == null) {
                            int partitions = 1 + random.nextInt(3);
                            now.topics.create(new NewTopic(unsure, partitions, Map.of()));
                            expected.put(unsure, partitions);
                        } else if (random.nextBoolean()) {
                            now.topics.delete(unsure);
                            expected.remove(unsure);
                        } else {
                            now.topics.addPartitions(unsure, before + 1, false);
                            expected.put(unsure, before + 1);
                        }
                        fill(now, unsure);
                        if (random.nextBoolean()) {
                            now.logs.upkeepOnce(); // notes which partitions have files
                        }
                    }
                    unsure = null;
                } catch (BrokerException e) {
                    assertThat(e.code()).isEqualTo(ErrorCode.KAFKA_STORAGE_ERROR);
                }
                files.crash();
                now.close();
                if (unsure != null) {
                    // The change that was not answered may or may not have happened: settle it.
                    try (var next = Life.begin(files)) {
                        if (next.topics.find(unsure).isPresent()) {
                            next.topics.delete(unsure);
                        }
                        expected.remove(unsure);
                    }
                }
            }
        }
    }

    @Test
    void a_topic_is_not_begun_on_a_disk_without_room_for_it() {
        var files = new SimulatedFileSystem(6);
        try (var life = Life.begin(files)) {
            life.topics.create(new NewTopic("before", 1, Map.of()));
            files.setFree(1000);
            assertThatThrownBy(() -> life.topics.create(new NewTopic("refused", 3, Map.of())))
                    .isInstanceOf(BrokerException.class)
                    .hasMessageContaining("bytes left");
            assertThatThrownBy(() -> life.topics.addPartitions("before", 9, false))
                    .isInstanceOf(BrokerException.class);
            assertThat(life.topics.find("refused")).isEmpty();
            life.topics.delete("before");
            files.setUnlimited();
            var topic = life.topics.create(new NewTopic("refused", 3, Map.of()));
            assertThat(topic.partitions()).extracting(Partition::offlineReason).containsOnlyNulls();
        }
    }

    @Test
    void names_follow_kafkas_rules() {
        for (var good : List.of("a", "A.b-c_9", "x".repeat(249), "...")) {
            TopicNames.check(good);
        }
        for (var bad : List.of("", ".", "..", "a b", "ä", "a/b", "x".repeat(250), "a\u0000")) {
            assertThatThrownBy(() -> TopicNames.check(bad))
                    .isInstanceOfSatisfying(
                            BrokerException.class,
                            e -> assertThat(e.code()).isEqualTo(ErrorCode.INVALID_TOPIC_EXCEPTION));
        }
    }

    @Test
    void a_batch_of_creations_judges_each_topic_by_itself() {
        try (var life = Life.begin(new SimulatedFileSystem(5))) {
            var outcomes =
                    life.topics.createAll(
                            List.of(
                                    new NewTopic("a.b"),
                                    new NewTopic("a_b"),
                                    new NewTopic("c", 3, Map.of("segment.bytes", "1000000")),
                                    new NewTopic("c", 3, Map.of()),
                                    new NewTopic("d", 1, Map.of("nonsense", "1"))),
                            false);
            assertThat(outcomes.get(0).topic().partitions()).hasSize(2);
            assertThat(outcomes.get(1).failure()).hasMessageContaining("only by '.' and '_'");
            assertThat(outcomes.get(2).topic().partition(2).config().segmentBytes())
                    .isEqualTo(1_000_000);
            assertThat(outcomes.get(3).failure()).isNotNull();
            assertThat(outcomes.get(4).failure()).hasMessageContaining("nonsense");
            assertThat(shapes(life.topics)).isEqualTo(new TreeMap<>(Map.of("a.b", 2, "c", 3)));

            life.topics.delete("a.b");
            life.topics.create(new NewTopic("a_b"));
            assertThat(life.topics.createAll(List.of(new NewTopic("e")), true).getFirst().failure())
                    .isNull();
            assertThat(life.topics.find("e")).isEmpty();
        }
    }

    @Test
    void every_default_is_a_value_its_setting_accepts() {
        for (var setting : TopicSetting.ALL.values()) {
            TopicSetting.check(Map.of(setting.name(), setting.defaultValue()));
        }
        assertThat(TopicSetting.logConfig(Map.of()))
                .isEqualTo(dev.weir.broker.log.LogConfig.DEFAULT);
        assertThat(TopicSetting.logConfig(Map.of("cleanup.policy", "compact")).retentionMs())
                .isEqualTo(-1);
    }

    @Test
    void the_shortest_compaction_lag_must_not_be_greater_than_the_longest() {
        TopicSetting.check(Map.of("min.compaction.lag.ms", "5", "max.compaction.lag.ms", "5"));
        assertThatThrownBy(() ->
                        TopicSetting.check(
                                Map.of("min.compaction.lag.ms", "6", "max.compaction.lag.ms", "5")))
                .isInstanceOf(BrokerException.class)
                .hasMessageContaining("min.compaction.lag.ms is 6")
                .extracting(e -> ((BrokerException) e).code())
                .isEqualTo(ErrorCode.INVALID_CONFIG);
    }

    /// One record in each partition that has none, so that a partition of an earlier topic of the
    /// same name would be noticed.
    private static void fill(Life life, String name) {
        life.topics
                .find(name)
                .ifPresent(topic -> {
                    for (var partition : topic.partitions()) {
                        if (partition.logEndOffset() == 0) {
                            var writer = new RecordBatchWriter();
                            writer.start(1);
                            writer.append(1, null, new byte[] {1});
                            partition.append(writer.finish(), AppendOrigin.ENGINE);
                            partition.syncNow();
                        }
                    }
                });
    }

    private static Map<String, Integer> shapes(Topics topics) {
        var shapes = new TreeMap<String, Integer>();
        topics.all().forEach(t -> shapes.put(t.name(), t.partitions().size()));
        return shapes;
    }
}
