package dev.weir.server.demo;

import dev.weir.repl.topic.RecordProducer;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.nio.charset.StandardCharsets;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/// Sends the shop's events as time passes, after a few minutes' worth of history so that there is
/// something to see at once. A thread of its own makes and sends them; any thread may close it.
final class EventFeed implements AutoCloseable {
    private static final Logger LOGGER = LoggerFactory.getLogger(EventFeed.class);
    private static final int HISTORY_VISITS = 150;
    private static final long HISTORY_MS = 180_000;
    private static final long PAUSE_MS = 250;

    private final String kafka;
    private final Shop shop;
    private final InstantSource clock;
    private final CountDownLatch opened = new CountDownLatch(1);
    private final CountDownLatch closed = new CountDownLatch(1);
    private final Thread thread;

    private EventFeed(String kafka, Shop shop, InstantSource clock) {
        this.kafka = kafka;
        this.shop = shop;
        this.clock = clock;
        this.thread = Thread.ofPlatform().name("shop-events").daemon().unstarted(this::run);
    }

    /// Gets ready to send, which takes a Kafka client a while; [#open] lets it begin.
    ///
    /// @param kafka `host:port` of the broker
    static EventFeed prepare(String kafka, Shop shop, InstantSource clock) {
        EventFeed feed = new EventFeed(kafka, shop, clock);
        feed.thread.start();
        return feed;
    }

    /// The shop opens: from now on events are sent.
    void open() {
        opened.countDown();
    }

    /// What happened in the minutes before `nowMs`, in order of time.
    static List<ShopEvent> history(Shop shop, long nowMs) {
        List<ShopEvent> events = new ArrayList<>();
        for (int i = 0; i < HISTORY_VISITS; i++) {
            events.addAll(shop.visit(nowMs - HISTORY_MS + i * (HISTORY_MS / HISTORY_VISITS)));
        }
        events.sort(Comparator.comparingLong(ShopEvent::timeMs));
        events.removeIf(event -> event.timeMs() > nowMs);
        return events;
    }

    private void run() {
        try (RecordProducer producer = new RecordProducer(kafka)) {
            opened.await();
            if (closed.getCount() == 0) {
                return;
            }
            history(shop, clock.millis()).forEach(event -> send(producer, event));
            while (!closed.await(PAUSE_MS, TimeUnit.MILLISECONDS)) {
                shop.visit(clock.millis()).forEach(event -> send(producer, event));
            }
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        } catch (RuntimeException e) {
            if (closed.getCount() > 0) {
                LOGGER.error("the shop closes early: {}", e.getMessage());
            }
        }
    }

    private static void send(RecordProducer producer, ShopEvent event) {
        producer.send(
                event.topic(),
                null,
                event.timeMs(),
                event.key().getBytes(StandardCharsets.UTF_8),
                event.json().getBytes(StandardCharsets.UTF_8));
    }

    @Override
    public void close() {
        closed.countDown();
        opened.countDown();
        try {
            thread.join();
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }
}
