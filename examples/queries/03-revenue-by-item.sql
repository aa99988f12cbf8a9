-- A table that is kept up to date: a row an item, changed by every order. Ask for the answer as of
-- now, with anything SQL offers, or for every change of it:
--   SELECT * FROM revenue_by_item ORDER BY revenue DESC LIMIT 3;
--   SELECT * FROM revenue_by_item EMIT CHANGES;

CREATE TABLE IF NOT EXISTS revenue_by_item AS
    SELECT item,
           COUNT(*) AS sold,
           SUM(quantity) AS pieces,
           SUM(quantity * price) AS revenue,
           MIN(price) AS cheapest,
           MAX(price) AS dearest
    FROM orders
    GROUP BY item
    EMIT CHANGES;
