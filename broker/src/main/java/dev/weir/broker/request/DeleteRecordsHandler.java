package dev.weir.broker.request;

import dev.weir.broker.error.BrokerException;
import dev.weir.broker.error.ErrorCode;
import dev.weir.broker.topic.Topics;

import org.apache.kafka.common.message.DeleteRecordsRequestData;
import org.apache.kafka.common.message.DeleteRecordsResponseData;
import org.apache.kafka.common.message.DeleteRecordsResponseData.DeleteRecordsPartitionResult;
import org.apache.kafka.common.message.DeleteRecordsResponseData.DeleteRecordsTopicResult;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicInteger;

/// Deletes records. Each partition takes an fsync of its own, so that several are done at a time;
/// after each the other requests have their turn, so that a long request holds up no short one.
///
/// @param executor waits for the disk
/// @param lanes how many partitions of one request are done at a time
record DeleteRecordsHandler(Topics topics, Executor executor, int lanes) implements Handler {
    private static final Logger LOGGER = LoggerFactory.getLogger(DeleteRecordsHandler.class);

    /// Called on the event loop.
    @Override
    public void handle(Exchange exchange) {
        var body = (DeleteRecordsRequestData) exchange.request().body();
        var response = new DeleteRecordsResponseData();
        var deletions = new ArrayList<Runnable>();
        for (var topic : body.topics()) {
            var result = new DeleteRecordsTopicResult().setName(topic.name());
            for (var wanted : topic.partitions()) {
                var partition =
                        new DeleteRecordsPartitionResult()
                                .setPartitionIndex(wanted.partitionIndex());
                result.partitions().add(partition);
                deletions.add(() -> delete(topic.name(), wanted.offset(), partition));
            }
            response.topics().add(result);
        }
        if (deletions.isEmpty()) {
            exchange.reply(response);
            return;
        }
        exchange.holdFollowing();
        var run = new Run(exchange, response, deletions);
        for (int i = 0; i < Math.min(lanes, deletions.size()); i++) {
            run.goOn();
        }
    }

    /// One request on its way.
    private final class Run {
        private final Exchange exchange;
        private final DeleteRecordsResponseData response;
        private final List<Runnable> deletions;
        private final AtomicInteger begun = new AtomicInteger();
        private final AtomicInteger done = new AtomicInteger();

        private Run(
                Exchange exchange, DeleteRecordsResponseData response, List<Runnable> deletions) {
            this.exchange = exchange;
            this.response = response;
            this.deletions = deletions;
        }

        private void goOn() {
            try {
                executor.execute(exchange.counted(this::deleteNext));
            } catch (RejectedExecutionException e) {
                exchange.close("the broker is shutting down");
            }
        }

        private void deleteNext() {
            int next = begun.getAndIncrement();
            if (next >= deletions.size()) {
                return; // the others have begun the rest
            }
            deletions.get(next).run();
            if (done.incrementAndGet() == deletions.size()) {
                exchange.reply(response);
            } else {
                goOn();
            }
        }
    }

    private void delete(String topic, long offset, DeleteRecordsPartitionResult response) {
        int index = response.partitionIndex();
        try {
            var found = topics.get(topic);
            if (found.isInternal()) {
                throw new BrokerException(
                        ErrorCode.INVALID_TOPIC_EXCEPTION,
                        "records of topic \"" + topic + "\" are kept by the broker alone");
            }
            var partition = found.partition(index);
            if (found.isCompactedOnly()) {
                throw new BrokerException(
                        ErrorCode.POLICY_VIOLATION,
                        "records of topic \"" + topic + "\" are kept by key");
            }
            if (offset < -1 || offset > partition.highWatermark()) {
                throw new BrokerException(
                        ErrorCode.OFFSET_OUT_OF_RANGE,
                        "offset " + offset + " is not within " + topic + "-" + index);
            }
            response.setLowWatermark(partition.deleteRecordsBefore(offset));
        } catch (BrokerException e) {
            response.setErrorCode(e.code()).setLowWatermark(-1);
        } catch (RuntimeException e) {
            LOGGER.error("deletion of records of {}-{} failed", topic, index, e);
            response.setErrorCode(ErrorCode.UNKNOWN_SERVER_ERROR).setLowWatermark(-1);
        }
    }
}
