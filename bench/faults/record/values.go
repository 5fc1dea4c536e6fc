package record

import (
	"fmt"
	"math"
)

// point is where a value stands.
type point struct {
	study, trial, fold, epoch int
	metric                    string
}

// curves reads every value that stands; NaN for one that is not finite.
func (c *checker) curves() map[point]float64 {
	out := map[point]float64{}
	c.rows("SELECT study, trial, fold, epoch, metric, value FROM reports WHERE repeated = 0 AND metric IS NOT NULL",
		func(scan func(...any) error) error {
			var p point
			var v *float64
			if err := scan(&p.study, &p.trial, &p.fold, &p.epoch, &p.metric, &v); err != nil {
				return err
			}
			out[p] = math.NaN()
			if v != nil {
				out[p] = *v
			}
			return nil
		})
	return out
}

// values computes anew what complete trials of studies with the mean over folds are worth, and which is the best.
func (c *checker) values() {
	curves := c.curves()
	type top struct {
		trial int
		value float64
	}
	best, shown := map[int]top{}, map[int]top{}
	c.rows(`SELECT t.study, t.number, t.value, s.metric, s.goal, s.folds, s.epochs FROM trials t JOIN studies s ON s.key = t.study
		WHERE t.state = 'COMPLETE' AND s.aggregate IN ('', 'mean') AND s.others IS NULL AND t.extra = 0 ORDER BY t.study, t.number`,
		func(scan func(...any) error) error {
			var study, number, folds, epochs int
			var have *float64
			var metric, goal string
			if err := scan(&study, &number, &have, &metric, &goal, &folds, &epochs); err != nil {
				return err
			}
			sign := 1.0
			if goal == "minimize" {
				sign = -1
			}
			want := math.Inf(-1)
			for e := 1; e <= epochs; e++ {
				sum := 0.0
				for f := range folds {
					v, there := curves[point{study, number, f, e, metric}]
					if !there {
						v = math.NaN()
					}
					sum += v
				}
				if v := sign * sum / float64(folds); v > want {
					want = v
				}
			}
			if have == nil || math.Abs(sign**have-want) > 1e-9 {
				c.v.Wrong = append(c.v.Wrong, fmt.Sprintf("trial %d is worth %v, its row says %v", number, sign*want, text(have)))
				return nil
			}
			if b, there := best[study]; !there || want > b.value {
				best[study] = top{number, want}
			}
			if b, there := shown[study]; !there || sign**have > b.value {
				shown[study] = top{number, sign * *have}
			}
			return nil
		})
	for study, b := range best {
		if s := shown[study]; s.trial != b.trial && math.Abs(s.value-b.value) > 1e-9 {
			c.v.Wrong = append(c.v.Wrong, fmt.Sprintf("the best trial is %d, the rows say %d", b.trial, s.trial))
		}
	}
}

func text(v *float64) string {
	if v == nil {
		return "nothing"
	}
	return fmt.Sprint(*v)
}

// receipts looks for every receipted report. The trainers of bench/faults report the same value whenever they train the same epoch,
// so the value that stands is the one of the receipt, whichever attempt reported it first.
func (c *checker) receipts(receipts []Receipt) {
	if len(receipts) == 0 || c.err != nil {
		return
	}
	only, keys := 0, map[string]int{}
	c.rows("SELECT key, id FROM studies", func(scan func(...any) error) error {
		var id string
		err := scan(&only, &id)
		keys[id] = only
		return err
	})
	keys[""] = only
	curves := c.curves()
	for _, r := range receipts {
		for _, m := range r.Metrics {
			have, there := curves[point{keys[r.Study], r.Trial, r.Fold, r.Epoch, m.Name}]
			finite := !math.IsNaN(m.Value) && !math.IsInf(m.Value, 0)
			if !there || finite && have != m.Value {
				c.v.Lost = append(c.v.Lost, fmt.Sprintf("trial %d attempt %d fold %d epoch %d was receipted with %s %v and is not on record",
					r.Trial, r.Attempt, r.Fold, r.Epoch, m.Name, m.Value))
			}
		}
	}
}
