package suite

import (
	"fmt"
	"math"
	"math/rand/v2"

	"automl/search"
	"automl/trial"
)

// flat is worth the same everywhere.
func flat() problem {
	return problem{suite: "flat", name: "flat", space: few(), loss: func(trial.Params) float64 { return 0.5 }, best: 0.5}
}

// noise is pure chance: every value is uniform in [0, 1).
func noise() problem {
	return problem{suite: "noise", name: "noise", space: few(), chance: func(r *rand.Rand) float64 { return r.Float64() }}
}

// few is a small mixed space.
func few() []search.Parameter {
	return []search.Parameter{
		logUniform("lr", 1e-5, 1), uniform("dropout", 0, 0.5), {Name: "layers", Kind: search.Int, Low: 1, High: 6},
		{Name: "optimizer", Kind: search.Categorical, Choices: []any{"sgd", "adam", "adamw"}},
	}
}

// wide has 40 parameters, of which four matter.
func wide() problem {
	b := problem{suite: "wide", name: "wide40", gap: 1, noise: 0.01}
	for i := range 40 {
		b.space = append(b.space, uniform(fmt.Sprintf("x%02d", i), 0, 1))
	}
	b.loss = func(p trial.Params) float64 {
		sum := 0.0
		for i, at := range []float64{0.2, 0.7, 0.45, 0.9} {
			sum += square(p.Float(fmt.Sprintf("x%02d", 10*i+3), 0) - at)
		}
		return sum
	}
	b.rate = func(p trial.Params) float64 { return 0.15 + 0.3*p.Float("x03", 0) }
	return b
}

// conditional is a choice of an optimizer, each with parameters of its own and its own best loss, above parameters that all
// have.
func conditional() problem {
	when := func(p search.Parameter, values ...any) search.Parameter {
		p.When = []search.Condition{{Parent: "optimizer", Values: values}}
		return p
	}
	b := problem{suite: "conditional", name: "optimizers", gap: 1, noise: 0.01, best: 0}
	b.space = []search.Parameter{
		{Name: "optimizer", Kind: search.Categorical, Choices: []any{"sgd", "adam", "adamw", "lion"}},
		logUniform("lr", 1e-5, 1),
		when(uniform("momentum", 0, 0.99), "sgd"),
		when(uniform("beta2", 0.8, 0.9999), "adam", "adamw", "lion"),
		when(logUniform("weight_decay", 1e-6, 1), "adamw", "lion"),
		{Name: "batch", Kind: search.Ordinal, Choices: whole(8, 16, 32, 64, 128)},
	}
	b.loss = func(p trial.Params) float64 {
		lr := math.Log10(p.Float("lr", 1))
		common := 0.02 * square(math.Log2(p.Float("batch", 8))-5)
		switch p.Text("optimizer", "") {
		case "sgd":
			return 0.08 + common + 0.1*square(lr+1.2) + 0.5*square(p.Float("momentum", 0)-0.9)
		case "adam":
			return 0.05 + common + 0.1*square(lr+3) + 0.5*square(p.Float("beta2", 0)-0.99)
		case "adamw":
			return common + 0.1*square(lr+3.3) + 0.03*square(math.Log10(p.Float("weight_decay", 1))+2) +
				0.5*square(p.Float("beta2", 0)-0.98)
		}
		return 0.03 + common + 0.15*square(lr+4) + 0.05*square(math.Log10(p.Float("weight_decay", 1))+1)
	}
	b.rate = func(p trial.Params) float64 {
		if p.Text("optimizer", "") == "sgd" {
			return 0.1
		}
		return 0.25
	}
	b.seconds = func(p trial.Params) float64 { return 1 + 16/p.Float("batch", 8) }
	return b
}

// branin is Branin's function of two parameters, with three minima.
func branin() problem {
	return problem{suite: "analytic", name: "branin", space: []search.Parameter{uniform("x", -5, 10), uniform("y", 0, 15)},
		best: 0.397887357729739, gap: 60, noise: 0.5,
		loss: func(p trial.Params) float64 {
			x, y := p.Float("x", 0), p.Float("y", 0)
			return square(y-5.1/(4*math.Pi*math.Pi)*x*x+5/math.Pi*x-6) + 10*(1-1/(8*math.Pi))*math.Cos(x) + 10
		},
		rate: func(p trial.Params) float64 { return 0.1 + 0.3*(p.Float("x", 0)+5)/15 }}
}

// hartmannA is the widths of Hartmann's functions, hartmannP the centres.
var (
	hartmannC  = []float64{1, 1.2, 3, 3.2}
	hartmannA3 = [][]float64{{3, 10, 30}, {0.1, 10, 35}, {3, 10, 30}, {0.1, 10, 35}}
	hartmannP3 = [][]float64{{0.3689, 0.117, 0.2673}, {0.4699, 0.4387, 0.747}, {0.1091, 0.8732, 0.5547}, {0.03815, 0.5743, 0.8828}}
	hartmannA6 = [][]float64{{10, 3, 17, 3.5, 1.7, 8}, {0.05, 10, 17, 0.1, 8, 14}, {3, 3.5, 1.7, 10, 17, 8}, {17, 8, 0.05, 10, 0.1, 14}}
	hartmannP6 = [][]float64{{0.1312, 0.1696, 0.5569, 0.0124, 0.8283, 0.5886}, {0.2329, 0.4135, 0.8307, 0.3736, 0.1004, 0.9991},
		{0.2348, 0.1451, 0.3522, 0.2883, 0.3047, 0.665}, {0.4047, 0.8828, 0.8732, 0.5743, 0.1091, 0.0381}}
)

func hartmann3() problem { return hartmann("hartmann3", -3.86277978733266, hartmannA3, hartmannP3) }
func hartmann6() problem { return hartmann("hartmann6", -3.32236801141551, hartmannA6, hartmannP6) }

func hartmann(name string, best float64, a, c [][]float64) problem {
	b := problem{suite: "analytic", name: name, best: best, gap: 2, noise: 0.02}
	for i := range a[0] {
		b.space = append(b.space, uniform(fmt.Sprintf("x%d", i), 0, 1))
	}
	b.loss = func(p trial.Params) float64 {
		sum := 0.0
		for k := range a {
			d := 0.0
			for i, q := range b.space {
				d += a[k][i] * square(p.Float(q.Name, 0)-c[k][i])
			}
			sum -= hartmannC[k] * math.Exp(-d)
		}
		return sum
	}
	b.rate = func(p trial.Params) float64 { return 0.1 + 0.3*p.Float("x0", 0) }
	return b
}
