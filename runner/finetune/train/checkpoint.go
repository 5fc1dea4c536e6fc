package train

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"

	"automl/runner/finetune/optim"
	"automl/runner/finetune/safetensors"
)

// checkpointFile is the one file of a checkpoint folder: all of the network's tensors but those that LoRA keeps fixed, running
// statistics among them, the optimizer's moments, and the rest as JSON under metaKey.
const (
	checkpointFile = "checkpoint.safetensors"
	metaKey        = "automl"
	metaVersion    = 2

	weightPrefix  = "weight/"
	averagePrefix = "average/"
)

// momentName names moment i of a tensor.
func momentName(i int, tensor string) string { return fmt.Sprintf("moment%d/%s", i, tensor) }

// meta is what a checkpoint holds besides tensors.
type meta struct {
	Version int            `json:"version"`
	Job     string         `json:"job"` // fingerprint
	Epoch   int            `json:"epoch"`
	Step    int            `json:"step"`
	Rows    int            `json:"rows"`  // of a step that were computed at a time
	Moved   map[string]int `json:"moved"` // steps of each tensor's moments
	Stop    stopper        `json:"early_stopping"`
}

// fingerprint tells jobs apart, so that a trial never goes on from the checkpoint of another.
func (l *Loop) fingerprint() (string, error) {
	j := l.job
	text, err := json.Marshal(struct {
		Model       string
		Options     Options
		Seed        uint64
		Trial, Fold int
		Epochs      int
		Outputs     int
		Train       []int
	}{j.Net.Type(), j.Options, j.Seed, j.Trial, j.Fold, j.Epochs, j.Target.Outputs, j.Train})
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:]), nil
}

// Save writes the state after the last epoch into a folder, which must exist. The file is there in whole or not at all.
func (l *Loop) Save(dir string) error {
	id, err := l.fingerprint()
	if err != nil {
		return err
	}
	m := meta{Version: metaVersion, Job: id, Epoch: l.epoch, Step: l.step, Rows: l.stage.rows, Moved: map[string]int{}, Stop: l.stop}
	var tensors []safetensors.Tensor
	for _, p := range l.job.Net.Params() {
		if p.Fixed { // it is that of the model's folder
			continue
		}
		tensors = append(tensors, safetensors.Tensor{Name: weightPrefix + p.Name, Shape: p.Shape, Data: p.Data})
		if s := l.average.shadow[p.Name]; s != nil {
			tensors = append(tensors, safetensors.Tensor{Name: averagePrefix + p.Name, Shape: p.Shape, Data: s})
		}
	}
	for _, s := range l.optimizer.State() {
		m.Moved[s.Name] = s.Steps
		for i, m := range s.Moments {
			tensors = append(tensors, safetensors.Tensor{Name: momentName(i, s.Name), Shape: []int{len(m)}, Data: m})
		}
	}
	text, err := json.Marshal(m)
	if err != nil {
		return fmt.Errorf("checkpoint: %w", err)
	}
	if err := safetensors.Write(filepath.Join(dir, checkpointFile), tensors, map[string]string{metaKey: string(text)}); err != nil {
		return fmt.Errorf("write checkpoint: %w", err)
	}
	return nil
}

// Resume takes over the state that Save wrote for the same job. Nothing is changed when it fails before the weights are read
// in; after an error the loop is of no more use.
func (l *Loop) Resume(dir string) error {
	file, err := safetensors.Read(filepath.Join(dir, checkpointFile))
	if err != nil {
		return fmt.Errorf("read checkpoint: %w", err)
	}
	var m meta
	if err := json.Unmarshal([]byte(file.Metadata[metaKey]), &m); err != nil {
		return fmt.Errorf("read checkpoint: its %q entry: %w", metaKey, err)
	}
	id, err := l.fingerprint()
	switch {
	case err != nil:
		return err
	case m.Version != metaVersion:
		return fmt.Errorf("checkpoint has version %d, this program reads %d", m.Version, metaVersion)
	case m.Job != id:
		return fmt.Errorf("checkpoint belongs to another trial, fold or data set")
	case m.Epoch < 0 || m.Step != m.Epoch*l.Steps():
		return fmt.Errorf("checkpoint is damaged: %d steps after %d epochs", m.Step, m.Epoch)
	}
	if err := l.restore(file, m); err != nil {
		return fmt.Errorf("checkpoint is damaged: %w", err)
	}
	l.epoch, l.step, l.resumed = m.Epoch, m.Step, max(0, m.Rows)
	l.stop.Best, l.stop.Bad = m.Stop.Best, m.Stop.Bad
	return nil
}

// restore copies weights, their averages and moments.
func (l *Loop) restore(file *safetensors.File, m meta) error {
	if err := l.stage.close(); err != nil {
		return err
	}
	var moments []optim.Slot
	for _, p := range l.job.Net.Params() {
		if p.Fixed {
			continue
		}
		t := file.Find(weightPrefix + p.Name)
		if t == nil || len(t.Data) != len(p.Data) {
			return fmt.Errorf("tensor %s is missing or of another size", p.Name)
		}
		copy(p.Data, t.Data)
		if t := file.Find(averagePrefix + p.Name); t != nil {
			if len(t.Data) != len(p.Data) {
				return fmt.Errorf("the average of tensor %s is of another size", p.Name)
			}
			l.average.shadow[p.Name] = slices.Clone(t.Data)
		}
		if steps, moved := m.Moved[p.Name]; moved {
			if l.average.decay > 0 && l.average.shadow[p.Name] == nil {
				return fmt.Errorf("the average of tensor %s is missing", p.Name)
			}
			s := optim.Slot{Name: p.Name, Steps: steps}
			for t := file.Find(momentName(0, p.Name)); t != nil; t = file.Find(momentName(len(s.Moments), p.Name)) {
				s.Moments = append(s.Moments, t.Data)
			}
			moments = append(moments, s)
		}
	}
	return l.optimizer.Restore(moments)
}
