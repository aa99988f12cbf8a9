package dev.weir.broker;

import dev.weir.broker.group.GroupView;
import dev.weir.broker.group.GroupViews;
import dev.weir.broker.metric.Labels;
import dev.weir.broker.metric.Metric;
import dev.weir.broker.metric.MetricVisitor;
import dev.weir.broker.txn.Transactions;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/// Reads groups and transactions for `/metrics`, when it is asked for and within a moment: what
/// their coordinators do not answer in time is left out of that reading. Where there never was a
/// group or a transaction nothing is started for it.
final class GroupMetrics {
    private static final Logger LOGGER = LoggerFactory.getLogger(GroupMetrics.class);

    private static final long PATIENCE_MS = 1_000;

    private static final Metric GROUPS =
            Metric.gauge("weir_groups", "Groups by the type of their protocol and state.");
    private static final Metric MEMBERS = Metric.gauge("weir_group_members", "Members of a group.");
    private static final Metric LAG =
            Metric.gauge(
                    "weir_group_lag_records",
                    "Offsets between what a group has committed and the end of the topic, summed"
                            + " over its partitions.");
    private static final Metric LEFT_OUT =
            Metric.gauge(
                    "weir_metrics_groups_left_out",
                    "Groups without samples of their own, because there are more than" + " 1,000.");
    private static final Metric LAGS_LEFT_OUT =
            Metric.gauge(
                    "weir_metrics_group_lags_left_out",
                    "Lags by group and topic without samples of their own, because there are more"
                            + " than 1,000.");
    private static final Metric TRANSACTIONS =
            Metric.gauge(
                    "weir_transactions", "Transactional ids by the state of their transaction.");
    private static final Metric OLDEST =
            Metric.gauge(
                    "weir_transactions_oldest_open_seconds",
                    "For how long the oldest open transaction has been open, 0 without one.");
    private static final Metric ENDED =
            Metric.counter(
                    "weir_transactions_ended_total",
                    "Transactions that were committed or aborted, with their markers written.");

    private final GroupViews groups;
    private final Transactions transactions;
    private final int most;

    /// @param most groups with samples of their own, and lags of all groups together
    GroupMetrics(GroupViews groups, Transactions transactions, int most) {
        this.groups = groups;
        this.transactions = transactions;
        this.most = most;
    }

    void report(MetricVisitor visitor) {
        // Asked together, so that the waits are not added up.
        var counts = groups.counts();
        var views = groups.first(most);
        var open = transactions.list();
        reportGroups(visitor, within(counts, Map.of()), within(views, List.of()));
        reportTransactions(visitor, within(open, List.of()));
    }

    private void reportGroups(
            MetricVisitor visitor,
            Map<String, Map<String, Integer>> counts,
            List<GroupView> views) {
        int all = 0;
        visitor.metric(GROUPS);
        for (var type : counts.entrySet()) {
            for (var state : type.getValue().entrySet()) {
                all += state.getValue();
                visitor.sample(
                        Labels.of("type", type.getKey(), "state", state.getKey()),
                        state.getValue());
            }
        }
        visitor.metric(MEMBERS);
        for (var group : views) {
            visitor.sample(Labels.of("group", group.name()), group.members().size());
        }
        visitor.single(LEFT_OUT, Math.max(0, all - most));
        reportLags(visitor, views, most);
    }

    /// A group can have committed offsets of any number of topics, so the series of all groups
    /// together are bounded.
    static void reportLags(MetricVisitor visitor, List<GroupView> views, int most) {
        int all = 0;
        visitor.metric(LAG);
        for (var group : views) {
            var lags = new TreeMap<String, Long>();
            for (var position : group.positions()) {
                if (position.lag() != GroupView.NONE) {
                    lags.merge(position.partition().topic(), position.lag(), Long::sum);
                }
            }
            for (var lag : lags.entrySet()) {
                if (all++ < most) {
                    visitor.sample(
                            Labels.of("group", group.name(), "topic", lag.getKey()),
                            lag.getValue());
                }
            }
        }
        visitor.single(LAGS_LEFT_OUT, Math.max(0, all - most));
    }

    private void reportTransactions(MetricVisitor visitor, List<Transactions.Description> known) {
        var states = new TreeMap<String, Integer>();
        long oldestMs = 0;
        for (var each : known) {
            states.merge(each.state(), 1, Integer::sum);
            if (each.open()) {
                oldestMs = Math.max(oldestMs, transactions.ageMs(each));
            }
        }
        visitor.metric(TRANSACTIONS);
        states.forEach((state, count) -> visitor.sample(Labels.of("state", state), count));
        visitor.single(OLDEST, (double) oldestMs / 1e3);
        visitor.metric(ENDED);
        visitor.sample(Labels.of("outcome", "commit"), transactions.committed());
        visitor.sample(Labels.of("outcome", "abort"), transactions.aborted());
    }

    private static <T> T within(CompletableFuture<T> answer, T otherwise) {
        try {
            return answer.get(PATIENCE_MS, TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return otherwise;
        } catch (ExecutionException | TimeoutException e) {
            LOGGER.debug("a coordinator did not answer for /metrics", e);
            return otherwise;
        }
    }
}
