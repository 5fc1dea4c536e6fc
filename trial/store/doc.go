// Package store keeps the record of all studies in one SQLite database.
//
// The record is the truth: reports and decisions are rows that are added and never changed, in one gapless sequence a study.
// A row a trial with its state and value stands beside them for people and notebooks, written in the same transaction as the
// events that change it; [DB.Verify] recomputes it from the record.
//
// One process at a time writes: [Open] takes a lock on the data directory and counts the daemon's epoch up, and every write
// transaction checks that the epoch is still its own, so that a daemon whose lock was lost (a network file system, a lock
// file removed by hand) writes nothing more. Any number of processes read, with [OpenReadOnly] or any SQL client and the
// views trials_v, folds_v, curves_v, decisions_v and studies_v, while the daemon writes.
//
// Within the process one connection writes. Whoever has it takes what is queued, up to a thousand events, as one transaction:
// callers that append at the same time share the price of making it durable, a caller that is alone does not wait for others.
//
// What [DB.Append] has returned from survives kill -9 and, as far as the disk keeps its promises, a power failure: the
// write-ahead log is made durable with every commit (synchronous = FULL). Moving it into the database is left to a connection of
// its own, so that no transaction waits for it.
//
// Messages that nobody can read stand in a table of their own, the newest thousand ([DB.Quarantine]); they belong to no record.
//
// Duties of the caller:
//
//   - When [DB.Append] fails, nothing was recorded: throw away whatever state the events were applied to and rebuild it from
//     the record.
//   - Do not change events, or parameters inside them, after they were appended.
//   - To find the best of several values with SQL, order by the column loss of trials_v: where there is no finite value,
//     value is NULL, which SQLite sorts before every number.
package store
