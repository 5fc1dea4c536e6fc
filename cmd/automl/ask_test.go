package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net/http"
	"os/exec"
	"strings"
	"testing"

	"automl/trial"
	"automl/web"
)

// outside is a program that trains by itself and talks to the daemon over HTTP.
type outside struct {
	t    *testing.T
	info daemonInfo
}

// send sends a request; status 0: there was no answer.
func (o outside) send(path string, in any) (status int, answer []byte) {
	o.t.Helper()
	data, err := json.Marshal(in)
	if err != nil {
		o.t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(o.t.Context(), http.MethodPost, o.info.URL+"/api/v1/studies"+path, bytes.NewReader(data))
	if err != nil {
		o.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+o.info.Token)
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, nil
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return 0, nil
	}
	return resp.StatusCode, text
}

// try sends a request and reads the answer into out; 0 when there was none.
func (o outside) try(path string, in, out any) int {
	o.t.Helper()
	status, text := o.send(path, in)
	if status/100 == 2 && len(text) > 0 {
		if err := json.Unmarshal(text, out); err != nil {
			o.t.Fatalf("%v in %s", err, text)
		}
	} else if status >= 400 && status != http.StatusGone {
		o.t.Fatalf("%s: %s", path, text)
	}
	return status
}

// post is try where there must be an answer.
func (o outside) post(path string, in, out any) int {
	o.t.Helper()
	status := o.try(path, in, out)
	if status == 0 {
		o.t.Fatalf("%s: no answer", path)
	}
	return status
}

// daemonForOutside starts a daemon, for a program to talk to.
func (s *site) daemonForOutside() (outside, *exec.Cmd) {
	s.t.Helper()
	d := s.start(s.dir, "daemon")
	until(s.t, "the daemon", func() bool { _, err := readDaemonFile(s.dir); return err == nil })
	info, err := readDaemonFile(s.dir)
	if err != nil {
		s.t.Fatal(err)
	}
	return outside{s.t, info}, d
}

// killDaemon leaves a daemon no time for anything.
func (s *site) killDaemon(d *exec.Cmd) {
	_ = d.Process.Kill()
	_ = d.Wait()
	_ = removeDaemonFile(s.dir)
}

// A whole study by ask and tell, as a notebook or a benchmark does it; the daemon is killed and started again on the way.
func TestAskAndTellOverHTTP(t *testing.T) {
	s := newSite(t, "", "")
	o, d := s.daemonForOutside()
	var made web.Submitted
	o.post("", map[string]any{"name": "e2e", "seed": 5, "objective": map[string]any{"metric": "loss", "goal": "minimize"},
		"parameters": map[string]any{"x": map[string]any{"type": "float", "low": -5, "high": 5}}, "epochs": map[string]any{"max": 9, "grace": 1},
		"folds": 1, "budget": map[string]any{"trials": 12}, "trainer": map[string]any{"type": "external"}}, &made)
	jobs := 0
	for ; ; jobs++ {
		var job web.Job
		code := o.post("/"+made.Study+"/ask", struct{}{}, &job)
		if code == http.StatusGone {
			break
		}
		if code != http.StatusOK || jobs > 100 {
			t.Fatalf("ask: %d after %d jobs", code, jobs)
		}
		if jobs == 5 {
			s.killDaemon(d)
			o, d = s.daemonForOutside()
		}
		o.train(made.Study, job)
	}
	st, _ := s.state()
	if st.Status != trial.StudyDone || len(st.Trials) != 12 || st.Best() == nil || st.EpochsRun() >= st.EpochsFull() {
		t.Errorf("%s: %s; %d trials, %d of %d epochs", st.Status, st.Reason, len(st.Trials), st.EpochsRun(), st.EpochsFull())
	}
}

func (o outside) train(study string, job web.Job) {
	for e := job.From.Epoch + 1; e <= job.To.Epoch; e++ {
		var a web.Answer
		x := job.Params.Float("x", math.NaN())
		report := map[string]any{"fold": 0, "epoch": e, "metrics": map[string]float64{"loss": (x-1)*(x-1) + 1/float64(e)}}
		o.post(fmt.Sprintf("/%s/tell", study), map[string]any{"trial": job.Trial, "attempt": job.Attempt, "reports": []any{report}}, &a)
		if a.Decision != trial.Continue {
			return
		}
	}
}

// A program loses the answer to its question, another one dies, and the daemon is killed in between: the same request finds its job again,
// what the dead one had is handed out once more, and the study ends with its two trials.
func TestLostAnswersAndDeadProgramsOverHTTP(t *testing.T) {
	s := newSite(t, "", "")
	o, d := s.daemonForOutside()
	var made web.Submitted
	o.post("", map[string]any{"name": "e2e", "objective": map[string]any{"metric": "loss", "goal": "minimize"}, "scheduler": "fifo",
		"parameters": map[string]any{"x": map[string]any{"type": "float", "low": -5, "high": 5}}, "epochs": 2, "folds": 1,
		"budget": map[string]any{"trials": 2}, "trainer": "external"}, &made)
	ask := func(want web.Asked) (job web.Job, status int) {
		t.Helper()
		return job, o.post("/"+made.Study+"/ask", want, &job)
	}
	ask(web.Asked{Request: "mine"}) // and its answer is lost
	dead, _ := ask(web.Asked{Request: "of the dead one", Lease: 1})
	s.killDaemon(d)
	o, d = s.daemonForOutside()
	mine, _ := ask(web.Asked{Request: "mine"})
	if mine.Trial != 0 || mine.Attempt != 1 || mine.Lease != 86400 || dead.Trial != 1 {
		t.Fatalf("the same request is answered with %+v, the other one had %+v", mine, dead)
	}
	var next web.Job
	until(t, "the work of the dead one", func() bool {
		job, status := ask(web.Asked{Request: "next"})
		next = job
		return status == http.StatusOK
	})
	if next.Trial != 1 || next.Attempt != 2 {
		t.Errorf("handed out again: %+v", next)
	}
	s.killDaemon(d)
	o, _ = s.daemonForOutside()
	for path, in := range map[string]any{"/renew": web.Renewed{Trial: dead.Trial, Attempt: dead.Attempt}, "/ask": web.Asked{Request: "of the dead one"},
		"/tell": map[string]any{"trial": dead.Trial, "attempt": dead.Attempt, "reports": []any{map[string]any{"fold": 0, "epoch": 1, "metrics": map[string]float64{"loss": 1}}}}} {
		if status, text := o.send("/"+made.Study+path, in); status != http.StatusConflict || !strings.Contains(string(text), `"hint"`) {
			t.Errorf("the dead one is back, and %s is answered %d %s", path, status, text)
		}
	}
	var kept web.Answer
	if o.post("/"+made.Study+"/renew", web.Renewed{Trial: mine.Trial, Attempt: mine.Attempt}, &kept); kept.Decision != trial.Continue {
		t.Errorf("renewed: %+v", kept)
	}
	o.train(made.Study, mine)
	o.train(made.Study, next)
	if _, status := ask(web.Asked{Request: "one more"}); status != http.StatusGone {
		t.Errorf("after the last trial: %d", status)
	}
	st, _ := s.state()
	if st.Status != trial.StudyDone || len(st.Trials) != 2 || st.EpochsRun() != 4 || st.Trial(1).Failures != 0 || st.Trial(1).Attempts != 2 {
		t.Errorf("%s: %s; %d trials, %d epochs", st.Status, st.Reason, len(st.Trials), st.EpochsRun())
	}
}
