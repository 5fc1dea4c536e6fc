package runner

// slot is a place where one attempt can run.
type slot struct {
	number  int
	gpus    []string
	threads int
}

// makeSlots shares GPUs and cores out. With more GPUs than slots each slot gets several; with fewer, slots share one.
func makeSlots(n, threads int, gpus []string) []slot {
	out := make([]slot, n)
	for i := range out {
		out[i] = slot{number: i, threads: max(1, threads/n)}
		switch {
		case len(gpus) == 0:
		case len(gpus) < n:
			out[i].gpus = []string{gpus[i%len(gpus)]}
		default:
			out[i].gpus = gpus[i*len(gpus)/n : (i+1)*len(gpus)/n]
		}
	}
	return out
}

// take is the GPUs of the slot an attempt gets: as many as it asks for, or all where it does not say.
func (s slot) take(want int) []string {
	if want > 0 && want < len(s.gpus) {
		return s.gpus[:want]
	}
	return s.gpus
}
