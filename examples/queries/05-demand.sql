-- A table over a table: how many items sell how well. An item that outgrows its class leaves one row
-- and enters another in the same step, so that the classes always add up to the number of items.

CREATE TABLE IF NOT EXISTS demand AS
    SELECT CASE WHEN sold >= 20 THEN 'high' WHEN sold >= 10 THEN 'medium' ELSE 'low' END AS demand,
           COUNT(*) AS items,
           SUM(revenue) AS revenue
    FROM revenue_by_item
    GROUP BY CASE WHEN sold >= 20 THEN 'high' WHEN sold >= 10 THEN 'medium' ELSE 'low' END
    EMIT CHANGES;
