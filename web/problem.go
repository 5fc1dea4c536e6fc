package web

import (
	"errors"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"automl/trial"
)

// problem is an error as RFC 9457 has it, with the domain's code and a hint at what to do.
type problem struct {
	Status int    `json:"status"`
	Title  string `json:"title"`
	Code   string `json:"code"`
	Detail string `json:"detail"`
	Hint   string `json:"hint,omitempty"`
}

func (p *problem) Error() string               { return p.Detail }
func (p *problem) GetStatus() int              { return p.Status }
func (p *problem) ContentType(_ string) string { return "application/problem+json" }

// statuses are the HTTP statuses of the domain's codes.
var statuses = map[trial.Code]int{
	trial.Invalid:     http.StatusUnprocessableEntity,
	trial.NotFound:    http.StatusNotFound,
	trial.Conflict:    http.StatusConflict,
	trial.Unavailable: http.StatusServiceUnavailable,
	trial.Internal:    http.StatusInternalServerError,
}

// fail turns an error of the domain into a problem.
func fail(err error) error {
	code := trial.CodeOf(err)
	return &problem{Status: statuses[code], Title: http.StatusText(statuses[code]), Code: string(code), Detail: err.Error(), Hint: trial.HintOf(err)}
}

// newProblem is how huma reports what it finds wrong with a request.
func newProblem(status int, msg string, errs ...error) huma.StatusError {
	details := []string{msg}
	for _, err := range errs {
		if err != nil {
			details = append(details, err.Error())
		}
	}
	return &problem{Status: status, Title: http.StatusText(status), Code: string(trial.Invalid), Detail: strings.Join(details, ": ")}
}

// asError is the inverse of fail, for the client.
func (p *problem) asError() error {
	if p.Status == http.StatusUnauthorized {
		return trial.Errorf(trial.Unavailable, "the daemon refused the token").WithHint("--token-file names the file with it")
	}
	for code := range statuses {
		if string(code) == p.Code {
			return &trial.Error{Code: code, Msg: p.Detail, Hint: p.Hint}
		}
	}
	return errors.New(p.Detail)
}
