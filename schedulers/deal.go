package schedulers

// apportion splits total into whole parts in proportion to the weights, by the largest remainder; ties go to the first.
func apportion(weights []int, total int) []int {
	sum := 0
	for _, w := range weights {
		sum += w
	}
	out := make([]int, len(weights))
	left := total
	for i, w := range weights {
		out[i] = total * w / sum
		left -= out[i]
	}
	given := make([]bool, len(weights))
	for ; left > 0; left-- {
		best := -1
		for i, w := range weights {
			if !given[i] && (best < 0 || total*w%sum > total*weights[best]%sum) {
				best = i
			}
		}
		given[best] = true
		out[best]++
	}
	return out
}

// deal is the bracket the next trial goes to: the one furthest behind its share. Nil when all have what they should have.
func deal(brackets []*bracket) *bracket {
	shares, started := 0, 0
	for _, b := range brackets {
		shares += b.share
		started += b.started
	}
	var best *bracket
	for _, b := range brackets {
		if b.started >= b.size {
			continue
		}
		if best == nil || behind(b, shares, started) > behind(best, shares, started) {
			best = b
		}
	}
	return best
}

// behind is how many trials a bracket lacks, once another is started, times the sum of all shares.
func behind(b *bracket, shares, started int) int { return b.share*(started+1) - b.started*shares }

// hyperbandSizes is how many trials each bracket of a ladder starts in one round of Hyperband, the most aggressive bracket
// first: n_s = ceil((smax+1)/(s+1) * eta^s), s = smax..0 (Li et al. 2018, algorithm 1, line 3, with B = (smax+1) R).
func hyperbandSizes(rungs, eta int) []int {
	out := make([]int, rungs)
	power := 1
	for s := range rungs {
		out[rungs-1-s] = (rungs*power + s) / (s + 1)
		power *= eta
	}
	return out
}
