-- One row a visitor, however many clicks come: the first page and the latest, and how many different
-- ones. SELECT DISTINCT would do for the visitors alone:
--   SELECT * FROM visitors WHERE customer_id = 'c1';

CREATE TABLE IF NOT EXISTS visitors AS
    SELECT customer_id,
           EARLIEST_BY_OFFSET(page) AS first_page,
           LATEST_BY_OFFSET(page) AS latest_page,
           COUNT(DISTINCT page) AS pages
    FROM clicks
    GROUP BY customer_id
    EMIT CHANGES;
