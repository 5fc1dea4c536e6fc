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
		{Schedule{Constant, 0, 10}, 0, 1},
		{Schedule{Constant, 0, 10}, 9, 1},
		{Schedule{Constant, 0.5, 10}, 0, 0.2},
		{Schedule{Constant, 0.5, 10}, 4, 1},
		{Schedule{Constant, 0.5, 10}, 5, 1},
		{Schedule{Linear, 0, 10}, 0, 1},
		{Schedule{Linear, 0, 10}, 5, 0.5},
		{Schedule{Linear, 0, 10}, 9, 0.1},
		{Schedule{Linear, 0, 10}, 10, 0},
		{Schedule{Linear, 0.2, 10}, 1, 1},
		{Schedule{Linear, 0.2, 10}, 2, 1},
		{Schedule{Linear, 0.2, 10}, 6, 0.5},
		{Schedule{Cosine, 0, 10}, 0, 1},
		{Schedule{Cosine, 0, 10}, 5, 0.5},
		{Schedule{Cosine, 0, 9}, 3, 0.75},
		{Schedule{Cosine, 0, 9}, 9, 0},
		{Schedule{Cosine, 1, 4}, 3, 1},
		{Schedule{Cosine, 1, 4}, 4, 0},
	} {
		if got := c.s.Factor(c.step); math.Abs(got-c.want) > 1e-12 {
			t.Errorf("%+v step %d: %v, want %v", c.s, c.step, got, c.want)
		}
	}
}

func TestScheduleValidate(t *testing.T) {
	good := Schedule{Cosine, 0.1, 5}
	if err := good.Validate(); err != nil {
		t.Error(err)
	}
	for _, bad := range []Schedule{{"step", 0, 5}, {Cosine, -0.1, 5}, {Cosine, 1.1, 5}, {Cosine, math.NaN(), 5}, {Cosine, 0, 0}} {
		if bad.Validate() == nil {
			t.Errorf("%+v passed", bad)
		}
	}
}
