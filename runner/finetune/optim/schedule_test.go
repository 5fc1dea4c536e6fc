package optim

import (
	"math"
	"testing"
)

func TestScheduleFactor(t *testing.T) {
	for _, c := range []struct {
		s    Schedule
		step int
		want float64
	}{
		{Schedule{Constant, 0, 10, 0}, 0, 1},
		{Schedule{Constant, 0, 10, 0}, 9, 1},
		{Schedule{Constant, 0.5, 10, 0}, 0, 0.2},
		{Schedule{Constant, 0.5, 10, 0}, 4, 1},
		{Schedule{Constant, 0.5, 10, 0}, 5, 1},
		{Schedule{Linear, 0, 10, 0}, 0, 1},
		{Schedule{Linear, 0, 10, 0}, 5, 0.5},
		{Schedule{Linear, 0, 10, 0}, 9, 0.1},
		{Schedule{Linear, 0, 10, 0}, 10, 0},
		{Schedule{Linear, 0.2, 10, 0}, 1, 1},
		{Schedule{Linear, 0.2, 10, 0}, 2, 1},
		{Schedule{Linear, 0.2, 10, 0}, 6, 0.5},
		{Schedule{Cosine, 0, 10, 0}, 0, 1},
		{Schedule{Cosine, 0, 10, 0}, 5, 0.5},
		{Schedule{Cosine, 0, 9, 0}, 3, 0.75},
		{Schedule{Cosine, 0, 9, 0}, 9, 0},
		{Schedule{Cosine, 1, 4, 0}, 3, 1},
		{Schedule{Cosine, 1, 4, 0}, 4, 0},
		{Schedule{Polynomial, 0.2, 10, 2}, 1, 1},
		{Schedule{Polynomial, 0.2, 10, 2}, 6, 0.25},
		{Schedule{Polynomial, 0.2, 10, 0.5}, 10, 0},
		{Schedule{OneCycle, 0.5, 11, 0}, 0, 0.04},
		{Schedule{OneCycle, 0, 10, 0}, 0, 1}, // no rise
		{Schedule{OneCycle, 0, 10, 0}, 9, 4e-6},
		{Schedule{OneCycle, 1, 10, 0}, 9, 1}, // no fall
		{Schedule{OneCycle, 0.3, 1, 0}, 0, 4e-6},
		{Schedule{OneCycle, 1, 1, 0}, 0, 1},
	} {
		if got := c.s.Factor(c.step); math.Abs(got-c.want) > 1e-12 {
			t.Errorf("%+v step %d: %v, want %v", c.s, c.step, got, c.want)
		}
	}
}

func TestScheduleAgreesWithTheReference(t *testing.T) {
	for _, ref := range readReference(t).Schedules {
		s := Schedule{Curve: ref.Curve, Steps: ref.Steps, Power: ref.Power, Warmup: ref.Warmup}
		if err := s.Validate(); err != nil || len(ref.Rates) != ref.Steps {
			t.Fatalf("%+v: %v, %d rates", s, err, len(ref.Rates))
		}
		for step, want := range ref.Rates {
			if got := s.Factor(step); math.Abs(got-want) > 1e-12 {
				t.Errorf("%+v step %d: %v, want %v", s, step, got, want)
			}
		}
	}
}

func TestScheduleValidate(t *testing.T) {
	good := Schedule{Cosine, 0.1, 5, 0}
	if err := good.Validate(); err != nil {
		t.Error(err)
	}
	for _, bad := range []Schedule{{"step", 0, 5, 0}, {Cosine, -0.1, 5, 0}, {Cosine, 1.1, 5, 0}, {Cosine, math.NaN(), 5, 0}, {Cosine, 0, 0, 0},
		{Polynomial, 0, 5, 0}, {Polynomial, 0, 5, math.Inf(1)}} {
		if bad.Validate() == nil {
			t.Errorf("%+v passed", bad)
		}
	}
}
