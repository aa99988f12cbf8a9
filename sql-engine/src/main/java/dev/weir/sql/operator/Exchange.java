package dev.weir.sql.operator;

import dev.weir.sql.batch.Batch;
import dev.weir.sql.batch.Schema;
import dev.weir.sql.codec.ByteSink;
import dev.weir.sql.codec.KeyCodec;
import dev.weir.sql.state.LaneStore;

/// Brings rows to the lane that keeps their key. One stands in front of each operator that keeps
/// state by key, and is shared by the lanes.
///
/// In a stage each lane copies its rows into a batch for each other lane ([#route]); when all have
/// done so, each takes what was copied for it ([#deliver]), lane after lane. As each lane reads an
/// earlier part of the input than the next one, the rows of a key come in the order in which they
/// were read.
public final class Exchange {
    private final int lanes;
    private final Router[] routers;

    // By sending lane, then by receiving one.
    private final Batch[][] batches;

    /// What one lane needs to find out where its rows go.
    private static final class Router {
        final KeyCodec codec;
        final ByteSink key = new ByteSink();
        int[][] rows;
        final int[] counts;

        Router(KeyCodec codec, int lanes) {
            this.codec = codec;
            this.rows = new int[lanes][256];
            this.counts = new int[lanes];
        }
    }

    /// @param schema of the rows
    /// @param keySchema gives the key columns the types under which the operator keeps them
    /// @param keyColumns columns of the operator's key, in its order
    public Exchange(Schema schema, Schema keySchema, int[] keyColumns, int lanes) {
        this.lanes = lanes;
        routers = new Router[lanes];
        batches = new Batch[lanes][lanes];
        for (int from = 0; from < lanes; from++) {
            routers[from] = new Router(new KeyCodec(keySchema, keyColumns), lanes);
            for (int to = 0; to < lanes; to++) {
                batches[from][to] = Batch.of(schema);
            }
        }
    }

    /// Takes rows of a lane. That lane's thread.
    public void route(int from, Batch delta) {
        int size = delta.size();
        Router router = routers[from];
        if (router.rows[0].length < size) {
            router.rows = new int[lanes][size * 2];
        }
        int[] counts = router.counts;
        for (int to = 0; to < lanes; to++) {
            counts[to] = 0;
        }
        for (int i = 0; i < size; i++) {
            int row = delta.row(i);
            router.key.clear();
            router.codec.write(delta, row, router.key);
            int to = LaneStore.laneOf(router.key.array(), 0, router.key.size(), lanes);
            router.rows[to][counts[to]++] = row;
        }
        for (int to = 0; to < lanes; to++) {
            if (counts[to] > 0) {
                batches[from][to].appendRows(delta, router.rows[to], counts[to]);
            }
        }
    }

    /// The rows that wait. Between stages.
    public int size() {
        int size = 0;
        for (Batch[] sent : batches) {
            for (Batch batch : sent) {
                size += batch.size();
            }
        }
        return size;
    }

    /// Hands a lane its rows, and forgets them. That lane's thread, after all have routed theirs.
    public void deliver(int to, Output output) {
        for (int from = 0; from < lanes; from++) {
            Batch batch = batches[from][to];
            if (!batch.isEmpty()) {
                output.emit(batch);
                batch.clear();
            }
        }
    }
}
