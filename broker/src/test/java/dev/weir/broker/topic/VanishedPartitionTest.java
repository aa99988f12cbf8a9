package dev.weir.broker.topic;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weir.broker.error.BrokerException;
import dev.weir.broker.error.ErrorCode;
import dev.weir.broker.log.LogConfig;
import dev.weir.broker.partition.AppendOrigin;
import dev.weir.broker.partition.LogDirectory;
import dev.weir.broker.partition.LogDirectoryConfig;
import dev.weir.broker.partition.LogDirectoryConfig.Durability;
import dev.weir.broker.partition.Partition;
import dev.weir.broker.record.RecordBatchWriter;
import dev.weir.broker.storage.FileSystem.OpenMode;
import dev.weir.broker.storage.SimulatedFileSystem;

import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.UUID;

/// A partition that had files and has none is damaged; one that never had any is empty.
class VanishedPartitionTest {
    private static final Path DATA = Path.of("/data");
    private static final Path ASIDE = Path.of("/aside");
    private static final int SEEDS = 200;

    private final SimulatedFileSystem files = new SimulatedFileSystem(1);
    private LogDirectory logs;
    private MetadataLog metadata;
    private Topics topics;

    private void start() {
        start(files);
    }

    private void start(SimulatedFileSystem disk) {
        logs =
                LogDirectory.open(
                        disk,
                        DATA.resolve("log"),
                        LogDirectoryConfig.DEFAULT
                                .withDurability(Durability.FSYNC)
                                .withSyncThreads(0),
                        InstantSource.system());
        var image = new MetadataImage();
        metadata = MetadataLog.open(disk, DATA.resolve("meta/metadata.log"), image::apply);
        topics = new Topics(metadata, image, logs, 1, Map.of());
    }

    private void stop() {
        topics.close();
        logs.close();
        metadata.close();
    }

    private void create(String name, int partitions) {
        var _ = topics.create(new NewTopic(name, partitions, Map.of()));
    }

    private static void append(Partition partition) {
        var writer = new RecordBatchWriter();
        writer.start(1);
        writer.append(1, null, new byte[10]);
        partition.append(writer.finish(), AppendOrigin.ENGINE);
    }

    private void write(String topic, int index) {
        append(topics.partition(topic, index));
        topics.partition(topic, index).syncNow();
    }

    private void takeAway(String partition) throws IOException {
        files.createDirectories(ASIDE);
        files.rename(DATA.resolve("log").resolve(partition), ASIDE.resolve(partition));
    }

    private void putBack(String partition) throws IOException {
        files.rename(ASIDE.resolve(partition), DATA.resolve("log").resolve(partition));
    }

    @Test
    void a_partition_whose_directory_is_gone_is_offline_until_it_is_back() throws IOException {
        start();
        create("t", 3);
        write("t", 0);
        write("t", 1);
        stop();
        takeAway("t-0");
        for (int i = 0; i < 2; i++) {
            start();
            assertThat(topics.partition("t", 0).offlineReason())
                    .contains("/data/log/t-0 is missing or empty")
                    .contains("put it back")
                    .contains("delete the topic");
            assertThatThrownBy(() -> write("t", 0))
                    .isInstanceOfSatisfying(
                            BrokerException.class,
                            e -> assertThat(e.code()).isEqualTo(ErrorCode.KAFKA_STORAGE_ERROR));
            assertThat(topics.partition("t", 1).logEndOffset()).isEqualTo(1);
            assertThat(topics.partition("t", 2).logEndOffset()).isZero();
            stop();
        }
        putBack("t-0");
        start();
        assertThat(topics.partition("t", 0).offlineReason()).isNull();
        assertThat(topics.partition("t", 0).logEndOffset()).isEqualTo(1);
        stop();
    }

    @Test
    void an_emptied_directory_is_damage_too() throws IOException {
        start();
        create("t", 1);
        write("t", 0);
        stop();
        takeAway("t-0");
        files.createDirectories(DATA.resolve("log").resolve("t-0"));
        start();
        assertThat(topics.partition("t", 0).offlineReason()).contains("is missing or empty");
        stop();
        assertThat(files.list(DATA.resolve("log").resolve("t-0"))).isEmpty();
    }

    @Test
    void an_empty_log_that_somebody_put_in_its_place_is_no_damage() throws IOException {
        start();
        create("t", 1);
        write("t", 0);
        stop();
        takeAway("t-0");
        Path directory = DATA.resolve("log").resolve("t-0");
        files.createDirectories(directory);
        files.open(directory.resolve("00000000000000000000.log"), OpenMode.CREATE).close();
        start();
        assertThat(topics.partition("t", 0).offlineReason()).isNull();
        assertThat(topics.partition("t", 0).logEndOffset()).isZero();
        write("t", 0);
        stop();
        start();
        assertThat(topics.partition("t", 0).logEndOffset()).isEqualTo(1);
        stop();
    }

    @Test
    void segments_that_are_gone_are_missed_also_before_the_first_checkpoint() throws IOException {
        start();
        create("t", 1);
        write("t", 0);
        logs = null; // the process dies
        Path directory = DATA.resolve("log").resolve("t-0");
        for (Path path : files.list(directory)) {
            if (path.toString().endsWith(".log")) {
                files.delete(path);
            }
        }
        start();
        assertThat(topics.partition("t", 0).offlineReason()).contains("all segments are missing");
        stop();
    }

    @Test
    void a_topic_is_usable_again_when_it_was_deleted_and_made_anew() throws IOException {
        start();
        create("t", 2);
        write("t", 0);
        stop();
        takeAway("t-0");
        start();
        topics.delete("t");
        create("t", 2);
        assertThat(topics.partition("t", 0).offlineReason()).isNull();
        stop();
        start();
        assertThat(topics.partition("t", 0).offlineReason()).isNull();
        write("t", 0);
        stop();
        start();
        assertThat(topics.partition("t", 0).logEndOffset()).isEqualTo(1);
        stop();
    }

    @Test
    void a_partition_without_records_has_its_files_all_the_same() {
        start();
        create("t", 1);
        write("t", 0);
        logs.upkeepOnce();
        assertThat(topics.partition("t", 0).deleteRecordsBefore(-1)).isEqualTo(1);
        for (int i = 0; i < 2; i++) {
            logs.upkeepOnce();
            stop();
            start();
            assertThat(topics.partition("t", 0).offlineReason()).isNull();
            assertThat(topics.partition("t", 0).logStartOffset()).isEqualTo(1);
        }
        stop();
    }

    @Test
    void directories_of_earlier_builds_open_as_ever_and_are_noted_then() throws IOException {
        try (var log = MetadataLog.open(files, DATA.resolve("meta/metadata.log"), _ -> {})) {
            log.append(List.of(new MetadataRecord.TopicCreated(new UUID(1, 2), "t", 2, Map.of())));
        }
        try (var old =
                LogDirectory.open(
                        files,
                        DATA.resolve("log"),
                        LogDirectoryConfig.DEFAULT.withSyncThreads(0),
                        InstantSource.system())) {
            append(old.open("t", 0, LogConfig.DEFAULT));
        }
        start();
        assertThat(topics.partition("t", 0).logEndOffset()).isEqualTo(1);
        files.crash(); // without a stop
        takeAway("t-0");
        start();
        assertThat(topics.partition("t", 0).offlineReason()).contains("is missing or empty");
        assertThat(topics.partition("t", 1).offlineReason()).isNull();
        stop();
    }

    @Test
    void what_was_written_just_before_the_stop_is_noted() throws IOException {
        start();
        create("t", 1);
        append(topics.partition("t", 0)); // and nobody waits for its sync
        stop();
        takeAway("t-0");
        start();
        assertThat(topics.partition("t", 0).offlineReason()).contains("is missing or empty");
        stop();
    }

    @Test
    void many_partitions_are_noted_with_one_sync() {
        start();
        for (String topic : List.of("a", "b")) {
            create(topic, 100);
            for (int index = 0; index < 100; index++) {
                write(topic, index);
            }
        }
        long end = metadata.end();
        logs.upkeepOnce();
        assertThat(metadata.end()).isGreaterThan(end);
        long noted = metadata.end();
        logs.upkeepOnce();
        assertThat(metadata.end()).as("only once").isEqualTo(noted);
        assertThat(noted - end).isLessThan(200 * 10);
        stop();
    }

    @Test
    void a_note_for_which_there_is_no_room_is_made_later() throws IOException {
        start();
        create("t", 1);
        write("t", 0);
        files.setFree(0);
        logs.upkeepOnce();
        files.setUnlimited();
        logs.upkeepOnce();
        files.crash();
        takeAway("t-0");
        start();
        assertThat(topics.partition("t", 0).offlineReason()).contains("is missing or empty");
        stop();
    }

    @Test
    void no_crash_between_files_and_note_makes_damage() throws IOException {
        for (long seed = 1; seed <= SEEDS; seed++) {
            try {
                live(seed);
            } catch (RuntimeException | AssertionError e) {
                throw new AssertionError("seed " + seed + ": " + e.getMessage(), e);
            }
        }
    }

    private void live(long seed) throws IOException {
        var random = new Random(seed);
        var disk = new SimulatedFileSystem(seed);
        var written = new HashMap<String, Integer>(); // durable records by partition
        for (int life = 0; life < 5; life++) {
            start(disk);
            for (var topic : topics.all()) {
                for (var partition : topic.partitions()) {
                    assertThat(partition.offlineReason()).isNull();
                    assertThat(partition.logEndOffset())
                            .isGreaterThanOrEqualTo(written.getOrDefault(partition.toString(), 0));
                    written.put(partition.toString(), (int) partition.logEndOffset());
                }
            }
            if (random.nextBoolean()) {
                disk.failSyncsFrom(1 + random.nextInt(25));
            }
            try {
                for (int step = 0; step < 12; step++) {
                    step(random, written);
                }
                if (random.nextBoolean()) {
                    stop();
                }
            } catch (BrokerException e) {
                assertThat(e.code()).isEqualTo(ErrorCode.KAFKA_STORAGE_ERROR);
            }
            disk.crash();
        }
    }

    private void step(Random random, Map<String, Integer> written) {
        var name = "t" + random.nextInt(3);
        var topic = topics.find(name).orElse(null);
        if (topic == null) {
            create(name, 1 + random.nextInt(2));
            return;
        }
        var partition = topic.partitions().get(random.nextInt(topic.partitions().size()));
        switch (random.nextInt(8)) {
            case 0 -> {
                topic.partitions().forEach(each -> written.remove(each.toString()));
                topics.delete(name);
            }
            case 1 -> topics.addPartitions(name, topic.partitions().size() + 1, false);
            case 2, 3 -> logs.upkeepOnce();
            case 4 -> append(partition);
            default -> {
                append(partition);
                partition.syncNow();
                written.put(partition.toString(), (int) partition.logEndOffset());
            }
        }
    }
}
