package configs

import (
	"testing"
	"time"
)

func TestBudgetEnd(t *testing.T) {
	zone, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Skip("no time zones here")
	}
	before := time.Local
	time.Local = zone
	t.Cleanup(func() { time.Local = before })
	at := func(day, hour, minute int) time.Time { return time.Date(2026, 10, day, hour, minute, 0, 0, zone) }
	for _, c := range []struct {
		budget Budget
		start  time.Time
		want   time.Time
	}{
		{Budget{Trials: 5, GPUHours: 3}, at(1, 22, 0), time.Time{}},
		{Budget{Hours: 1.5}, at(1, 22, 0), at(1, 23, 30)},
		{Budget{Deadline: "07:00"}, at(1, 22, 0), at(2, 7, 0)},
		{Budget{Deadline: "07:00"}, at(1, 6, 59), at(1, 7, 0)},
		{Budget{Deadline: "07:00"}, at(1, 7, 0), at(2, 7, 0)}, // after the start, never at it
		{Budget{Deadline: "07:00"}, at(31, 8, 0), time.Date(2026, 11, 1, 7, 0, 0, 0, zone)},
		{Budget{Deadline: "07:00"}, at(24, 22, 0), at(25, 7, 0)}, // the clock goes back in between: ten hours
		{Budget{Deadline: "07:00", Hours: 8}, at(1, 22, 0), at(2, 6, 0)},
		{Budget{Deadline: "07:00", Hours: 12}, at(1, 22, 0).UTC(), at(2, 7, 0)},
	} {
		got, ok := c.budget.End(c.start)
		if !got.Equal(c.want) || ok == c.want.IsZero() {
			t.Errorf("%+v from %v ends %v, want %v", c.budget, c.start, got, c.want)
		}
	}
}
