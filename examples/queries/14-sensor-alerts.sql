-- Alerts from sensors: ten minutes in which one was too hot, or swung too far. The row is there as soon
-- as a reading tips it over and holds the worst of its ten minutes:
--   SELECT sensor_id, windowstart, highest, swing FROM sensor_alerts EMIT CHANGES;
-- and in another shell:
--   INSERT INTO readings (sensor_id, celsius) VALUES ('cellar', 95.0);

CREATE STREAM IF NOT EXISTS readings (
    sensor_id VARCHAR KEY,
    celsius   DOUBLE
) WITH (KAFKA_TOPIC = 'readings', VALUE_FORMAT = 'JSON', PARTITIONS = 4);

CREATE TABLE IF NOT EXISTS sensor_alerts AS
    SELECT sensor_id, MAX(celsius) AS highest, MAX(celsius) - MIN(celsius) AS swing
    FROM readings
    WINDOW TUMBLING (SIZE 10 MINUTES)
    GROUP BY sensor_id
    HAVING MAX(celsius) >= 80 OR MAX(celsius) - MIN(celsius) >= 25
    EMIT CHANGES;

INSERT INTO readings (sensor_id, celsius) VALUES
    ('cellar', 11.5), ('oven', 79.5), ('roof', 4.0),
    ('cellar', 12.0), ('oven', 88.5), ('roof', 31.5);
