package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net/http"
	"testing"

	"automl/trial"
	"automl/web"
)

// outside is a program that trains by itself and talks to the daemon over HTTP.
type outside struct {
	t    *testing.T
	info daemonInfo
}

// try sends a request and reads the answer into out; 0 when there was none.
func (o outside) try(path string, in, out any) int {
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
		return 0
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return 0
	}
	if resp.StatusCode/100 == 2 && len(text) > 0 {
		if err := json.Unmarshal(text, out); err != nil {
			o.t.Fatalf("%v in %s", err, text)
		}
	} else if resp.StatusCode >= 400 && resp.StatusCode != http.StatusGone {
		o.t.Fatalf("%s: %s", path, text)
	}
	return resp.StatusCode
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

// A whole study by ask and tell, as a notebook or a benchmark does it; the daemon is killed and started again on the way.
func TestAskAndTellOverHTTP(t *testing.T) {
	s := newSite(t, "", "")
	d := s.start(s.dir, "daemon")
	ready := func() bool { _, err := readDaemonFile(s.dir); return err == nil }
	until(t, "the daemon", ready)
	info, _ := readDaemonFile(s.dir)
	o := outside{t, info}
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
			_ = d.Process.Kill()
			_ = d.Wait()
			_ = removeDaemonFile(s.dir)
			s.start(s.dir, "daemon")
			until(t, "the daemon again", ready)
			o.info, _ = readDaemonFile(s.dir)
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
