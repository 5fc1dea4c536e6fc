package search_test

import (
	"fmt"
	"math"

	"automl/search"
	"automl/trial"
)

// problem is a function over a search space whose minimum is about 0.
type problem struct {
	name  string
	space search.Space
	loss  func(p trial.Params) float64
}

// cube is a space of n floats named x0, x1, ...
func cube(n int, low, high float64) search.Space {
	var s search.Space
	for i := range n {
		s.Parameters = append(s.Parameters, search.Parameter{Name: fmt.Sprintf("x%d", i), Kind: search.Float, Low: low, High: high})
	}
	return s
}

// vector reads x0, x1, ...
func vector(p trial.Params) []float64 {
	x := make([]float64, len(p))
	for i := range x {
		x[i] = p.Float(fmt.Sprintf("x%d", i), math.NaN())
	}
	return x
}

// branin has three minima in two dimensions.
func branin() problem {
	space := cube(2, -5, 10)
	space.Parameters[1].Low, space.Parameters[1].High = 0, 15
	return problem{"branin", space, func(p trial.Params) float64 {
		x, y := vector(p)[0], vector(p)[1]
		b, c := 5.1/(4*math.Pi*math.Pi), 5/math.Pi
		return math.Pow(y-b*x*x+c*x-6, 2) + 10*(1-1/(8*math.Pi))*math.Cos(x) + 10 - 0.397887
	}}
}

// hartmann6 is six-dimensional, with six local minima.
func hartmann6() problem {
	alpha := []float64{1, 1.2, 3, 3.2}
	a := [][]float64{{10, 3, 17, 3.5, 1.7, 8}, {0.05, 10, 17, 0.1, 8, 14}, {3, 3.5, 1.7, 10, 17, 8}, {17, 8, 0.05, 10, 0.1, 14}}
	q := [][]float64{{1312, 1696, 5569, 124, 8283, 5886}, {2329, 4135, 8307, 3736, 1004, 9991},
		{2348, 1451, 3522, 2883, 3047, 6650}, {4047, 8828, 8732, 5743, 1091, 381}}
	return problem{"hartmann6", cube(6, 0, 1), func(p trial.Params) float64 {
		value := 3.32237
		for i := range alpha {
			inner := 0.0
			for j, x := range vector(p) {
				inner += a[i][j] * math.Pow(x-q[i][j]*1e-4, 2)
			}
			value -= alpha[i] * math.Exp(-inner)
		}
		return value
	}}
}

// rastrigin has a grid of local minima in four dimensions, less deep than in the original; the best lies off the centre.
func rastrigin() problem {
	return problem{"rastrigin", cube(4, -5.12, 5.12), func(p trial.Params) float64 {
		sum := 0.0
		for _, x := range vector(p) {
			x -= 1.3
			sum += x*x - 3*math.Cos(2*math.Pi*x) + 3
		}
		return sum
	}}
}

// branches is a choice of three models with parameters of their own, each best elsewhere.
func branches() problem {
	space := search.Space{Parameters: []search.Parameter{{Name: "model", Kind: search.Categorical, Choices: []any{"a", "b", "c"}}}}
	for _, m := range []string{"a", "b", "c"} {
		for i := range 3 {
			space.Parameters = append(space.Parameters, search.Parameter{Name: fmt.Sprintf("%s%d", m, i), Kind: search.Float, High: 1,
				When: []search.Condition{{Parent: "model", Values: []any{m}}}})
		}
	}
	return problem{"branches", space, func(p trial.Params) float64 {
		m := p.Text("model", "")
		best := map[string]float64{"a": 0.2, "b": 0.5, "c": 0.8}[m]
		slope := map[string]float64{"a": 1, "b": 4, "c": 2}[m]
		loss := map[string]float64{"a": 0.3, "b": 0, "c": 0.15}[m]
		for i := range 3 {
			loss += slope * math.Pow(p.Float(fmt.Sprintf("%s%d", m, i), 0)-best, 2)
		}
		return loss
	}}
}

// fineTuning imitates a fine-tuning study: every kind of parameter, optimizers with parameters of their own, a freeze schedule.
func fineTuning() problem {
	freeze, err := search.ExpandFreeze("freeze", search.FreezeOptions{})
	if err != nil {
		panic(err)
	}
	when := func(values ...any) []search.Condition {
		return []search.Condition{{Parent: "optimizer", Values: values}}
	}
	space := search.Space{Parameters: append([]search.Parameter{
		{Name: "lr", Kind: search.Float, Low: 1e-6, High: 1e-1, Log: true},
		{Name: "batch", Kind: search.Ordinal, Choices: []any{int64(8), int64(16), int64(32), int64(64)}},
		{Name: "warmup", Kind: search.Float, Low: 0, High: 0.3, Step: 0.05},
		{Name: "momentum", Kind: search.Float, Low: 0.5, High: 0.99, When: when("sgd")},
		{Name: "beta", Kind: search.Float, Low: 0.8, High: 0.999, When: when("adamw", "lamb")},
		{Name: "optimizer", Kind: search.Categorical, Choices: []any{"sgd", "adamw", "lamb"}},
	}, freeze...)}
	return problem{"fine-tuning", space, func(p trial.Params) float64 {
		optimizer := p.Text("optimizer", "")
		bestLR := map[string]float64{"sgd": -1.5, "adamw": -4, "lamb": -3}[optimizer]
		loss := map[string]float64{"sgd": 0.25, "adamw": 0, "lamb": 0.1}[optimizer]
		off := func(weight, value, best float64) { loss += weight * (value - best) * (value - best) }
		off(0.44, math.Log10(p.Float("lr", 0)), bestLR)
		off(0.1, math.Log2(p.Float("batch", 0)), 4)
		off(4, p.Float("warmup", 0), 0.1)
		off(2, p.Float("momentum", 0.9), 0.9)
		off(4, p.Float("beta", 0.95), 0.95)
		loss += map[string]float64{"head_only": 0.6, "full": 0.2, "lp_ft": 0.1, "gradual": 0, "partial": 0.15,
			"surgical": 0.5}[p.Text("freeze.strategy", "")]
		off(0.3, p.Float("freeze.depth", 0.75), 0.75)
		off(0.02, p.Float("freeze.unfreeze_every", 2), 2)
		off(0.4, p.Float("freeze.layer_decay", 0.8), 0.8)
		off(0.2, math.Log10(p.Float("freeze.head_lr_factor", 1)), 1.2)
		return loss
	}}
}
