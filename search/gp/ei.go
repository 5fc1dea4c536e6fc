package gp

import "math"

var logSqrt2Pi = 0.5 * math.Log(2*math.Pi)

// logH is log h(z), h(z) = phi(z) + z Phi(z), the expected improvement in units of the standard deviation, with the ratios
// Phi(z)/h(z) and phi(z)/h(z), which its derivatives are made of.
//
// The branch for negative z is that of Ament et al. 2023, arXiv:2310.20708, eq. 9 and 14: there phi and z Phi cancel. With
// x = -z and Laplace's continued fraction Phi(z) = phi(z) / (x + F), F = 1/(x + 2/(x + 3/(x + ...))), the difference is
// phi(z) F / (x + F), without cancellation, and for x to infinity phi(z) / x^2.
func logH(z float64) (value, cdf, density float64) {
	if z > -3 {
		phi, big := math.Exp(-0.5*z*z-logSqrt2Pi), 0.5*math.Erfc(-z/math.Sqrt2)
		h := phi + z*big
		return math.Log(h), big / h, phi / h
	}
	x := -z
	f := x
	for k := 50; k >= 2; k-- {
		f = x + float64(k)/f
	}
	f = 1 / f
	return -0.5*z*z - logSqrt2Pi + math.Log(f/(x+f)), 1 / f, (x + f) / f
}

// LogEI is the logarithm of the expected improvement on best (of a minimum) where the posterior has the mean and the standard
// deviation sigma > 0, and its derivatives by these.
func LogEI(mean, sigma, best float64) (value, byMean, bySigma float64) {
	h, cdf, density := logH((best - mean) / sigma)
	return h + math.Log(sigma), -cdf / sigma, density / sigma
}

// logCDF is log Phi(z) and its derivative phi(z)/Phi(z), exact in the far lower tail too.
func logCDF(z float64) (value, slope float64) {
	if z > -5 {
		p := 0.5 * math.Erfc(-z/math.Sqrt2)
		return math.Log(p), math.Exp(-0.5*z*z-logSqrt2Pi) / p
	}
	x := -z
	f := x
	for k := 40; k >= 1; k-- {
		f = x + float64(k)/f
	}
	return -0.5*z*z - logSqrt2Pi - math.Log(f), f
}
