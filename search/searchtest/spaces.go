package searchtest

import (
	"automl/search"
	"automl/trial"
)

// Spaces are search spaces with at least a hundred configurations each, by name.
func Spaces() map[string]search.Space {
	return map[string]search.Space{
		"line": {Parameters: []search.Parameter{{Name: "x", Kind: search.Float, Low: -1, High: 1}}},
		"grid": {Parameters: []search.Parameter{
			{Name: "width", Kind: search.Int, Low: 1, High: 1000, Log: true},
			{Name: "even", Kind: search.Int, Low: 2, High: 11, Step: 2},
			{Name: "size", Kind: search.Ordinal, Choices: []any{int64(16), int64(32), 64.5}},
		}},
		"mixed":       mixed(),
		"listed":      listed(120),
		"constrained": constrained(),
	}
}

// mixed has every kind of parameter, a constant, a freeze schedule and a chain of conditions whose parents stand last.
func mixed() search.Space {
	freeze, err := search.ExpandFreeze("freeze", search.FreezeOptions{})
	if err != nil {
		panic(err)
	}
	return search.Space{Parameters: append(freeze,
		search.Parameter{Name: "lr", Kind: search.Float, Low: 1e-6, High: 1e-1, Log: true},
		search.Parameter{Name: "warmup", Kind: search.Float, Low: 0, High: 0.2, Step: 0.05},
		search.Parameter{Name: "dampening", Kind: search.Float, Low: 0, High: 1,
			When: []search.Condition{{Parent: "nesterov", Values: []any{false}}}},
		search.Parameter{Name: "nesterov", Kind: search.Categorical, Choices: []any{true, false},
			When: []search.Condition{{Parent: "optimizer", Values: []any{"sgd"}}}},
		search.Parameter{Name: "seed_words", Kind: search.Constant, Choices: []any{int64(3)}},
		search.Parameter{Name: "optimizer", Kind: search.Categorical, Choices: []any{"adamw", "sgd", "lamb"}},
	)}
}

// constrained is a space of which constraints leave about an eighth.
func constrained() search.Space {
	return search.Space{
		Parameters: []search.Parameter{
			{Name: "momentum", Kind: search.Float, Low: 0.5, High: 0.99, When: []search.Condition{{Parent: "optimizer", Values: []any{"sgd"}}}},
			{Name: "lr", Kind: search.Float, Low: 1e-6, High: 1e-1, Log: true},
			{Name: "batch_size", Kind: search.Ordinal, Choices: []any{int64(8), int64(16), int64(32), int64(64)}},
			{Name: "max_length", Kind: search.Int, Low: 32, High: 1024},
			{Name: "optimizer", Kind: search.Categorical, Choices: []any{"adamw", "sgd"}},
		},
		Constraints: []string{
			"batch_size * max_length <= 8192",
			"optimizer == 'sgd' or lr < 1e-3",
			"lr / (1 - momentum) >= 1e-3 and momentum < 0.95",
		},
	}
}

// ConstrainedFinite is a space of 62 configurations: of the 400 pairs those whose product is at most 20, but not the equal ones.
func ConstrainedFinite() search.Space {
	return search.Space{
		Parameters: []search.Parameter{
			{Name: "a", Kind: search.Int, Low: 1, High: 20},
			{Name: "b", Kind: search.Int, Low: 1, High: 20},
		},
		Constraints: []string{"a * b <= 20", "a != b"},
	}
}

// ConstrainedCandidates is a space whose constraint leaves 2 of 5 candidates.
func ConstrainedCandidates() search.Space {
	s := search.Space{Parameters: []search.Parameter{{Name: "a", Kind: search.Float, High: 1}}, Constraints: []string{"a > 0.5"}}
	for _, v := range []float64{0.1, 0.6, 0.2, 0.9, 0.5} {
		s.Candidates = append(s.Candidates, trial.Params{{Name: "a", Value: v}})
	}
	return s
}

// Constant is a space with a single configuration.
func Constant() search.Space {
	return search.Space{Parameters: []search.Parameter{
		{Name: "a", Kind: search.Constant, Choices: []any{"x"}},
		{Name: "b", Kind: search.Float, Low: 2, High: 2},
	}}
}

// Finite is a space with 23 configurations: 4 of a times 5 of b, of which 3 are doubled by c.
func Finite() search.Space {
	return search.Space{Parameters: []search.Parameter{
		{Name: "c", Kind: search.Categorical, Choices: []any{true, false}, When: []search.Condition{{Parent: "a", Values: []any{"p"}}, {Parent: "b", Values: []any{int64(1), int64(2), int64(3)}}}},
		{Name: "a", Kind: search.Categorical, Choices: []any{"p", "q", "r", "s"}},
		{Name: "b", Kind: search.Int, Low: 1, High: 5},
	}}
}

// listed is the mixed space with n candidates.
func listed(n int) search.Space {
	s := mixed()
	var all []trial.Params
	for i := range n {
		p, err := s.Fill(nil, search.Source(11, i))
		if err != nil {
			panic(err)
		}
		all = append(all, p)
	}
	s.Candidates = all
	return s
}

// Candidates is a space with 40 configurations: candidates, the first of which stands twice.
func Candidates() search.Space {
	s := listed(40)
	s.Candidates = append(s.Candidates, s.Candidates[0])
	return s
}
