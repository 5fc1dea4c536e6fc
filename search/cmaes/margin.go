package cmaes

import "math"

// choiceMode is the probability, in the end, that all choices of a point are the likeliest ones. Hamano 2024, section 3.3, has
// 0.73; few trials are better spent with fewer detours.
const choiceMode = 0.9

// keepChance lifts probabilities to least, at the cost of those above it (Hamano 2024, equations 14 and 15).
func keepChance(q []float64, least float64) {
	sum, over := 0.0, 0.0
	for k := range q {
		q[k] = max(q[k], least)
		sum += q[k]
		over += q[k] - least
	}
	for k := range q {
		if over > 0 {
			q[k] += (1 - sum) / over * (q[k] - least)
		}
	}
}

// cell is the cell of x on the coordinate of number i, without an end where the cube ends.
func (d *Distribution) cell(i int, x float64) (low, high float64) {
	low, high = d.dims[d.numbers[i]].Cell(min(max(x, 0), 1))
	if low <= 0 {
		low = math.Inf(-1)
	}
	if high >= 1 {
		high = math.Inf(1)
	}
	return low, high
}

// keepMargin moves the mean and widens the distribution of each number that has cells, so that it leaves the cell of its mean
// with a probability of at least alpha: else it would be stuck there for ever (Hamano 2022, section 4).
func (d *Distribution) keepMargin() {
	alpha := 1 / float64(len(d.numbers)*d.lambda)
	for i, j := range d.numbers {
		if d.dims[j].Cell == nil {
			continue
		}
		low, high := d.cell(i, d.mean[i])
		m, s := d.mean[i], d.deviation(i)
		switch {
		case math.IsInf(low, -1) && math.IsInf(high, 1):
		case math.IsInf(low, -1):
			if 1-phi((high-m)/s) < alpha {
				d.mean[i] = high - quantile(1-alpha)*s
			}
		case math.IsInf(high, 1):
			if phi((low-m)/s) < alpha {
				d.mean[i] = low + quantile(1-alpha)*s
			}
		default:
			d.keepInner(i, low, high, alpha)
		}
	}
}

// keepInner is keepMargin for a cell with neighbours on both sides: half of alpha for each.
func (d *Distribution) keepInner(i int, low, high, alpha float64) {
	m, s := d.mean[i], d.deviation(i)
	below, above := phi((low-m)/s), 1-phi((high-m)/s)
	if below >= alpha/2 && above >= alpha/2 {
		return
	}
	inside := 1 - below - above
	below, above = max(alpha/2, below), max(alpha/2, above)
	excess := (1 - below - above - inside) / (below + above + inside - 1.5*alpha)
	below, above = below+excess*(below-alpha/2), above+excess*(above-alpha/2)
	a, b := quantile(1-below), quantile(1-above)
	d.setDeviation(i, (high-low)/(a+b))
	d.mean[i] = low + a*(high-low)/(a+b)
}

// setDeviation changes A alone. It copies what may be shared with the distribution before.
func (d *Distribution) setDeviation(i int, s float64) {
	scale := append([]float64(nil), d.scale...)
	scale[i] *= s / d.deviation(i)
	d.scale = scale
}

// phi is the distribution function of N(0, 1).
func phi(x float64) float64 { return math.Erfc(-x/math.Sqrt2) / 2 }

// quantile is its inverse.
func quantile(p float64) float64 { return math.Sqrt2 * math.Erfinv(2*p-1) }

// truncated is the u-quantile of N(0, 1) between a and b.
func truncated(a, b, u float64) float64 {
	if a > 0 { // the lower tail has more digits
		return -truncated(-b, -a, 1-u)
	}
	from, to := phi(a), phi(b)
	if to-from < 1e-14 {
		return max(min(b, 0), a) // too far out to tell: the nearest end
	}
	return min(max(quantile(from+u*(to-from)), a), b)
}
