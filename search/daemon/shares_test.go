package daemon

import (
	"math"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"automl/schedulers"
	"automl/search"
	"automl/trial"
)

// job is an attempt at work in the plant.
type job struct {
	trial.Assignment
	run   string
	epoch int       // reported last
	next  time.Time // when the next one ends
	n     int64     // of its messages
}

// plant is runners on a clock of the test's, with a queue between them and the daemon: who has a free slot takes what has waited longest.
type plant struct {
	*house
	boxes map[string]int           // slots of each run
	epoch map[string]time.Duration // of each study
	queue []trial.Assignment
	jobs  []*job
	had   map[string]time.Duration // slot time of each study
	last  map[string]time.Time     // when it last began an attempt
	wait  map[string]time.Duration // the longest between two of them
	most  map[string]int           // slots it had at once
}

// run goes on for a time, second by second.
func (p *plant) run(length time.Duration) {
	p.t.Helper()
	for end := time.Now().Add(length); time.Now().Before(end); {
		p.report()
		p.take()
		if time.Now().Unix()%10 == 0 {
			p.beat()
		}
		for _, j := range p.jobs {
			p.had[j.Study] += time.Second
		}
		for name := range p.epoch {
			p.most[name] = max(p.most[name], p.slots(name))
		}
		time.Sleep(time.Second)
	}
}

// report has the epochs end that are over, and the attempts that have come to their end or are called back.
func (p *plant) report() {
	p.jobs = slices.DeleteFunc(p.jobs, func(j *job) bool {
		if time.Now().Before(j.next) {
			return false
		}
		j.epoch, j.next, j.n = j.epoch+1, j.next.Add(p.epoch[j.Study]), j.n+1
		p.house.report(j.Key(), j.run, j.n, j.epoch, .5)
		verb := p.bus.last().Verb
		if verb != trial.Pause && verb != trial.Stop && j.epoch < j.To.Epoch {
			return false
		}
		p.exit(j.Key(), j.run, j.n+1, "")
		return true
	})
}

// take fills the free slots from the queue.
func (p *plant) take() {
	p.t.Helper()
	p.queue = append(p.queue, p.bus.take()...)
	for _, run := range []string{"run1", "run2"} {
		for len(p.queue) > 0 && p.at(run) < p.boxes[run] {
			a := p.queue[0]
			p.queue = p.queue[1:]
			if g := p.ask(a.Key(), run, run); !g.Granted {
				continue // its study was paused meanwhile
			}
			p.jobs = append(p.jobs, &job{Assignment: a, run: run, epoch: a.From.Epoch, next: time.Now().Add(p.epoch[a.Study])})
			p.wait[a.Study], p.last[a.Study] = max(p.wait[a.Study], time.Since(p.last[a.Study])), time.Now()
		}
	}
}

func (p *plant) at(run string) (n int) {
	for _, j := range p.jobs {
		if j.run == run {
			n++
		}
	}
	return n
}

// slots is how many slots a study has now.
func (p *plant) slots(study string) (n int) {
	for _, j := range p.jobs {
		if j.Study == study {
			n++
		}
	}
	return n
}

// beat sends the heartbeats.
func (p *plant) beat() {
	for _, run := range []string{"run1", "run2"} {
		var keys []trial.Key
		for _, j := range p.jobs {
			if j.run == run {
				keys = append(keys, j.Key())
			}
		}
		p.house.beat(run, run, time.Unix(0, 0), p.boxes[run], keys...)
	}
}

// open submits a study with a claim.
func (p *plant) open(name string, epoch time.Duration, c trial.Claim) {
	p.t.Helper()
	s := p.spec.Study
	s.ID, s.Name, p.epoch[name] = name, name, epoch
	if _, _, err := p.d.Submit(p.t.Context(), s); err != nil {
		p.t.Fatal(err)
	}
	if _, err := p.d.Change(p.t.Context(), name, c); err != nil {
		p.t.Fatal(err)
	}
	p.last[name] = time.Now()
}

// during is the share of the slot time that each study has over a time.
func (p *plant) during(length time.Duration) map[string]float64 {
	clear(p.had)
	clear(p.wait)
	clear(p.most)
	p.run(length)
	out, sum := map[string]float64{}, time.Duration(0)
	for _, had := range p.had {
		sum += had
	}
	for name, had := range p.had {
		out[name] = had.Seconds() / sum.Seconds()
	}
	return out
}

// Two runners with six slots, and studies with shares of 1 and 3, whose epochs take different times: they have slots in that ratio, in the daemon
// itself. A study that comes later and one whose claim is changed have theirs too, nobody starves, and a pause frees its slots at the next epoch.
func TestSharesOfSlots(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		spec := testSpec()
		spec.Study.Shape, spec.Scheduler, spec.Refit = trial.Shape{Folds: 1, Epochs: 4}, schedulers.Config{Type: "fifo", Trials: 100000}, false
		spec.Sampler = search.Config{Type: "random"}
		p := &plant{house: newHouseWith(t, newMemory(), spec), boxes: map[string]int{"run1": 4, "run2": 2}, epoch: map[string]time.Duration{},
			had: map[string]time.Duration{}, last: map[string]time.Time{}, wait: map[string]time.Duration{}, most: map[string]int{}}
		defer p.stop()
		near := func(when string, got map[string]float64, want map[string]float64) {
			t.Helper()
			for name, share := range want {
				if math.Abs(got[name]-share) > .02 {
					t.Errorf("%s: %s has %.3f of the slots, want %.3f", when, name, got[name], share)
				}
			}
		}
		one, three, priority := 1.0, 3.0, 2
		p.open("one", 30*time.Second, trial.Claim{Share: &one})
		p.open("three", 7*time.Second, trial.Claim{Share: &three})
		p.run(time.Minute)
		near("shares of 1 and 3", p.during(4*time.Hour), map[string]float64{"one": .25, "three": .75})
		if p.most["one"] > 2 { // of 1.5 that are its own
			t.Errorf("a study with a quarter of 6 slots had %d of them at once, and then none", p.most["one"])
		}

		p.open("late", 11*time.Second, trial.Claim{Priority: &priority})
		near("a third one with 2 steps of priority", p.during(4*time.Hour), map[string]float64{"one": 1. / 8, "three": 3. / 8, "late": 4. / 8})
		for name, wait := range p.wait { // one has 3/4 of a slot, an attempt there takes 2 minutes
			if wait > 4*time.Minute {
				t.Errorf("%s waited %v for a slot", name, wait)
			}
		}

		if err := p.d.Pause(t.Context(), "three"); err != nil {
			t.Fatal(err)
		}
		p.run(p.epoch["three"])
		if n := p.slots("three"); n != 0 {
			t.Errorf("an epoch after its pause a study has %d slots", n)
		}
		near("one paused", p.during(4*time.Hour), map[string]float64{"one": 1. / 5, "late": 4. / 5})

		if err := p.d.Resume(t.Context(), "three"); err != nil {
			t.Fatal(err)
		}
		if _, err := p.d.Change(t.Context(), "one", trial.Claim{Share: &three}); err != nil {
			t.Fatal(err)
		}
		near("one share tripled", p.during(4*time.Hour), map[string]float64{"one": 3. / 10, "three": 3. / 10, "late": 4. / 10})
	})
}
