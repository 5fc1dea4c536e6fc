-- Messages of the bus that nobody can read, kept for whoever wants to know who sent what: the newest thousand, each cut off after
-- 16 KiB. They are no part of any study's record.
CREATE TABLE quarantine (
  id      INTEGER PRIMARY KEY AUTOINCREMENT,
  time    INTEGER NOT NULL CHECK (time >= 0),
  subject TEXT NOT NULL,
  reason  TEXT NOT NULL,
  bytes   INTEGER NOT NULL CHECK (bytes >= length(data)), -- of the whole message
  data    BLOB NOT NULL CHECK (length(data) <= 16384)
) STRICT;

CREATE VIEW quarantine_v AS
SELECT q.id,
  strftime('%Y-%m-%dT%H:%M:%S', nullif(q.time, 0) / 1000000000, 'unixepoch')
    || printf('.%06dZ', q.time / 1000 % 1000000) AS time,
  q.subject, q.reason, q.bytes, q.data
FROM quarantine q;
