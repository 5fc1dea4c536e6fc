//go:build !linux

package pages

// Huge would ask for large pages under x, which is returned.
func Huge[E any](x []E) []E { return x }
