-- The three largest quantities ordered of each item in each hour, and how many customers ordered it:
--   SELECT item, windowstart, largest, customers FROM top_orders ORDER BY windowstart DESC, item;

CREATE TABLE IF NOT EXISTS top_orders AS
    SELECT item, TOPK(quantity, 3) AS largest, COUNT(DISTINCT customer_id) AS customers
    FROM orders
    WINDOW TUMBLING (SIZE 1 HOUR)
    GROUP BY item
    EMIT CHANGES;
