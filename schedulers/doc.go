// Package schedulers decides who trains how far: which paused trial goes on, when a new one starts, who is pruned, and when
// the search is over.
//
// There are three schedulers that are one algorithm, and three more that stand on it. A bracket is an asynchronous successive halving (Li et al. 2020, "A System for
// Massively Parallel Hyperparameter Tuning", arXiv 1810.05934) that pauses and promotes: a trial trains up to its rung, pauses
// with its checkpoint, and goes on once it is among the best there.
//
//   - fifo: one bracket whose only rung is the end. Nothing is pruned.
//   - asha: one bracket that starts at the first rung.
//   - hyperband: a bracket for every rung to start at, as in Li et al. 2018 ("Hyperband", JMLR 18), all of them asynchronous
//     and at the same time.
//   - pasha: asha that begins with two rungs and takes the next one into use when the top two rank differently (Bohdal et al. 2023,
//     arXiv:2207.06940). Beyond the rungs in use, only the winner is trained. See growth.go.
//   - median: fifo with the median stopping rule (Golovin et al. 2017, "Google Vizier"). A trial under way is stopped, between
//     rungs, when its best value so far in the fold is worse than the median of the running averages of the complete trials.
//   - freezethaw: the rungs of asha, on which nobody is dropped. A free slot goes to the trial, new or paused, that promises most
//     per epoch by a [Forecaster], which the caller gives; without one, or while it knows nothing, to whom asha would give it.
//
// Rungs are [Ladder]. What a scheduler will do, and what that costs, is [Plan], before anything has run.
//
// # Promotion
//
// Trials are compared at equal resource alone (trial.Trial.ScoreAt at the rung). Of the p trials planned for a rung,
// q = max(1, floor(p/eta)) places lead on. With n of them arrived, floor(n*q/p) places are open: the delayed promotion of
// Hyper-Tune (Li et al. 2022, arXiv 2201.06834), which keeps the rungs in proportion, where plain ASHA
// also promotes every latecomer that is among the best. The last place is still free when the last trial arrives; once none can arrive any more, all q are. Without a budget
// of trials, floor(n/eta) places are open, until the study drains.
//
// Who cannot get a place any more, because enough better ones are known, is stopped at its rung or pruned while paused. One
// trial more than there are places is kept until the bracket has a complete trial, in case a promoted one fails. Without a
// budget of trials nobody is ever beyond hope, so checkpoints of paused trials pile up until the study drains.
//
// A trial that fails, or reaches its rung without a finite value, gives back the places it took. One that is pruned by somebody
// else (a fold race, a user) does not.
//
// A trial whose fold ended early may stand on a higher rung than the one it was on its way to. It is compared on each rung in
// between like every other, and moves up without training. One that has thereby trained in full is complete at once.
//
// # Several objectives
//
// A rung then ranks by non-dominated sorting and, within a front, by crowding (Schmucker et al. 2021, arXiv:2106.12639). The
// place of a trial depends on all others, so nobody is beyond hope before the last trial has arrived on the rung: paused trials
// keep their checkpoints until then. The median rule, which compares with one number, is refused, and so is pasha, which asks how far apart two trials are. Auto is fifo: the front of a
// few epochs is not yet known to foretell the last one's.
//
// # Fold race
//
// On top of any of them, cross-validation may be raced (Config.Race): the fold is the outer fidelity, and all trials have the same
// folds, so they are compared in pairs. After each fold but the last, the mean over all k folds of a trial is predicted by a
// two-way model of trials and folds (package twoway), fitted to the better half of all trials so far. The trial is stopped when
// its chance to beat the incumbent, the best complete trial, is below a limit. The limits of the k-1 looks add up to the risk
// (5%), so a trial that would beat the incumbent is stopped with at most that chance, at whichever look; they are in proportion
// to the folds that a stop saves. A trial that the forgiving rule of Bergman et al. 2024 would keep is stopped on evidence twice
// as strong only. docs/fold-race.md has the measurements.
//
// The race only adds stops, and to the scheduler below they are stops by somebody else. A share of the trials (audit), drawn
// beforehand, is never stopped by it: the record marks where each would have been (trial.Audited), and trial.State.Audit says how many
// of them went on to beat the incumbent they were held against. A scheduler below that prunes may end an audited trial all the same;
// such a trial is not judged.
//
// There are no looks inside a fold. In the first one a late starter cannot be told from a weak trial, and comparing epochs is what the
// rungs are for. In later folds the trial's own earlier curves say what an epoch is worth, but allowing for the epoch at which
// the folds will be compared in the end, two looks a fold saved less than one point of a hundred on the recorded tables.
//
// # Duties of the caller
//
//   - Make the scheduler with [New] on a fresh trial.State, before the record is applied. Then for every event: State.Apply,
//     then Scheduler.Apply. After a restart the same events give the same scheduler.
//   - Ask [Scheduler.Next] when a slot is free. Record what it says before asking again: Start as trial.Sampled with its
//     bracket, Promote as trial.Promoted, Prune as trial.Pruned. Start and Promote are followed by trial.Assigned, with To.
//   - Ask [Scheduler.Verdict] after each report of a search attempt, and again when the attempt exits at its rung; between the
//     two other trials may have settled its fate. Record trial.Paused only for a trial that has reached its Target. A trial
//     that has reached Shape.Full is recorded as trial.Completed, whatever its rank.
//   - Before acting on a verdict, record its Audit, if it has one, as trial.Audited.
//   - Assign a trial whose attempt was lost or interrupted (trial.Retried) anew, up to [Scheduler.Target]; Next does not.
//   - Record trial.Moved to trial.StudyDraining when no new trials may start, because time is up or the search space is used
//     up. Brackets then close with the trials they have. Moved to trial.StudyRunning opens them again.
//
// The conformance suite for a new scheduler is in package schedulertest; whole searches are played by package simulate.
package schedulers
