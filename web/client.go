package web

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"automl/trial"
	"automl/trial/view"
)

// recordPage is how many events the client asks for at once.
const recordPage = 10000

// Client reaches a daemon over HTTP. What cannot be reached is an error with code Unavailable.
type Client struct {
	base  string
	token string
	http  *http.Client
}

// NewClient is a client of the daemon at a URL such as http://127.0.0.1:8080. trust is how it knows one that speaks TLS; nil: by the
// authorities of this system.
func NewClient(base, token string, trust *tls.Config) *Client {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.TLSClientConfig = trust
	return &Client{base: strings.TrimRight(base, "/") + "/api/v1", token: strings.TrimSpace(token), http: &http.Client{
		Transport:     transport,
		Timeout:       time.Minute,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }, // the API has none
	}}
}

// Close ends idle connections.
func (c *Client) Close() error {
	c.http.CloseIdleConnections()
	return nil
}

// Submit hands over a sweep document.
func (c *Client) Submit(ctx context.Context, document []byte) (Submitted, error) {
	var out Submitted
	err := c.call(ctx, http.MethodPost, "/studies", document, &out)
	return out, err
}

// Studies lists the studies.
func (c *Client) Studies(ctx context.Context) ([]trial.Study, error) {
	var heads []StudyHead
	if err := c.call(ctx, http.MethodGet, "/studies", nil, &heads); err != nil {
		return nil, err
	}
	var out []trial.Study
	for _, h := range heads {
		out = append(out, trial.Study(h))
	}
	return out, nil
}

// Load builds the state of a study from its record.
func (c *Client) Load(ctx context.Context, idOrName string) (*trial.State, error) {
	r, err := c.record(ctx, idOrName, 0, recordPage)
	if err != nil {
		return nil, err
	}
	study := trial.Study(r.Study)
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
	r, err := c.record(ctx, study, after, recordPage)
	return r.Events, err
}

// record reads a study with its events after a sequence number, a page at a time.
func (c *Client) record(ctx context.Context, idOrName string, after int64, size int) (StudyRecord, error) {
	var all StudyRecord
	for {
		var page StudyRecord
		path := studyPath(idOrName, fmt.Sprintf("/record?after=%d&limit=%d", after, size))
		if err := c.call(ctx, http.MethodGet, path, nil, &page); err != nil {
			return StudyRecord{}, err
		}
		all.Study, all.Events = page.Study, append(all.Events, page.Events...)
		if len(page.Events) < size {
			return all, nil
		}
		idOrName = page.Study.ID // the name may be another study's by now
		after = page.Events[len(page.Events)-1].Seq
	}
}

// Runners lists the daemon's runners.
func (c *Client) Runners(ctx context.Context) ([]view.Runner, error) {
	var out []view.Runner
	err := c.call(ctx, http.MethodGet, "/runners", nil, &out)
	return out, err
}

// Pause stops handing out the work of a study.
func (c *Client) Pause(ctx context.Context, study string) error { return c.move(ctx, study, "/pause") }

// Resume goes on with a paused study.
func (c *Client) Resume(ctx context.Context, study string) error {
	return c.move(ctx, study, "/resume")
}

// Stop ends a study.
func (c *Client) Stop(ctx context.Context, study string) error { return c.move(ctx, study, "/stop") }

// Change changes a study's claim to slots, and returns the whole of it.
func (c *Client) Change(ctx context.Context, study string, to trial.Claim) (trial.Claim, error) {
	return post[trial.Claim](ctx, c, studyPath(study, "/claim"), to)
}

// Enqueue has configurations of a study tried.
func (c *Client) Enqueue(ctx context.Context, study string, points []trial.Params) ([]view.Enqueued, error) {
	data, err := json.Marshal(Wanted{points})
	if err != nil {
		return nil, trial.Wrap(trial.Invalid, err, "the configurations")
	}
	var out Queued
	err = c.call(ctx, http.MethodPost, studyPath(study, "/enqueue"), data, &out)
	return out.Trials, err
}

// Join lets a runner in; the client needs no token for it.
func (c *Client) Join(ctx context.Context, j Joining) (Joined, error) {
	return post[Joined](ctx, c, joinPath, j)
}

// JoinToken makes a token for runners.
func (c *Client) JoinToken(ctx context.Context, w TokenWanted) (JoinToken, error) {
	return post[JoinToken](ctx, c, "/join-tokens", w)
}

// Guests is who may join and who has.
func (c *Client) Guests(ctx context.Context) (Guests, error) {
	var out Guests
	err := c.call(ctx, http.MethodGet, "/join-tokens", nil, &out)
	return out, err
}

// Revoke ends a join token, or sends a runner away.
func (c *Client) Revoke(ctx context.Context, id string) error {
	return c.call(ctx, http.MethodDelete, "/join-tokens/"+url.PathEscape(id), nil, nil)
}

func post[T any](ctx context.Context, c *Client, path string, in any) (out T, err error) {
	data, err := json.Marshal(in)
	if err != nil {
		return out, trial.Wrap(trial.Invalid, err, "the request")
	}
	err = c.call(ctx, http.MethodPost, path, data, &out)
	return out, err
}

// Delete removes a study.
func (c *Client) Delete(ctx context.Context, study string) error {
	return c.call(ctx, http.MethodDelete, studyPath(study, ""), nil, nil)
}

func (c *Client) move(ctx context.Context, study, verb string) error {
	return c.call(ctx, http.MethodPost, studyPath(study, verb), nil, nil)
}

// studyPath is a path below that of a study.
func studyPath(idOrName, rest string) string { return "/studies/" + url.PathEscape(idOrName) + rest }

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
		return &trial.Error{Code: trial.Unavailable, Msg: "cannot reach the daemon", Err: err, Hint: unreached(err)}
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		return trial.Wrap(trial.Unavailable, err, "read the daemon's answer")
	}
	if resp.StatusCode >= 300 {
		switch {
		case resp.StatusCode == http.StatusUnauthorized && c.token == "":
			return trial.Errorf(trial.Denied, "the daemon wants a token").WithHint("--token-file names the file with it: token in the daemon's data directory")
		case resp.StatusCode == http.StatusBadRequest && strings.Contains(string(data), "HTTP request to an HTTPS server"):
			return trial.Errorf(trial.Invalid, "the daemon speaks TLS").WithHint("https:// in its address, and --ca-file ca.pem of its data directory")
		}
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

// unreached says what to do where a daemon gave no answer.
func unreached(err error) string {
	var unknown x509.UnknownAuthorityError
	switch {
	case errors.As(err, &unknown):
		return "--ca-file names the authority of the daemon's certificate: ca.pem in its data directory"
	case strings.Contains(err.Error(), "server gave HTTP response to HTTPS client"):
		return "the daemon there speaks plain HTTP: http:// in its address"
	}
	return "is it running? automl daemon starts one, --server names another"
}
