package runner

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"automl/runner/process"
	"automl/trial"
)

// sent is the number under which the report of an epoch was sent.
type sent struct {
	n     int64
	epoch int
}

// attempt is an assignment at work.
type attempt struct {
	runner *Runner
	order  trial.Assignment
	slot   slot
	out    *outbox
	log    zerolog.Logger
	done   chan struct{} // closed when it is over

	mu       sync.Mutex
	standing trial.Outbound  // the daemon's answers taken together: the strongest verb
	answered map[int64]bool  // the messages that are committed
	changed  chan struct{}   // closed and replaced with every answer
	asking   int             // reports that wait for an answer
	sent     []sent          // the reports of the child at work
	why      *process.Reason // it has to end
	child    Child           // the one at work
	sign     time.Time       // the last sign of life
	moved    time.Time       // the last report, or the start of the child
	epochs   []time.Duration // how long each took
	progress time.Time       // the last one sent
	usage    usage           // of the machine, since the last report
}

func newAttempt(r *Runner, a trial.Assignment, s slot) *attempt {
	now := r.cfg.Clock.Now()
	t := &attempt{runner: r, order: a, slot: s, out: r.newOutbox(a.Key()), done: make(chan struct{}),
		changed: make(chan struct{}), answered: map[int64]bool{}, sign: now, moved: now}
	t.log = t.out.log.With().Str("name", a.Name).Logger()
	if r.spool != nil {
		r.spool.begin(a.Key(), r.cfg.Run, func(err error) {
			if err != nil {
				t.log.Error().Err(err).Msg("the attempt has no place in the spool: if the runner dies now, nobody tells that it is lost")
			}
		})
	}
	return t
}

// run trains, and returns the exit.
func (t *attempt) run() trial.Exit {
	t.log.Info().Stringer("from", t.order.From).Stringer("to", t.order.To).Int("slot", t.slot.number).Msg("attempt begins")
	watched := make(chan struct{})
	var watch sync.WaitGroup
	watch.Go(func() { t.watch(watched) })
	exit, verb := t.train()
	close(watched)
	watch.Wait()
	if verb == trial.Stop {
		if err := t.runner.store.dropTrial(t.order.Study, t.order.Trial); err != nil {
			t.log.Warn().Err(err).Msg("checkpoints that nobody needs are left behind")
		}
		t.runner.shelved(t.order.Study, t.order.Trial)
	}
	t.log.Info().Str("failure", string(exit.Failure)).Str("verb", string(verb)).Msg("attempt ends")
	return exit
}

// train runs the pieces of work one after the other, until one ends otherwise than by reaching its end.
func (t *attempt) train() (trial.Exit, trial.Verb) {
	key, logs := t.order.Key(), t.runner.logs
	output := newLog(func() (io.WriteCloser, error) { return logs.open(key) }, func(err error) {
		t.log.Warn().Err(err).Msg("the output of the trainer is not kept")
	})
	defer t.runner.trimLogs()
	defer logs.end(key)
	defer output.Close()
	exit := trial.Exit{}
	for _, piece := range t.pieces() {
		if end, over := t.over(); over {
			return trial.Exit{Failure: end.Failure, Message: end.Message}, end.Verb
		}
		outcome, err := t.piece(piece, output, &exit)
		if err != nil {
			return trial.Exit{Failure: trial.Crash, Message: err.Error()}, trial.Continue
		}
		if outcome.Failure != "" {
			return trial.Exit{Failure: outcome.Failure, Message: shorten(outcome.Message)}, outcome.Verb
		}
		if outcome.Verb != trial.Continue {
			return exit, outcome.Verb
		}
	}
	return exit, trial.Continue
}

// pieces is the work, one piece a fold; a refit is one piece without a fold.
func (t *attempt) pieces() []trial.Slice {
	a := t.order
	if a.Phase == trial.Refit {
		return []trial.Slice{{Fold: -1, To: cmp.Or(a.To.Epoch, a.Shape.Epochs)}}
	}
	return a.Shape.Slices(a.From, a.To)
}

// over says whether, and why, no further piece may be started.
func (t *attempt) over() (process.Reason, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case t.why != nil:
		return *t.why, true
	case t.standing.Verb == trial.Stop || t.standing.Verb == trial.Pause:
		return process.Reason{Verb: t.standing.Verb}, true
	}
	return process.Reason{}, false
}

// end makes the attempt end, for the first reason given.
func (t *attempt) end(why process.Reason) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.why == nil {
		t.why = &why
		t.announce()
	}
	if t.child != nil {
		t.child.Stop(*t.why)
	}
}

// announce wakes the reports that wait. The lock is held.
func (t *attempt) announce() {
	close(t.changed)
	t.changed = make(chan struct{})
}

// adopt makes a child the one at work, or stops it where the attempt was ended meanwhile.
func (t *attempt) adopt(child Child) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.child = child
	if child != nil && t.why != nil {
		child.Stop(*t.why)
	}
}

// strength orders verbs: what was once decided is not taken back by an answer that comes late.
var strength = map[trial.Verb]int{trial.Pause: 1, trial.Stop: 2}

// decide takes an answer of the daemon. Stop is carried out at once, unless a report is there to be answered with it.
func (t *attempt) decide(answer trial.Outbound) {
	t.mu.Lock()
	t.answered[answer.N] = true
	if strength[answer.Verb] > strength[t.standing.Verb] {
		t.standing.Verb, t.standing.Reason = answer.Verb, answer.Reason
	}
	t.announce()
	unasked := t.standing.Verb == trial.Stop && t.asking == 0
	t.mu.Unlock()
	if unasked {
		t.end(process.Reason{Verb: trial.Stop, Message: answer.Reason})
	}
}

// yield has the attempt end with its epoch, as a pause that the daemon asks for would.
func (t *attempt) yield() {
	t.decide(trial.Outbound{Key: t.order.Key(), Verb: trial.Pause, Reason: "the runner leaves"})
}

// ask makes a report durable, and waits for the daemon's decision as long as that is worth it.
func (t *attempt) ask(r trial.Report) (trial.Verb, string) {
	t.mu.Lock()
	t.asking++
	t.mu.Unlock()
	defer func() {
		t.mu.Lock()
		t.asking--
		t.mu.Unlock()
	}()
	n := t.out.add(trial.Inbound{Report: &r})
	t.mu.Lock()
	t.sent = append(t.sent, sent{n, r.Epoch})
	t.mu.Unlock()
	fired, cancel := t.runner.cfg.Clock.After(t.runner.cfg.Timings.Decision)
	defer cancel()
	for {
		verb, reason, changed := t.decision(n)
		if verb != "" {
			return verb, reason
		}
		select {
		case <-changed:
		case <-fired:
			return trial.Continue, "the daemon has not answered yet"
		}
	}
}

// recorded is the last epoch of the fold at work whose report the daemon has on record; from where the child began it had all.
func (t *attempt) recorded(from int) int {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, r := range t.sent {
		if !t.answered[r.n] {
			break
		}
		from = max(from, r.epoch)
	}
	return from
}

// decision is the answer to message n, empty while there is none. A trainer whose attempt is ended here is told to pause, so
// that it may write a checkpoint in the grace it has.
func (t *attempt) decision(n int64) (trial.Verb, string, <-chan struct{}) {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case strength[t.standing.Verb] > 0:
		return t.standing.Verb, t.standing.Reason, nil
	case t.why != nil:
		return trial.Pause, t.why.Message, nil
	case t.answered[n]:
		return trial.Continue, t.standing.Reason, nil
	}
	return "", "", t.changed
}

// median of the epochs so far; 0 where there is none.
func median(d []time.Duration) time.Duration {
	if len(d) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(d))
	return sorted[len(sorted)/2]
}

// maxMessage is how much of a failure's message is sent.
const maxMessage = 8 << 10

// shorten keeps the beginning of a message, which names the cause, and its end.
func shorten(text string) string {
	if len(text) <= maxMessage {
		return text
	}
	return fmt.Sprintf("%s\n...\n%s", text[:maxMessage/4], text[len(text)-maxMessage*3/4:])
}
