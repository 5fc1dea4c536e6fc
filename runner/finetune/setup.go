package finetune

import (
	"fmt"
	"slices"
	"strings"

	"automl/runner/finetune/augment"
	"automl/runner/finetune/data"
	"automl/runner/finetune/model"
	"automl/runner/finetune/train"
	"automl/trial"
)

// material is what a work order trains with.
type material struct {
	net     *model.Net // with a fresh head for the classes
	input   data.Input
	table   *data.Table
	images  *data.Images
	options train.Options
}

// headStream sets the draw of the fresh head apart from every other draw.
const headStream = 0x68656164

// prepare loads model and data, checks that the rows are those of the study, and tells the runner which folds follow from
// them.
func (s *session) prepare() (*material, error) {
	w := s.work
	var m material
	var err error
	if m.options, err = train.ParseOptions(w.Params); err != nil {
		return nil, err
	}
	for _, o := range append([]trial.Objective{w.Objective}, w.Others...) {
		if !slices.Contains(Metrics(), o.Metric) {
			return nil, &data.Error{Field: "objective.metric", Msg: fmt.Sprintf("the built-in trainer does not measure %q", o.Metric),
				Hint: "it measures " + strings.Join(Metrics(), ", ")}
		}
	}
	if m.net, err = loadModel(w.Trainer); err != nil {
		return nil, err
	}
	if m.table, err = data.Read(*w.Trainer.Data, w.Folds.Column); err != nil {
		return nil, err
	}
	if err := s.proveFolds(m.table); err != nil {
		return nil, err
	}
	if m.input, err = sized(m.net, w.Trainer.Data.Image); err != nil {
		return nil, err
	}
	if m.images, err = m.table.Images(m.input); err != nil {
		return nil, err
	}
	m.net.ReplaceHead(len(m.table.Classes), augment.Mix(w.Seed, uint64(s.repeat()), headStream))
	return &m, nil
}

// repeat is which draw of the folds this fold belongs to. All trials begin with the same head, so that chance does not tell
// them apart; fresh folds come with a fresh head, so that a confirmation is one.
func (s *session) repeat() int {
	if s.work.Fold < 0 {
		return 0
	}
	return s.work.Fold / s.work.Folds.K
}

// proveFolds sends the hash of the folds, and refuses to train on other ones than the study's.
func (s *session) proveFolds(t *data.Table) error {
	hash, err := s.work.Folds.ManifestHash(t.Keys)
	if err != nil {
		return fmt.Errorf("draw the folds: %w", err)
	}
	if err := s.client.Folds(hash, t.Rows()); err != nil {
		return gone(err)
	}
	if want := s.work.Folds.Hash; want != "" && want != hash {
		return &data.Error{Field: "trainer.data.train", File: t.File,
			Msg:  fmt.Sprintf("its %d rows give other folds (%.12s) than the study began with (%.12s)", t.Rows(), hash, want),
			Hint: "the file was changed since, or differs on this machine: restore it, or start a new study"}
	}
	return nil
}

// job is the training job of the work order on the given rows.
func (s *session) job(m *material, rows, valid []int) train.Job {
	return train.Job{
		Net: m.net, Images: m.images, Labels: m.table.Y, Classes: len(m.table.Classes), Train: rows, Valid: valid,
		Options: m.options, Objective: s.work.Objective, Epochs: s.work.Epochs,
		Seed: s.work.Seed, Trial: s.work.Trial, Fold: s.work.Fold,
	}
}

// progressLines is how often the runner hears of progress in an epoch, at most. Each is also a look whether it is still there.
const progressLines = 50

// progress reports the steps of an epoch.
func (s *session) progress(epoch int) train.Progress {
	return func(step, steps int) error {
		if every := (steps + progressLines - 1) / progressLines; step%every != 0 && step != steps {
			return nil
		}
		return gone(s.client.Progress(epoch, step, steps))
	}
}
