package finetune

import (
	"fmt"
	"os"

	"automl/runner/finetune/augment"
	"automl/runner/finetune/data"
	"automl/runner/finetune/model"
	"automl/runner/finetune/prefix"
	"automl/runner/finetune/train"
	"automl/runner/protocol"
	"automl/trial"
)

// material is what a work order trains with. What depends on the training rows is there once they are known (job).
type material struct {
	table   *data.Table
	options train.Options
	net     *model.Net  // with a fresh head for the classes
	inputs  data.Inputs // of the table's rows
	target  *train.Target
	// encode makes inputs of other rows, those of the test file.
	encode func(*data.Table) (data.Inputs, error)
	// describe is the network and how a row becomes its input, for config.json.
	describe func() (map[string]any, error)
}

// headStream sets the draw of the fresh head apart from every other draw.
const headStream = 0x68656164

// prepare loads model and data, checks that the rows are those of the study, and tells the runner which folds follow from
// them.
func (s *session) prepare() (*material, error) {
	m, err := load(s.work)
	if err != nil {
		return nil, err
	}
	return m, s.proveFolds(m.table)
}

// load reads what a work order names, and puts a fresh head on the model.
func load(w protocol.Work) (*material, error) {
	var m material
	var err error
	if err := checkSpec(w.Trainer); err != nil {
		return nil, err
	}
	if m.options, err = train.ParseOptions(w.Trainer.Task, w.Params); err != nil {
		return nil, err
	}
	for _, o := range append([]trial.Objective{w.Objective}, w.Others...) {
		if err := CheckObjective(w.Trainer, o); err != nil {
			return nil, err
		}
	}
	if m.table, err = data.Read(w.Trainer.Task, *w.Trainer.Data, w.Folds); err != nil {
		return nil, err
	}
	switch rows, _ := trial.SplitTask(w.Trainer.Task); rows {
	case trial.ImageRows:
		return &m, m.loadImages(w)
	case trial.TextRows:
		return &m, m.loadTexts(w)
	}
	return &m, nil
}

// headSeed is the seed of fresh weights. All trials begin with the same ones, so that chance does not tell them apart; fresh
// folds come with fresh weights, so that a confirmation is one.
func headSeed(w protocol.Work) uint64 { return augment.Mix(w.Seed, uint64(repeat(w)), headStream) }

// repeat is which draw of the folds this fold belongs to.
func repeat(w protocol.Work) int {
	if w.Fold < 0 {
		return 0
	}
	return w.Fold / w.Folds.K
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

// job is the training job of a work order on the given rows.
func (m *material) job(w protocol.Work, rows, valid []int) (train.Job, error) {
	m.target = train.TargetOf(m.table, rows)
	inner := innerFolds(w.Folds, m.table.Keys, rows)
	if texts, ok := m.inputs.(*data.Tokens); ok && m.net.IsLanguageModel() {
		m.target, inner = train.Next(texts), nil // no head to choose a penalty for
		held := len(valid)
		if rows, valid = texts.Of(rows), texts.Of(valid); len(rows) == 0 || held > 0 && len(valid) == 0 {
			return train.Job{}, m.nothingToPredict(w, len(rows) == 0)
		}
	}
	if trial.TableRows.HasTask(w.Trainer.Task) {
		if err := m.fitTable(w, rows); err != nil {
			return train.Job{}, err
		}
	}
	limit := memory(w)
	return train.Job{
		Net: m.net, Inputs: m.inputs, Target: m.target, Train: rows, Valid: valid, Folds: inner,
		Options: m.options, Objective: w.Objective, Epochs: w.Epochs,
		Seed: w.Seed, Trial: w.Trial, Fold: w.Fold, Memory: limit, Cache: cacheOf(w, limit),
	}, nil
}

// nothingToPredict says that all texts of a fold are of one token, those to train on or those to measure.
func (m *material) nothingToPredict(w protocol.Work, training bool) error {
	to := "measure"
	if training {
		to = "train on"
	}
	return &data.Error{Field: "trainer.data.train", File: m.table.File, Hint: "fewer folds, or longer texts",
		Msg: fmt.Sprintf("fold %d has no text to %s with two tokens, of which one could be predicted", w.Fold, to)}
}

// cacheOf is where what frozen blocks make of the rows is kept: on disk if the runner has a folder for it, and in memory.
func cacheOf(w protocol.Work, limit train.Memory) *prefix.Store {
	o := prefix.Options{Memory: limit.Cache(), Warn: func(err error) { fmt.Fprintln(os.Stderr, "automl trainer:", err) }}
	if w.Cache != nil {
		o.Dir, o.Disk = w.Cache.Dir, w.Cache.Bytes
	}
	return prefix.New(o)
}

// foldJob is the training job of the fold that a work order names.
func (m *material) foldJob(w protocol.Work) (train.Job, error) {
	rows, valid, err := w.Folds.Fold(m.table.Keys, w.Fold)
	if err != nil {
		return train.Job{}, fmt.Errorf("draw fold %d: %w", w.Fold, err)
	}
	return m.job(w, rows, valid)
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
