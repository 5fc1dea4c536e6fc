-- Further kinds of failure: 'signal', 'processes', 'protocol'. Both tables with a failure, and whatever refers to them, are made anew; see
-- version 3.

DROP VIEW objectives_v;
DROP VIEW decisions_v;
DROP VIEW folds_v;
DROP VIEW trials_v;
DROP VIEW studies_v;
DROP TRIGGER reports_seq;

CREATE TABLE decisions_new (
  study             INTEGER NOT NULL REFERENCES studies (key) ON DELETE CASCADE,
  seq               INTEGER NOT NULL CHECK (seq >= 1),
  trial             INTEGER NOT NULL CHECK (trial >= -1), -- -1: about the study
  what              TEXT NOT NULL CHECK (what IN ('sampled', 'promoted', 'assigned', 'started', 'paused', 'pruned',
                      'audited', 'completed', 'failed', 'retried', 'confirmed', 'refitted', 'manifest', 'moved')),
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
  origin            TEXT NOT NULL CHECK (origin IN ('', 'sampler', 'enqueued', 'probe')),
  phase             TEXT NOT NULL CHECK (phase IN ('', 'search', 'confirm', 'refit')),
  failure           TEXT NOT NULL CHECK (failure IN ('', 'oom', 'nan', 'crash', 'timeout', 'signal', 'processes',
                      'protocol', 'lost', 'aborted')),
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

INSERT INTO decisions_new SELECT * FROM decisions; -- the same columns in the same order
DROP TABLE decisions;
ALTER TABLE decisions_new RENAME TO decisions;

CREATE INDEX decisions_trial ON decisions (study, nullif(trial, -1), seq); -- as the view shows it
CREATE INDEX decisions_moved ON decisions (study, seq) WHERE what = 'moved';

CREATE TRIGGER decisions_fixed BEFORE UPDATE ON decisions BEGIN SELECT RAISE(ABORT, 'the record is append-only'); END;
CREATE TRIGGER decisions_kept BEFORE DELETE ON decisions WHEN EXISTS (SELECT 1 FROM studies WHERE key = OLD.study)
BEGIN SELECT RAISE(ABORT, 'the record is append-only'); END;
CREATE TRIGGER reports_seq BEFORE INSERT ON reports
WHEN EXISTS (SELECT 1 FROM decisions WHERE study = NEW.study AND seq = NEW.seq)
BEGIN SELECT RAISE(ABORT, 'the sequence number belongs to a decision'); END;
CREATE TRIGGER decisions_seq BEFORE INSERT ON decisions
WHEN EXISTS (SELECT 1 FROM reports WHERE study = NEW.study AND seq = NEW.seq)
BEGIN SELECT RAISE(ABORT, 'the sequence number belongs to a report'); END;

CREATE TABLE trials_new (
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
  failure    TEXT NOT NULL CHECK (failure IN ('', 'oom', 'nan', 'crash', 'timeout', 'signal', 'processes',
                      'protocol', 'lost', 'aborted')),
  reason     TEXT NOT NULL,
  artifact   TEXT NOT NULL,
  started    INTEGER NOT NULL CHECK (started >= 0),
  ended      INTEGER NOT NULL CHECK (ended >= 0),
  bracket    INTEGER NOT NULL CHECK (bracket >= 0),
  origin     TEXT NOT NULL CHECK (origin IN ('', 'sampler', 'enqueued', 'probe')),
  params     TEXT CHECK (params IS NULL OR json_valid(params)),
  others     TEXT CHECK (others IS NULL OR json_type(others) = 'array' AND value IS NOT NULL),
  PRIMARY KEY (study, number),
  CHECK ((value IS NULL) = (best_epoch IS NULL)),
  CHECK ((value IS NULL) = (folds = 0))
) STRICT, WITHOUT ROWID;

INSERT INTO trials_new SELECT * FROM trials;
DROP TABLE trials;
ALTER TABLE trials_new RENAME TO trials;

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

CREATE VIEW decisions_v AS
SELECT s.name AS study, d.seq, nullif(d.trial, -1) AS trial, d.what, d.reason,
  CASE WHEN d.at_fold + d.at_epoch > 0 THEN 'fold ' || d.at_fold || ' epoch ' || d.at_epoch END AS rung,
  d.threshold,
  strftime('%Y-%m-%dT%H:%M:%S', nullif(d.time, 0) / 1000000000, 'unixepoch')
    || printf('.%06dZ', d.time / 1000 % 1000000) AS time,
  d.value, d.attempt, d.at_fold AS fold, d.at_epoch AS epoch, d.to_fold, d.to_epoch, d.bracket, d.phase, d.failure,
  d.runner, d.artifact
FROM studies s JOIN decisions d ON d.study = s.key;

CREATE VIEW objectives_v AS
SELECT s.name AS study, t.number AS trial, s.metric, s.goal, t.value,
  CASE WHEN t.value IS NULL THEN 9e999 WHEN s.goal = 'maximize' THEN -t.value ELSE t.value END AS loss
FROM studies s JOIN trials t ON t.study = s.key
UNION ALL
SELECT s.name, t.number, o.value ->> 'metric', o.value ->> 'goal', v.value,
  CASE WHEN v.value IS NULL THEN 9e999 WHEN o.value ->> 'goal' = 'maximize' THEN -v.value ELSE v.value END
FROM studies s JOIN json_each(s.others) o JOIN trials t ON t.study = s.key LEFT JOIN json_each(t.others) v ON v.key = o.key;

-- What the planner believes about the sizes went with the tables; see version 1.
INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES
  ('decisions', 'decisions', '50000 2500 1'),
  ('decisions', 'decisions_trial', '50000 2500 5 1'),
  ('decisions', 'decisions_moved', '100 5 1'),
  ('trials', 'trials', '10000 500 1');
ANALYZE sqlite_schema;

-- What the processes of a trainer took of their machine in the epoch of a report, as JSON: in the first row of the report, NULL where it
-- was not measured.
ALTER TABLE reports ADD COLUMN usage TEXT CHECK (usage IS NULL OR json_type(usage) = 'object');
