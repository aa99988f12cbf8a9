-- Two streams joined within a time: an order and its payment, if that comes within an hour. An order
-- that is not paid by then comes out without one, as soon as later events show that the hour and the
-- grace are over. Pay one and see:
--   INSERT INTO payments (order_id, method) VALUES ('o1', 'card');

CREATE STREAM IF NOT EXISTS payments (
    order_id VARCHAR KEY,
    method   VARCHAR
) WITH (KAFKA_TOPIC = 'payments', VALUE_FORMAT = 'JSON', PARTITIONS = 4);

CREATE STREAM IF NOT EXISTS settled_orders AS
    SELECT o.order_id AS order_id, o.item AS item, p.method AS method
    FROM orders o
    LEFT JOIN payments p WITHIN (0 SECONDS, 1 HOUR) GRACE PERIOD 5 MINUTES
        ON o.order_id = p.order_id
    EMIT CHANGES;
