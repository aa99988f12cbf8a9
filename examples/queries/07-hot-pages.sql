-- Alerts: pages that were looked at often in some five minutes. The windows overlap, one begins every
-- minute, so a rush is seen wherever it lies:
--   SELECT page, windowstart, clicks FROM hot_pages EMIT CHANGES;

CREATE TABLE IF NOT EXISTS hot_pages AS
    SELECT page, COUNT(*) AS clicks, MAX(millis) AS longest_millis
    FROM clicks
    WINDOW HOPPING (SIZE 5 MINUTES, ADVANCE BY 1 MINUTE)
    GROUP BY page
    HAVING COUNT(*) >= 3
    EMIT CHANGES;
