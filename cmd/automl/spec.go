package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"

	"automl/configs"
	"automl/runner/finetune"
	"automl/runner/finetune/data"
	"automl/search"
	"automl/search/daemon"
	"automl/trial"
)

// loadSweep reads a sweep file, or the script that stands for one, and checks everything that can be checked before anything starts.
func (a *app) loadSweep(ctx context.Context, path string) (*configs.Sweep, error) {
	s, err := configs.LoadScript(path, a.describer(ctx))
	if err != nil {
		return nil, err
	}
	return s, checkTrainer(s)
}

// checkTrainer checks what the built-in trainer will need: the model, the data, the label column, the searched parameters.
func checkTrainer(s *configs.Sweep) error {
	switch s.Trainer.Type {
	case "external", "command":
		return nil
	}
	var names []string
	for _, p := range s.Space().Parameters {
		names = append(names, p.Name)
	}
	for i, o := range s.Objectives() {
		if err := finetune.CheckObjective(s.Trainer, o); err != nil {
			return faultOf(s, err, func(field string) string { return s.ObjectivePath(i, strings.TrimPrefix(field, "objective.")) })
		}
	}
	same := func(field string) string { return field }
	if err := finetune.Check(s.Trainer, s.FoldPlan(), names, s.Objectives()...); err != nil {
		return faultOf(s, err, same)
	}
	for _, p := range s.Space().Parameters {
		if p.Freeze != "" {
			continue // configs has checked a typed freeze parameter
		}
		for _, v := range extremes(p) {
			if err := finetune.CheckValue(s.Trainer.Task, p.Name, v); err != nil {
				return faultOf(s, err, same)
			}
		}
	}
	return nil
}

// extremes are the values of a parameter between which all others lie, or all there are.
func extremes(p search.Parameter) []any {
	switch p.Kind {
	case search.Float:
		return []any{p.Low, p.High}
	case search.Int:
		return []any{int64(p.Low), int64(p.High)}
	}
	return p.Choices
}

// faultOf places a fault that the trainer found in the sweep file. path is where a field stands in it.
func faultOf(s *configs.Sweep, err error, path func(field string) string) error {
	var bad *data.Error
	if errors.As(err, &bad) {
		e := s.Errorf(path(bad.Field), "%s", faultText(bad))
		e.Hint = bad.Hint
		return e
	}
	return err
}

// faultText is a fault of the data with its own place, which is another file than the sweep's.
func faultText(bad *data.Error) string {
	switch {
	case bad.File != "" && bad.Line > 0:
		return fmt.Sprintf("%s:%d: %s", bad.File, bad.Line, bad.Msg)
	case bad.File != "" && bad.Row > 0:
		return fmt.Sprintf("%s: row %d: %s", bad.File, bad.Row, bad.Msg)
	case bad.File != "":
		return bad.File + ": " + bad.Msg
	}
	return bad.Msg
}

// newStudy is a sweep as a study, with a fresh id.
func newStudy(s *configs.Sweep) (trial.Study, error) {
	var id [4]byte
	if _, err := rand.Read(id[:]); err != nil {
		return trial.Study{}, err
	}
	return s.Study(hex.EncodeToString(id[:]), time.Now().UTC()), nil
}

// decode turns the document of a stored study back into what the daemon works with.
func decode(study trial.Study) (daemon.Spec, error) {
	s, err := configs.Parse(study.Name, study.Document, "")
	if err != nil {
		return daemon.Spec{}, fmt.Errorf("its sweep document: %w", err)
	}
	spec := daemon.Spec{
		Study: study, Space: s.Space(), Sampler: s.Sampler, Scheduler: s.Scheduler, Folds: s.FoldPlan(), Trainer: s.Trainer,
		Resources: s.Resources, Enqueue: s.Enqueue, Claim: s.Claim(), GPUSeconds: s.Budget.GPUHours * 3600,
		Confirm: daemon.Confirm{Top: s.Confirm.Top, Seeds: s.Confirm.Seeds},
		Refit:   s.Refit, External: s.Trainer.Type == "external",
	}
	if s.Probe {
		if spec.Probe = finetune.Probe(s.Trainer.Task, s.Space().Fixed()); spec.Probe != nil && spec.Scheduler.Trials > 0 {
			spec.Scheduler.Trials--
		}
	}
	if end, ok := s.Budget.End(study.Created); ok {
		spec.End = end
	}
	return spec, nil
}
