-- A stream looks a table up: each order gets the city its customer had when it was placed, and keeps
-- it when the customer moves. An order of somebody unknown has no city.

CREATE STREAM IF NOT EXISTS orders_with_city AS
    SELECT o.order_id AS order_id, o.customer_id AS customer_id, c.city AS city,
           o.item AS item, o.quantity AS quantity
    FROM orders o
    LEFT JOIN customers c ON o.customer_id = c.customer_id
    EMIT CHANGES;
