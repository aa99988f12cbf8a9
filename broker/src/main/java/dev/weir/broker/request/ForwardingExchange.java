package dev.weir.broker.request;

import dev.weir.broker.partition.SyncTurn;
import dev.weir.broker.protocol.WireRequest;

import org.apache.kafka.common.protocol.ApiMessage;

import java.net.InetAddress;
import java.util.concurrent.Future;

/// An exchange that stands before another one.
abstract class ForwardingExchange implements Exchange {
    final Exchange exchange;

    ForwardingExchange(Exchange exchange) {
        this.exchange = exchange;
    }

    @Override
    public WireRequest request() {
        return exchange.request();
    }

    @Override
    public InetAddress clientAddress() {
        return exchange.clientAddress();
    }

    @Override
    public int requestBytes() {
        return exchange.requestBytes();
    }

    @Override
    public void quiet(int millis) {
        exchange.quiet(millis);
    }

    @Override
    public PartitionBudget budget() {
        return exchange.budget();
    }

    @Override
    public Runnable counted(Runnable work) {
        return exchange.counted(work);
    }

    @Override
    public void reply(ApiMessage response) {
        exchange.reply(response);
    }

    @Override
    public void replyNothing() {
        exchange.replyNothing();
    }

    @Override
    public void close(String reason) {
        exchange.close(reason);
    }

    @Override
    public void holdFollowing() {
        exchange.holdFollowing();
    }

    @Override
    public SyncTurn syncTurn() {
        return exchange.syncTurn();
    }

    @Override
    public void runLater(Runnable task) {
        exchange.runLater(task);
    }

    @Override
    public Future<?> runAfter(int millis, Runnable task) {
        return exchange.runAfter(millis, task);
    }

    @Override
    public void expireAfter(int millis, Runnable expire) {
        exchange.expireAfter(millis, expire);
    }

    @Override
    public void finishEarly(Runnable finish) {
        exchange.finishEarly(finish);
    }
}
