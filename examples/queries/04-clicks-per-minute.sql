-- A count for each minute and page. The minute comes from the time of the record, not from the clock,
-- so that old records read again count where they belong. WINDOWSTART and WINDOWEND are milliseconds
-- since 1970:
--   SELECT page, windowstart, clicks FROM clicks_per_minute ORDER BY windowstart DESC, clicks DESC;

CREATE TABLE IF NOT EXISTS clicks_per_minute AS
    SELECT page, COUNT(*) AS clicks, AVG(millis) AS average_millis
    FROM clicks
    WINDOW TUMBLING (SIZE 1 MINUTE)
    GROUP BY page
    EMIT CHANGES;
