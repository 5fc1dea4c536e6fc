package web

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"automl/trial"
)

// problem is an error as RFC 9457 has it, with the domain's code and a hint at what to do.
type problem struct {
	Status int    `json:"status" doc:"HTTP status"`
	Title  string `json:"title" doc:"what kind of problem it is, for a person"`
	Code   string `json:"code" doc:"what kind of problem it is, for a program"`
	Detail string `json:"detail" doc:"what went wrong"`
	Hint   string `json:"hint,omitempty" doc:"what to do about it"`
}

const problemType = "application/problem+json"

func (p *problem) Error() string               { return p.Detail }
func (p *problem) GetStatus() int              { return p.Status }
func (p *problem) ContentType(_ string) string { return problemType }

// statuses are the HTTP statuses of the domain's codes.
var statuses = map[trial.Code]int{
	trial.Invalid:     http.StatusUnprocessableEntity,
	trial.NotFound:    http.StatusNotFound,
	trial.Denied:      http.StatusForbidden,
	trial.Conflict:    http.StatusConflict,
	trial.Unavailable: http.StatusServiceUnavailable,
	trial.Storage:     http.StatusServiceUnavailable,
	trial.Internal:    http.StatusInternalServerError,
}

// Some of huma's settings are those of the whole process. They are set before anything can run, so that servers may be made
// and used in several goroutines.
func init() {
	huma.NewError = newProblem
	huma.DefaultArrayNullable = false
}

// newProblem is how huma reports what it finds wrong with a request.
func newProblem(status int, msg string, errs ...error) huma.StatusError {
	details := []string{msg}
	for _, err := range errs {
		if err != nil {
			details = append(details, err.Error())
		}
	}
	p := &problem{Status: status, Title: http.StatusText(status), Code: string(trial.Invalid), Detail: strings.Join(details, ": "),
		Hint: "GET /openapi.json describes every route"}
	switch {
	case status == http.StatusRequestEntityTooLarge:
		p.Code, p.Hint = "too_large", "a sweep document has less than 16 MiB"
	case status >= http.StatusInternalServerError:
		p.Code, p.Hint = string(trial.Internal), ""
	}
	return p
}

// fail turns an error of the domain into a problem.
func (s *server) fail(err error) error {
	code := trial.CodeOf(err)
	if errors.Is(err, context.DeadlineExceeded) {
		code = trial.Unavailable
	}
	status, known := statuses[code]
	if !known {
		status = http.StatusInternalServerError
	}
	if status == http.StatusInternalServerError && !errors.Is(err, context.Canceled) {
		s.Log.Error().Err(err).Msg("a request failed")
	}
	return problemOf(status, code, err)
}

// problemOf says an error. Errors of the sweep document bring their hint along in their text, where it need not stand twice.
func problemOf(status int, code trial.Code, err error) *problem {
	hint := trial.HintOf(err)
	return &problem{Status: status, Title: http.StatusText(status), Code: string(code), Hint: hint,
		Detail: strings.TrimSuffix(err.Error(), "\n  hint: "+hint)}
}

// asError is the inverse of problemOf, for the client.
func (p *problem) asError() error {
	if p.Status == http.StatusUnauthorized {
		return trial.Errorf(trial.Denied, "the daemon refused the token").WithHint("--token-file names the file with it")
	}
	detail := p.Detail
	if detail == "" {
		detail = "the daemon answers " + http.StatusText(p.Status)
	}
	code := trial.Internal
	for c := range statuses {
		if string(c) == p.Code {
			code = c
		}
	}
	return &trial.Error{Code: code, Msg: detail, Hint: p.Hint}
}

// refuse answers with a problem outside huma.
func refuse(w http.ResponseWriter, p problem) {
	p.Title = http.StatusText(p.Status)
	w.Header().Set("Content-Type", problemType)
	w.WriteHeader(p.Status)
	_ = json.NewEncoder(w).Encode(p) // the client may be gone
}
