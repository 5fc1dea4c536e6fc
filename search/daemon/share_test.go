package daemon

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"
)

// tenant is a study in the model of a day on the runners.
type tenant struct {
	claim
	piece time.Duration   // how long it holds a slot at a time
	ends  []time.Duration // of its pieces at work
	had   float64         // slot-seconds
	last  time.Duration   // when it last got a slot
	wait  time.Duration   // the longest time between two slots
}

// day plays slots among tenants that always want more.
func day(tenants []*tenant, slots int, length time.Duration) {
	var claims []*claim
	for _, q := range tenants {
		claims = append(claims, &q.claim)
	}
	services := int64(0)
	for now := time.Duration(0); now < length; {
		out := 0
		next := length
		for _, q := range tenants {
			q.ends = slices.DeleteFunc(q.ends, func(end time.Duration) bool { return end <= now })
			out += len(q.ends)
		}
		for ; out < slots; out++ {
			best := tenants[0]
			for _, q := range tenants[1:] {
				if q.before(&best.claim, len(q.ends), len(best.ends)) {
					best = q
				}
			}
			services++
			best.served, best.taken, best.idle = services, best.taken+1, false
			best.ends = append(best.ends, now+best.piece)
			best.wait, best.last = max(best.wait, now-best.last), now
		}
		for _, q := range tenants {
			q.held = len(q.ends)
			for _, end := range q.ends {
				next = min(next, end)
			}
		}
		settle(claims, next-now)
		for _, q := range tenants {
			q.had += float64(len(q.ends)) * (next - now).Seconds()
		}
		now = next
	}
}

// Whatever the weights, the slots and how long the studies hold them, slot-seconds come out by weight, and nobody waits longer than
// it takes to serve everybody else as often as their weights say.
func TestSharesAreFair(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n, slots := rapid.IntRange(2, 6).Draw(t, "studies"), rapid.IntRange(1, 8).Draw(t, "slots")
		var all []*tenant
		sum, longest := 0.0, time.Duration(0)
		for range n {
			q := &tenant{claim: claim{weight: rapid.Float64Range(.25, 8).Draw(t, "weight"), idle: true},
				piece: time.Duration(rapid.IntRange(1, 120).Draw(t, "seconds")) * time.Second}
			all = append(all, q)
			sum, longest = sum+q.weight, max(longest, q.piece)
		}
		const length = 48 * time.Hour
		day(all, slots, length)
		for i, q := range all {
			want := q.weight / sum * float64(slots) * length.Seconds()
			slack := float64(slots*n) * longest.Seconds() * max(1, q.weight*4)
			if q.had < want-slack || q.had > want+slack {
				t.Fatalf("study %d with weight %v of %v had %v slot-seconds of %d slots, want %v (within %v)", i, q.weight, sum, q.had, slots, want, slack)
			}
			if most := time.Duration((sum/q.weight + float64(n)) * float64(2*longest)); max(q.wait, length-q.last) > most {
				t.Fatalf("study %d waited %v, more than %v", i, max(q.wait, length-q.last), most)
			}
		}
	})
}

// A study that wanted nothing for an hour does not have all slots for the next one.
func TestClaimsAreNotSavedUp(t *testing.T) {
	busy, late := &claim{weight: 1, held: 2}, &claim{weight: 1, idle: true}
	settle([]*claim{busy, late}, time.Hour)
	if late.used != busy.used || !late.before(busy, 0, 2) {
		t.Errorf("%+v beside %+v", late, busy)
	}
	busy.served = 2
	if late.served = 1; !late.before(busy, 1, 1) || busy.before(late, 1, 1) {
		t.Error("a tie goes to who waits longer")
	}
}

// One slot and two studies: both go on, in turns. A third one that comes later has its turn too.
func TestOneSlotServesAllStudies(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, newMemory())
		defer h.stop()
		submit := func(name string) {
			s := h.spec.Study
			s.ID, s.Name = name, name
			if _, _, err := h.d.Submit(t.Context(), s); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
		}
		submit("first")
		submit("second")
		h.heartbeat("run1", time.Now(), 1)
		got := ""
		for i := range 9 {
			if i == 4 {
				submit("third")
			}
			time.Sleep(time.Second)
			work := h.bus.take()
			if len(work) != 1 {
				t.Fatalf("work %+v", work)
			}
			got += work[0].Study + " "
			h.announce(work[0].Key(), "run1")
			time.Sleep(20 * time.Second)
			for e := work[0].From.Epoch + 1; e <= work[0].To.Epoch; e++ {
				h.report(work[0].Key(), "run1", int64(e), e, .5)
			}
			h.exit(work[0].Key(), "run1", int64(work[0].To.Epoch+1), "")
			h.heartbeat("run1", time.Now().Add(-time.Hour), 1)
		}
		if want := "first second first second first third second first third "; got != want {
			t.Errorf("the slot went to %s", got)
		}
	})
}
