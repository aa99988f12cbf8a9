package dev.weir.broker.topic;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weir.broker.error.BrokerException;
import dev.weir.broker.storage.DiskFullException;
import dev.weir.broker.storage.FileSystem;
import dev.weir.broker.storage.SimulatedFileSystem;
import dev.weir.broker.topic.MetadataRecord.ClusterCreated;
import dev.weir.broker.topic.MetadataRecord.ConfigsChanged;
import dev.weir.broker.topic.MetadataRecord.DeletionFinished;
import dev.weir.broker.topic.MetadataRecord.DeletionStarted;
import dev.weir.broker.topic.MetadataRecord.PartitionsAdded;
import dev.weir.broker.topic.MetadataRecord.ProducerIdsReserved;
import dev.weir.broker.topic.MetadataRecord.TopicCreated;

import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.UUID;

class MetadataLogTest {
    private static final Path FILE = Path.of("/data/meta/metadata.log");
    private static final UUID ID = new UUID(1, 2);

    private static final AccessRule RULE =
            new AccessRule((byte) 2, "t", (byte) 3, "User:a", "*", (byte) 4, (byte) 3);

    private static final List<MetadataRecord> EVERY_KIND =
            List.of(
                    new ClusterCreated("c"),
                    new TopicCreated(ID, "orders", 3, Map.of("retention.ms", "5", "a", "ä")),
                    new PartitionsAdded(ID, 7),
                    new MetadataRecord.PartitionsStored(ID, List.of(0, 6)),
                    new ConfigsChanged(ID, Map.of()),
                    new DeletionStarted(ID),
                    new DeletionFinished(ID),
                    new MetadataRecord.ResourceConfigsChanged((byte) 32, "g", Map.of("a", "b")),
                    new MetadataRecord.QuotasChanged(
                            Map.of("user", "u", "ip", AdminSettings.DEFAULT_NAME),
                            Map.of("producer_byte_rate", 1.5)),
                    new MetadataRecord.ScramCredentialSet(
                            "u", new ScramCredential((byte) 1, 4096, "s", "k", "v")),
                    new MetadataRecord.ScramCredentialRemoved("u", (byte) 1),
                    new MetadataRecord.AccessRuleAdded(RULE),
                    new MetadataRecord.AccessRuleRemoved(RULE),
                    new ProducerIdsReserved(1L << 40));

    @Test
    void records_of_every_kind_are_replayed_in_order() {
        var files = new SimulatedFileSystem(1);
        try (var log = MetadataLog.open(files, FILE, _ -> {})) {
            EVERY_KIND.forEach(each -> log.append(List.of(each)));
            log.append(EVERY_KIND);
        }
        var twice = new ArrayList<>(EVERY_KIND);
        twice.addAll(EVERY_KIND);
        assertThat(replay(files)).isEqualTo(twice);
    }

    @Test
    void after_a_power_loss_every_append_that_returned_is_there_and_at_most_one_more() {
        long seed = System.nanoTime();
        System.out.println("seed " + seed);
        var random = new Random(seed);
        for (int round = 0; round < 300; round++) {
            var files = new SimulatedFileSystem(random.nextLong());
            var returned = new ArrayList<MetadataRecord>();
            var tried = new ArrayList<MetadataRecord>();
            for (int start = 0; start < 3; start++) {
                try (var log = MetadataLog.open(files, FILE, _ -> {})) {
                    int failing = 1 + random.nextInt(6);
                    if (random.nextBoolean()) {
                        files.failSyncsFrom(failing);
                    } else {
                        files.failWritesFrom(failing);
                    }
                    for (int i = 0; i < 5; i++) {
                        tried.add(EVERY_KIND.get(random.nextInt(EVERY_KIND.size())));
                        log.append(List.of(tried.getLast()));
                        returned.add(tried.getLast());
                    }
                } catch (BrokerException e) {
                    assertThat(e.code()).isEqualTo((short) 56);
                }
                files.crash();
                var found = replay(files);
                assertThat(found.subList(0, returned.size())).isEqualTo(returned);
                assertThat(found.size()).isBetween(returned.size(), tried.size());
                assertThat(found).isEqualTo(tried.subList(0, found.size()));
                returned.clear();
                returned.addAll(found);
                tried.clear();
                tried.addAll(found);
            }
        }
    }

    @Test
    void nothing_is_appended_after_a_failed_sync() {
        var files = new SimulatedFileSystem(2);
        var log = MetadataLog.open(files, FILE, _ -> {});
        files.failSyncsFrom(1);
        assertThatThrownBy(() -> log.append(EVERY_KIND)).isInstanceOf(BrokerException.class);
        files.healFaults();
        assertThatThrownBy(() -> log.append(EVERY_KIND))
                .isInstanceOf(BrokerException.class)
                .hasMessageContaining("until a restart");
    }

    @Test
    void a_full_disk_refuses_an_append_and_takes_it_when_there_is_room() {
        var files = new SimulatedFileSystem(4);
        var log = MetadataLog.open(files, FILE, _ -> {});
        log.append(EVERY_KIND.subList(0, 1));
        for (int free = 0; free < 20; free++) {
            files.setFree(free);
            assertThatThrownBy(() -> log.append(EVERY_KIND))
                    .isInstanceOfSatisfying(
                            BrokerException.class,
                            e -> {
                                assertThat(e.code()).isEqualTo((short) 56);
                                assertThat(DiskFullException.isBehind(e)).isTrue();
                            });
        }
        files.setUnlimited();
        log.append(EVERY_KIND.subList(1, 2));
        files.crash();
        assertThat(replay(files)).isEqualTo(EVERY_KIND.subList(0, 2));
    }

    @Test
    void damage_before_the_end_is_refused() throws IOException {
        var files = new SimulatedFileSystem(3);
        try (var log = MetadataLog.open(files, FILE, _ -> {})) {
            log.append(EVERY_KIND);
        }
        int size = files.readFully(FILE).length;
        for (int at = 0; at < size - 30; at++) {
            flip(files, at);
            assertThatThrownBy(() -> replay(files))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("damaged at byte");
            flip(files, at);
        }
        assertThat(replay(files)).isEqualTo(EVERY_KIND);
    }

    @Test
    void a_long_log_is_rewritten_shorter() {
        var files = new SimulatedFileSystem(4);
        var image = new MetadataImage();
        try (var log = MetadataLog.open(files, FILE, image::apply)) {
            var many = new ArrayList<MetadataRecord>();
            for (int i = 0; i < 60_000; i++) {
                many.add(new ProducerIdsReserved(i));
            }
            many.add(new TopicCreated(ID, "kept", 2, Map.of()));
            many.add(new PartitionsAdded(ID, 4));
            many.add(new MetadataRecord.PartitionsStored(ID, List.of(3, 0)));
            many.add(new TopicCreated(new UUID(3, 4), "gone", 1, Map.of()));
            many.add(new MetadataRecord.PartitionsStored(new UUID(3, 4), List.of(0)));
            many.add(new DeletionStarted(new UUID(3, 4)));
            many.add(new DeletionFinished(new UUID(3, 4)));
            log.append(many);
            many.forEach(image::apply);
            log.rewriteIfLong(image.snapshot());
            log.append(List.of(new PartitionsAdded(ID, 5)));
        }
        files.crash();
        var again = new MetadataImage();
        var found = replay(files);
        found.forEach(again::apply);
        assertThat(found).hasSizeLessThan(10);
        assertThat(again.producerIdsEnd()).isEqualTo(59_999);
        assertThat(again.topics())
                .containsExactly(new MetadataImage.Description(ID, "kept", 5, Map.of()));
        for (int index = 0; index < 5; index++) {
            assertThat(again.isStored(ID, index)).isEqualTo(index == 0 || index == 3);
        }
        assertThat(again.isStored(new UUID(3, 4), 0)).isFalse();
    }

    private static void flip(FileSystem files, int at) throws IOException {
        try (var file = files.open(FILE, FileSystem.OpenMode.WRITE)) {
            var one = ByteBuffer.allocate(1);
            file.read(one, at);
            file.write(one.put(0, (byte) (one.get(0) ^ 0x10)).rewind(), at);
            file.sync();
        }
    }

    private static List<MetadataRecord> replay(FileSystem files) {
        var found = new ArrayList<MetadataRecord>();
        MetadataLog.open(files, FILE, found::add).close();
        return found;
    }
}
