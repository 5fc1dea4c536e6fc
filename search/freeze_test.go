package search_test

import (
	"errors"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"automl/search"
	"automl/search/searchtest"
	"automl/trial"
)

func TestExpandFreeze(t *testing.T) {
	got, err := search.ExpandFreeze("freeze", search.FreezeOptions{})
	if err != nil {
		t.Fatal(err)
	}
	when := func(values ...any) []search.Condition {
		return []search.Condition{{Parent: "freeze.strategy", Values: values}}
	}
	want := []search.Parameter{
		{Name: "freeze.strategy", Kind: search.Categorical, Freeze: "freeze",
			Choices: []any{"head_only", "full", "lp_ft", "gradual", "partial", "surgical"}},
		{Name: "freeze.depth", Kind: search.Ordinal, Choices: []any{0.25, 0.5, 0.75, 1.0}, Freeze: "freeze",
			When: when("gradual", "partial", "surgical")},
		{Name: "freeze.unfreeze_every", Kind: search.Int, Low: 1, High: 3, Freeze: "freeze", When: when("lp_ft", "gradual")},
		{Name: "freeze.layer_decay", Kind: search.Float, Low: 0.38, High: 1, Freeze: "freeze",
			When: when("full", "lp_ft", "gradual", "partial", "surgical")},
		{Name: "freeze.head_lr_factor", Kind: search.Float, Low: 1, High: 100, Log: true, Freeze: "freeze"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestExpandFreezeNarrowed(t *testing.T) {
	got, err := search.ExpandFreeze("f", search.FreezeOptions{Strategies: []trial.Strategy{trial.Full, trial.LPFT},
		UnfreezeEvery: []int64{1, 4}, LayerDecay: [2]float64{0.9, 0.9}})
	if err != nil {
		t.Fatal(err)
	}
	want := []search.Parameter{
		{Name: "f.strategy", Kind: search.Categorical, Freeze: "f", Choices: []any{"full", "lp_ft"}},
		{Name: "f.unfreeze_every", Kind: search.Ordinal, Freeze: "f", Choices: []any{int64(1), int64(4)},
			When: []search.Condition{{Parent: "f.strategy", Values: []any{"lp_ft"}}}},
		{Name: "f.layer_decay", Kind: search.Constant, Freeze: "f", Choices: []any{0.9}},
		{Name: "f.head_lr_factor", Kind: search.Float, Low: 1, High: 100, Log: true, Freeze: "f"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// TestExpandFreezeWithUpdates: rank and alpha exist only with lora, which has to be asked for.
func TestExpandFreezeWithUpdates(t *testing.T) {
	got, err := search.ExpandFreeze("f", search.FreezeOptions{Strategies: []trial.Strategy{trial.HeadOnly, trial.LoRA}, HeadLRFactor: [2]float64{1, 1}})
	if err != nil {
		t.Fatal(err)
	}
	when := []search.Condition{{Parent: "f.strategy", Values: []any{"lora"}}}
	want := []search.Parameter{
		{Name: "f.strategy", Kind: search.Categorical, Freeze: "f", Choices: []any{"head_only", "lora"}},
		{Name: "f.layer_decay", Kind: search.Float, Low: 0.38, High: 1, Freeze: "f", When: when},
		{Name: "f.head_lr_factor", Kind: search.Constant, Freeze: "f", Choices: []any{1.0}},
		{Name: "f.lora_rank", Kind: search.Ordinal, Freeze: "f", Choices: []any{int64(4), int64(8), int64(16)}, When: when},
		{Name: "f.lora_alpha", Kind: search.Float, Low: 8, High: 64, Log: true, Freeze: "f", When: when},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestExpandFreezeRefuses(t *testing.T) {
	for field, o := range map[string]search.FreezeOptions{
		"strategies":     {Strategies: []trial.Strategy{"thaw"}},
		"depth":          {Depth: []float64{0.5, 1.5}},
		"unfreeze_every": {UnfreezeEvery: []int64{0, 1}},
		"layer_decay":    {LayerDecay: [2]float64{0.5, math.NaN()}},
		"head_lr_factor": {HeadLRFactor: [2]float64{10, 1}},
		"lora_rank":      {LoRARank: []int64{8, 4}},
		"lora_alpha":     {LoRAAlpha: [2]float64{-1, 4}},
	} {
		_, err := search.ExpandFreeze("f", o)
		var e *search.ParameterError
		if !errors.As(err, &e) || e.Field != field || e.Parameter != "f" {
			t.Errorf("%s: %v", field, err)
		}
	}
}

// Whatever the options, the expansion is a valid space, and each of its configurations is a schedule the trainer accepts.
func TestExpandFreezeMakesSchedules(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var o search.FreezeOptions
		o.Strategies = rapid.SliceOfNDistinct(rapid.SampledFrom(trial.Strategies), 1, len(trial.Strategies), rapid.ID).Draw(t, "strategies")
		parameters, err := search.ExpandFreeze("f", o)
		if err != nil {
			t.Fatal(err)
		}
		space := search.Space{Parameters: parameters}
		if err := space.Validate(); err != nil {
			t.Fatal(err)
		}
		p, err := space.Fill(nil, search.Source(rapid.Uint64().Draw(t, "seed"), 0))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := trial.FreezeFrom(p, "f"); err != nil {
			t.Fatal(err)
		}
	})
}

// TestEqualSchedules counts how often each schedule is proposed: partial and surgical down to the last block are full.
func TestEqualSchedules(t *testing.T) {
	parameters, err := search.ExpandFreeze("f", search.FreezeOptions{Depth: []float64{0.5, 1}, UnfreezeEvery: []int64{1, 2},
		LayerDecay: [2]float64{1, 1}, HeadLRFactor: [2]float64{10, 10}})
	if err != nil {
		t.Fatal(err)
	}
	space := search.Space{Parameters: parameters}
	if n, _ := space.Size(); n != 1+1+2+4+2+2 {
		t.Fatalf("size %d", n)
	}
	sampler, _ := search.New(search.Config{Type: "random"}, space)
	r := searchtest.NewRecord(1, trial.Shape{Folds: 1, Epochs: 1})
	whole := 0
	for {
		p, err := sampler.Sample(r.State, search.Source(1, len(r.State.Trials)))
		if errors.Is(err, search.ErrExhausted) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		r.Add(p)
		s, _ := trial.FreezeFrom(p, "f")
		if cmp.Equal(s.Trained(1, 8), []bool{true, true, true, true, true, true, true, true}) {
			whole++
		}
	}
	if n := len(r.State.Trials); n != 10 || whole != 1 {
		t.Errorf("%d schedules, %d of them train everything from the start; want 10 and 1", n, whole)
	}
}
