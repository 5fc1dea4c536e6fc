package augment

import (
	"fmt"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/stat/distuv"
)

// Mixup draws with what, and how much, a row is mixed: input and target become share times the row's own plus 1-share times those
// of another one (Zhang, Cisse, Dauphin and Lopez-Paz 2018, "mixup: Beyond Empirical Risk Minimization"), here with a share for each
// row. It is not safe for concurrent use.
type Mixup struct {
	pcg  *rand.PCG
	rng  *rand.Rand
	beta distuv.Beta
}

// mixupStream sets these draws apart from those of changes of one row.
const mixupStream = 0x6d69787570

// NewMixup makes a Mixup whose shares follow Beta(alpha, alpha). alpha is above 0; around 0.2 is usual.
func NewMixup(alpha float64) *Mixup {
	pcg := rand.NewPCG(0, 0)
	return &Mixup{pcg: pcg, rng: rand.New(pcg), beta: distuv.Beta{Alpha: alpha, Beta: alpha, Src: pcg}}
}

// ValidateMixup checks the range of an alpha; 0 stands for no mixup.
func ValidateMixup(alpha float64) error {
	if !(alpha >= 0) || math.IsInf(alpha, 0) {
		return fmt.Errorf("mixup of %v: must be 0 or more", alpha)
	}
	return nil
}

// Draw returns which of n rows is mixed into the row of the key, as an index, and the share that the row itself keeps, in 0.5..1.
// Beta(alpha, alpha) is symmetric, so that taking the larger part for the row itself changes nothing but which of the two is called
// the other.
func (m *Mixup) Draw(k Key, n int) (other int, share float64) {
	m.pcg.Seed(Mix(k.Seed, uint64(k.Trial), uint64(k.Fold), mixupStream), Mix(uint64(k.Epoch), uint64(k.Row)))
	other = m.rng.IntN(n)
	share = m.beta.Rand()
	if math.IsNaN(share) { // 0/0: a tiny alpha, for which one of the two has all
		share = 1
	}
	return other, max(share, 1-share)
}

// Blend makes dst share times dst plus 1-share times other, element by element.
func Blend(dst, other []float32, share float64) {
	a, b := float32(share), float32(1-share)
	for i, v := range other {
		dst[i] = a*dst[i] + b*v
	}
}
