package configs

import "time"

// Budget says when the search ends: whichever of its limits is reached first.
type Budget struct {
	Trials   int     // started in total; 0: no limit
	Hours    float64 // from the start; 0: no limit
	GPUHours float64 // of all trials together; 0: no limit
	Deadline string  // local time of day, "07:00"; empty: none
}

// End is when a search that started at start must end; false when neither hours nor a deadline are given. The deadline is the
// next time after the start that a clock in time.Local shows it. What does not follow from the clock, trials and GPU hours, is
// not part of it.
func (b Budget) End(start time.Time) (time.Time, bool) {
	var end time.Time
	if b.Hours > 0 {
		end = start.Add(time.Duration(b.Hours * float64(time.Hour)))
	}
	if at, ok := b.next(start); ok && (end.IsZero() || at.Before(end)) {
		end = at
	}
	return end, !end.IsZero()
}

// next is the next time after start that the local clock shows the deadline.
func (b Budget) next(start time.Time) (time.Time, bool) {
	clock, err := time.Parse("15:04", b.Deadline)
	if err != nil {
		return time.Time{}, false
	}
	local := start.In(time.Local)
	for day := 0; ; day++ {
		at := time.Date(local.Year(), local.Month(), local.Day()+day, clock.Hour(), clock.Minute(), 0, 0, time.Local)
		if at.After(start) {
			return at, true
		}
	}
}
