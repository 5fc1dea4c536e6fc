package search_test

import (
	"fmt"

	"automl/search"
	"automl/search/searchtest"
	"automl/trial"
)

func Example() {
	space := search.Space{Parameters: []search.Parameter{
		{Name: "lr", Kind: search.Float, Low: 1e-6, High: 1e-1, Log: true},
		{Name: "optimizer", Kind: search.Categorical, Choices: []any{"adamw", "sgd"}},
		{Name: "momentum", Kind: search.Float, Low: 0.5, High: 0.99,
			When: []search.Condition{{Parent: "optimizer", Values: []any{"sgd"}}}},
	}}
	sampler, err := search.New(search.Config{Type: "tpe"}, space)
	if err != nil {
		panic(err)
	}
	r := searchtest.NewRecord(1, trial.Shape{Folds: 1, Epochs: 3})
	for number := range 20 {
		p, err := sampler.Sample(r.State, search.Source(r.State.Study.Seed, number))
		if err != nil {
			panic(err)
		}
		_, sgd := p.Get("momentum")
		if sgd != (p.Text("optimizer", "") == "sgd") {
			fmt.Println("momentum belongs to sgd:", p)
		}
		r.Complete(p, p.Float("lr", 0))
	}
	fmt.Println(len(r.State.Trials), "trials, all inside:", space.Contains(r.State.Best().Params) == nil)
	// Output: 20 trials, all inside: true
}

func ExampleSpace_Complete() {
	space := search.Space{Parameters: []search.Parameter{
		{Name: "lr", Kind: search.Float, Low: 1e-6, High: 1, Log: true},
		{Name: "batch", Kind: search.Ordinal, Choices: []any{int64(16), int64(32)}},
		{Name: "seed_words", Kind: search.Constant, Choices: []any{int64(3)}},
	}}
	p, err := space.Complete(trial.Params{{Name: "batch", Value: 32.0}, {Name: "lr", Value: int64(1)}})
	fmt.Println(p, err)
	_, err = space.Complete(trial.Params{{Name: "batch", Value: int64(64)}, {Name: "lr", Value: 0.1}})
	fmt.Println(err)
	// Output:
	// lr=1 batch=32 seed_words=3 <nil>
	// parameter batch: 64 is not allowed: it must be one of 16, 32
}

func ExampleExpandFreeze() {
	parameters, err := search.ExpandFreeze("freeze", search.FreezeOptions{Strategies: []trial.Strategy{trial.HeadOnly, trial.Gradual}})
	if err != nil {
		panic(err)
	}
	for _, p := range parameters {
		fmt.Println(p.Name, p.Kind, len(p.When) > 0)
	}
	// Output:
	// freeze.strategy categorical false
	// freeze.depth ordinal true
	// freeze.unfreeze_every int true
	// freeze.layer_decay float true
	// freeze.head_lr_factor float false
}
