-- Books that always balance. Each transfer is two entries, one that takes and one that gives, and the
-- balance of an account is the sum of its entries. Both entries are applied in the same step, so
-- whoever asks at whatever moment gets zero:
--   SELECT SUM(balance) AS total FROM balances;
-- Transfers are a table, so that one can be put right, or deleted, and both accounts follow:
--   INSERT INTO transfers VALUES ('t2', 'grace', 'ada', 10.00);
--   DELETE FROM transfers WHERE transfer_id = 't3';

CREATE TABLE IF NOT EXISTS transfers (
    transfer_id  VARCHAR PRIMARY KEY,
    from_account VARCHAR,
    to_account   VARCHAR,
    amount       DECIMAL(12, 2)
) WITH (KAFKA_TOPIC = 'transfers', VALUE_FORMAT = 'JSON', PARTITIONS = 4);

CREATE TABLE IF NOT EXISTS balances AS
    SELECT account, SUM(amount) AS balance, COUNT(*) AS entries
    FROM (
        SELECT from_account AS account, -amount AS amount FROM transfers
        UNION ALL
        SELECT to_account AS account, amount FROM transfers
    ) AS entries
    GROUP BY account
    EMIT CHANGES;

INSERT INTO transfers (transfer_id, from_account, to_account, amount) VALUES
    ('t1', 'bank', 'ada', 100.00),
    ('t2', 'bank', 'grace', 250.50),
    ('t3', 'ada', 'grace', 30.25),
    ('t4', 'grace', 'edsger', 80.00);
