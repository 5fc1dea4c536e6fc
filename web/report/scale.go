package report

import (
	"math"
	"strconv"
)

// scale turns values into places along one side of a picture.
type scale struct {
	low, high float64 // values at the ends, low < high
	log       bool
	from, to  float64 // places of the ends
	whole     bool    // values are whole numbers, and so are the ticks
}

// newScale covers the values from low to high with a little room at both ends.
func newScale(low, high float64, log bool, from, to float64) scale {
	s := scale{low: low, high: high, log: log && low > 0, from: from, to: to}
	if s.log {
		s.low, s.high = math.Log10(low), math.Log10(high)
	}
	if !(s.high > s.low) {
		room := max(math.Abs(s.low)/20, 1e-6)
		s.low, s.high = s.low-room, s.high+room
		return s
	}
	room := (s.high - s.low) / 25
	s.low, s.high = s.low-room, s.high+room
	return s
}

// at is the place of a value; values beyond the ends are placed at the ends.
func (s scale) at(v float64) float64 {
	if s.log {
		v = math.Log10(v)
	}
	share := (v - s.low) / (s.high - s.low)
	return s.from + min(max(share, 0), 1)*(s.to-s.from)
}

// tick is a value with its label.
type tick struct {
	value float64
	label string
}

// ticks are about n round values within the ends: multiples of 1, 2 or 5 times a power of ten; of a logarithmic scale powers of ten,
// with 2 and 5 times them where there are few.
func (s scale) ticks(n int) []tick {
	if s.log {
		return s.logTicks()
	}
	step := math.Pow(10, math.Floor(math.Log10((s.high-s.low)/float64(n))))
	for _, k := range []float64{1, 2, 5, 10} {
		if (s.high-s.low)/(step*k) <= float64(n) {
			step *= k
			break
		}
	}
	if s.whole {
		step = max(step, 1)
	}
	digits := max(0, int(-math.Floor(math.Log10(step)+1e-9)))
	var out []tick
	for i := math.Ceil(s.low / step); i*step <= s.high; i++ {
		v := i*step + 0 // a negative zero becomes one
		label := strconv.FormatFloat(v, 'f', digits, 64)
		if math.Abs(v) >= 1e5 && !s.whole {
			label = strconv.FormatFloat(v, 'g', 3, 64)
		}
		out = append(out, tick{v, label})
	}
	return out
}

func (s scale) logTicks() []tick {
	factors := []float64{1}
	if s.high-s.low < 2.5 {
		factors = []float64{1, 2, 5}
	}
	var out []tick
	for e := math.Floor(s.low); e <= s.high; e++ {
		for _, f := range factors {
			if v := math.Log10(f) + e; v >= s.low && v <= s.high {
				out = append(out, tick{f * math.Pow(10, e), strconv.FormatFloat(f*math.Pow(10, e), 'g', 2, 64)})
			}
		}
	}
	return out
}
