package search_test

import (
	"math"
	"slices"
	"testing"

	"automl/search"
	"automl/search/searchtest"
	"automl/trial"
)

// believe gives the floats of a space priors around the values.
func believe(p problem, confidence float64, values ...float64) problem {
	p.space.Parameters = slices.Clone(p.space.Parameters)
	for i, v := range values {
		p.space.Parameters[i].Prior = &search.Prior{Value: v, Confidence: confidence}
	}
	return p
}

var hartmannBest = []float64{0.20169, 0.150011, 0.476874, 0.275332, 0.311652, 0.6573}

// TestPriorFirst wants the mode of the priors from every sampler, once, whatever else is believed or ruled out.
func TestPriorFirst(t *testing.T) {
	space := searchtest.Spaces()["constrained"]
	space.Parameters = slices.Clone(space.Parameters)
	space.Parameters[0].Prior = &search.Prior{Value: 0.9, Confidence: 0.5}
	space.Parameters[1].Prior = &search.Prior{Value: 3e-3, Confidence: 0.5}
	space.Parameters[4].Prior = &search.Prior{Value: "sgd", Confidence: 0.5}
	for _, kind := range search.Types() {
		if kind == search.GridType {
			continue
		}
		sampler, err := search.New(search.Config{Type: kind}, space)
		if err != nil {
			t.Fatal(err)
		}
		r := searchtest.NewRecord(1, trial.Shape{Folds: 1, Epochs: 1})
		for i := range 2 {
			p, err := sampler.Sample(r.State, search.Source(1, i))
			if err != nil {
				t.Fatal(err)
			}
			if err := space.Contains(p); err != nil {
				t.Errorf("%s: %v", kind, err)
			}
			mode := p.Float("momentum", 0) == 0.9 && p.Float("lr", 0) == 3e-3 && p.Text("optimizer", "") == "sgd"
			if mode != (i == 0) {
				t.Errorf("%s: proposal %d is %v", kind, i, p)
			}
			r.Add(p)
		}
	}
}

// TestPriorDraws compares random draws with what the priors say.
func TestPriorDraws(t *testing.T) {
	space := search.Space{Parameters: []search.Parameter{
		{Name: "lr", Kind: search.Float, Low: 1e-6, High: 1, Log: true, Prior: &search.Prior{Value: 1e-3, Confidence: 0.75}},
		{Name: "optimizer", Kind: search.Categorical, Choices: []any{"a", "b", "c", "d"}, Prior: &search.Prior{Value: "c", Confidence: 0.5}},
		{Name: "layers", Kind: search.Int, Low: 1, High: 12, Prior: &search.Prior{Value: int64(12), Confidence: 0.5}},
		{Name: "free", Kind: search.Float, High: 1},
	}}
	sampler, err := search.New(search.Config{Type: search.RandomType}, space)
	if err != nil {
		t.Fatal(err)
	}
	r := searchtest.NewRecord(1, trial.Shape{Folds: 1, Epochs: 1})
	n, near, chosen, layers := 1000.0, 0.0, 0.0, 0.0
	for i := range int(n) {
		p, err := sampler.Sample(r.State, search.Source(1, i))
		if err != nil {
			t.Fatal(err)
		}
		r.Add(p)
		if math.Abs(math.Log10(p.Float("lr", 0))+3) < 6*0.178 { // two standard deviations
			near++
		}
		if p.Text("optimizer", "") == "c" {
			chosen++
		}
		layers += p.Float("layers", 0) / n
	}
	// Half of the draws are uniform.
	want := 0.5*(0.95*0.9545+0.05*0.356) + 0.5*0.356
	if got := near / n; math.Abs(got-want) > 0.04 {
		t.Errorf("%.3f of the rates lie near the prior's, want %.3f", got, want)
	}
	want = 0.5*(0.25*(1-0.475)+0.475) + 0.5*0.25
	if got := chosen / n; math.Abs(got-want) > 0.04 {
		t.Errorf("%.3f of the choices are the prior's, want %.3f", got, want)
	}
	if layers < 7.2 {
		t.Errorf("the mean number of layers is %.2f, of uniform draws 6.5", layers)
	}
}

// TestPriorErrors has priors that cannot be.
func TestPriorErrors(t *testing.T) {
	for name, p := range map[string]search.Parameter{
		"outside":    {Name: "x", Kind: search.Float, High: 1, Prior: &search.Prior{Value: 2.0}},
		"no choice":  {Name: "x", Kind: search.Categorical, Choices: []any{"a", "b"}, Prior: &search.Prior{Value: "c"}},
		"confidence": {Name: "x", Kind: search.Float, High: 1, Prior: &search.Prior{Value: 0.5, Confidence: 1.5}},
		"no number":  {Name: "x", Kind: search.Float, High: 1, Prior: &search.Prior{Value: 0.5, Confidence: math.NaN()}},
		"constant":   {Name: "x", Kind: search.Constant, Choices: []any{"a"}, Prior: &search.Prior{Value: "a"}},
	} {
		if err := (search.Space{Parameters: []search.Parameter{p}}).Validate(); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// TestPriorHelps holds the median of the best losses with a prior that is about right against those without, and with one that
// is wrong in every parameter, with confidence, against random search that is not misled: it must be forgotten. The seeds are
// fixed; the shares are a few times what is measured.
func TestPriorHelps(t *testing.T) {
	wrong := make([]float64, len(hartmannBest))
	for i, v := range hartmannBest {
		wrong[i] = math.Mod(v+0.5, 1)
	}
	for _, kind := range []string{search.GPType, search.TPEType} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			plain, cfg := hartmann6(), search.Config{Type: kind}
			right := make([]float64, len(hartmannBest))
			for i, v := range hartmannBest {
				right[i] = math.Min(v+0.07, 1) // about right
			}
			without := medianBest(t, cfg, plain, 7, 25)
			with := medianBest(t, cfg, believe(plain, 0.5, right...), 7, 25)
			t.Logf("after 25 trials: %.3g with a right prior, %.3g without", with, without)
			if !(with < 0.5*without) {
				t.Errorf("a right prior: %.3g, without %.3g", with, without)
			}
			random := medianBest(t, search.Config{Type: search.RandomType}, plain, 7, 45)
			misled := medianBest(t, cfg, believe(plain, 0.75, wrong...), 7, 45)
			t.Logf("after 45 trials: %.3g with a wrong prior, %.3g of random search without", misled, random)
			if !(misled < 0.7*random) {
				t.Errorf("a wrong prior: %.3g, random search without %.3g", misled, random)
			}
		})
	}
}
