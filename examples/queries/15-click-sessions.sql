-- Visits: clicks of one customer that follow each other within two minutes. A late click may join two
-- visits into one; the table has the joined one then:
--   SELECT customer_id, windowstart, windowend, pages FROM click_sessions WHERE customer_id = 'c1';

CREATE TABLE IF NOT EXISTS click_sessions AS
    SELECT customer_id, COUNT(*) AS pages, SUM(millis) AS total_millis
    FROM clicks
    WINDOW SESSION (2 MINUTES)
    GROUP BY customer_id
    EMIT CHANGES;
