package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"time"

	"github.com/rs/zerolog"

	"automl/search/daemon"
	"automl/trial"
	"automl/trial/store"
	"automl/web"
)

// setting is one measurement.
type setting struct {
	sampler, scheduler string
	finished           int
	pause, train       time.Duration
	wanted             int // new trials
}

// times is how long the calls took.
type times struct{ asks, tells []time.Duration }

// silent is a bus without runners.
type silent chan trial.Mail

func (silent) Publish(context.Context, trial.Assignment) error { return nil }
func (silent) Send(string, trial.Outbound) error               { return nil }
func (s silent) Inbox() <-chan trial.Mail                      { return s }

const token = "bench"

// measure plays the program against a daemon of its own.
func measure(ctx context.Context, s setting) (times, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	dir, err := os.MkdirTemp("", "ask")
	if err != nil {
		return times{}, err
	}
	defer os.RemoveAll(dir)
	db, err := store.Open(ctx, dir)
	if err != nil {
		return times{}, err
	}
	defer db.Close()
	if err := record(ctx, db, s); err != nil {
		return times{}, err
	}
	decode := func(study trial.Study) (daemon.Spec, error) { return spec(study, s.sampler, s.scheduler), nil }
	d, err := daemon.New(ctx, daemon.Config{Store: db, Bus: make(silent), Decode: decode, Log: zerolog.Nop()})
	if err != nil {
		return times{}, err
	}
	done := make(chan error, 1)
	go func() { done <- d.Run(ctx) }()
	server := httptest.NewServer(web.New(web.Config{Daemon: d, Record: db, Token: token, Log: zerolog.Nop()}))
	defer func() { server.Close(); cancel(); <-done }()
	p := &program{setting: s, url: server.URL + "/api/v1/studies/bench/", client: server.Client()}
	return p.times, p.run(ctx)
}

// program is one that asks, trains and tells.
type program struct {
	setting
	times
	url    string
	client *http.Client
}

func (p *program) run(ctx context.Context) error {
	time.Sleep(500 * time.Millisecond) // it is started: the daemon has read the record by then
	for len(p.asks) < p.wanted {
		var job web.Job
		took, err := p.post(ctx, "ask", struct{}{}, &job)
		if err != nil {
			return err
		}
		if job.From == (trial.Resource{}) { // else it goes on with a trial, for which nothing is proposed
			p.asks = append(p.asks, took)
		}
		if err := p.work(ctx, job); err != nil {
			return err
		}
		time.Sleep(p.pause)
	}
	return nil
}

// work trains and tells until it is told to do something else.
func (p *program) work(ctx context.Context, job web.Job) error {
	for e := job.From.Epoch + 1; e <= job.To.Epoch; e++ {
		time.Sleep(p.train)
		told := web.Told{Trial: job.Trial, Attempt: job.Attempt, Reports: []web.ToldReport{
			{Epoch: e, Metrics: trial.Metrics{{Name: "loss", Value: loss(job.Params, e)}}}}}
		var answer web.Answer
		took, err := p.post(ctx, "tell", told, &answer)
		if err != nil {
			return err
		}
		p.tells = append(p.tells, took)
		if answer.Decision != trial.Continue {
			return nil
		}
	}
	return nil
}

func (p *program) post(ctx context.Context, verb string, in, out any) (time.Duration, error) {
	data, err := json.Marshal(in)
	if err != nil {
		return 0, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, p.url+verb, bytes.NewReader(data))
	if err != nil {
		return 0, err
	}
	req.Header.Set("Authorization", "Bearer "+token)
	req.Header.Set("Content-Type", "application/json")
	start := time.Now()
	resp, err := p.client.Do(req)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return 0, fmt.Errorf("%s was answered %s", verb, resp.Status)
	}
	err = json.NewDecoder(resp.Body).Decode(out)
	return time.Since(start), err
}
