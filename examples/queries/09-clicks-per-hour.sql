-- A rollup: hours from minutes, not from the clicks again. When a late click changes a minute, the
-- minute's old count is taken back from its hour and the new one added:
--   SELECT page, hour_start, clicks, busiest_minute FROM clicks_per_hour;

CREATE TABLE IF NOT EXISTS clicks_per_hour AS
    SELECT page,
           windowstart - MOD(windowstart, 3600000) AS hour_start,
           SUM(clicks) AS clicks,
           MAX(clicks) AS busiest_minute
    FROM clicks_per_minute
    GROUP BY page, windowstart - MOD(windowstart, 3600000)
    EMIT CHANGES;
