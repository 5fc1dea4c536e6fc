// Command quality measures what fine-tuning MiniLM on Banking77 reaches, beside what PyTorch reached with the same data, weights
// and settings: on the whole training set, measured on the test set after each epoch, and with ten rows a class, by three-fold
// cross-validation.
//
//	go run ./bench/finetune/quality > table.md              # all; the whole set takes 10 to 20 minutes of one core
//	go run ./bench/finetune/quality -only "few-shot"        # minutes
//	go run ./bench/finetune/quality -only "head, lr 1e-2"   # seconds
//
// Accuracies are those that the trainer reports, of the last epoch, as the mean over folds and their standard deviation. PyTorch's
// are recorded figures of 2.x in eager float32 with mean pooling, a linear head and AdamW. A case that misses its least accuracy
// makes the exit code 1. What frozen layers compute is kept for all cases in a folder that is removed at the end.
package main

import (
	"context"
	"flag"
	"fmt"
	"math"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"automl/runner/finetune"
	"automl/runner/finetune/blas"
	"automl/runner/protocol"
	"automl/trial"
)

func main() {
	shared := flag.String("data", "../shared/data", "folder with minilm and banking77")
	few := flag.String("few", "configs/banking77/fewshot10.csv", "ten rows of each class")
	only := flag.String("only", "", "measure cases whose name contains this")
	epochs := flag.Int("epochs", 0, "train no more than so many epochs of each case, to try it out; 0: all")
	threads := flag.Int("threads", 1, "threads")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	blas.SetThreads(*threads)
	runtime.GOMAXPROCS(blas.Procs(*threads))
	missed, err := run(ctx, cases(*shared, *few), *only, *epochs)
	if err != nil {
		fmt.Fprintln(os.Stderr, "quality:", err)
	}
	if err != nil || missed > 0 {
		os.Exit(1)
	}
}

// run measures cases and prints a row for each.
func run(ctx context.Context, all []measured, only string, epochs int) (missed int, err error) {
	dir, err := os.MkdirTemp("", "quality")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(dir)
	fmt.Println("| case | epochs | accuracy | spread | after each epoch | PyTorch | at least | minutes |")
	fmt.Println("|---|---:|---:|---:|---|---:|---:|---:|")
	for _, c := range all {
		if !strings.Contains(c.name, only) {
			continue
		}
		c.work.Cache = &protocol.Cache{Dir: filepath.Join(dir, "cache"), Bytes: 8 << 30}
		began := time.Now()
		curve, std, err := c.measure(ctx, epochs)
		if err != nil {
			return missed, fmt.Errorf("%s: %w", c.name, err)
		}
		last := curve[len(curve)-1]
		fmt.Printf("| %s | %d | %.4f | %.4f | %s | %.3f | %s | %.1f |\n", c.name, len(curve), last, std, each(curve), c.torch,
			least(c.least), time.Since(began).Minutes())
		if last < c.least && len(curve) == c.work.Epochs {
			missed++
		}
	}
	return missed, nil
}

// measure is the mean accuracy over the folds after each epoch, and the standard deviation of the last.
func (c measured) measure(ctx context.Context, epochs int) (mean []float64, std float64, err error) {
	var last []float64
	for fold := range c.folds {
		w := c.work
		w.Fold = fold
		curve, err := finetune.CurveTo(ctx, w, epochs)
		if err != nil {
			return nil, 0, fmt.Errorf("fold %d: %w", fold, err)
		}
		if mean == nil {
			mean = make([]float64, len(curve))
		}
		for i, m := range curve {
			a, _ := m.Get("val_accuracy")
			mean[i] += a / float64(c.folds)
			if i == len(curve)-1 {
				last = append(last, a)
			}
		}
	}
	for _, a := range last {
		std += (a - mean[len(mean)-1]) * (a - mean[len(mean)-1]) / float64(len(last))
	}
	return mean, math.Sqrt(std), nil
}

func each(curve []float64) string {
	out := make([]string, len(curve))
	for i, a := range curve {
		out[i] = fmt.Sprintf("%.3f", a)
	}
	return strings.Join(out, " ")
}

func least(a float64) string {
	if a == 0 {
		return ""
	}
	return fmt.Sprintf("%.2f", a)
}

// objective is what all cases report.
var objective = trial.Objective{Metric: "val_accuracy", Goal: trial.Maximize}
