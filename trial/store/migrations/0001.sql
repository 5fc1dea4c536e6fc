-- Times are nanoseconds since 1970 UTC, 0 when unset; the views show ISO 8601 text. A float that SQLite cannot hold in a
-- REAL is split over two columns: the value, and in "special" which of NaN, +Inf, -Inf (value NULL) or -0 (value 0) it was.

CREATE TABLE meta (
  one   INTEGER PRIMARY KEY CHECK (one = 1),
  epoch INTEGER NOT NULL CHECK (epoch >= 0) -- of the daemon: one more with every start
) STRICT;
INSERT INTO meta VALUES (1, 0);

CREATE TABLE studies (
  key       INTEGER PRIMARY KEY AUTOINCREMENT, -- never used again after a deletion; in the order of creation
  id        TEXT NOT NULL UNIQUE CHECK (id <> ''),
  name      TEXT NOT NULL UNIQUE CHECK (name <> ''),
  document  TEXT CHECK (document IS NULL OR json_valid(document)),
  digest    TEXT NOT NULL,
  seed      TEXT NOT NULL, -- decimal: an unsigned 64-bit number does not fit an INTEGER
  metric    TEXT NOT NULL CHECK (metric <> ''),
  goal      TEXT NOT NULL CHECK (goal IN ('minimize', 'maximize')),
  aggregate TEXT NOT NULL CHECK (aggregate IN ('', 'mean', 'median', 'worst')),
  folds     INTEGER NOT NULL CHECK (folds >= 1),
  epochs    INTEGER NOT NULL CHECK (epochs >= 1),
  created   INTEGER NOT NULL CHECK (created >= 0)
) STRICT;

-- One row a metric; all rows of one report share its seq, pos keeps the order. A report without any metric has one row whose
-- metric is NULL. Stored in the order of the record, which is how a restart reads it.
CREATE TABLE reports (
  study    INTEGER NOT NULL REFERENCES studies (key) ON DELETE CASCADE,
  seq      INTEGER NOT NULL CHECK (seq >= 1),
  pos      INTEGER NOT NULL CHECK (pos >= 0),
  trial    INTEGER NOT NULL CHECK (trial >= 0),
  attempt  INTEGER NOT NULL CHECK (attempt >= 1),
  fold     INTEGER NOT NULL CHECK (fold >= 0),
  epoch    INTEGER NOT NULL CHECK (epoch >= 1),
  metric   TEXT,
  value    REAL,
  special  TEXT CHECK (special IN ('NaN', '+Inf', '-Inf', '-0')),
  repeated INTEGER NOT NULL CHECK (repeated IN (0, 1)), -- 1: the point was known already; the first value stands
  cost     REAL NOT NULL CHECK (cost >= 0),
  last     INTEGER NOT NULL CHECK (last IN (0, 1)),
  time     INTEGER NOT NULL CHECK (time >= 0),
  PRIMARY KEY (study, seq, pos),
  CHECK (CASE WHEN metric IS NULL THEN value IS NULL AND special IS NULL
              WHEN special IS NULL THEN value IS NOT NULL
              WHEN special = '-0' THEN value = 0
              ELSE value IS NULL END)
) STRICT, WITHOUT ROWID;

-- Each point of a learning curve has one value that stands, whichever attempt reported it first.
CREATE UNIQUE INDEX reports_point ON reports (study, trial, metric, fold, epoch) WHERE repeated = 0;
CREATE INDEX reports_repeated ON reports (study, trial, metric, fold, epoch) WHERE repeated = 1;

CREATE TABLE decisions (
  study             INTEGER NOT NULL REFERENCES studies (key) ON DELETE CASCADE,
  seq               INTEGER NOT NULL CHECK (seq >= 1),
  trial             INTEGER NOT NULL CHECK (trial >= -1), -- -1: about the study
  what              TEXT NOT NULL CHECK (what IN ('sampled', 'promoted', 'assigned', 'started', 'paused', 'pruned',
                      'completed', 'failed', 'retried', 'confirmed', 'refitted', 'manifest', 'moved')),
  reason            TEXT NOT NULL,
  attempt           INTEGER NOT NULL CHECK (attempt >= 0),
  at_fold           INTEGER NOT NULL CHECK (at_fold >= 0),
  at_epoch          INTEGER NOT NULL CHECK (at_epoch >= 0),
  to_fold           INTEGER NOT NULL CHECK (to_fold >= 0),
  to_epoch          INTEGER NOT NULL CHECK (to_epoch >= 0),
  value             REAL,
  value_special     TEXT CHECK (value_special IN ('NaN', '+Inf', '-Inf', '-0')),
  threshold         REAL,
  threshold_special TEXT CHECK (threshold_special IN ('NaN', '+Inf', '-Inf', '-0')),
  bracket           INTEGER NOT NULL CHECK (bracket >= 0),
  params            TEXT CHECK (params IS NULL OR json_valid(params)),
  origin            TEXT NOT NULL CHECK (origin IN ('', 'sampler', 'enqueued')),
  phase             TEXT NOT NULL CHECK (phase IN ('', 'search', 'confirm', 'refit')),
  failure           TEXT NOT NULL CHECK (failure IN ('', 'oom', 'nan', 'crash', 'timeout', 'lost', 'aborted')),
  runner            TEXT NOT NULL,
  run               TEXT NOT NULL,
  artifact          TEXT NOT NULL,
  hash              TEXT NOT NULL,
  study_state       TEXT NOT NULL CHECK (study_state IN ('', 'RUNNING', 'DRAINING', 'PAUSED', 'DONE', 'STOPPED')),
  time              INTEGER NOT NULL CHECK (time >= 0),
  PRIMARY KEY (study, seq),
  CHECK ((trial = -1) = (what IN ('manifest', 'moved'))),
  CHECK ((study_state <> '') = (what = 'moved')),
  CHECK (what NOT IN ('assigned', 'started') OR attempt >= 1)
) STRICT, WITHOUT ROWID;

CREATE INDEX decisions_trial ON decisions (study, nullif(trial, -1), seq); -- as the view shows it
CREATE INDEX decisions_moved ON decisions (study, seq) WHERE what = 'moved';

-- What applying the record gives for each trial; written with the events that change it, checked by DB.Verify.
CREATE TABLE trials (
  study      INTEGER NOT NULL REFERENCES studies (key) ON DELETE CASCADE,
  number     INTEGER NOT NULL CHECK (number >= 0),
  state      TEXT NOT NULL CHECK (state IN ('WAITING', 'RUNNING', 'PAUSED', 'COMPLETE', 'PRUNED', 'FAIL')),
  value      REAL, -- NULL: no finite value
  std        REAL,
  best_epoch INTEGER CHECK (best_epoch >= 1), -- of value: the epoch
  folds      INTEGER NOT NULL CHECK (folds >= 0), -- of value: how many it is made of
  done_fold  INTEGER NOT NULL CHECK (done_fold >= 0),
  done_epoch INTEGER NOT NULL CHECK (done_epoch >= 0),
  epochs     INTEGER NOT NULL CHECK (epochs >= 0),
  extra      INTEGER NOT NULL CHECK (extra >= 0), -- epochs of confirming folds
  seconds    REAL CHECK (seconds >= 0),
  attempts   INTEGER NOT NULL CHECK (attempts >= 0),
  failures   INTEGER NOT NULL CHECK (failures >= 0),
  failure    TEXT NOT NULL CHECK (failure IN ('', 'oom', 'nan', 'crash', 'timeout', 'lost', 'aborted')),
  reason     TEXT NOT NULL,
  artifact   TEXT NOT NULL,
  started    INTEGER NOT NULL CHECK (started >= 0),
  ended      INTEGER NOT NULL CHECK (ended >= 0),
  bracket    INTEGER NOT NULL CHECK (bracket >= 0),
  origin     TEXT NOT NULL CHECK (origin IN ('', 'sampler', 'enqueued')),
  params     TEXT CHECK (params IS NULL OR json_valid(params)),
  PRIMARY KEY (study, number),
  CHECK ((value IS NULL) = (best_epoch IS NULL)),
  CHECK ((value IS NULL) = (folds = 0))
) STRICT, WITHOUT ROWID;

-- The record is append-only. Deleting a study cascades to its rows; by then the study's own row is gone, which is how the
-- triggers tell that from any other deletion.
CREATE TRIGGER studies_fixed BEFORE UPDATE ON studies BEGIN SELECT RAISE(ABORT, 'a study is never changed'); END;
CREATE TRIGGER reports_fixed BEFORE UPDATE ON reports BEGIN SELECT RAISE(ABORT, 'the record is append-only'); END;
CREATE TRIGGER decisions_fixed BEFORE UPDATE ON decisions BEGIN SELECT RAISE(ABORT, 'the record is append-only'); END;
CREATE TRIGGER reports_kept BEFORE DELETE ON reports WHEN EXISTS (SELECT 1 FROM studies WHERE key = OLD.study)
BEGIN SELECT RAISE(ABORT, 'the record is append-only'); END;
CREATE TRIGGER decisions_kept BEFORE DELETE ON decisions WHEN EXISTS (SELECT 1 FROM studies WHERE key = OLD.study)
BEGIN SELECT RAISE(ABORT, 'the record is append-only'); END;

-- Reports and decisions share one sequence a study.
CREATE TRIGGER reports_seq BEFORE INSERT ON reports
WHEN EXISTS (SELECT 1 FROM decisions WHERE study = NEW.study AND seq = NEW.seq)
BEGIN SELECT RAISE(ABORT, 'the sequence number belongs to a decision'); END;
CREATE TRIGGER decisions_seq BEFORE INSERT ON decisions
WHEN EXISTS (SELECT 1 FROM reports WHERE study = NEW.study AND seq = NEW.seq)
BEGIN SELECT RAISE(ABORT, 'the sequence number belongs to a report'); END;

-- The views are for notebooks and anyone with an SQL client; their columns are stable. NULL stands for every value that is
-- not finite, and NULL sorts first in SQLite: to find the best trial, order by loss, in which the missing is the worst.
CREATE VIEW studies_v AS
SELECT s.name AS study, s.id,
  coalesce((SELECT d.study_state FROM decisions d WHERE d.study = s.key AND d.what = 'moved' ORDER BY d.seq DESC LIMIT 1),
    'RUNNING') AS state,
  s.metric, s.goal, s.folds, s.epochs, s.seed, s.document,
  strftime('%Y-%m-%dT%H:%M:%S', nullif(s.created, 0) / 1000000000, 'unixepoch')
    || printf('.%06dZ', s.created / 1000 % 1000000) AS created,
  (SELECT count(*) FROM trials t WHERE t.study = s.key) AS trials
FROM studies s;

CREATE VIEW trials_v AS
SELECT s.name AS study, t.number, t.state, t.value, t.std, t.params,
  strftime('%Y-%m-%dT%H:%M:%S', nullif(t.started, 0) / 1000000000, 'unixepoch')
    || printf('.%06dZ', t.started / 1000 % 1000000) AS started,
  strftime('%Y-%m-%dT%H:%M:%S', nullif(t.ended, 0) / 1000000000, 'unixepoch')
    || printf('.%06dZ', t.ended / 1000 % 1000000) AS ended,
  t.epochs, t.seconds, t.reason, t.best_epoch, t.done_fold AS fold, t.done_epoch AS epoch, t.bracket, t.origin,
  t.attempts, t.failures, t.failure, t.artifact, t.extra AS extra_epochs,
  CASE WHEN t.value IS NULL THEN 9e999 WHEN s.goal = 'maximize' THEN -t.value ELSE t.value END AS loss
FROM studies s JOIN trials t ON t.study = s.key;

-- One row a fold that has reported the objective, and how far it got. The value is the one at the trial's best epoch, or at
-- the last one before it when the fold ended early; NULL while the trial's value does not count the fold yet.
CREATE VIEW folds_v AS
SELECT s.name AS study, r.trial, r.fold,
  CASE WHEN r.fold < t.folds THEN (SELECT p.value FROM reports p
    WHERE p.study = r.study AND p.trial = r.trial AND p.metric = r.metric AND p.fold = r.fold AND p.repeated = 0
      AND p.epoch <= t.best_epoch
    ORDER BY p.epoch DESC LIMIT 1) END AS value,
  r.epoch AS epochs
FROM studies s JOIN trials t ON t.study = s.key
  JOIN reports r ON r.study = s.key AND r.trial = t.number AND r.metric = s.metric AND r.repeated = 0
WHERE NOT EXISTS (SELECT 1 FROM reports n
  WHERE n.study = r.study AND n.trial = r.trial AND n.metric = r.metric AND n.fold = r.fold AND n.repeated = 0
    AND n.epoch > r.epoch);

CREATE VIEW curves_v AS
SELECT s.name AS study, r.trial, r.fold, r.epoch, r.metric, r.value,
  strftime('%Y-%m-%dT%H:%M:%S', nullif(r.time, 0) / 1000000000, 'unixepoch')
    || printf('.%06dZ', r.time / 1000 % 1000000) AS time,
  r.special, r.attempt, r.seq
FROM studies s JOIN reports r ON r.study = s.key AND r.repeated = 0
WHERE r.metric IS NOT NULL;

CREATE VIEW decisions_v AS
SELECT s.name AS study, d.seq, nullif(d.trial, -1) AS trial, d.what, d.reason,
  CASE WHEN d.at_fold + d.at_epoch > 0 THEN 'fold ' || d.at_fold || ' epoch ' || d.at_epoch END AS rung,
  d.threshold,
  strftime('%Y-%m-%dT%H:%M:%S', nullif(d.time, 0) / 1000000000, 'unixepoch')
    || printf('.%06dZ', d.time / 1000 % 1000000) AS time,
  d.value, d.attempt, d.at_fold AS fold, d.at_epoch AS epoch, d.to_fold, d.to_epoch, d.bracket, d.phase, d.failure,
  d.runner, d.artifact
FROM studies s JOIN decisions d ON d.study = s.key;

-- What the planner believes about the sizes (rows of the index, then how many share the first column, the first two, ...):
-- fixed, so that plans do not depend on what a database happened to hold when it was analyzed. Without it, the curves of one
-- trial are read by scanning its study.
ANALYZE;
DELETE FROM sqlite_stat1;
INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES
  ('studies', 'sqlite_autoindex_studies_1', '20 1'),
  ('studies', 'sqlite_autoindex_studies_2', '20 1'),
  ('reports', 'reports', '1000000 50000 1 1'),
  ('reports', 'reports_point', '1000000 50000 100 50 20 1'),
  ('reports', 'reports_repeated', '1000 50 2 2 2 1'),
  ('decisions', 'decisions', '50000 2500 1'),
  ('decisions', 'decisions_trial', '50000 2500 5 1'),
  ('decisions', 'decisions_moved', '100 5 1'),
  ('trials', 'trials', '10000 500 1');
ANALYZE sqlite_schema;
