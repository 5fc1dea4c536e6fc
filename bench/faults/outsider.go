package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"os"
	"strings"
	"time"

	"automl/bench/faults/record"
	"automl/trial"
	"automl/web"
)

// outsider is a program that trains by itself and asks and tells over HTTP. What it was answered is on record.
type outsider struct {
	w     *world
	http  http.Client
	asked int // questions that were answered with a job
	job   *web.Job
	epoch int
	over  bool
}

// outsider submits a study without trainer.
func (w *world) outsider(trials int) *outsider {
	path := w.write(sweep{trials: trials, folds: 1, epochs: 4})
	text, err := os.ReadFile(path)
	w.must(err)
	begin, end := strings.Index(string(text), "trainer:"), strings.Index(string(text), "seed:")
	w.must(os.WriteFile(path, []byte(string(text)[:begin]+"trainer: {type: external}\n"+string(text)[end:]), 0o600))
	p := w.launch("submit", nil, "submit", path, "--data-dir", w.data)
	if <-p.ended; p.cmd.ProcessState.ExitCode() != 0 {
		w.fail("submit: %s", p.tail())
	}
	return &outsider{w: w, http: http.Client{Timeout: 20 * time.Second}}
}

// post asks the daemon; 0 where nobody answers.
func (o *outsider) post(path string, in, out any) int {
	i, ok := o.w.info()
	if !ok {
		return 0
	}
	data, err := json.Marshal(in)
	o.w.must(err)
	r, err := http.NewRequestWithContext(o.w.ctx, http.MethodPost, i.URL+"/api/v1/studies/faults"+path, bytes.NewReader(data))
	o.w.must(err)
	r.Header.Set("Authorization", "Bearer "+i.Token)
	r.Header.Set("Content-Type", "application/json")
	a, err := o.http.Do(r)
	if err != nil {
		return 0
	}
	defer a.Body.Close()
	if a.StatusCode == http.StatusOK && json.NewDecoder(a.Body).Decode(out) != nil {
		return 0
	}
	return a.StatusCode
}

// submit sends a document and returns the status.
func (o *outsider) submit(i info, document any) int {
	data, err := json.Marshal(document)
	o.w.must(err)
	r, err := http.NewRequestWithContext(o.w.ctx, http.MethodPost, i.URL+"/api/v1/studies", bytes.NewReader(data))
	o.w.must(err)
	r.Header.Set("Authorization", "Bearer "+i.Token)
	r.Header.Set("Content-Type", "application/json")
	a, err := o.http.Do(r)
	o.w.must(err)
	defer a.Body.Close()
	return a.StatusCode
}

// step asks or tells once, and reports whether there is more to do with this daemon. What was not answered is said again: the same question
// is answered with the same job.
func (o *outsider) step() bool {
	if o.job == nil {
		var job web.Job
		switch code := o.post("/ask", web.Asked{Request: fmt.Sprint("question ", o.asked)}, &job); code {
		case http.StatusOK:
			o.asked++
			o.job, o.epoch = &job, job.From.Epoch+1
			return true
		case http.StatusGone:
			o.over = true
			return false
		case http.StatusNoContent:
			o.w.fail("there is no work, though every job was told to its end")
		case 0, http.StatusServiceUnavailable:
			return false
		default:
			o.w.fail("ask: HTTP %d", code)
		}
	}
	d := math.Log10(o.job.Params.Float("lr", 1)) + 2
	acc := 0.95 - 0.03*d*d - 0.1*math.Exp(-float64(o.epoch))
	in := map[string]any{"trial": o.job.Trial, "attempt": o.job.Attempt,
		"reports": []any{map[string]any{"fold": 0, "epoch": o.epoch, "metrics": map[string]float64{"acc": acc}}}}
	var answer web.Answer
	switch code := o.post("/tell", in, &answer); code {
	case http.StatusOK:
	case 0, http.StatusServiceUnavailable:
		return false
	default:
		o.w.fail("tell: HTTP %d", code)
	}
	o.w.receipts = append(o.w.receipts, record.Receipt{Trial: o.job.Trial, Attempt: o.job.Attempt, Epoch: o.epoch,
		Metrics: trial.Metrics{{Name: "acc", Value: acc}}})
	if answer.Decision != trial.Continue || o.epoch >= o.job.To.Epoch {
		o.job = nil
	}
	o.epoch++
	return true
}
