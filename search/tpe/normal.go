package tpe

import "math"

// logCDF is the logarithm of the standard normal distribution function, exact to rounding in the far lower tail too, where
// the function itself is zero in floating point.
func logCDF(z float64) float64 {
	if z > 0 {
		return math.Log1p(-0.5 * math.Erfc(z/math.Sqrt2))
	}
	if z > -5 {
		return math.Log(0.5 * math.Erfc(-z/math.Sqrt2))
	}
	// Lower tail: Phi(z) = phi(z)/|z| * 1/(1 + 1/(z^2 + 2/(1 + 3/(z^2 + 4/(1 + ...))))), Laplace's continued fraction, here
	// in the equal form z + 1/(z + 2/(z + 3/(z + ...))).
	x := -z
	f := x
	for k := 40; k >= 1; k-- {
		f = x + float64(k)/f
	}
	return -0.5*x*x - 0.5*math.Log(2*math.Pi) - math.Log(f)
}

// logMass is the logarithm of Phi(b) - Phi(a), for a <= b; -Inf when they are equal.
func logMass(a, b float64) float64 {
	if a > 0 { // both in the upper tail: mirror, for there Phi is too close to 1 to subtract
		a, b = -b, -a
	}
	if b <= 0 {
		high, low := logCDF(b), logCDF(a)
		return high + math.Log(-math.Expm1(low-high))
	}
	// a <= 0 < b: the parts below and above zero are added, nothing cancels.
	return math.Log(0.5*math.Erf(b/math.Sqrt2) + 0.5*math.Erf(-a/math.Sqrt2))
}

// logNormal is the logarithm of the density at x of a normal distribution cut to [0, 1], where mass is the logarithm of what
// the uncut one has there.
func logNormal(x, mean, sigma, mass float64) float64 {
	z := (x - mean) / sigma
	return -0.5*z*z - math.Log(sigma) - 0.5*math.Log(2*math.Pi) - mass
}

// cutNormal is the quantile u of a normal distribution cut to [0, 1], its mean inside.
func cutNormal(u, mean, sigma float64) float64 {
	// Everything is expressed by erf, which is odd: erf(0) is the mean, far from both tails as long as it lies inside.
	low := math.Erf((0 - mean) / (sigma * math.Sqrt2))
	high := math.Erf((1 - mean) / (sigma * math.Sqrt2))
	x := mean + sigma*math.Sqrt2*math.Erfinv(low+u*(high-low))
	return min(max(x, 0), 1)
}
