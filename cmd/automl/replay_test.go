package main

import (
	"math"
	"net/http"
	"os/exec"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"automl/trial"
	"automl/web"
)

// outsiders are three programs that train by themselves, one epoch each in turn, so that the order of results is always the same.
// The daemon they talk to is killed now and then.
type outsiders struct {
	outside
	s      *site
	daemon *exec.Cmd
	study  string
	kills  map[int]bool // before or while which request the daemon is killed
	n      int          // requests so far
}

// up starts the daemon.
func (o *outsiders) up() {
	o.t.Helper()
	_ = removeDaemonFile(o.s.dir)
	o.daemon = o.s.start(o.s.dir, "daemon")
	until(o.t, "the daemon", func() bool { _, err := readDaemonFile(o.s.dir); return err == nil })
	var err error
	if o.info, err = readDaemonFile(o.s.dir); err != nil {
		o.t.Fatal(err)
	}
}

// kill kills the daemon with a signal that it cannot catch.
func (o *outsiders) kill() {
	_ = o.daemon.Process.Kill()
	_ = o.daemon.Wait()
}

// ask asks for work; when it is the daemon's turn to die, before that.
func (o *outsiders) ask() (web.Job, int) {
	if o.n++; o.kills[o.n] {
		o.kill()
		o.up()
	}
	var job web.Job
	return job, o.try("/"+o.study+"/ask", struct{}{}, &job)
}

// tell tells an epoch. When it is the daemon's turn to die, it dies at about the time the request arrives: whether it was recorded
// before is a matter of luck, and telling it again must make no difference.
func (o *outsiders) tell(job web.Job, epoch int) web.Answer {
	o.t.Helper()
	report := map[string]any{"fold": 0, "epoch": epoch, "metrics": map[string]float64{"loss": loss(job.Params, epoch)}}
	in := map[string]any{"trial": job.Trial, "attempt": job.Attempt, "reports": []any{report}}
	var out web.Answer
	if o.n++; o.kills[o.n] {
		dead := make(chan struct{})
		go func() { defer close(dead); _ = o.daemon.Process.Kill() }()
		o.try("/"+o.study+"/tell", in, &out)
		<-dead
		o.kill()
		o.up()
	}
	if code := o.try("/"+o.study+"/tell", in, &out); code == 0 {
		o.t.Fatal("the daemon does not answer")
	}
	return out
}

func loss(p trial.Params, epoch int) float64 {
	x, y := p.Float("x", math.NaN()), 0.0
	if p.Text("kind", "") == "b" {
		y = 1 + p.Float("y", 0)
	}
	return (x-1)*(x-1) + y + 1/float64(epoch)
}

// running is a job and how far it is.
type running struct {
	job   web.Job
	epoch int
}

// play plays the study to its end.
func (o *outsiders) play(sampler, scheduler string) {
	o.t.Helper()
	var made web.Submitted
	o.try("", map[string]any{"name": "e2e", "seed": 5, "objective": map[string]any{"metric": "loss", "goal": "minimize"},
		"parameters": map[string]any{
			"x":    map[string]any{"type": "float", "low": -5, "high": 5},
			"kind": map[string]any{"type": "categorical", "choices": []string{"a", "b"}},
			"y":    map[string]any{"type": "float", "low": 0, "high": 2, "when": map[string]any{"kind": "b"}}},
		"sampler": map[string]any{"type": sampler}, "scheduler": map[string]any{"type": scheduler},
		"epochs": map[string]any{"max": 9, "grace": 1}, "folds": 1, "budget": map[string]any{"trials": 20},
		"trainer": map[string]any{"type": "external"}}, &made)
	o.study = made.Study
	var slots []running
	for over := false; !over || len(slots) > 0; {
		for !over && len(slots) < 3 {
			job, code := o.ask()
			if code == http.StatusNoContent || code == http.StatusAccepted {
				break
			}
			if over = code == http.StatusGone; !over {
				slots = append(slots, running{job, job.From.Epoch})
			}
		}
		if len(slots) == 0 {
			continue
		}
		r := slots[0]
		r.epoch++
		slots = slots[1:]
		if a := o.tell(r.job, r.epoch); a.Decision == trial.Continue && r.epoch < r.job.To.Epoch {
			slots = append(slots, r)
		}
	}
}

// A study whose daemon is killed with -9 before and during requests has the same record as one that was left alone.
func TestKilledStudyHasTheRecordOfAnUndisturbedOne(t *testing.T) {
	for _, pair := range [][2]string{{"gp", "freezethaw"}, {"tpe", "asha"}, {"cmaes", "median"}, {"nsga2", "pasha"}, {"sobol", "hyperband"}} {
		t.Run(pair[0]+"+"+pair[1], func(t *testing.T) {
			t.Parallel()
			var records [][]trial.Event
			for _, kills := range []map[int]bool{nil, {2: true, 23: true, 24: true, 47: true, 70: true}} {
				o := &outsiders{outside: outside{t: t}, s: newSite(t, "", ""), kills: kills}
				o.up()
				o.play(pair[0], pair[1])
				o.kill()
				st, events := o.s.state()
				if st.Status != trial.StudyDone || len(st.Trials) != 20 || o.n < 71 {
					t.Fatalf("%s: %s; %d trials in %d requests", st.Status, st.Reason, len(st.Trials), o.n)
				}
				for i := range events {
					events[i].Time = time.Time{}
				}
				records = append(records, events)
			}
			if d := cmp.Diff(records[0], records[1]); d != "" {
				t.Errorf("killed, the study went another way:\n%s", d)
			}
		})
	}
}
