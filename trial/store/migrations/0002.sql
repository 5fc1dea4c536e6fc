-- Several objectives. A study's further objectives are a JSON list of {metric, goal, folds}, NULL when there is one alone; a
-- trial's values of them are a JSON list in the same order, NULL while it has no finite value of all.
ALTER TABLE studies ADD COLUMN others TEXT CHECK (others IS NULL OR json_type(others) = 'array');
ALTER TABLE trials ADD COLUMN others TEXT CHECK (others IS NULL OR json_type(others) = 'array' AND value IS NOT NULL);

-- One row a trial and objective, the leading one included. NULL and loss are as in trials_v.
CREATE VIEW objectives_v AS
SELECT s.name AS study, t.number AS trial, s.metric, s.goal, t.value,
  CASE WHEN t.value IS NULL THEN 9e999 WHEN s.goal = 'maximize' THEN -t.value ELSE t.value END AS loss
FROM studies s JOIN trials t ON t.study = s.key
UNION ALL
SELECT s.name, t.number, o.value ->> 'metric', o.value ->> 'goal', v.value,
  CASE WHEN v.value IS NULL THEN 9e999 WHEN o.value ->> 'goal' = 'maximize' THEN -v.value ELSE v.value END
FROM studies s JOIN json_each(s.others) o JOIN trials t ON t.study = s.key LEFT JOIN json_each(t.others) v ON v.key = o.key;
