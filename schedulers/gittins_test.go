package schedulers

import (
	"math"
	"math/rand/v2"
	"testing"
)

func TestImprovement(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for _, c := range []struct{ mean, sd float64 }{{-1, 0.5}, {0, 1}, {0.7, 0.4}, {-2, 0}, {2, 0}} {
		sum := 0.0
		const n = 200_000
		for range n {
			sum += max(0, -(c.mean+c.sd*r.NormFloat64())) / n
		}
		if got := improvement(c.mean, c.sd); math.Abs(got-sum) > 0.005 {
			t.Errorf("improvement(%v, %v) is %v, of draws %v", c.mean, c.sd, got, sum)
		}
	}
}

// TestIndexOfOneStage has a closed form: the improvement that is expected, an epoch.
func TestIndexOfOneStage(t *testing.T) {
	p := prospect{mean: 0.3, step: []float64{0.8}, cost: []float64{7}}
	want := improvement(0.3, 0.8) / 7
	if got := p.index(1e-9); math.Abs(got-want) > 2e-3*want {
		t.Errorf("index %v, want %v", got, want)
	}
	if got := p.index(2 * want); got != 2*want {
		t.Errorf("index %v with a better one at %v", got, 2*want)
	}
}

// TestWorthOfStages plays the optimal policy of two stages by drawing: after the first, the second is begun only where it pays.
func TestWorthOfStages(t *testing.T) {
	p := prospect{mean: 0.2, step: []float64{0.6, 0.5}, cost: []float64{3, 10}}
	const price, n = 0.01, 400_000
	r, sum := rand.New(rand.NewPCG(2, 2)), 0.0
	for range n {
		mean := p.mean + p.step[0]*r.NormFloat64()
		sum += max(0, improvement(mean, p.step[1])-price*p.cost[1])/n - price*p.cost[0]/n
	}
	if got := p.worth(price); math.Abs(got-sum) > 0.05*sum { // the rule has nine nodes, and the function a bend
		t.Errorf("worth %v, played %v", got, sum)
	}
}

// TestIndexOrders what nobody would order otherwise: a lower mean, more to learn and a stage that tells early are worth more.
func TestIndexOrders(t *testing.T) {
	base := prospect{mean: 0.5, step: []float64{0.4, 0.4}, cost: []float64{3, 20}}
	index := base.index(1e-12)
	for name, better := range map[string]prospect{
		"a lower mean":         {0.3, base.step, base.cost},
		"more to learn":        {base.mean, []float64{0.6, 0.6}, base.cost},
		"cheaper":              {base.mean, base.step, []float64{3, 10}},
		"told early":           {base.mean, []float64{math.Sqrt(0.31), 0.1}, base.cost},
		"already an incumbent": {-0.1, base.step, base.cost},
	} {
		if got := better.index(1e-12); got <= index {
			t.Errorf("%s: index %v, not above %v", name, got, index)
		}
	}
}

// TestGivingUpIsWorthSomething compares with a trial that must be paid for to the end.
func TestGivingUpIsWorthSomething(t *testing.T) {
	stages := prospect{mean: 1, step: []float64{1, 0.2}, cost: []float64{3, 30}}
	whole := prospect{mean: 1, step: []float64{stages.deviation()}, cost: []float64{33}}
	if a, b := stages.index(1e-12), whole.index(1e-12); a < 2*b {
		t.Errorf("index %v in stages, %v at once", a, b)
	}
}
