-- Two tables joined and kept up to date: a change on either side changes the row. Give somebody a new
-- city and see:
--   INSERT INTO customers (customer_id, name, city) VALUES ('c1', 'Ada', 'Paris');

CREATE TABLE IF NOT EXISTS revenue_by_customer AS
    SELECT customer_id, COUNT(*) AS orders_placed, SUM(quantity * price) AS revenue
    FROM orders
    GROUP BY customer_id
    EMIT CHANGES;

CREATE TABLE IF NOT EXISTS best_customers AS
    SELECT r.customer_id AS customer_id, c.name AS name, c.city AS city,
           r.orders_placed AS orders_placed, r.revenue AS revenue
    FROM revenue_by_customer r
    JOIN customers c ON r.customer_id = c.customer_id
    EMIT CHANGES;
