package search_test

import (
	"math"

	"automl/search"
	"automl/trial"
)

// severalProblem is a function of several objectives to minimize, and the point up to which the hypervolume is measured.
type severalProblem struct {
	name      string
	space     search.Space
	losses    func(p trial.Params) []float64
	reference []float64
	most      float64 // hypervolume of the true front
}

// zdt1 has a convex front, f2 = 1 - sqrt(f1), where all but the first coordinate are 0 (Zitzler, Deb & Thiele 2000).
func zdt1() severalProblem {
	return severalProblem{"zdt1", cube(6, 0, 1), func(p trial.Params) []float64 {
		x := vector(p)
		g := 1 + 9*mean(x[1:])
		return []float64{x[0], g * (1 - math.Sqrt(x[0]/g))}
	}, []float64{1.1, 6}, 1.1*6 - 1.0/3} // less the area under the front
}

// zdt2 has a concave front, f2 = 1 - f1^2.
func zdt2() severalProblem {
	return severalProblem{"zdt2", cube(6, 0, 1), func(p trial.Params) []float64 {
		x := vector(p)
		g := 1 + 9*mean(x[1:])
		return []float64{x[0], g * (1 - math.Pow(x[0]/g, 2))}
	}, []float64{1.1, 6}, 1.1*6 - 2.0/3}
}

// dtlz2 has the part of the unit sphere in three dimensions as its front (Deb et al. 2005).
func dtlz2() severalProblem {
	return severalProblem{"dtlz2", cube(6, 0, 1), func(p trial.Params) []float64 {
		x := vector(p)
		g := 0.0
		for _, v := range x[2:] {
			g += (v - 0.5) * (v - 0.5)
		}
		a, b := x[0]*math.Pi/2, x[1]*math.Pi/2
		return []float64{(1 + g) * math.Cos(a) * math.Cos(b), (1 + g) * math.Cos(a) * math.Sin(b), (1 + g) * math.Sin(a)}
	}, []float64{1.2, 1.2, 1.2}, 1.2*1.2*1.2 - math.Pi/6}
}

// network is a made-up study of accuracy against cost: models with parameters of their own, a width that helps and costs, an
// optimizer with a parameter of its own, a learning rate that has to fit the model.
func network() severalProblem {
	when := func(parent string, values ...any) []search.Condition {
		return []search.Condition{{Parent: parent, Values: values}}
	}
	space := search.Space{Parameters: []search.Parameter{
		{Name: "model", Kind: search.Categorical, Choices: []any{"linear", "small", "large"}},
		{Name: "lr", Kind: search.Float, Low: 1e-5, High: 1, Log: true},
		{Name: "width", Kind: search.Int, Low: 8, High: 1024, Log: true, When: when("model", "small", "large")},
		{Name: "layers", Kind: search.Int, Low: 1, High: 12, When: when("model", "large")},
		{Name: "optimizer", Kind: search.Categorical, Choices: []any{"sgd", "adamw"}},
		{Name: "momentum", Kind: search.Float, Low: 0, High: 0.99, When: when("optimizer", "sgd")},
		{Name: "batch", Kind: search.Ordinal, Choices: []any{int64(16), int64(32), int64(64), int64(128)}},
	}}
	return severalProblem{"network", space, func(p trial.Params) []float64 {
		model := p.Text("model", "")
		size := map[string]float64{"linear": 0.1, "small": 0.2, "large": 0.3}[model]
		size += 0.05 * math.Log2(p.Float("width", 8)/8) * (1 + 0.1*p.Float("layers", 0))
		loss := 0.9 * math.Exp(-2.5*size)
		best := map[string]float64{"linear": -1, "small": -2, "large": -3}[model]
		off := math.Log10(p.Float("lr", 1)) - best
		loss += 0.2 * off * off
		if p.Text("optimizer", "") == "sgd" {
			loss += 0.5 * math.Pow(p.Float("momentum", 0)-0.9, 2)
		} else {
			loss += 0.05
		}
		b := math.Log2(p.Float("batch", 16)) - 5
		loss += 0.03 * b * b
		return []float64{loss, size + 0.03*(7-math.Log2(p.Float("batch", 16)))}
	}, []float64{1, 1.2}, math.NaN()}
}

func mean(x []float64) float64 {
	sum := 0.0
	for _, v := range x {
		sum += v / float64(len(x))
	}
	return sum
}
