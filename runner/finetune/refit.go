package finetune

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"automl/runner/finetune/data"
	"automl/runner/finetune/safetensors"
	"automl/runner/finetune/train"
	"automl/runner/protocol"
	"automl/trial"
)

// The files of an artifact.
const (
	weightsFile = "model.safetensors"
	configFile  = "config.json"
	metricsFile = "metrics.json"
)

// weightsOf is what the transformers library looks for in a file of weights.
var weightsOf = map[string]string{"format": "pt"}

// refit trains on all rows and leaves the finished model. Without validation rows there is no early stopping; the epochs are
// those the work order asks for, on a learning-rate schedule of a whole fold.
func (s *session) refit(ctx context.Context) (err error) {
	m, err := s.prepare()
	if err != nil {
		return err
	}
	rows := make([]int, m.table.Rows())
	for i := range rows {
		rows[i] = i
	}
	job, err := m.job(s.work, rows, nil)
	if err != nil {
		return err
	}
	job.Options.Patience = 0
	loop, err := train.New(job)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, loop.Close()) }()
	var last *train.Result
	for loop.Done() < s.work.To.Epoch {
		if last, err = loop.Epoch(ctx, s.progress(loop.Done()+1)); err != nil {
			return err
		}
		s.tellParts(last, loop.Batch())
	}
	loop.Finish()
	m.net.MergeLoRA()
	metrics, test, err := s.test(ctx, m)
	if err != nil {
		return err
	}
	if last != nil {
		metrics = append(metrics, last.Metrics...)
	}
	if err := s.writeArtifact(m, metrics, test); err != nil {
		return fmt.Errorf("write the finished model: %w", err)
	}
	return gone(s.client.Artifact(metrics))
}

// test measures the model on the test file, which is read here and nowhere else. Without one there is nothing.
func (s *session) test(ctx context.Context, m *material) (trial.Metrics, *train.Evaluation, error) {
	spec := *s.work.Trainer.Data
	if spec.Test == "" {
		return nil, nil, nil
	}
	table, err := data.ReadTest(s.work.Trainer.Task, spec, m.table)
	if err != nil {
		return nil, nil, err
	}
	inputs, err := m.encode(table)
	if err != nil {
		return nil, nil, err
	}
	target := m.target.Of(table)
	if m.net.IsLanguageModel() {
		target = train.Next(inputs.(*data.Tokens))
	}
	e, err := train.Evaluate(ctx, m.net, inputs, target)
	if err != nil {
		return nil, nil, err
	}
	return e.Metrics("test_"), e, nil
}

// provenance is metrics.json: what the model is and where it comes from.
type provenance struct {
	Study     string        `json:"study"`
	Trial     int           `json:"trial"`
	Params    trial.Params  `json:"params"`
	Epochs    int           `json:"epochs"`
	Rows      int           `json:"rows"`
	Folds     string        `json:"folds"`             // hash
	Classes   []string      `json:"classes,omitempty"` // or labels
	Metrics   trial.Metrics `json:"metrics"`
	Confusion [][]int       `json:"test_confusion,omitempty"` // row: class, column: what it was taken for
}

// writeArtifact writes the model so that model.Load reads it back, and what was measured.
func (s *session) writeArtifact(m *material, metrics trial.Metrics, test *train.Evaluation) error {
	dir := s.work.ArtifactOut
	if err := safetensors.Write(filepath.Join(dir, weightsFile), m.net.Tensors(), weightsOf); err != nil {
		return err
	}
	config, err := m.describe()
	if err != nil {
		return err
	}
	if err := writeJSON(filepath.Join(dir, configFile), config); err != nil {
		return err
	}
	hash, err := s.work.Folds.ManifestHash(m.table.Keys)
	if err != nil {
		return err
	}
	p := provenance{Study: s.work.Name, Trial: s.work.Trial, Params: s.work.Params, Epochs: s.work.To.Epoch,
		Rows: m.table.Rows(), Folds: hash, Classes: m.table.Classes, Metrics: metrics}
	if test != nil && test.Confusion != nil {
		p.Confusion = test.Confusion.Rows()
	}
	return writeJSON(filepath.Join(dir, metricsFile), p)
}

// preprocessing says how a row becomes an input, and what the outputs mean.
func (m *material) preprocessing(w protocol.Work, how map[string]any) map[string]any {
	d := w.Trainer.Data
	how["task"] = w.Trainer.Task
	if d.Label != "" {
		how["label"] = d.Label
	}
	if m.table.Kind == trial.Regression {
		how["target"] = map[string]float64{"mean": m.target.Mean, "std": m.target.Std} // an output times std, plus mean, is the number
	}
	return how
}

// writeJSON writes a file and makes sure it is on disk.
func writeJSON(file string, v any) error {
	text, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return err
	}
	f, err := os.Create(file)
	if err != nil {
		return err
	}
	if _, err = f.Write(append(text, '\n')); err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}
