-- A filter: each order that passes becomes a record of the topic big_orders at once. Read it with
--   weir topic consume big_orders --from-beginning
--   SELECT * FROM big_orders EMIT CHANGES;

CREATE STREAM IF NOT EXISTS big_orders AS
    SELECT order_id, customer_id, item, quantity, quantity * price AS total
    FROM orders
    WHERE quantity * price >= 100
    EMIT CHANGES;
