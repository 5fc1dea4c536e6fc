package main

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"

	"automl/runner/finetune/model"
	"automl/runner/finetune/optim"
)

// job is what a worker does over and over.
type job struct {
	Model  string // folder
	Kind   string // full, frozen, cached, images, hub (images of 224 x 224), or an optimizer's name for its step alone
	Batch  int
	Length int // tokens of each text
}

// The jobs of the comparison; a name is kind, batch and length.
func (j job) name() string {
	switch {
	case j.Kind == "images":
		return fmt.Sprintf("resnet8 batch %d", j.Batch)
	case j.Kind == "hub":
		return fmt.Sprintf("%s batch %d", filepath.Base(j.Model), j.Batch)
	case j.Model == "":
		return j.Kind + ", 22.3 M weights"
	}
	return fmt.Sprintf("%s %dx%d", j.Kind, j.Batch, j.Length)
}

// classes of the text tasks: those of Banking77.
const classes = 77

// stepper makes the job's step: loss, gradients, update.
func (j job) stepper() (func() error, error) {
	if j.Model == "" {
		return optimizerStepper(optim.Kind(j.Kind))
	}
	net, err := model.Load(j.Model)
	if err != nil {
		return nil, err
	}
	if j.Kind == "images" || j.Kind == "hub" {
		return imageStepper(net, j.Batch)
	}
	net.ReplaceHead(classes, 1)
	if err := net.SetMaxTokens(j.Length); err != nil {
		return nil, err
	}
	o := model.TrainOptions{Batch: j.Batch, Trained: make([]bool, len(net.Blocks()))}
	last := len(net.Blocks()) - 2
	for i := range o.Trained {
		o.Trained[i] = j.Kind == "full" || i >= last
	}
	if j.Kind == "cached" {
		o.From = last
	}
	trainer, update, err := prepare(net, o)
	if err != nil {
		return nil, err
	}
	text, target := j.text(net.Vocabulary())
	if j.Kind != "cached" {
		return func() error { return update(trainer.StepText(text, target, 0)) }, nil
	}
	prefix, err := net.NewPrefix(last, j.Batch)
	if err != nil {
		return nil, err
	}
	stored, err := prefix.Text(text)
	if err != nil {
		return nil, err
	}
	return func() error { return update(trainer.StepTokens(stored, text.Lengths, target, 0)) }, nil
}

// text is a batch of random texts of one length.
func (j job) text(vocabulary int) (x model.Text, y model.Target) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range j.Batch {
		for range j.Length {
			x.IDs = append(x.IDs, int32(rng.IntN(vocabulary)))
		}
		x.Lengths = append(x.Lengths, int32(j.Length))
		y.Classes = append(y.Classes, int32(rng.IntN(classes)))
	}
	return x, y
}

func imageStepper(net *model.Net, batch int) (func() error, error) {
	o := model.TrainOptions{Batch: batch, Trained: make([]bool, len(net.Blocks()))}
	for i := range o.Trained {
		o.Trained[i] = true
	}
	trainer, update, err := prepare(net, o)
	if err != nil {
		return nil, err
	}
	rng := rand.New(rand.NewPCG(1, 2))
	c, h, w := net.InputShape()
	x, y := make([]float32, batch*c*h*w), make([]int32, batch)
	for i := range x {
		x[i] = float32(rng.IntN(256))
	}
	for i := range y {
		y[i] = int32(rng.IntN(net.Classes()))
	}
	return func() error { return update(trainer.Step(x, y, 0)) }, nil
}

// prepare builds the trainer and its optimizer; update takes what a step returns.
func prepare(net *model.Net, o model.TrainOptions) (*model.Trainer, func(loss float64, logits []float32, err error) error, error) {
	trainer, err := net.NewTrainer(o)
	if err != nil {
		return nil, nil, err
	}
	c := optim.Default(optim.AdamW)
	c.WeightDecay = 0.01
	optimizer, err := optim.New(c)
	if err != nil {
		return nil, nil, err
	}
	var tensors []optim.Tensor
	for _, g := range trainer.Grads() {
		s := g.Param.Shape
		tensors = append(tensors, optim.Tensor{Name: g.Param.Name, Data: g.Param.Data, Grad: g.Data, Factor: 1, Decay: true, Rows: g.Rows, Width: s[len(s)-1]})
	}
	if err := optimizer.Bind(tensors); err != nil {
		return nil, nil, err
	}
	return trainer, func(_ float64, _ []float32, err error) error {
		if err == nil {
			optimizer.Step(1e-5)
		}
		return err
	}, nil
}

// jobs lists what is measured, below the folder of models, and below that of random ones if there is one.
func jobs(models, random string) []job {
	minilm := filepath.Join(models, "minilm")
	var out []job
	for _, s := range [][2]int{{16, 32}, {32, 64}} {
		for _, kind := range []string{"full", "frozen", "cached"} {
			out = append(out, job{Model: minilm, Kind: kind, Batch: s[0], Length: s[1]})
		}
	}
	out = append(out, job{Model: filepath.Join(models, "resnet8_cifar10"), Kind: "images", Batch: 32})
	for _, kind := range []optim.Kind{optim.AdamW, optim.SGD, optim.Adafactor} {
		out = append(out, job{Kind: string(kind)})
	}
	if random != "" {
		for _, name := range []string{"resnet18", "vit-small"} {
			out = append(out, job{Model: filepath.Join(random, name), Kind: "hub", Batch: 8})
		}
	}
	return out
}
