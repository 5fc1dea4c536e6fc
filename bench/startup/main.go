// Startup measures how long a trial takes to begin: from the moment a runner starts its trainer to the first report of a Python script, cold
// and as a fork of a resident process, one after the other, again and again.
//
//	go run ./bench/startup -python PYTHON [-n 20] [-kinds plain,torch,transformers]
package main

import (
	"cmp"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/rs/zerolog"

	"automl/runner/process"
	"automl/runner/protocol"
	"automl/trial"
)

// script is a trainer that reports as soon as what it needs is there.
const script = `%s
print('automl: {"epoch": 1, "acc": 0.5}')
`

// kinds are the scripts: what they need, and what the resident process has loaded.
var kinds = map[string]struct {
	needs    string
	resident trial.ResidentSpec
}{
	"plain":        {"import json, random", trial.ResidentSpec{}},
	"torch":        {"import torch", trial.ResidentSpec{}},
	"transformers": {"import torch, transformers, warm\nmodel = warm.model()", trial.ResidentSpec{Import: []string{"torch", "transformers"}, Setup: "warm:model"}},
}

// warm is the module beside the script that has the base model: one of MiniLM's size.
const warm = `
import functools
@functools.cache
def model():
    from transformers import BertConfig, BertForSequenceClassification
    return BertForSequenceClassification(BertConfig(hidden_size=384, num_hidden_layers=6, num_attention_heads=12, intermediate_size=1536, num_labels=77))
`

func main() {
	python := flag.String("python", "python3", "interpreter that has what the kinds need")
	n := flag.Int("n", 20, "trials of each")
	which := flag.String("kinds", "plain,torch,transformers", "what to measure")
	flag.Parse()
	if err := run(*python, *n, strings.Split(*which, ",")); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(python string, n int, which []string) error {
	dir, err := os.MkdirTemp("", "automl-startup-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	residents := process.NewResidents(filepath.Join(dir, "scratch", "resident"), process.SystemClock(), zerolog.New(zerolog.ConsoleWriter{Out: os.Stderr}).With().Timestamp().Logger())
	defer residents.Close()
	fmt.Println("| script | cold, median (p90) | resident, median (p90) | ratio of the medians | first of the resident process |\n|---|---|---|---|---|")
	for _, kind := range which {
		k, ok := kinds[kind]
		if !ok {
			return fmt.Errorf("there is no kind %q", kind)
		}
		m := &measurer{dir: filepath.Join(dir, kind), python: python, residents: residents, spec: k.resident}
		if err := m.write(fmt.Sprintf(script, k.needs)); err != nil {
			return err
		}
		if _, err := m.one(false); err != nil { // files are in memory from here on
			return err
		}
		first, err := m.one(true)
		if err != nil {
			return err
		}
		var cold, warm []time.Duration
		for range n {
			for _, resident := range []bool{false, true} {
				took, err := m.one(resident)
				if err != nil {
					return err
				}
				if resident {
					warm = append(warm, took)
				} else {
					cold = append(cold, took)
				}
			}
		}
		fmt.Printf("| %s | %s | %s | %.0f | %.2f s |\n", kind, show(cold), show(warm), float64(median(cold))/float64(median(warm)), first.Seconds())
	}
	return nil
}

func median(d []time.Duration) time.Duration { return quantile(d, 0.5) }

func quantile(d []time.Duration, q float64) time.Duration {
	sorted := slices.Sorted(slices.Values(d))
	return sorted[min(len(sorted)-1, int(q*float64(len(sorted))))]
}

func show(d []time.Duration) string {
	return fmt.Sprintf("%.1f ms (%.1f)", median(d).Seconds()*1000, quantile(d, 0.9).Seconds()*1000)
}

// measurer starts the trainers of one script.
type measurer struct {
	dir, python string
	residents   *process.Residents
	spec        trial.ResidentSpec
	number      int
}

func (m *measurer) write(text string) error {
	return errors.Join(os.MkdirAll(m.dir, 0o755), os.WriteFile(filepath.Join(m.dir, "train.py"), []byte(text), 0o644),
		os.WriteFile(filepath.Join(m.dir, "warm.py"), []byte(warm), 0o644))
}

// one is the time from the start of a trainer to its first report.
func (m *measurer) one(resident bool) (time.Duration, error) {
	m.number++
	home := filepath.Join(m.dir, fmt.Sprint(m.number))
	if err := os.MkdirAll(home, 0o755); err != nil {
		return 0, err
	}
	defer os.RemoveAll(home)
	h := &handler{}
	s := process.Spec{Argv: []string{m.python, "train.py"}, Dir: m.dir, Home: home, Handler: h, Grace: time.Second, Obey: time.Second,
		Env:   process.Environment(os.Environ(), nil, process.Machine{Threads: 1}, nil),
		Tasks: 4096, Clock: process.SystemClock(), Log: zerolog.Nop(),
		Work: protocol.Work{Study: "s", Phase: trial.Search, Epochs: 1, To: trial.Resource{Epoch: 1}, CheckpointOut: home, Scratch: home}}
	if resident {
		s.Resident = m.residents.For(process.Preload{Python: s.Argv[:1], Script: s.Argv[1:], Dir: m.dir, Env: s.Env, Import: m.spec.Import, Setup: m.spec.Setup})
	}
	began := time.Now()
	p, err := process.Start(s)
	if err != nil {
		return 0, err
	}
	if o := p.Wait(); o.Failure != "" {
		return 0, fmt.Errorf("the trainer failed: %s: %s", o.Failure, o.Message)
	}
	return h.first.Sub(began), nil
}

// handler notes when the first report came.
type handler struct{ first time.Time }

func (h *handler) Report(protocol.Report) (trial.Verb, string) {
	h.first = cmp.Or(h.first, time.Now())
	return trial.Continue, ""
}
func (h *handler) Checkpoint(int) error         { return nil }
func (h *handler) Artifact(trial.Metrics) error { return nil }
func (h *handler) Progress(protocol.Progress)   {}
func (h *handler) Folds(protocol.Folds)         {}
func (h *handler) Beat()                        {}
