package gp

import "math"

// The powers 2^(j/64), which decay multiplies by a short polynomial.
var powers = func() (p [64]float64) {
	for j := range p {
		p[j] = math.Exp2(float64(j) / 64)
	}
	return p
}()

const (
	perStep  = 64 / math.Ln2
	stepHigh = 0x1.62e42fep-7         // ln 2 / 64, its first digits: whole multiples of it are exact
	stepLow  = math.Ln2/64 - stepHigh // and the rest
	rounder  = 3 << 51                // adding and subtracting it rounds to a whole number
	smallest = -700 * 1.0             // below, decay is 0
	bias     = uint64(1023)           // of the exponent
)

// decay is exp(x) for x <= 0, to a few units in the last place: x = k ln 2 / 64 + r, exp(x) = 2^(k div 64) 2^(k mod 64 / 64)
// exp(r) (Tang 1989, "Table-driven implementation of the exponential function"). It takes a third of the time of math.Exp,
// which the kernel otherwise spends most of its time in.
func decay(x float64) float64 {
	if !(x > smallest) {
		if math.IsNaN(x) {
			return x
		}
		return 0
	}
	k := x*perStep + rounder - rounder
	r := x - k*stepHigh - k*stepLow
	n := int64(k)
	p := 1 + r*(1+r*(1.0/2+r*(1.0/6+r*(1.0/24+r*(1.0/120)))))
	return math.Float64frombits((bias+uint64(n>>6))<<52) * powers[n&63] * p
}
