package ehvi

import (
	"math"
	"math/rand/v2"
	"testing"

	"automl/search/gp"
	"automl/trial/pareto"
)

// drawFront is a cloud of points and a reference point beyond most of them.
func drawFront(source *rand.Rand, n, m int) (y [][]float64, reference []float64) {
	for range n {
		p := make([]float64, m)
		for j := range p {
			p[j] = source.NormFloat64()
		}
		y = append(y, p)
	}
	for range m {
		reference = append(reference, 1.5)
	}
	return y, reference
}

// The expected improvement is the mean of the improvements that outcomes make, each by the hypervolumes with and without it.
func TestImprovementIsTheMean(t *testing.T) {
	source := rand.New(rand.NewPCG(1, 2))
	for _, m := range []int{1, 2, 3, 4} {
		for range 4 {
			front, reference := drawFront(source, 6, m)
			mean, sd := make([]float64, m), make([]float64, m)
			for j := range mean {
				mean[j], sd[j] = 0.7*source.NormFloat64(), 0.3+source.Float64()
			}
			const draws = 6000
			base := pareto.Hypervolume(front, reference)
			sum, square := 0.0, 0.0
			z := make([]float64, m)
			for range draws {
				for j := range z {
					z[j] = mean[j] + sd[j]*source.NormFloat64()
				}
				gain := pareto.Hypervolume(append(front[:len(front):len(front)], z), reference) - base
				sum, square = sum+gain, square+gain*gain
			}
			want := sum / draws
			deviation := math.Sqrt((square/draws - want*want) / draws)
			if got := math.Exp(New(front, reference).Log(mean, sd)); math.Abs(got-want) > 5*deviation+1e-9 {
				t.Errorf("%d objectives: %v, by drawing %v ± %v", m, got, want, deviation)
			}
		}
	}
}

// With one objective it is the expected improvement on the best value.
func TestOneObjectiveIsLogEI(t *testing.T) {
	im := New([][]float64{{0.5}, {-0.2}, {1}}, []float64{2})
	for _, mean := range []float64{-3, 0, 2, 40, 1e4} {
		want, _, _ := gp.LogEI(mean, 0.3, -0.2)
		if got := im.Log([]float64{mean}, []float64{0.3}); math.Abs(got-want) > 1e-9*math.Abs(want) {
			t.Errorf("mean %v: %v, want %v", mean, got, want)
		}
	}
}

// Both ways to add up agree where neither underflows, and the logarithm still falls where the sum has long been 0.
func TestLogsAgree(t *testing.T) {
	source := rand.New(rand.NewPCG(3, 4))
	for _, m := range []int{2, 3} {
		front, reference := drawFront(source, 10, m)
		im := New(front, reference)
		last := math.Inf(1)
		for shift := -2.0; shift < 60; shift += 0.5 {
			mean, sd := make([]float64, m), make([]float64, m)
			for j := range mean {
				mean[j], sd[j] = shift, 0.5
			}
			plain, logs := im.expected(mean, sd), im.inLogs(mean, sd)
			if plain > 1e-250 && math.Abs(math.Log(plain)-logs) > 1e-6*max(1, math.Abs(logs)) {
				t.Errorf("%d objectives, means %v: %v and %v", m, shift, math.Log(plain), logs)
			}
			if !(logs < last) || math.IsInf(logs, 0) {
				t.Errorf("%d objectives, means %v: %v after %v", m, shift, logs, last)
			}
			last = logs
		}
	}
}

func BenchmarkLog(b *testing.B) {
	source := rand.New(rand.NewPCG(1, 1))
	for _, m := range []int{2, 3, 4} {
		var front [][]float64
		reference := make([]float64, m)
		for range most[m] {
			p := make([]float64, m)
			norm := 0.0
			for j := range p {
				p[j] = math.Abs(source.NormFloat64())
				norm += p[j] * p[j]
			}
			for j := range p {
				p[j] /= math.Sqrt(norm)
				reference[j] = 1.1
			}
			front = append(front, p)
		}
		im := New(front, reference)
		mean, sd := make([]float64, m), make([]float64, m)
		for j := range sd {
			mean[j], sd[j] = 0.5, 0.1
		}
		b.Run(map[int]string{2: "two", 3: "three", 4: "four"}[m], func(b *testing.B) {
			b.ReportMetric(float64(len(im.boxes)), "boxes")
			for b.Loop() {
				im.Log(mean, sd)
			}
		})
	}
}
