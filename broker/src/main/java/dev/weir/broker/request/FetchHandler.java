package dev.weir.broker.request;

import dev.weir.broker.access.Authorizer;
import dev.weir.broker.error.BrokerException;
import dev.weir.broker.error.ErrorCode;
import dev.weir.broker.partition.ReadLimit;
import dev.weir.broker.protocol.WireErrors;
import dev.weir.broker.topic.TopicNames;
import dev.weir.broker.topic.Topics;

import org.apache.kafka.common.message.FetchRequestData;
import org.apache.kafka.common.message.FetchResponseData;

import java.util.List;

/// Hands out batches: takes a fetch request for one with a session or without one (KIP-227), and
/// leaves the rest to a [Fetch].
final class FetchHandler implements Handler {
    private static final short FIRST_WITH_TOPIC_IDS = 13;
    private static final byte READ_UNCOMMITTED = 0;
    private static final byte READ_COMMITTED = 1;

    private final Topics topics;
    private final FetchSessions sessions;
    private final Authorizer authorizer;
    private final Node node;
    private final RequestMetrics metrics;

    FetchHandler(
            Topics topics,
            FetchSessions sessions,
            Authorizer authorizer,
            Node node,
            RequestMetrics metrics) {
        this.topics = topics;
        this.sessions = sessions;
        this.authorizer = authorizer;
        this.node = node;
        this.metrics = metrics;
    }

    @Override
    public void handle(Exchange exchange) {
        var body = (FetchRequestData) exchange.request().body();
        var limit = limit(body.isolationLevel());
        boolean byId = exchange.request().version() >= FIRST_WITH_TOPIC_IDS;
        int epoch = body.sessionEpoch();
        if (epoch == FetchSession.FULL_EPOCH || epoch == FetchSession.FINAL_EPOCH) {
            if (body.sessionId() != FetchSession.NONE) {
                sessions.end(body.sessionId());
            }
            var targets = new FetchTargets(byId, partitions(body));
            targets.update(
                    body.topics(), List.of(), limit, ReadableTopics.of(exchange, authorizer));
            boolean begin = epoch == FetchSession.FULL_EPOCH && canBeKept(body);
            run(exchange, body, targets, null, begin, limit);
            return;
        }
        metrics.incrementalFetches.increment();
        var session = sessions.find(body.sessionId());
        if (session == null) {
            refuse(exchange, WireErrors.FETCH_SESSION_ID_NOT_FOUND);
            return;
        }
        var targets = session.targets();
        synchronized (targets) {
            if (session.epoch() != epoch) {
                refuse(exchange, WireErrors.INVALID_FETCH_SESSION_EPOCH);
            } else if (targets.byId() != byId) {
                refuse(exchange, WireErrors.FETCH_SESSION_TOPIC_ID_ERROR);
            } else if (!canBeKept(body)) {
                // Its client asks for everything again, and is answered without a session.
                sessions.end(session.id());
                refuse(exchange, WireErrors.FETCH_SESSION_ID_NOT_FOUND);
            } else {
                resume(exchange, body, session, limit);
            }
        }
    }

    /// Goes on with a session, whose targets the caller holds.
    private void resume(
            Exchange exchange, FetchRequestData body, FetchSession session, ReadLimit limit) {
        var targets = session.targets();
        targets.update(
                body.topics(),
                body.forgottenTopicsData(),
                limit,
                ReadableTopics.of(exchange, authorizer));
        if (targets.size() == 0) {
            sessions.end(session.id());
            run(exchange, body, new FetchTargets(targets.byId(), 0), null, false, limit);
        } else if (sessions.use(session, targets.size())) {
            session.nextEpoch();
            targets.wakeUp(); // whoever waits under an epoch that is over
            run(exchange, body, targets, session, false, limit);
        } else {
            targets.close();
            refuse(exchange, WireErrors.FETCH_SESSION_ID_NOT_FOUND);
        }
    }

    private void run(
            Exchange exchange,
            FetchRequestData body,
            FetchTargets targets,
            FetchSession session,
            boolean begin,
            ReadLimit limit) {
        new Fetch(
                        exchange,
                        body,
                        topics,
                        targets,
                        session,
                        begin ? sessions : null,
                        limit,
                        node,
                        metrics)
                .start();
    }

    /// Whether a session may keep what a request asks for. Partitions of all sessions are counted,
    /// so each must be small: a name that is too long for any topic, and may take 32 KiB, is not.
    private static boolean canBeKept(FetchRequestData body) {
        for (var topic : body.topics()) {
            if (topic.topic().length() > TopicNames.MAX_LENGTH) {
                return false;
            }
        }
        return true;
    }

    private static int partitions(FetchRequestData body) {
        int count = 0;
        for (var topic : body.topics()) {
            count += topic.partitions().size();
        }
        return count;
    }

    private static ReadLimit limit(byte isolation) {
        return switch (isolation) {
            case READ_UNCOMMITTED -> ReadLimit.HIGH_WATERMARK;
            case READ_COMMITTED -> ReadLimit.LAST_STABLE_OFFSET;
            default ->
                    throw new BrokerException(
                            ErrorCode.INVALID_REQUEST,
                            "isolation level " + isolation + " of a fetch is neither 0 nor 1");
        };
    }

    private static void refuse(Exchange exchange, short code) {
        exchange.reply(new FetchResponseData().setErrorCode(code));
    }
}
