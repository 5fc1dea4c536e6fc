package search

import (
	"math"
	"slices"

	"automl/search/gp"
	"automl/trial"
)

// finals is what the trials of a study would be worth at its end, as far as their values so far tell. Values of different
// resources are not compared: those of the trials that went on say how a value at one station, a resource where trials stand,
// becomes one at the next, and what a trial is worth now is carried from station to station to the last.
//
// All values are losses on one warped scale, on which the best is 0.
type finals struct {
	stations []trial.Resource // rising
	toEnd    []line           // from each station to the last
	trials   []int            // numbers of those that have a value
	at       []int            // the station each stands at or has passed last
	now      []float64        // its loss there, warped
	unit     float64          // of the warp: the mean distance to the best loss
	best     float64          // loss
}

// finals reads the record as it stood after an event.
func (h *history) finals(s *trial.State, seq int64) *finals {
	f := &finals{stations: h.stations(s, seq)}
	var own []float64
	for i := range h.records {
		r := &h.records[i]
		if r.x == nil || r.trial.Status == trial.Fail && r.trial.OverAt(seq) {
			continue
		}
		reach := h.reachAt(s, r, seq)
		k := f.floor(reach)
		if k < 0 {
			continue
		}
		v := h.lossAtStation(s, r, f.stations[k])
		if math.IsInf(v, 1) {
			continue
		}
		f.trials, f.at, own = append(f.trials, i), append(f.at, k), append(own, v)
	}
	if len(own) == 0 {
		return f
	}
	f.best = slices.Min(own)
	for _, v := range own {
		f.unit += (v - f.best) / float64(len(own))
	}
	f.now = make([]float64, len(own))
	for i, v := range own {
		f.now[i] = f.warp(v)
	}
	f.chain(h, s)
	return f
}

// reachAt is how far a trial had values, at most to the end of the search's ladder.
func (h *history) reachAt(s *trial.State, r *record, seq int64) trial.Resource {
	at := r.trial.DoneAt(seq)
	if full := s.Study.Shape.Full(); full.Less(at) {
		return full
	}
	return at
}

func (f *finals) warp(loss float64) float64 {
	if !(f.unit > 0) {
		return 0
	}
	return math.Log1p(gp.Strength * max(0, loss-f.best) / f.unit)
}

// incumbent is the warped loss that a trial must beat. With one fold it is the best so far, 0: whoever reached it keeps it. With
// several, a value of few folds may be one of easy folds: it is the best of the complete trials or, before there is one, the best
// that a trial is expected to end at.
func (f *finals) incumbent(s trial.Shape) float64 {
	if s.Folds == 1 {
		return 0
	}
	complete, expected := math.Inf(1), math.Inf(1)
	for j, k := range f.at {
		v, _ := f.end(j)
		expected = min(expected, v)
		if f.stations[k] == s.Full() {
			complete = min(complete, v)
		}
	}
	if math.IsInf(complete, 1) {
		return expected
	}
	return complete
}

// value is the value of the metric that a warped loss stands for.
func (f *finals) value(warped float64, o trial.Objective) float64 {
	return o.Loss(f.best + f.unit*math.Expm1(warped)/gp.Strength) // a loss is a value, or its negative
}

// stations are the resources where trials have stopped to be compared, or for good.
func (h *history) stations(s *trial.State, seq int64) []trial.Resource {
	var out []trial.Resource
	for _, r := range s.Results {
		if r.Seq > seq {
			break
		}
		if i, known := slices.BinarySearchFunc(out, r.At, trial.Resource.Compare); !known && r.At != (trial.Resource{}) {
			out = slices.Insert(out, i, r.At)
		}
	}
	return out
}

// floor is the last station at or before a resource.
func (f *finals) floor(at trial.Resource) int {
	i, here := slices.BinarySearchFunc(f.stations, at, trial.Resource.Compare)
	if !here {
		i--
	}
	return i
}

// furthest is the highest station that so many trials have reached; the first when none other has.
func (f *finals) furthest(trials int) int {
	n := 0
	for k := len(f.stations) - 1; k > 0; k-- {
		for _, at := range f.at {
			if at == k {
				n++
			}
		}
		if n >= trials {
			return k
		}
	}
	return 0
}

// maxPairs is how many trials a line is learned from, the latest ones.
const maxPairs = 64

// waning is by how much less than a stage the next one is believed to gain while nobody has trained it.
const waning = 4

// chain learns the lines from each station to the next and joins them.
func (f *finals) chain(h *history, s *trial.State) {
	shape := s.Study.Shape
	if n := len(f.stations); n > 0 && f.stations[n-1] != shape.Full() {
		f.stations = append(f.stations, shape.Full())
	}
	n := len(f.stations)
	f.toEnd = make([]line, n)
	if n == 0 {
		return
	}
	spread := deviation(f.now)
	lines, gain := make([]line, n-1), f.early(h, s)
	for k := range lines {
		from, to := f.stations[k], f.stations[k+1]
		length := stages(shape, from, to)
		x, y := f.pairs(h, s, from, to)
		if len(x) > 0 {
			lines[k] = newLine(x, y, spread*math.Sqrt(length))
			gain = min(0, mean(y)-mean(x)) / length
			continue
		}
		gain /= waning
		lines[k] = line{offset: gain * length, slope: 1, noise: priorNoise * spread * spread * length}
	}
	f.toEnd[n-1] = line{slope: 1}
	for k := n - 2; k >= 0; k-- {
		f.toEnd[k] = lines[k].then(f.toEnd[k+1])
	}
}

// pairs are the warped losses at two resources of the latest trials that reached both.
func (f *finals) pairs(h *history, s *trial.State, from, to trial.Resource) (x, y []float64) {
	for j := len(f.trials) - 1; j >= 0 && len(x) < maxPairs; j-- {
		if f.stations[f.at[j]].Less(to) {
			continue
		}
		r := &h.records[f.trials[j]]
		a, b := h.lossAtStation(s, r, from), h.lossAtStation(s, r, to)
		if !math.IsInf(a, 1) && !math.IsInf(b, 1) {
			x, y = append(x, f.warp(a)), append(y, f.warp(b))
		}
	}
	return x, y
}

// early is what the losses change by, per stage, before the first station: from about a third of it on.
func (f *finals) early(h *history, s *trial.State) float64 {
	first := f.stations[0]
	third := s.Study.Shape.At((s.Study.Shape.Units(first) + 2) / 3)
	if third == first {
		return 0
	}
	x, y := f.pairs(h, s, third, first)
	if len(x) == 0 {
		return 0
	}
	return min(0, mean(y)-mean(x)) / stages(s.Study.Shape, third, first)
}

func mean(v []float64) float64 {
	out := 0.0
	for _, x := range v {
		out += x / float64(len(v))
	}
	return out
}

// stages is how many times a resource grows threefold up to another.
func stages(s trial.Shape, from, to trial.Resource) float64 {
	return math.Log(float64(s.Units(to))/float64(s.Units(from))) / math.Log(3)
}

// noise is the variance of what is left open at a resource.
func (f *finals) noise(at trial.Resource, s trial.Shape) float64 {
	k := f.floor(at)
	if k < 0 {
		k = 0
	}
	if k == len(f.stations)-1 {
		return 0
	}
	a, b := f.toEnd[k].noise, f.toEnd[k+1].noise
	passed := stages(s, f.stations[k], at) / stages(s, f.stations[k], f.stations[k+1])
	return a + (b-a)*min(max(passed, 0), 1)
}

// end is what the j-th trial will be worth, and the variance of that guess.
func (f *finals) end(j int) (value, noise float64) {
	l := f.toEnd[f.at[j]]
	return l.at(f.now[j]), l.noise
}

// deviation is the standard deviation.
func deviation(v []float64) float64 {
	m, square := mean(v), 0.0
	for _, x := range v {
		square += (x - m) * (x - m) / float64(len(v))
	}
	return math.Sqrt(square)
}
