-- A small shop: the orders it takes, the pages people look at, and who the customers are.
-- A stream is a topic read as facts; a table is a topic read as the latest row of each key.
-- IF NOT EXISTS lets every script here run twice.

CREATE STREAM IF NOT EXISTS orders (
    order_id    VARCHAR KEY,
    customer_id VARCHAR,
    item        VARCHAR,
    quantity    INT,
    price       DECIMAL(10, 2)
) WITH (KAFKA_TOPIC = 'orders', VALUE_FORMAT = 'JSON', PARTITIONS = 4);

CREATE STREAM IF NOT EXISTS clicks (
    customer_id VARCHAR KEY,
    page        VARCHAR,
    millis      BIGINT
) WITH (KAFKA_TOPIC = 'clicks', VALUE_FORMAT = 'JSON', PARTITIONS = 4);

CREATE TABLE IF NOT EXISTS customers (
    customer_id VARCHAR PRIMARY KEY,
    name        VARCHAR,
    city        VARCHAR
) WITH (KAFKA_TOPIC = 'customers', VALUE_FORMAT = 'JSON', PARTITIONS = 4);

-- The same key again would replace the row.
INSERT INTO customers (customer_id, name, city) VALUES
    ('c1', 'Ada', 'London'),
    ('c2', 'Grace', 'New York'),
    ('c3', 'Edsger', 'Rotterdam'),
    ('c4', 'Barbara', 'Los Angeles'),
    ('c5', 'Donald', 'Stanford'),
    ('c6', 'Frances', 'Peru'),
    ('c7', 'Tony', 'Colombo'),
    ('c8', 'Radia', 'Portsmouth');
