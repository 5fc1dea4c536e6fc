package train

import (
	"context"
	"errors"
	"math"
	"reflect"
	"strings"
	"testing"

	"automl/runner/finetune/data"
	"automl/runner/finetune/model"
	"automl/runner/finetune/prefix"
	"automl/trial"
)

// table is a job on made-up rows of three numbers, for a network without batch norms.
func table(t *testing.T, kind trial.TargetKind, rows int, params ...trial.Param) Job {
	t.Helper()
	task := map[trial.TargetKind]string{trial.Classification: trial.TableTask, trial.Regression: "tabular-regression"}[kind]
	options, err := ParseOptions(task, params)
	if err != nil {
		t.Fatal(err)
	}
	target := &Target{Kind: kind, Outputs: 1, Std: 1}
	features := &rowsOfThree{}
	if kind == trial.Classification {
		target.Outputs = 3
	}
	for i := range rows {
		x := []float32{float32(i%7) - 3, float32(i%5) - 2, float32(i % 3)}
		features.x = append(features.x, x...)
		if kind == trial.Classification {
			target.Labels = append(target.Labels, int32((i*i)%3))
		} else {
			target.Numbers = append(target.Numbers, float64(x[0]*x[1]))
		}
	}
	net, err := model.NewMLP(model.MLPConfig{Features: 3, Hidden: options.Hidden, Layers: options.Layers, Classes: target.Outputs}, 1)
	if err != nil {
		t.Fatal(err)
	}
	job := Job{Net: net, Inputs: features, Target: target, Options: options, Epochs: 3, Seed: 1, Objective: trial.Objective{Metric: "val_loss", Goal: trial.Minimize}}
	return held(job, rows)
}

type rowsOfThree struct{ x []float32 }

func (r *rowsOfThree) Rows() int                    { return len(r.x) / 3 }
func (r *rowsOfThree) Size() int                    { return 3 }
func (r *rowsOfThree) Write(dst []float32, row int) { copy(dst, r.x[3*row:3*row+3]) }

var _ data.Fixed = (*rowsOfThree)(nil)

// tight is the job with just so much memory that a batch has the given number of parts at least.
func tight(t *testing.T, job Job, parts int) Job {
	t.Helper()
	l := start(t, job)
	trained := job.Options.Freeze.Trained(1, len(job.Net.Blocks()))
	o := model.TrainOptions{Batch: (l.Batch() + parts - 1) / parts, Loss: job.Target.loss(), Trained: trained, Dropout: job.Options.Dropout}
	e := model.EvalOptions{Batch: min(evalBatch, o.Batch)}
	l.limitTokens(&o, &e)
	bytes, err := l.graphs(&o, &e, true)
	if err != nil {
		t.Fatal(err)
	}
	const used = 1 << 20
	job.Memory = Memory{Used: used, Limit: (used+bytes+l.moments(trained))*16/15 + 16}
	return job
}

// A batch that does not fit is computed in parts, which come to the same where there is no batch norm.
func TestPartsAddUpToTheWhole(t *testing.T) {
	big := []trial.Param{p("batch_size", int64(24)), p("hidden", int64(200)), p("lr_schedule", "constant")}
	for name, make := range map[string]func() Job{
		"classes": func() Job {
			return table(t, trial.Classification, 130, append(big, p("class_weights", "balanced"), p("label_smoothing", 0.1))...)
		},
		"numbers, lion, clipped, averaged": func() Job {
			return table(t, trial.Regression, 130, append(big, p("optimizer", "sgd"), p("lr", 0.01), p("clip_norm", 1.0), p("ema_decay", 0.9))...)
		},
		"texts": func() Job {
			return sentences(t, 60, p("batch_size", int64(15)), p("hidden_dropout", 0.0), p("attention_dropout", 0.0), p("lr", 1e-3))
		},
	} {
		t.Run(name, func(t *testing.T) {
			job := tight(t, make(), 4)
			whole, parts := start(t, make()), start(t, job)
			for range 2 {
				want, got := epoch(t, whole), epoch(t, parts)
				if want.Rows != whole.Batch() || got.Rows > (whole.Batch()+3)/4 || got.Rows < 2 {
					t.Fatalf("%d rows at a time, without a limit %d", got.Rows, want.Rows)
				}
				for _, metric := range []string{"train_loss", "val_loss"} {
					if a, b := value(t, want.Metrics, metric), value(t, got.Metrics, metric); math.Abs(a-b) > 1e-6*(1+math.Abs(a)) {
						t.Errorf("epoch %d: %s is %v in parts, %v as a whole", got.Epoch, metric, b, a)
					}
				}
			}
		})
	}
}

func epoch(t *testing.T, l *Loop) *Result {
	t.Helper()
	r, err := l.Epoch(context.Background(), nil)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// With batch norms the parts are another computation; it learns all the same, and goes on in the same parts elsewhere.
func TestPartsOfImages(t *testing.T) {
	params := []trial.Param{p("lr", 3e-3), p("batch_size", int64(16))}
	job := tight(t, digits(t, 200, params...), 4)
	l := start(t, job)
	first := epoch(t, l)
	if first.Rows > 4 {
		t.Fatalf("%d rows at a time", first.Rows)
	}
	dir := t.TempDir()
	if err := l.Save(dir); err != nil {
		t.Fatal(err)
	}
	want := epochs(t, l, 4)
	if a := value(t, want[2], "val_accuracy"); a < 0.7 {
		t.Errorf("accuracy %v after 4 epochs", a)
	}
	again := digits(t, 200, params...) // with all the memory in the world
	resumed := start(t, again)
	if err := resumed.Resume(dir); err != nil {
		t.Fatal(err)
	}
	if got := epochs(t, resumed, 4); !reflect.DeepEqual(got, want) {
		t.Errorf("resumed with more memory: %v, want %v", got, want)
	}
}

func TestWhatDoesNotFitAtAll(t *testing.T) {
	job := table(t, trial.Classification, 40, p("hidden", int64(8192)))
	job.Memory = Memory{Limit: 300 << 20, Used: 200 << 20}
	_, err := start(t, job).Epoch(context.Background(), nil)
	var full *OutOfMemory
	if !errors.As(err, &full) || full.Need <= full.Limit || !strings.Contains(err.Error(), "one row at a time") {
		t.Errorf("%v", err)
	}
}

func TestMemoryLimitsTheCache(t *testing.T) {
	for m, want := range map[Memory]int64{
		{}:                                0,
		{Limit: 64 << 20, Used: 1 << 20}:  (60<<20 - 1<<20) / 2,
		{Limit: 64 << 20, Used: 63 << 20}: -1,
		{Limit: 1 << 40, Used: 1}:         prefix.DefaultMemory,
	} {
		if got := m.Cache(); got != want {
			t.Errorf("%+v: the cache may take %d bytes, want %d", m, got, want)
		}
	}
}
