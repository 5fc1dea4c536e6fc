package search_test

import (
	"math"
	"slices"
	"testing"

	"automl/search"
	"automl/search/searchtest"
	"automl/trial"
)

// elsewhere is results of n random configurations of a problem, as another study would have left them.
func elsewhere(t testing.TB, p problem, n int, value func(trial.Params) float64) []search.Known {
	t.Helper()
	sampler, err := search.New(search.Config{Type: search.RandomType}, p.space)
	if err != nil {
		t.Fatal(err)
	}
	r := searchtest.NewRecord(99, trial.Shape{Folds: 1, Epochs: 1})
	var out []search.Known
	for i := range n {
		params, err := sampler.Sample(r.State, search.Source(99, i))
		if err != nil {
			t.Fatal(err)
		}
		r.Add(params)
		out = append(out, search.Known{Params: params, Value: value(params)})
	}
	return out
}

// shifted is a problem whose results lie elsewhere on the scale and whose best lies a little aside.
func shifted(p problem) func(trial.Params) float64 {
	return func(q trial.Params) float64 {
		moved := slices.Clone(q)
		for i, param := range moved {
			if x, ok := param.Value.(float64); ok {
				moved[i].Value = x + 0.02
			}
		}
		return 1000 + 50*p.loss(moved)
	}
}

// contrary is results that favour what is bad.
func contrary(p problem) func(trial.Params) float64 {
	return func(q trial.Params) float64 { return -p.loss(q) }
}

// TestKnownFirst wants the best results from elsewhere to be tried first, each once, from every sampler.
func TestKnownFirst(t *testing.T) {
	p := branches()
	known := elsewhere(t, p, 20, p.loss)
	slices.SortFunc(known, func(a, b search.Known) int { // worst first
		if a.Value > b.Value {
			return -1
		}
		return 1
	})
	for _, kind := range search.Types() {
		if kind == search.GridType {
			continue
		}
		sampler, err := search.New(search.Config{Type: kind, Known: known}, p.space)
		if err != nil {
			t.Fatal(err)
		}
		r := searchtest.NewRecord(1, trial.Shape{Folds: 1, Epochs: 1})
		r.Add(known[18].Params) // the second best was enqueued
		for i, want := range []trial.Params{known[19].Params, known[17].Params, nil} {
			got, err := sampler.Sample(r.State, search.Source(1, i))
			if err != nil {
				t.Fatal(err)
			}
			if want != nil && !got.Equal(want) {
				t.Errorf("%s: proposal %d is %v, want %v", kind, i, got, want)
			}
			if want == nil && slices.ContainsFunc(known, func(k search.Known) bool { return k.Params.Equal(got) }) {
				t.Errorf("%s: proposal %d is a known result", kind, i)
			}
			r.Add(got)
		}
	}
}

// TestKnownConformance holds samplers that know results to the duties of all samplers, in spaces of every kind.
func TestKnownConformance(t *testing.T) {
	for _, kind := range []string{search.GPType, search.TPEType} {
		searchtest.Run(t, func(s search.Space) search.Sampler {
			adopt := s.Adopter()
			var known []search.Known
			for i := range 14 {
				p, err := search.Space{Parameters: s.Parameters}.Fill(nil, search.Source(5, i))
				if err != nil {
					t.Fatal(err)
				}
				a, err := adopt(p)
				if err != nil {
					t.Fatal(err)
				}
				known = append(known, search.Known{Source: i % 2, Params: a.Params, Value: float64(i)})
			}
			sampler, err := search.New(search.Config{Type: kind, Known: known}, s)
			if err != nil {
				t.Fatal(err)
			}
			return sampler
		})
	}
}

// TestKnownHelps holds the median of the best losses with results of a problem alike against those without, and with results
// that say the contrary: after 50 trials, those must not have hurt beyond a margin, a tenth of what random search misses.
// The seeds are fixed.
func TestKnownHelps(t *testing.T) {
	for _, p := range []problem{hartmann6(), branches()} {
		for kind, share := range map[string]float64{search.GPType: 0.3, search.TPEType: 0.9} {
			t.Run(p.name+"/"+kind, func(t *testing.T) {
				t.Parallel()
				const seeds, soon, late = 7, 15, 50
				like := search.Config{Type: kind, Known: elsewhere(t, p, 60, shifted(p))}
				unlike := search.Config{Type: kind, Known: elsewhere(t, p, 60, contrary(p))}
				without, with := medianBest(t, search.Config{Type: kind}, p, seeds, soon), medianBest(t, like, p, seeds, soon)
				t.Logf("after %d trials: %.3g with results of a problem alike, %.3g without", soon, with, without)
				if !(with < share*without) {
					t.Errorf("after %d trials: %.3g, without known results %.3g", soon, with, without)
				}
				plain, misled := medianBest(t, search.Config{Type: kind}, p, seeds, late), medianBest(t, unlike, p, seeds, late)
				random := medianBest(t, search.Config{Type: search.RandomType}, p, seeds, late)
				t.Logf("after %d trials: %.3g with contrary results, %.3g without, random search %.3g", late, misled, plain, random)
				if !(misled < plain+0.1*random) {
					t.Errorf("after %d trials: %.3g with contrary results, %.3g without, random search %.3g", late, misled, plain, random)
				}
			})
		}
	}
}

func TestAdopter(t *testing.T) {
	space := search.Space{Parameters: []search.Parameter{
		{Name: "momentum", Kind: search.Float, Low: 0.5, High: 0.9, When: []search.Condition{{Parent: "optimizer", Values: []any{"sgd"}}}},
		{Name: "lr", Kind: search.Float, Low: 1e-4, High: 1, Log: true},
		{Name: "decay", Kind: search.Float, High: 1, Prior: &search.Prior{Value: 0.1}},
		{Name: "optimizer", Kind: search.Categorical, Choices: []any{"adamw", "sgd"}},
		{Name: "fixed", Kind: search.Constant, Choices: []any{int64(3)}},
	}}
	adopt := space.Adopter()
	got, err := adopt(trial.Params{{Name: "optimizer", Value: "sgd"}, {Name: "old", Value: 1.0}, {Name: "fixed", Value: int64(3)}})
	if err != nil {
		t.Fatal(err)
	}
	if err := space.Contains(got.Params); err != nil {
		t.Error(err)
	}
	if p := got.Params; p.Float("momentum", 0) != 0.7 || math.Abs(p.Float("lr", 0)-1e-2) > 1e-12 || p.Float("decay", 0) != 0.1 {
		t.Errorf("%v", p)
	}
	if !slices.Equal(got.Ignored, []string{"old"}) || len(got.Assumed) != 3 {
		t.Errorf("%+v", got)
	}
	got, err = adopt(trial.Params{{Name: "optimizer", Value: "adamw"}, {Name: "momentum", Value: 0.9}})
	if err != nil || space.Contains(got.Params) != nil {
		t.Errorf("a parameter that does not exist here is dropped: %v, %v", got.Params, err)
	}
	if _, err := adopt(trial.Params{{Name: "lr", Value: 5.0}}); err == nil {
		t.Error("a value outside the range is no configuration of this space")
	}
}

// TestForecastOfKnown wants a forecast to mind what is known from elsewhere: of the paused trials, the one where results are good
// there is expected to end better than one of the same value where they are bad.
func TestForecastOfKnown(t *testing.T) {
	r := searchtest.NewRecord(1, trial.Shape{Folds: 1, Epochs: 2})
	for _, x := range []float64{40, 45, 55, 60} {
		r.Complete(params("x", x), 200-x)
	}
	for _, x := range []float64{10, 90} {
		n := r.Add(params("x", x))
		r.Start(n)
		r.Report(n, 150)
		r.End(n, trial.Paused)
	}
	var known []search.Known
	for i := range 30 {
		x := 100 * float64(i) / 30
		known = append(known, search.Known{Params: params("x", x), Value: -x})
	}
	rungs := []trial.Resource{{Epoch: 1}, r.State.Study.Shape.Full()}
	with := search.NewGP(search.Config{Known: known}, line).Forecast(r.State, []int{4, 5}, rungs)
	without := search.NewGP(search.Config{}, line).Forecast(r.State, []int{4, 5}, rungs)
	if !with.Known || !without.Known {
		t.Fatalf("nothing is foreseen: %v, %v", with.Known, without.Known)
	}
	gain := func(f trial.Forecast) float64 { return f.Trials[0].Value - f.Trials[1].Value }
	if !(gain(with) > 0.5 && gain(with) > 5*gain(without)) {
		t.Errorf("the trial that is good elsewhere is expected to end %v below the other, without what is known %v below", gain(with), gain(without))
	}
}
