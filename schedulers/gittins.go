package schedulers

import "math"

// prospect is a trial as a sequence of stages. Each costs something and tells more about how the trial will end, and after each
// the trial may be given up: Pandora's problem (Weitzman 1979) with boxes that open in stages. With one slot and independent
// trials it is optimal to advance the one with the highest index, the price per epoch at which going on is just worth it (Gittins
// 1979; of Bayesian optimization with boxes of one stage, Xie et al. 2024, arXiv:2406.20062).
type prospect struct {
	mean float64   // of the final loss less the incumbent's: below 0 it improves on it
	step []float64 // standard deviations by which each stage moves the mean
	cost []float64 // of each stage, in epochs
}

// worth is what going on is worth at a price per epoch, negative when even the first stage is too dear:
//
//	worth(stage, mean) = E[max(0, worth(stage+1, mean + step Z))] - price cost
//
// with the improvement max(0, -mean) after the last stage. The last expectation has a closed form; the others are Gauss-Hermite
// sums over a function kept on a grid.
func (p prospect) worth(price float64) float64 {
	last := len(p.step) - 1
	if last == 0 {
		return improvement(p.mean, p.step[0]) - price*p.cost[0]
	}
	reach := p.deviation()
	g := grid{from: p.mean - 4*reach, by: 8*reach/(cells-1) + 1e-12}
	for i := range g.value {
		g.value[i] = max(0, improvement(g.from+float64(i)*g.by, p.step[last])-price*p.cost[last])
	}
	for k := last - 1; k > 0; k-- {
		var next [cells]float64
		for i := range next {
			next[i] = max(0, g.mean(g.from+float64(i)*g.by, p.step[k])-price*p.cost[k])
		}
		g.value = next
	}
	return g.mean(p.mean, p.step[0]) - price*p.cost[0]
}

// deviation is the standard deviation of the end.
func (p prospect) deviation() float64 {
	square := 0.0
	for _, s := range p.step {
		square += s * s
	}
	return math.Sqrt(square)
}

// index is the Gittins index, to 0.1%, if it is above least; otherwise least.
func (p prospect) index(least float64) float64 {
	if p.worth(least) <= 0 {
		return least
	}
	low := least
	high := improvement(p.mean, p.deviation()) / p.cost[0] // nobody pays more for a stage than all of them can bring
	for high > low*1.001 {
		if middle := math.Sqrt(low * high); p.worth(middle) > 0 {
			low = middle
		} else {
			high = middle
		}
	}
	return low
}

// cells is how many points a grid has.
const cells = 65

// grid is a function of the mean at equal distances, linear in between.
type grid struct {
	from, by float64
	value    [cells]float64
}

func (g *grid) at(x float64) float64 {
	u := (x - g.from) / g.by
	switch {
	case u <= 0:
		return g.value[0] - u*g.by // below, each unit of loss is gained
	case u >= cells-1:
		return g.value[cells-1]
	}
	i := int(u)
	return g.value[i] + (u-float64(i))*(g.value[i+1]-g.value[i])
}

// mean is the expectation of the function at x + sd Z.
func (g *grid) mean(x, sd float64) float64 {
	out := hermite[0].weight * g.at(x)
	for _, n := range hermite[1:] {
		out += n.weight * (g.at(x+sd*n.at) + g.at(x-sd*n.at))
	}
	return out
}

// hermite is the Gauss-Hermite rule of nine nodes for the standard normal density: roots x of the Hermite polynomial He_9, with
// weights 9!/(9 He_8(x))^2. Each node but the first stands for itself and its negative.
var hermite = [...]struct{ at, weight float64 }{
	{0, 0.40634920634920635}, {1.0232556637891324, 0.24409750289493937}, {2.07684797867783, 0.04991640676521785},
	{3.2054290028564703, 0.0027891413212317645}, {4.512745863399783, 2.234584400774657e-05},
}

// improvement is E[max(0, -(mean + sd Z))].
func improvement(mean, sd float64) float64 {
	if !(sd > 0) {
		return max(0, -mean)
	}
	z := -mean / sd
	return sd * (math.Exp(-z*z/2)/math.Sqrt(2*math.Pi) + z*0.5*math.Erfc(-z/math.Sqrt2))
}
