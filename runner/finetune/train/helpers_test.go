package train

import (
	"context"
	"slices"
	"testing"

	"automl/runner/finetune/data"
	"automl/runner/finetune/model"
	"automl/runner/finetune/prefix"
	"automl/trial"
)

const quickstart = "../../../configs/quickstart/"

// digits is a job on the first rows of the shipped digits, at 16x16, with the shipped ResNet-8: a quarter of the rows for
// validation.
func digits(t *testing.T, rows int, params ...trial.Param) Job {
	t.Helper()
	options, err := ParseOptions(trial.ImageTask, params)
	if err != nil {
		t.Fatal(err)
	}
	net, err := model.Load(quickstart + "resnet8")
	if err != nil {
		t.Fatal(err)
	}
	const size = 16
	if err := net.SetInput(size, size); err != nil {
		t.Fatal(err)
	}
	table, err := data.Read(trial.ImageTask, trial.DataSpec{
		Train: quickstart + "digits/digits.csv.gz", Label: "label",
		Image: &trial.ImageSpec{Pixels: "p*", Height: 8, Width: 8, Max: 16},
	}, trial.FoldPlan{})
	if err != nil {
		t.Fatal(err)
	}
	table.Lines, table.Pixels, table.Y = table.Lines[:rows], table.Pixels[:rows*64], table.Y[:rows]
	in := data.Input{Channels: 3, Height: size, Width: size}
	in.Scale, in.Mean, in.Std = net.Scale()
	images, err := table.Images(in)
	if err != nil {
		t.Fatal(err)
	}
	net.ReplaceHead(len(table.Classes), 1)
	job := Job{
		Cache: prefix.New(prefix.Options{}),
		Net:   net, Inputs: images, Target: TargetOf(table, nil), Options: options, Epochs: 4, Seed: 1,
		Objective: trial.Objective{Metric: "val_accuracy", Goal: trial.Maximize},
	}
	return held(job, rows)
}

// held is the job with every fourth of its rows held out.
func held(job Job, rows int) Job {
	for i := range rows {
		if i%4 == 3 {
			job.Valid = append(job.Valid, i)
		} else {
			job.Train = append(job.Train, i)
		}
	}
	return job
}

func p(name string, value any) trial.Param { return trial.Param{Name: name, Value: value} }

// start makes a loop that is closed with the test.
func start(t *testing.T, job Job) *Loop {
	t.Helper()
	l, err := New(job)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	return l
}

// epochs trains up to the given epoch and returns the metrics of each.
func epochs(t *testing.T, l *Loop, to int) []trial.Metrics {
	t.Helper()
	var out []trial.Metrics
	for l.Done() < to {
		r, err := l.Epoch(context.Background(), nil)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, r.Metrics)
	}
	return out
}

// snapshot copies every tensor of a network.
func snapshot(net *model.Net) map[string][]float32 {
	out := map[string][]float32{}
	for _, p := range net.Params() {
		out[p.Name] = slices.Clone(p.Data)
	}
	return out
}

// differing lists the tensors of a network that are not as in the snapshot, to the bit.
func differing(net *model.Net, before map[string][]float32) (names []string, blocks map[int]bool) {
	blocks = map[int]bool{}
	for _, p := range net.Params() {
		if !slices.Equal(p.Data, before[p.Name]) {
			names = append(names, p.Name)
			blocks[p.Block] = true
		}
	}
	return names, blocks
}

// cacheOf is the cache that a feed reads.
func cacheOf(f feed) (*cache, bool) {
	if f, ok := f.(cached); ok {
		return f.cache, true
	}
	return nil, false
}
