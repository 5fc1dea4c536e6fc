package sim

// event is the end of an epoch of a trial. Of two at the same time the one that was scheduled first comes first.
type event struct {
	due    float64
	seq    int
	number int
}

// queue is the events to come, as container/heap wants them.
type queue []event

func (q queue) Len() int      { return len(q) }
func (q queue) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q queue) Less(i, j int) bool {
	if q[i].due != q[j].due {
		return q[i].due < q[j].due
	}
	return q[i].seq < q[j].seq
}
func (q *queue) Push(x any) { *q = append(*q, x.(event)) }

// Pop removes the last one.
func (q *queue) Pop() any {
	last := len(*q) - 1
	e := (*q)[last]
	*q = (*q)[:last]
	return e
}
