package dev.weir.broker.topic;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weir.broker.error.BrokerException;
import dev.weir.broker.storage.SimulatedFileSystem;
import dev.weir.broker.topic.MetadataRecord.QuotasChanged;

import org.junit.jupiter.api.Test;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;

class AdminSettingsTest {
    private static final Map<String, String> CLIENT = Map.of("client-id", "c");
    private static final QuotasChanged CHANGE =
            new QuotasChanged(CLIENT, Map.of("producer_byte_rate", 1.0));

    private final SimulatedFileSystem files = new SimulatedFileSystem(1);
    private final MetadataLog log = MetadataLog.open(files, Path.of("/d/metadata.log"), _ -> {});
    private final AdminSettings settings = new AdminSettings(log, new MetadataImage());

    @Test
    void who_reads_while_a_change_waits_for_the_disk_sees_what_was_before_and_does_not_wait() {
        var seen = new AtomicReference<Object>();
        files.duringNextSync(() ->
                seen.set(
                        CompletableFuture.supplyAsync(() ->
                                        List.of(
                                                settings.quotas(),
                                                settings.rules(),
                                                settings.credentials(),
                                                settings.configs((byte) 32),
                                                log.end()))
                                .orTimeout(20, TimeUnit.SECONDS)
                                .join()));
        settings.change(List.of(CHANGE));
        assertThat(seen.get()).isEqualTo(List.of(Map.of(), List.of(), Map.of(), Map.of(), 0L));
        assertThat(settings.quotas()).containsKey(CLIENT);
    }

    @Test
    void a_change_that_is_not_certain_to_be_on_disk_is_not_seen() {
        files.failSyncsFrom(1);
        assertThatThrownBy(() -> settings.change(List.of(CHANGE)))
                .isInstanceOf(BrokerException.class);
        assertThat(settings.quotas()).isEmpty();
    }
}
