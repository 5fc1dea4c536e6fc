-- The decision 'audited': a rule would have stopped the trial, which runs on to check the rule. A list in a CHECK cannot be
-- changed, so the table is made anew, and with it whatever refers to it.

DROP VIEW decisions_v;
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

CREATE VIEW studies_v AS
SELECT s.name AS study, s.id,
  coalesce((SELECT d.study_state FROM decisions d WHERE d.study = s.key AND d.what = 'moved' ORDER BY d.seq DESC LIMIT 1),
    'RUNNING') AS state,
  s.metric, s.goal, s.folds, s.epochs, s.seed, s.document,
  strftime('%Y-%m-%dT%H:%M:%S', nullif(s.created, 0) / 1000000000, 'unixepoch')
    || printf('.%06dZ', s.created / 1000 % 1000000) AS created,
  (SELECT count(*) FROM trials t WHERE t.study = s.key) AS trials
FROM studies s;

CREATE VIEW decisions_v AS
SELECT s.name AS study, d.seq, nullif(d.trial, -1) AS trial, d.what, d.reason,
  CASE WHEN d.at_fold + d.at_epoch > 0 THEN 'fold ' || d.at_fold || ' epoch ' || d.at_epoch END AS rung,
  d.threshold,
  strftime('%Y-%m-%dT%H:%M:%S', nullif(d.time, 0) / 1000000000, 'unixepoch')
    || printf('.%06dZ', d.time / 1000 % 1000000) AS time,
  d.value, d.attempt, d.at_fold AS fold, d.at_epoch AS epoch, d.to_fold, d.to_epoch, d.bracket, d.phase, d.failure,
  d.runner, d.artifact
FROM studies s JOIN decisions d ON d.study = s.key;

-- What the planner believes about the sizes went with the table; see version 1.
INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES
  ('decisions', 'decisions', '50000 2500 1'),
  ('decisions', 'decisions_trial', '50000 2500 5 1'),
  ('decisions', 'decisions_moved', '100 5 1');
ANALYZE sqlite_schema;
