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
	wanted             int // asks
}

// times is how long the calls took: asks that gave a new trial, proposed ahead or while the program waited, or a paused trial to go
// on with; tells; and what none can be faster than: a request that is answered at once, and a few pages made durable.
type times struct{ ahead, fresh, on, tells, http, disk []time.Duration }

// silent is a bus without runners.
type silent chan trial.Mail

func (silent) Publish(context.Context, ...trial.Assignment) error { return nil }
func (silent) Send(string, ...trial.Outbound) error               { return nil }
func (s silent) Inbox() <-chan trial.Mail                         { return s }

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
	probe, err := newProbe(dir)
	if err != nil {
		return times{}, err
	}
	defer probe.Close()
	p := &program{setting: s, daemon: d, probe: probe, url: server.URL + "/api/v1/", client: server.Client()}
	err = p.run(ctx)
	return p.times, err
}

// program is one that asks, trains and tells.
type program struct {
	setting
	times
	daemon *daemon.Daemon
	probe  *probe
	url    string
	client *http.Client
}

func (p *program) run(ctx context.Context) error {
	time.Sleep(500 * time.Millisecond) // it is started: the daemon has read the record by then
	for len(p.ahead)+len(p.fresh)+len(p.on) < p.wanted {
		job, err := p.ask(ctx)
		if err == nil {
			err = p.work(ctx, job)
		}
		if err == nil {
			time.Sleep(p.pause)
			err = p.limits(ctx)
		}
		if err != nil {
			return err
		}
		time.Sleep(p.pause)
	}
	return nil
}

// ask asks for work, and notes how long it took.
func (p *program) ask(ctx context.Context) (job web.Job, err error) {
	before, err := p.daemon.Metrics(ctx)
	if err != nil {
		return job, err
	}
	time.Sleep(p.pause)
	took, err := p.post(ctx, "studies/bench/ask", struct{}{}, &job)
	if err != nil {
		return job, err
	}
	after, err := p.daemon.Metrics(ctx)
	switch {
	case after.Ahead > before.Ahead:
		p.ahead = append(p.ahead, took)
	case after.Fresh > before.Fresh:
		p.fresh = append(p.fresh, took)
	default:
		p.on = append(p.on, took)
	}
	return job, err
}

// limits measures what the calls cannot be faster than.
func (p *program) limits(ctx context.Context) error {
	took, err := p.send(ctx, http.MethodGet, "healthz", nil, &web.Health{})
	if err != nil {
		return err
	}
	p.http = append(p.http, took)
	time.Sleep(p.pause)
	took, err = p.probe.write()
	p.disk = append(p.disk, took)
	return err
}

// work trains and tells until it is told to do something else.
func (p *program) work(ctx context.Context, job web.Job) error {
	for e := job.From.Epoch + 1; e <= job.To.Epoch; e++ {
		time.Sleep(p.train)
		told := web.Told{Trial: job.Trial, Attempt: job.Attempt, Reports: []web.ToldReport{
			{Epoch: e, Metrics: trial.Metrics{{Name: "loss", Value: loss(job.Params, e)}}}}}
		var answer web.Answer
		took, err := p.post(ctx, "studies/bench/tell", told, &answer)
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

func (p *program) post(ctx context.Context, path string, in, out any) (time.Duration, error) {
	data, err := json.Marshal(in)
	if err != nil {
		return 0, err
	}
	return p.send(ctx, http.MethodPost, path, data, out)
}

func (p *program) send(ctx context.Context, method, path string, data []byte, out any) (time.Duration, error) {
	req, err := http.NewRequestWithContext(ctx, method, p.url+path, bytes.NewReader(data))
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
		return 0, fmt.Errorf("%s was answered %s", path, resp.Status)
	}
	err = json.NewDecoder(resp.Body).Decode(out)
	return time.Since(start), err
}
