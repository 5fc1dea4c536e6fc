package web

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"automl/trial"
	"automl/trial/view"
)

// Client reaches a daemon over HTTP. What cannot be reached is an error with code Unavailable.
type Client struct {
	base  string
	token string
	http  *http.Client
}

// NewClient is a client of the daemon at a URL such as http://127.0.0.1:8080.
func NewClient(base, token string) *Client {
	return &Client{base: strings.TrimRight(base, "/") + "/api/v1", token: strings.TrimSpace(token), http: &http.Client{Timeout: time.Minute}}
}

// Close ends idle connections.
func (c *Client) Close() error {
	c.http.CloseIdleConnections()
	return nil
}

// Submit hands over a sweep document.
func (c *Client) Submit(ctx context.Context, document []byte) (Submitted, error) {
	var out Submitted
	return out, c.call(ctx, http.MethodPost, "/studies", document, &out)
}

// Studies lists the studies.
func (c *Client) Studies(ctx context.Context) ([]trial.Study, error) {
	var heads []StudyHead
	if err := c.call(ctx, http.MethodGet, "/studies", nil, &heads); err != nil {
		return nil, err
	}
	var out []trial.Study
	for _, h := range heads {
		out = append(out, h.study())
	}
	return out, nil
}

// Load builds the state of a study from its record.
func (c *Client) Load(ctx context.Context, idOrName string) (*trial.State, error) {
	var r StudyRecord
	if err := c.call(ctx, http.MethodGet, "/studies/"+url.PathEscape(idOrName)+"/record", nil, &r); err != nil {
		return nil, err
	}
	study := r.Study.study()
	s := trial.NewState(study)
	for _, e := range r.Events {
		if err := s.Apply(e); err != nil {
			return nil, fmt.Errorf("apply the record of study %s: %w", study.Name, err)
		}
	}
	return s, nil
}

// Events reads the record of a study after a sequence number.
func (c *Client) Events(ctx context.Context, study string, after int64) ([]trial.Event, error) {
	var r StudyRecord
	err := c.call(ctx, http.MethodGet, fmt.Sprintf("/studies/%s/record?after=%d", url.PathEscape(study), after), nil, &r)
	return r.Events, err
}

// Runners lists the daemon's runners.
func (c *Client) Runners(ctx context.Context) ([]view.Runner, error) {
	var out []view.Runner
	return out, c.call(ctx, http.MethodGet, "/runners", nil, &out)
}

// Pause stops handing out the work of a study.
func (c *Client) Pause(ctx context.Context, study string) error { return c.move(ctx, study, "/pause") }

// Resume goes on with a paused study.
func (c *Client) Resume(ctx context.Context, study string) error {
	return c.move(ctx, study, "/resume")
}

// Stop ends a study.
func (c *Client) Stop(ctx context.Context, study string) error { return c.move(ctx, study, "/stop") }

// Delete removes a study.
func (c *Client) Delete(ctx context.Context, study string) error {
	return c.call(ctx, http.MethodDelete, "/studies/"+url.PathEscape(study), nil, nil)
}

func (c *Client) move(ctx context.Context, study, verb string) error {
	return c.call(ctx, http.MethodPost, "/studies/"+url.PathEscape(study)+verb, nil, nil)
}

// call sends a request and decodes the answer into out.
func (c *Client) call(ctx context.Context, method, path string, in []byte, out any) error {
	req, err := http.NewRequestWithContext(ctx, method, c.base+path, bytes.NewReader(in))
	if err != nil {
		return trial.Wrap(trial.Invalid, err, "the daemon's address")
	}
	req.Header.Set("Authorization", "Bearer "+c.token)
	req.Header.Set("Content-Type", "application/json")
	resp, err := c.http.Do(req)
	if err != nil {
		return &trial.Error{Code: trial.Unavailable, Msg: "cannot reach the daemon", Err: err,
			Hint: "is it running? automl daemon starts one, --server names another"}
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		return trial.Wrap(trial.Unavailable, err, "read the daemon's answer")
	}
	if resp.StatusCode >= 300 {
		p := &problem{Status: resp.StatusCode, Detail: strings.TrimSpace(string(data))}
		_ = json.Unmarshal(data, p) // an answer that is no problem is shown as it came
		return p.asError()
	}
	if out == nil {
		return nil
	}
	if err := json.Unmarshal(data, out); err != nil {
		return fmt.Errorf("the daemon's answer: %w", err)
	}
	return nil
}

// headOf is a study as the API shows it.
func headOf(s trial.Study) StudyHead {
	return StudyHead{ID: s.ID, Name: s.Name, Document: s.Document, Digest: s.Digest, Seed: s.Seed, Objective: s.Objective, Shape: s.Shape, Created: s.Created}
}

func (h StudyHead) study() trial.Study {
	return trial.Study{ID: h.ID, Name: h.Name, Document: h.Document, Digest: h.Digest, Seed: h.Seed, Objective: h.Objective, Shape: h.Shape, Created: h.Created}
}
